#include "search_session.hpp"

#include <algorithm>

#include "carry.hpp"
#include "fold.hpp"
#include "root_dse.hpp"
#include "text.hpp"

namespace directory {
namespace {

using abk::reason;

constexpr std::int32_t entries_wanted = 2;     // the second one says that the first is not the only one
constexpr std::int32_t probe_entries = 500;    // "at least": enough to see that the account may read
constexpr std::size_t entries_max = 10'000;    // of one search, from a server that minds no size limit
constexpr std::size_t held_bytes_max = std::size_t{4} * 1024 * 1024;  // of entries whose searches are not over, on one connection
constexpr std::size_t orphans_max = 64;        // searches that nobody waits for
constexpr std::size_t queue_bytes_max = std::size_t{64} * 1024;  // of the host's, if the server stops reading
constexpr std::size_t orphan_bytes_max = queue_bytes_max / 4;    // of it, for searches that nobody waits for

hit owned(const search_entry& e) {
  hit out;
  out.dn = e.dn;
  out.truncated = e.truncated;
  for (const attribute& a : e.attributes) {
    out.attributes.push_back({std::string(a.name), {}, a.truncated});
    out.bytes += a.name.size();
    for (const std::string_view v : a.values) {
      out.attributes.back().values.emplace_back(v);
      out.bytes += v.size();
    }
  }
  return out;
}

// The entry with the empty name is no person's: it is what the directory says of itself.
bool about_itself(const service& as, std::size_t base) { return as.scope == search_scope::base && as.bases[base].empty(); }

// A group that lists many is read in part; what is cut off is not told.
std::pair<std::size_t, bool> members(const search_entry& group, const std::vector<std::string>& attributes) {
  std::pair<std::size_t, bool> out{0, group.truncated};
  for (const std::string& name : attributes) {
    out.first += group.values(name).size();
    if (!group.whole(name)) out.second = true;
  }
  return out;
}

std::string counted(std::size_t n, bool more, const char* one, const char* many) { return (more ? "at least " : "") + std::to_string(n) + " " + (n == 1 ? one : many); }

std::string_view name_of_scope(search_scope s) {
  switch (s) {
    case search_scope::base: return "base";
    case search_scope::one: return "one";
    case search_scope::sub: return "sub";
  }
  return "?";
}

std::string mapping(const person& who) {
  std::string out = "mailbox=" + who.mailbox;
  if (!who.addresses.empty()) out += " addresses=";
  for (const std::string& a : who.addresses) out += (&a == &who.addresses.front() ? "" : ",") + a;
  for (const auto& [name, value] : who.attributes) out += " " + name + "=" + quoted(value);
  return out;
}

// The yes of a mailbox question: a search that ended with success found exactly one entry, which is not a refusal.
abk::answer exists(const person& who, std::string rule) {
  abk::answer out = abk::answer::yes(std::move(rule));
  out.mailbox = who.mailbox;
  out.kind = who.kind;
  out.addresses = who.addresses;
  out.addresses_complete = who.addresses_complete;
  out.attributes = who.attributes;
  out.operator_text = who.dn;
  if (who.attributes_left_out) out.operator_text += attributes_left_out_text;
  return out;
}

}  // namespace

std::uint32_t questions_at_a_time(const dialect& d) {
  constexpr std::size_t name_bytes_max = 320;                      // of an address, and of its parts
  constexpr std::size_t head_bytes = 64;
  const std::string longest(name_bytes_max, '\xff');
  abk::question q;
  q.address = q.local = q.domain = q.login_name = q.identity = longest;
  std::size_t filters = 0;
  for (const std::uint32_t kind : {ABK_LOGIN, ABK_MAILBOX}) {
    q.kind = kind;
    for (std::size_t n = 0; const auto plan = d.plan(q, n); ++n)
      filters = std::max(filters, plan->filter.size() + (plan->required.empty() ? 0 : head_bytes + plan->required.size()));
  }
  std::size_t bytes = 0;
  for (const std::string& base : d.search_as().bases) bytes += head_bytes + filters + 2 * base.size();
  for (const std::string& attribute : d.search_as().attributes) bytes += d.search_as().bases.size() * (4 + attribute.size());
  // Groups are asked when the answers about the person are there.
  std::size_t group_bytes = 0;
  for (const std::string& group : d.groups().groups()) group_bytes += head_bytes + d.groups().filter_bytes_max() + group.size();
  bytes = std::max(bytes, group_bytes);
  return static_cast<std::uint32_t>(bytes == 0 ? searches_in_flight_max : std::min<std::size_t>(searches_in_flight_max, (queue_bytes_max - orphan_bytes_max) / bytes));
}

abk::step search_session::begin(const abk::question& q, abk::io& up) {
  asked_.emplace_back();
  const asked_ref one = std::prev(asked_.end());
  one->question = q;
  if (q.kind == ABK_PROBE) {
    const std::size_t bases = dialect_.search_as().bases.size(), groups = dialect_.groups().groups().size();
    one->counts.resize(bases + groups);
    for (std::size_t b = 0; b < bases; ++b) start_search(one, part::person, b, up);
    for (std::size_t g = 0; g < groups; ++g) start_search(one, part::member, g, up);
    if (one->open == 0) conclude_probe(one, up);
  } else if (const auto why = q.kind == ABK_LOGIN ? dialect_.refusal(q) : std::nullopt) {
    tell(one, why->what == abk::verdict::no ? *why : abk::answer(), up);
  } else {
    start_round(one, up);
  }
  return next_step();
}

// What was asked goes on over there; its end finds nobody. A server from which nothing has come since is not trusted to live.
bool search_session::cancel(std::uint32_t id) {
  const auto it = std::find_if(asked_.begin(), asked_.end(), [id](const asked& a) { return a.question.id == id; });
  if (it == asked_.end()) return true;
  const bool alive = it->heard;
  std::size_t orphans = 0;
  std::size_t bytes = 0;
  for (auto& [unused, s] : searches_) {
    if (s.whose == it) s.whose.reset();
    if (s.whose) continue;
    ++orphans;
    bytes += s.bytes;
  }
  asked_.erase(it);
  return alive && orphans <= orphans_max && bytes <= orphan_bytes_max;
}

// ---------------------------------------------------------------- asking

void search_session::start_round(asked_ref one, abk::io& up) {
  const auto& bases = dialect_.search_as().bases;
  std::optional<round> plan = dialect_.plan(one->question, one->round_number);
  if (!plan || bases.empty()) return tell(one, abk::answer::tempfail(reason::misconfigured, "search.no-plan", "no filter or no base is set for this question"), up);
  one->now = std::move(*plan);
  for (std::size_t b = 0; b < bases.size(); ++b) {
    start_search(one, part::person, b, up);
    if (!one->now.required.empty()) start_search(one, part::required, b, up);
  }
}

const std::string& search_session::place_of(part what, std::size_t where) const {
  return what == part::person || what == part::required ? dialect_.search_as().bases[where] : dialect_.groups().groups()[where];
}

// `as_member`: of part::member, unless it is a probe.
void search_session::start_search(asked_ref one, part what, std::size_t where, abk::io& up, const group_rule::membership* as_member) {
  const service& as = dialect_.search_as();
  const group_rule& rule = dialect_.groups();
  const bool probe = one->question.kind == ABK_PROBE;
  search_request out;
  out.base = place_of(what, where);
  out.scope = as.scope;
  out.size_limit = probe ? probe_entries : entries_wanted;
  out.time_limit = as.time_limit;
  std::string shown;
  switch (what) {
    case part::person:
      out.filter = probe ? everything : std::string_view(one->now.filter);
      shown = probe ? "(objectClass=*)" : one->now.shown;
      if (!probe) out.attributes = as.attributes;
      else if (about_itself(as, where)) out.attributes = root_attributes();
      break;
    case part::required:
      out.filter = one->now.required;
      if (up.watched()) shown = dialect_.required_shown(one->question);
      break;
    case part::member:
      out.scope = search_scope::base;
      out.filter = as_member != nullptr ? std::string_view(as_member->filter) : everything;
      shown = as_member != nullptr ? as_member->shown : "(objectClass=*)";
      if (as_member == nullptr) out.attributes = rule.attributes();
      break;
    case part::anybody:
      out.scope = search_scope::base;
      out.filter = rule.lists_anybody();
      break;
  }
  const std::int32_t id = new_id();
  const std::string bytes = encode_search(id, out);
  search s;
  s.whose = one;
  s.what = what;
  s.where = where;
  s.bytes = bytes.size();
  searches_.emplace(id, s);
  ++one->open;
  if (up.watched()) {
    constexpr const char* names[] = {"search", "required", "group", "group visible"};
    up.note(one->question.id, names[static_cast<std::size_t>(what)],
            "base=" + quoted(out.base) + " scope=" + std::string(name_of_scope(out.scope)) + (shown.empty() ? "" : " filter=" + shown));
  }
  up.send({bytes});
}

// ---------------------------------------------------------------- hearing

void search_session::heard(const message& m, bool, abk::io& up) {
  const auto it = searches_.find(m.id);
  if (it == searches_.end()) throw abk::give_up(reason::upstream_nonsense, "message.unasked", "a message that answers nothing that was asked");
  search& s = it->second;
  for (asked& a : asked_) a.heard = true;
  if (const auto* const entry = std::get_if<search_entry>(&m.body)) return found(s, *entry, up);
  if (const auto* const reference = std::get_if<search_reference>(&m.body)) {
    if (s.references == 0) s.elsewhere = reference->urls.empty() ? "?" : reference->urls.front().substr(0, 200);
    if (++s.references > entries_max) throw abk::give_up(reason::upstream_nonsense, "search.endless", "references without end");
    return;
  }
  const auto* const done = std::get_if<search_done>(&m.body);
  if (done == nullptr) throw abk::give_up(reason::upstream_nonsense, "search.nonsense", "not a reply to a search");
  search over = std::move(s);
  searches_.erase(it);
  if (over.whose) ended(over, done->of, up);
}

bool search_session::takes_large(std::int32_t id) const {
  const auto it = searches_.find(id);
  return it != searches_.end() && it->second.whose.has_value();
}

// An entry that nobody can read is no entry that is not there.
void search_session::left_out(std::int32_t id, std::size_t bytes, abk::io&) {
  const auto it = searches_.find(id);
  if (it == searches_.end()) throw abk::give_up(reason::upstream_nonsense, "message.unasked", "a message that answers nothing that was asked");
  if (++it->second.entries > entries_max) throw abk::give_up(reason::upstream_nonsense, "search.endless", "entries without end");
  if (!it->second.whose) return;
  asked& a = **it->second.whose;
  if (a.question.kind == ABK_PROBE && it->second.what == part::person) ++a.counts[it->second.where].entries;
  else if (a.question.kind == ABK_PROBE) a.counts[dialect_.search_as().bases.size() + it->second.where] = {attribute_values_max, true};  // there are that many, then
  else if (!a.trouble)
    a.trouble = abk::answer::tempfail(reason::misconfigured, "search.entry-too-large", "an entry of " + std::to_string(bytes) + " bytes was left out; at most 1 MiB is read: let the account see fewer values of it, or leave the attribute out");
}

void search_session::found(search& s, const search_entry& entry, abk::io& up) {
  if (++s.entries > entries_max) throw abk::give_up(reason::upstream_nonsense, "search.endless", "entries without end");
  if (!s.whose) return;
  asked& a = **s.whose;
  if (a.question.kind == ABK_PROBE) {
    if (s.what == part::member) {
      const auto [count, more] = members(entry, dialect_.groups().attributes());
      a.counts[dialect_.search_as().bases.size() + s.where] = {count, more};
      return;
    }
    ++a.counts[s.where].entries;
    if (about_itself(dialect_.search_as(), s.where) && a.told.empty()) a.told = tell_root(entry);
    return;
  }
  if (s.what == part::required && a.allowed.size() < entries_wanted * bases_max) a.allowed.emplace_back(entry.dn);
  if (s.what != part::person) return;
  up.note(a.question.id, "entry", entry.dn);
  // Bases may overlap: one entry found twice is one. A server writes its DN the same both times, and two that a laxer look takes
  // for one could be two people.
  const bool known = std::any_of(a.hits.begin(), a.hits.end(), [&](const hit& h) { return h.dn == entry.dn; });
  if (known || a.hits.size() >= static_cast<std::size_t>(entries_wanted)) return;
  a.hits.push_back(owned(entry));
  std::size_t held = 0;
  for (const asked& each : asked_)
    for (const hit& h : each.hits) held += h.bytes;
  if (held <= held_bytes_max) return;
  a.hits.back() = hit{std::string(entry.dn), {}, true, 0};
  if (!a.trouble) a.trouble = abk::answer::tempfail(reason::upstream_busy, "search.too-much", "too many large entries at a time on this connection: let the account see fewer values of them, or leave attributes out");
}

void search_session::ended(search& s, const result& said, abk::io& up) {
  const asked_ref one = *s.whose;
  const service& as = dialect_.search_as();
  const bool probe = one->question.kind == ABK_PROBE;
  const bool of_group = s.what == part::member || s.what == part::anybody;
  const std::string& base = place_of(s.what, s.where);
  if (up.watched()) {
    constexpr const char* names[] = {"found", "required found", "group found", "group visible found"};
    std::string text = counted(s.entries, false, "entry", "entries") + " under " + quoted(base) + ", " + in_words(said);
    if (s.references > 0) text += ", " + counted(s.references, false, "reference to another server", "references to other servers") + ", not followed";
    up.note(one->question.id, names[static_cast<std::size_t>(s.what)], text);
  }
  const bool cut = said.code == result_code::size_limit_exceeded;
  const bool counted_enough = cut && probe && s.what == part::person && s.entries > 0;
  if (said.code != result_code::success && !counted_enough && !one->trouble) one->trouble = of_group ? judge_group_search(said, base, as.dn.empty()) : judge_search(said, base, as.dn.empty());
  if (of_group) {
    if (said.code == result_code::success) judge_group(*one, s);
  } else {
    if (one->elsewhere.empty() && !dialect_.references_are_normal()) one->elsewhere = s.elsewhere;
    if (one->elsewhere.empty() && !said.referrals.empty()) one->elsewhere = said.referrals.front().substr(0, 200);
    if (probe && cut) one->counts[s.where].more = true;
  }
  if (--one->open > 0) return;
  if (probe) return conclude_probe(one, up);
  if (of_group) return conclude_groups(one, s.what, up);
  conclude(one, up);
}

// ---------------------------------------------------------------- judging

void search_session::conclude(asked_ref one, abk::io& up) {
  const abk::question& q = one->question;
  const std::string rule(one->now.name);
  // Before the trouble: with two found, the size limit that cut the search says nothing more.
  if (one->hits.size() > 1)
    return tell(one, abk::answer::tempfail(reason::misconfigured, rule + ".ambiguous", "more than one entry matches " + one->now.shown + ": " + one->hits[0].dn + "; " + one->hits[1].dn), up);
  if (one->trouble) return tell(one, abk::answer(*one->trouble), up);
  if (one->hits.empty()) {
    // Who is not here may be there.
    if (!one->elsewhere.empty())
      return tell(one, abk::answer::tempfail(reason::misconfigured, rule + ".elsewhere", "no entry here matches " + one->now.shown + ", and a reference, which is not followed, leads to " + one->elsewhere +
                                                                                             ": name that server in a backend of its own, or a base without the reference"), up);
    if (dialect_.plan(q, one->round_number + 1)) {
      ++one->round_number;
      return start_round(one, up);
    }
    return tell(one, abk::answer::no(q.kind == ABK_LOGIN ? reason::no_such_user : reason::none, rule + ".none", "no entry matches " + one->now.shown), up);
  }
  judge(one, one->hits.front(), up);
}

void search_session::judge(asked_ref one, const hit& h, abk::io& up) {
  const abk::question& q = one->question;
  const std::string rule(one->now.name);
  // To bind with an empty name is to be let in as nobody.
  if (h.dn.empty()) return tell(one, abk::answer::tempfail(reason::upstream_nonsense, rule + ".empty-dn", "the entry that was found has an empty DN"), up);
  if (!one->now.required.empty() && one->allowed.empty())
    return tell(one, abk::answer::no(reason::not_permitted, rule + ".not-permitted", h.dn + " does not match " + dialect_.required_shown(q) + ", as logins must"), up);
  if (std::any_of(one->allowed.begin(), one->allowed.end(), [&](const std::string& dn) { return dn != h.dn; }))
    return tell(one, abk::answer::tempfail(reason::upstream_nonsense, rule + ".contradicts", "the filter that logins must match found another entry: " + one->allowed.front() + ", not " + h.dn), up);
  std::variant<person, abk::answer> what = dialect_.read(q, one->round_number, h);
  if (auto* const refusal = std::get_if<abk::answer>(&what)) {
    if (refusal->what == abk::verdict::yes) *refusal = abk::answer();
    return tell(one, *refusal, up);
  }
  person& who = std::get<person>(what);
  who.dn = h.dn;
  // The entry was found by something else than what is listed: then there is more.
  const auto listed = [&who](std::string_view name) { return std::any_of(who.addresses.begin(), who.addresses.end(), [name](const std::string& a) { return same_word(a, name); }); };
  if (q.kind == ABK_MAILBOX && !listed(q.address) && !listed(q.identity)) who.addresses_complete = false;
  if (up.watched()) up.note(q.id, "mapped", mapping(who));
  if (q.kind != ABK_LOGIN) return tell(one, exists(who, rule + ".found"), up);
  one->found = std::move(who);
  if (dialect_.groups().empty()) return go_on(one, up);
  ask_groups(one, part::member, up);
}

void search_session::go_on(asked_ref one, abk::io& up) {
  const std::optional<std::string> carry = to_carry(*one->found);
  if (!carry) return tell(one, abk::answer::tempfail(reason::misconfigured, std::string(one->now.name) + ".too-long", "the entry's DN is too long: " + std::to_string(one->found->dn.size()) + " bytes"), up);
  const std::uint32_t id = one->question.id;
  asked_.erase(one);
  up.next(id, bind_role, *carry);
}

void search_session::conclude_probe(asked_ref one, abk::io& up) {
  if (one->trouble) return tell(one, abk::answer(*one->trouble), up);
  abk::answer out = abk::answer::yes("probe");
  const std::size_t bases = dialect_.search_as().bases.size();
  for (std::size_t b = 0; b < one->counts.size(); ++b) {
    const bool group = b >= bases;
    const std::string& place = group ? place_of(part::member, b - bases) : place_of(part::person, b);
    const auto [n, more] = one->counts[b];
    if (n == 0 && group)
      return tell(one, abk::answer::tempfail(reason::misconfigured, "group.no-members", "the group " + quoted(place) + " lists nobody whom the account may see: may it read the group_attributes, and are they the right ones?"), up);
    if (n == 0)
      return tell(one, abk::answer::tempfail(reason::misconfigured, "probe.nothing", "no entries under " + quoted(place) + ": is it the right base, and may the account read there?"), up);
    const std::string text = group ? counted(n, more, "member", "members") : counted(n, more, "entry", "entries");
    up.note(one->question.id, "counted", text + (group ? " of " : " under ") + quoted(place));
    if (group || !about_itself(dialect_.search_as(), b)) out.attributes.emplace_back(place, text);
  }
  if (!one->elsewhere.empty()) out.attributes.emplace_back("references", "to " + one->elsewhere + "; not followed, so that a name that is not found here is a tempfail");
  out.attributes.insert(out.attributes.end(), one->told.begin(), one->told.end());
  tell(one, out, up);
}

void search_session::tell(asked_ref one, const abk::answer& a, abk::io& up) {
  const std::uint32_t id = one->question.id;
  asked_.erase(one);
  up.finish(id, a);
}

}  // namespace directory
