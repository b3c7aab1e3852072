#include "session.hpp"

#include <abk/words.hpp>

#include <algorithm>

#include "memory.hpp"

namespace vrfy {
namespace {

using abk::reason;
using abk::step;

constexpr unsigned tries_max = 3;           // sessions that end under one question
constexpr std::uint32_t refusals_max = 10;  // Postfix answers late from there on (smtpd_soft_error_limit), and hangs up at 20
constexpr std::uint32_t refused_max = 3;    // recipients of one transaction: Debian's Sendmail waits a second for each after them
constexpr std::uint32_t vrfys_max = 5;      // Sendmail answers late from there on; Exim hangs up at ten

moment moment_of(bool by_vrfy) { return by_vrfy ? moment::vrfy : moment::rcpt; }

[[noreturn]] void unasked() { throw abk::give_up(reason::upstream_nonsense, "reply.unasked", "the server sent something that no command had asked for"); }

}  // namespace

// ---------------------------------------------------------------- questions

step session::begin(const abk::question& q, abk::io& up) {
  ++questions_;
  asked_.emplace_back();
  const asked_ref one = std::prev(asked_.end());
  one->question = q;
  if (!q.carry.empty()) one->tries = static_cast<unsigned>(std::clamp(q.carry.front() - '0', 0, 9));
  if (q.kind == ABK_PROBE) begin_probe(one);
  else if (role_ == shared_role && up.fact(q.id, abk::scope::question, fact_alone)) ask_again(one, true, up);
  else ask(one, up);
  pump(up);
  return next_step(up);
}

// By the method whose turn it is.
void session::ask(asked_ref one, abk::io& up) {
  const abk::question& q = one->question;
  const bool by_vrfy = method_of(*one) == method::vrfy;
  const bool bare = q.login_name.find('@') == std::string_view::npos;
  const auto parsed = parse_address(bare && !by_vrfy ? q.address : q.login_name, by_vrfy);
  if (const auto* why = std::get_if<abk::answer>(&parsed)) return cannot_tell(one, *why, up);
  one->box = std::get<mailbox>(parsed);
  if (one->box.utf8 && !opened_.can().smtputf8)
    return cannot_tell(one, abk::answer::unverifiable(reason::bad_name, "address.no-smtputf8", "the local part is not ASCII, and the server does not offer SMTPUTF8"), up);
  if (too_many_unknown(one, up)) return;
  if (by_vrfy) {
    std::optional<std::string> known = up.fact(q.id, abk::scope::upstream, fact_unsupported);
    if (!known) known = up.fact(q.id, abk::scope::upstream_domain, fact_unsupported);
    if (known) return cannot_tell(one, abk::answer::unverifiable(reason::vrfy_unsupported, "vrfy.remembered", "remembered: the server answered VRFY with " + *known), up);
  }
  if (still_greylisted(one, by_vrfy, up)) return;
  todo_.push_back({by_vrfy ? deed::vrfy : deed::rcpt, q.id, one->box});
}

// What was asked goes on over there, and its reply is nobody's. A server from which nothing has come since is not trusted to live.
bool session::cancel(std::uint32_t id) {
  const asked_ref one = find(id);
  if (one == asked_.end()) return true;
  const auto its = [id](const command& c) { return c.id == id; };
  const bool sent = std::any_of(sent_.begin(), sent_.end(), its);
  std::erase_if(todo_, its);
  for (command& c : sent_)
    if (c.id == id) c.id = 0;
  const bool alive = one->heard || !sent;
  asked_.erase(one);
  return alive;
}

void session::farewell(abk::io& up) { up.send({"QUIT"}, "\r\n"); }

session::asked_ref session::find(std::uint32_t id) {
  return std::find_if(asked_.begin(), asked_.end(), [id](const asked& a) { return a.question.id == id; });
}

// ---------------------------------------------------------------- commands

// Sends what may be sent now: everything but RCPT waits until all replies have come.
void session::pump(abk::io& up) {
  while (!todo_.empty()) {
    const command& next = todo_.front();
    const bool by_rcpt = next.what == deed::rcpt || next.what == deed::decoy_rcpt;
    const bool quiet = sent_.empty();
    if (!quiet && (!by_rcpt || !opened_.can().pipelining || (sent_.back().what != deed::rcpt && sent_.back().what != deed::decoy_rcpt))) return;
    if (by_rcpt && transaction_ && (recipients_ >= recipients_max_ || recipients_refused_ >= refused_max || transaction_utf8_ != next.box.utf8)) {
      if (quiet) send({deed::rset, 0, {}}, up);
      return;
    }
    if (by_rcpt && sent_.size() >= pipeline_max()) return;
    if (by_rcpt && !transaction_) {
      if (quiet) send({deed::mail, 0, {.text = {}, .domain = {}, .utf8 = next.box.utf8}}, up);
      return;
    }
    command now = std::move(todo_.front());
    todo_.pop_front();
    send(std::move(now), up);
  }
}

// As many as there may be refusals left in this transaction, where it is not likely that they are all accepted.
std::size_t session::pipeline_max() const {
  if (recipients_refused_ == 0 && accepted_ >= refused_max) return questions_at_a_time;
  return accepted_ >= 2 * refused_max ? refused_max : refused_max - std::min(recipients_refused_, refused_max - 1);
}

void session::send(command c, abk::io& up) {
  const std::string_view utf8 = c.box.utf8 ? " SMTPUTF8" : "";
  switch (c.what) {
    case deed::rset: up.send({"RSET"}, "\r\n"); break;
    case deed::mail:
      up.send({"MAIL FROM:<", rules_.sender, ">", utf8}, "\r\n");
      transaction_utf8_ = c.box.utf8;
      break;
    case deed::rcpt:
    case deed::decoy_rcpt:
      up.send({"RCPT TO:<", c.box.text, ">"}, "\r\n");
      ++recipients_;
      break;
    case deed::vrfy:
    case deed::decoy_vrfy:
    case deed::postmaster:
      up.send({"VRFY ", c.box.text, utf8}, "\r\n");
      ++vrfys_;
      break;
  }
  sent_.push_back(std::move(c));
}

// The server will soon be tired of this session, if it is asked more than what is under way.
bool session::spent() const {
  if (questions_ >= rules_.session_questions || refusals_ + asked_.size() >= refusals_max) return true;
  if (rules_.like == preset::domino) return false;
  const auto to_come = std::count_if(todo_.begin(), todo_.end(), [](const command& c) { return c.what == deed::vrfy; });
  return vrfys_ + static_cast<std::uint32_t>(to_come) >= vrfys_max;
}

step session::next_step(abk::io& up) {
  if (over_) return asked_.empty() ? step::close : step::read;
  draining_ = draining_ || spent();
  if (!asked_.empty() || !sent_.empty()) return draining_ ? step::drain : step::read;
  if (!draining_) return step::ready;
  up.send({"QUIT"}, "\r\n");
  return step::close;
}

// ---------------------------------------------------------------- replies

step session::resume(abk::io& up) {
  if (!opened_.done()) return opened_.resume(up);
  replies_.clear();
  while (replies_.size() <= sent_.size()) {
    smtp::taken got = smtp::take_reply(up.in());
    if (got.bytes == 0) break;
    up.consume(got.bytes);
    replies_.push_back(std::move(got.said));
  }
  // More replies than commands: then each of them may belong to another one. But "421" may come unasked at any time.
  bool goodbye = false;
  if (replies_.size() > sent_.size()) {
    goodbye = replies_.back().code == 421;
    replies_.pop_back();
    if (!goodbye) unasked();
  } else if (replies_.size() == sent_.size() && !up.in().empty()) {
    goodbye = std::string_view("421").starts_with(up.in().substr(0, 3));
    if (!goodbye) unasked();
  }
  for (const smtp::reply& said : replies_) {
    for (asked& a : asked_) a.heard = true;
    heard(said, up);
    if (over_) return next_step(up);
  }
  if (goodbye) session_over(abk::answer::tempfail(reason::upstream_busy, "session.421", "the server ends the session"), nullptr, up);
  else if (up.eof()) session_over(abk::answer(), sent_.empty() ? nullptr : &sent_.front(), up);
  else pump(up);
  return next_step(up);
}

void session::heard(const smtp::reply& said, abk::io& up) {
  const command c = std::move(sent_.front());
  sent_.pop_front();
  const bool by_vrfy = c.what == deed::vrfy || c.what == deed::decoy_vrfy || c.what == deed::postmaster;
  const moment at = c.what == deed::rset ? moment::rset : c.what == deed::mail ? moment::mail : moment_of(by_vrfy);
  const judged means = judge(at, said, rules_.like, c.box.text);
  if (means.what == outcome::nonsense)
    throw abk::give_up(reason::upstream_nonsense, rule_of(at, means.name), said.code == 0 ? "not a reply of SMTP" : "not a reply that SMTP has here: " + smtp::in_words(said));
  if (at == moment::rcpt) names_nobody_else(c, said);
  const bool refused = said.temporary() || said.permanent();
  if (refused) ++refusals_;
  if (at == moment::rcpt) {
    ++recipients_judged_;
    recipients_refused_ += refused ? 1 : 0;
    accepted_ = refused ? 0 : accepted_ + 1;
  }
  if (means.what == outcome::over) return session_over(answer_for(at, means, said), &c, up);
  const asked_ref one = find(c.id);
  switch (c.what) {
    case deed::rset:
      transaction_ = false;
      return;
    case deed::mail: return heard_of_mail(said, means, up);
    case deed::rcpt:
    case deed::vrfy:
      ++answered_;
      if (one == asked_.end()) return;
      if (one->question.kind == ABK_PROBE) return probed(one, c, said, means, up);
      return heard_of_question(c, said, means, up);
    case deed::decoy_rcpt:
    case deed::decoy_vrfy: return heard_of_decoy(c, said, means, up);
    case deed::postmaster: return heard_of_postmaster(c, said, means, up);
  }
}

// A server that repeats the address in its replies shows when they are out of step.
void session::names_nobody_else(const command& c, const smtp::reply& said) {
  const std::string_view named = named_in(said.text);
  const auto other = [&](std::string_view text) { return !text.empty() && abk::same_word(named, text); };
  const bool forwards = said.code == 251 || said.code == 551;  // these name another one, as they should
  const bool wrong = !forwards && named.find('@') != named.npos && !abk::same_word(named, c.box.text) &&
                     (other(last_) || std::any_of(sent_.begin(), sent_.end(), [&](const command& s) { return other(s.box.text); }));
  if (wrong) throw abk::give_up(reason::upstream_nonsense, "reply.another", "the reply about " + c.box.text + " names another address that was asked about: " + smtp::in_words(said));
  last_ = c.box.text;
}

void session::heard_of_mail(const smtp::reply& said, const judged& means, abk::io& up) {
  if (means.what == outcome::go) {
    transaction_ = true;
    recipients_ = recipients_judged_ = recipients_refused_ = 0;
    return;
  }
  // Whoever comes next would be refused as well, and each refusal counts.
  draining_ = true;
  abk::answer why = answer_for(moment::mail, means, said);
  if (means.why == reason::upstream_refuses_us && rules_.sender.empty()) why.operator_text += "; if it minds the null sender, set `sender`";
  if (why.why == reason::greylisted) greylisted(why, fact_sender_greylisted, said, up);
  std::vector<std::uint32_t> its;
  for (const command& c : todo_)
    if (c.what == deed::rcpt) its.push_back(c.id);
  const bool decoy = std::any_of(todo_.begin(), todo_.end(), [](const command& c) { return c.what == deed::decoy_rcpt; });
  std::erase_if(todo_, [](const command& c) { return c.what == deed::rcpt || c.what == deed::decoy_rcpt; });
  for (const std::uint32_t id : its) {
    const asked_ref one = find(id);
    if (one == asked_.end()) continue;
    if (one->question.kind == ABK_PROBE) {
      one->held.attributes.emplace_back(rules_.sender.empty() ? "null-sender" : "sender", "no");
      tell_probe(one, up);
    } else {
      tell(one, why, up);
    }
  }
  if (decoy) settle_decoys(method::rcpt, {}, accepts::unknown, up);
}

void session::heard_of_question(const command& c, const smtp::reply& said, const judged& means, abk::io& up) {
  const asked_ref one = find(c.id);
  const bool by_vrfy = c.what == deed::vrfy;
  abk::answer is = answer_for(moment_of(by_vrfy), means, said);
  switch (means.what) {
    case outcome::exists:
      if (rules_.unknown.bounded()) known_.exists(one->box.text, hour());
      return found(one, std::move(is), up);
    case outcome::absent:
      count_unknown(*one, up);
      return missed(one, std::move(is), up);
    case outcome::unsupported:
      // "252" is said of one address, or of a domain that is not the server's own; the others of the command.
      if (said.code != 252) disbelieve_vrfy(*one, abk::scope::upstream, said, up);
      else if (!vrfy_works(c.id, up)) disbelieve_vrfy(*one, abk::scope::upstream_domain, said, up);
      return cannot_tell(one, std::move(is), up);
    case outcome::unverifiable:
    case outcome::refused: return cannot_tell(one, std::move(is), up);
    case outcome::full:
      if (one->alone || recipients_judged_ <= 1) return tell(one, is, up);
      recipients_max_ = std::min(recipients_max_, recipients_judged_ - 1);
      one->alone = true;
      todo_.push_back({deed::rcpt, c.id, one->box});
      return;
    case outcome::tempfail:
      if (is.why == reason::greylisted) greylisted(is, fact_greylisted(one->box.text), said, up);
      return tell(one, is, up);
    case outcome::go:
    case outcome::over:
    case outcome::nonsense: break;
  }
  throw abk::give_up(reason::internal, "session.outcome");
}

// The server, or the stream, is at its end. Questions that it did not get round to are asked again on a fresh connection; the
// one it ended at too, unless the session was fresh itself. `at`: the command that was waited for.
void session::session_over(const abk::answer& why, const command* at, abk::io& up) {
  over_ = true;
  const bool at_no_question = at == nullptr || at->what == deed::mail || at->what == deed::rset;
  const std::uint32_t blamed = at == nullptr ? 0 : at->id;
  const bool ended = why.rule.empty();  // the stream, without a word: only the host knows whether it had lain idle
  todo_.clear();
  sent_.clear();
  settle_decoys(method::rcpt, {}, accepts::unknown, up);
  settle_decoys(method::vrfy, {}, accepts::unknown, up);
  for (asked_ref one = asked_.begin(); one != asked_.end();) {
    const asked_ref now = one++;
    const bool its = now->question.id == blamed;
    if ((answered_ > 0 || !(its || at_no_question)) && now->tries < tries_max && now->question.kind != ABK_PROBE) {
      ask_again(now, its, up);
      continue;
    }
    if (its) up.learn(now->question.id, abk::scope::question, fact_alone, "yes", ten_minutes);
    if (!ended) tell(now, why, up);
  }
}

}  // namespace vrfy
