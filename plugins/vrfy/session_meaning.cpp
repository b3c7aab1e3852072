// What a session makes of the replies to its questions: doubts, the next method, what is remembered; and probes.
#include <algorithm>

#include "memory.hpp"
#include "session.hpp"

namespace vrfy {
namespace {

using abk::reason;

// Of two things that did not tell: the one that an administrator learns more from.
abk::answer better(const std::optional<abk::answer>& before, abk::answer last) {
  const auto tells = [](const abk::answer& a) { return a.what == abk::verdict::unverifiable ? (a.why == reason::vrfy_unsupported ? 1 : 2) : 0; };
  return before && tells(*before) > tells(last) ? *before : last;
}

}  // namespace

void session::found(asked_ref one, abk::answer is, abk::io& up) {
  const bool by_vrfy = method_of(*one) == method::vrfy;
  if (by_vrfy) believe_vrfy(one->question.id, up);
  if (!rules_.detect_accept_all || one->box.domain.empty()) return tell(one, is, up);
  const auto known = up.fact(one->question.id, abk::scope::upstream_domain, fact_accepts(method_of(*one)));
  if (known && *known == accepts_yes) return cannot_tell(one, accepts_all(by_vrfy), up);
  if (known) return tell(one, is, up);
  one->waits = asked::doubt::accepts_all;
  one->held = std::move(is);
  const deed what = by_vrfy ? deed::decoy_vrfy : deed::decoy_rcpt;
  const auto same = [&](const command& c) { return c.what == what && c.box.domain == one->box.domain; };
  if (std::any_of(todo_.begin(), todo_.end(), same) || std::any_of(sent_.begin(), sent_.end(), same)) return;
  todo_.push_front({what, 0, decoy_beside(one->box)});
}

void session::missed(asked_ref one, abk::answer is, abk::io& up) {
  if (method_of(*one) == method::rcpt || vrfy_works(one->question.id, up)) return tell(one, is, up);
  one->waits = asked::doubt::vrfy_works;
  one->held = std::move(is);
  const auto same = [](const command& c) { return c.what == deed::postmaster; };
  if (std::any_of(todo_.begin(), todo_.end(), same) || std::any_of(sent_.begin(), sent_.end(), same)) return;
  mailbox box = one->box;
  box.utf8 = false;
  box.text = box.domain.empty() ? "postmaster" : "postmaster@" + box.domain;
  todo_.push_front({deed::postmaster, 0, std::move(box)});
}

void session::heard_of_decoy(const command& c, const smtp::reply& said, const judged& means, abk::io& up) {
  accepts all = accepts::unknown;
  if (means.what == outcome::exists) all = accepts::everybody;
  // Refused, while the other was not: whatever the words, the server tells them apart. Unless they were about us.
  else if (means.what == outcome::absent || (means.what == outcome::unverifiable && said.permanent()) || means.what == outcome::unsupported) all = accepts::some;
  settle_decoys(c.what == deed::decoy_vrfy ? method::vrfy : method::rcpt, c.box.domain, all, up);
}

// For those who wait to hear whether everybody exists in their domain (empty: in any).
void session::settle_decoys(method by, std::string_view domain, accepts all, abk::io& up) {
  bool learnt = false;
  for (asked_ref one = asked_.begin(); one != asked_.end();) {
    const asked_ref now = one++;
    if (now->waits != asked::doubt::accepts_all || method_of(*now) != by || (!domain.empty() && now->box.domain != domain)) continue;
    if (!learnt || domain.empty()) {
      up.learn(now->question.id, abk::scope::upstream_domain, fact_accepts(by), all == accepts::everybody ? accepts_yes : all == accepts::some ? accepts_no : accepts_later,
               all == accepts::unknown ? ten_minutes : a_day);
      if (all == accepts::everybody) on_.log(abk::level::warning, "accepts_all", {{"backend", rules_.backend}, {"domain", now->box.domain}, {"method", by == method::vrfy ? "vrfy" : "rcpt"}});
      learnt = true;
    }
    now->waits = asked::doubt::none;
    if (all != accepts::everybody) tell(now, abk::answer(now->held), up);
    else cannot_tell(now, accepts_all(by == method::vrfy), up);
  }
}

void session::heard_of_postmaster(const command&, const smtp::reply& said, const judged& means, abk::io& up) {
  bool learnt = false;
  for (asked_ref one = asked_.begin(); one != asked_.end();) {
    const asked_ref now = one++;
    if (now->waits != asked::doubt::vrfy_works) continue;
    now->waits = asked::doubt::none;
    if (means.what == outcome::exists) {
      believe_vrfy(now->question.id, up);
      tell(now, abk::answer(now->held), up);
    } else if (means.what == outcome::tempfail || means.what == outcome::full) {
      cannot_tell(now, answer_for(moment::vrfy, means, said), up);
    } else {
      if (!learnt) disbelieve_vrfy(*now, abk::scope::upstream_domain, said, up);
      learnt = true;
      cannot_tell(now, abk::answer::unverifiable(reason::vrfy_unsupported, "vrfy.not-believed", now->held.operator_text + "; but of postmaster: " + smtp::in_words(said)), up);
    }
  }
}

// By this method. The next one may.
void session::cannot_tell(asked_ref one, abk::answer why, abk::io& up) {
  why = better(one->before, std::move(why));
  if (one->turn + 1 == rules_.methods.size()) return tell(one, why, up);
  one->before = std::move(why);
  one->waits = asked::doubt::none;
  ++one->turn;
  ask(one, up);
}

// When the next try makes sense is told to the asker, and remembered: an early one would only be refused, and sets some servers'
// clocks back.
void session::greylisted(abk::answer& why, std::string_view fact, const smtp::reply& said, abk::io& up) {
  const std::chrono::seconds wait = greylisted_for(said.text);
  up.learn(0, abk::scope::upstream, fact, until(wait), wait);
  why.retry_after = wait;
}

// True, and answered: it is too early to ask again.
bool session::still_greylisted(asked_ref one, bool by_vrfy, abk::io& up) {
  const std::uint32_t id = one->question.id;
  const auto left_of = [&](std::string_view fact) {
    const std::optional<std::string> until = up.fact(id, abk::scope::upstream, fact);
    return until ? time_left(*until) : std::chrono::milliseconds(0);
  };
  std::chrono::milliseconds left = left_of(fact_greylisted(one->box.text));
  if (!by_vrfy) left = std::max(left, left_of(fact_sender_greylisted));
  if (left.count() == 0) return false;
  abk::answer out = abk::answer::tempfail(reason::greylisted, by_vrfy ? "vrfy.remembered" : "rcpt.remembered", "remembered: greylisted, and it is too early to ask again");
  out.retry_after = left;
  tell(one, out, up);
  return true;
}

// On another connection; alone, if a session ended at this question, or under it twice.
void session::ask_again(asked_ref one, bool blamed, abk::io& up) {
  const std::uint32_t id = one->question.id;
  const unsigned tries = one->tries + 1;
  asked_.erase(one);
  up.next(id, blamed || tries > 1 ? alone_role : shared_role, std::to_string(tries));
}

void session::tell(asked_ref one, const abk::answer& a, abk::io& up) {
  const std::uint32_t id = one->question.id;
  asked_.erase(one);
  up.finish(id, a);
}

// ---------------------------------------------------------------- the budget for addresses that there are not

// True, and answered: the server has refused so many that nobody is asked about now but those who existed lately.
bool session::too_many_unknown(asked_ref one, abk::io& up) {
  if (!rules_.unknown.bounded() || known_.existed(one->box.text, hour())) return false;
  const std::optional<std::string> spent = up.fact(one->question.id, abk::scope::upstream, fact_unknown);
  if (!spent) return false;
  const std::chrono::milliseconds wait = budget(rules_.unknown, *spent, now()).wait();
  if (wait.count() == 0) return false;
  abk::answer out = abk::answer::tempfail(reason::slow_down, "budget.spent",
                                          "not asked: the server has refused so many unknown addresses that unknown_budget is spent, and this one has not existed lately");
  out.retry_after = wait;
  tell(one, out, up);
  return true;
}

void session::count_unknown(const asked& one, abk::io& up) {
  if (!rules_.unknown.bounded()) return;
  known_.absent(one.box.text);
  const std::uint32_t id = one.question.id;
  budget left(rules_.unknown, up.fact(id, abk::scope::upstream, fact_unknown).value_or(""), now());
  const bool ends = left.spend(dice());
  up.learn(id, abk::scope::upstream, fact_unknown, left.text(), left.until_full());
  if (!ends || up.fact(id, abk::scope::upstream, fact_unknown_told)) return;
  up.learn(id, abk::scope::upstream, fact_unknown_told, "yes", ten_minutes);
  on_.log(abk::level::warning, "unknown_budget_spent",
          {{"backend", rules_.backend}, {"domain", one.box.domain}, {"burst", std::to_string(rules_.unknown.burst)}, {"per_minute", std::to_string(rules_.unknown.per_minute)}});
}

// ---------------------------------------------------------------- what VRFY is worth here

bool session::vrfy_works(std::uint32_t id, abk::io& up) { return vrfy_works_ || up.fact(id, abk::scope::upstream, fact_works).has_value(); }

void session::believe_vrfy(std::uint32_t id, abk::io& up) {
  if (!std::exchange(vrfy_works_, true)) up.learn(id, abk::scope::upstream, fact_works, "yes", a_day);
}

void session::disbelieve_vrfy(const asked& one, abk::scope of, const smtp::reply& said, abk::io& up) {
  up.learn(one.question.id, of, fact_unsupported, std::to_string(said.code), a_day);
  on_.log(abk::level::warning, "vrfy_unsupported", {{"backend", rules_.backend}, {"domain", one.box.domain}, {"said", smtp::in_words(said)}});
}

// ---------------------------------------------------------------- probes

// What nobody's mailbox shows: is postmaster known, to VRFY and to RCPT.
void session::begin_probe(asked_ref one) {
  one->held = abk::answer::yes("probe");
  one->box.text = "postmaster";
  const smtp::extensions& can = opened_.can();
  const auto add = [one](const char* name, bool set) { one->held.attributes.emplace_back(name, set ? "yes" : "no"); };
  add("pipelining", can.pipelining);
  add("smtputf8", can.smtputf8);
  add("xclient", can.has_xclient);
  todo_.push_back({deed::vrfy, one->question.id, one->box});
}

void session::probed(asked_ref one, const command& c, const smtp::reply&, const judged& means, abk::io& up) {
  const bool by_vrfy = c.what == deed::vrfy;
  one->held.attributes.emplace_back(by_vrfy ? "vrfy" : "rcpt", means.what == outcome::exists ? "yes" : "no");
  if (!by_vrfy) {
    one->held.attributes.emplace_back(rules_.sender.empty() ? "null-sender" : "sender", "yes");
    return tell_probe(one, up);
  }
  todo_.push_back({deed::rcpt, one->question.id, one->box});
}

void session::tell_probe(asked_ref one, abk::io& up) { tell(one, abk::answer(one->held), up); }

}  // namespace vrfy
