// Attack  keys come from strangers' envelopes. They reach a value only through a template's place-holders, quoted so that they
//         stay one address; a fixed action such as REJECT never has a stranger's text in front.
#include "front/table_answer.hpp"

#include "base/domain.hpp"
#include "base/text.hpp"
#include "front/terms.hpp"
#include "wire/address_form.hpp"

namespace authbroker {
namespace {

constexpr std::size_t table_bytes_max = 64;  // of a caller's name for it, in the log

table_answer temporary(std::string_view why) { return {table_answer::word::temporary, std::string(why), name(verdict::tempfail)}; }
table_answer nothing(bool of_actions = false) { return {table_answer::word::not_found, "not found", of_actions ? "nothing" : name(verdict::absent)}; }

// Their values are what the asker is to do; those of the others are names.
bool of_actions(table_kind k) { return k == table_kind::access || k == table_kind::policy; }

struct names {
  std::string mailbox, identity;
  std::string_view domain{};  // instead of the mailbox's
  bool same = false;          // the mailbox is what was asked about
};

// The template's text with names in it; nullopt if one that it wants is not one address.
std::optional<std::string> expand(std::string_view pattern, const names& n) {
  if (pattern.find('{') == std::string_view::npos) return std::string(pattern);
  const std::size_t at = n.mailbox.rfind('@');
  const bool address = stands_alone(n.mailbox);
  std::string out;
  while (!pattern.empty()) {
    bool wanted = true;
    const auto take = [&](std::string_view holder, bool there, std::string_view value) {
      if (!pattern.starts_with(holder)) return false;
      wanted = there;
      out += value;
      pattern.remove_prefix(holder.size());
      return true;
    };
    if (!take("{mailbox}", address, n.mailbox) && !take("{identity}", stands_alone(n.identity), n.identity) &&
        !take("{local}", address, std::string_view(n.mailbox).substr(0, at)) &&
        !take("{domain}", address || !n.domain.empty(), n.domain.empty() && address ? std::string_view(n.mailbox).substr(at + 1) : n.domain)) {
      out += pattern.front();
      pattern.remove_prefix(1);
    }
    if (!wanted) return std::nullopt;
  }
  return out;
}

// What a row says of somebody. `exists` is what rows without words of their own say.
struct speaker {
  const table_rules& rules;
  table_kind kind;
  unverifiable_as as;
  const names& who;
  std::string_view why;  // where it is temporary

  table_answer say(table_row row) const {
    const table_reply& r = rules.reply(kind, row);
    switch (r.what) {
      case table_reply::form::not_found: return nothing(of_actions(kind));
      case table_reply::form::temporary: return temporary(why);
      case table_reply::form::as_exists:
        if (row != table_row::exists) return say(table_row::exists);
        break;
      case table_reply::form::as_listener:
        switch (as) {
          case unverifiable_as::exists: return row == table_row::unverifiable ? found() : temporary(why);
          case unverifiable_as::absent: return nothing(of_actions(kind));
          case unverifiable_as::tempfail: return temporary(why);
        }
        break;
      case table_reply::form::value:
        if (auto text = expand(r.text, who)) return {table_answer::word::found, std::move(*text), row == table_row::exists || row == table_row::same ? name(verdict::exists) : std::string_view(r.text)};
        return temporary("the address cannot be written as one");
    }
    return temporary(why);
  }
  table_answer found() const { return say(who.same ? table_row::same : table_row::exists); }
};

table_answer domain_answer(std::string_view key, const listener_rules& rules, const asker& who) {
  if (!may_ask(question_kind::mailbox, rules)) return temporary(name(reason::misconfigured));
  const std::size_t at = key.rfind('@');
  const auto domain = to_a_label(at == std::string_view::npos ? key : key.substr(at + 1));
  if (!domain) return nothing();  // no route can name it
  const std::optional<bool> ours = who.serves(*domain);
  if (!ours) return temporary(name(reason::shutting_down));
  names n;
  n.domain = *domain;
  const speaker by{rules.tables, table_kind::domain, rules.unverifiable, n, "no_route"};
  return by.say(*ours ? table_row::exists : table_row::absent);
}

// Tables of aliases and of actions are also asked about parts: bare domains, bare local names, "ann@", "<>". To complete a bare
// domain with our default domain would tell the asker that the domain itself has an alias, and that half an address is no mailbox
// is no reason to refuse one: only what cannot be a domain's name is completed.
bool names_one(std::string_view key, bool completes) {
  const std::size_t at = key.rfind('@');
  if (at != std::string_view::npos) return at != 0 && at + 1 != key.size();
  return completes && !key.empty() && key != "<>" && key.find('.') == std::string_view::npos;
}

}  // namespace

std::optional<table_kind> kind_of(const table_rules& rules, std::string_view map) {
  if (const auto it = rules.maps.find(map); it != rules.maps.end()) return it->second;
  for (const table_kind k : {table_kind::mailbox, table_kind::canonical, table_kind::domain, table_kind::access})
    if (map == name(k)) return k;
  if (const auto it = rules.maps.find("*"); it != rules.maps.end()) return it->second;
  return map.empty() ? std::optional(table_kind::mailbox) : std::nullopt;
}

std::optional<table_answer> look_up(table_kind kind, std::string_view key, const listener_rules& rules, const asker& who, query& q) {
  if (kind == table_kind::domain) return domain_answer(key, rules, who);
  if ((kind == table_kind::canonical || kind == table_kind::access) && !names_one(key, !rules.default_domain.empty())) return nothing();
  q.kind = question_kind::mailbox;
  q.address = quoted_address(key);
  return std::nullopt;
}

namespace {

table_answer told(table_kind kind, const listener_rules& rules, const answer& a, std::string_view asked) {
  names n;
  n.identity = quoted_address(a.identity);
  n.mailbox = a.found.mailbox.empty() ? n.identity : quoted_address(a.found.mailbox);
  n.same = equal_fold(n.mailbox, asked);
  const speaker by{rules.tables, kind, rules.unverifiable, n, name(a.found.why)};
  switch (a.found.what) {
    case verdict::exists: return by.found();
    case verdict::absent: return by.say(table_row::absent);
    // An address that nobody here can carry belongs to no route: ann@[192.0.2.1] is somebody else's.
    case verdict::unverifiable: return by.say(a.route.empty() ? table_row::no_route : table_row::unverifiable);
    case verdict::no_route: return by.say(table_row::no_route);
    case verdict::tempfail:
    case verdict::accept:
    case verdict::reject: break;
  }
  return temporary(name(a.found.why));
}

// The usual action for a verdict is that verdict. For "unverifiable" and "no_route" no table has a word.
bool is_its_word(table_kind kind, verdict v, const table_answer& t) {
  if (t.said == name(v)) return true;
  static const auto usual = table_rules::usual_replies();
  return v == verdict::absent && of_actions(kind) && t.said == usual[static_cast<std::size_t>(kind)][static_cast<std::size_t>(table_row::absent)].text;
}

}  // namespace

table_answer answer_of(table_kind kind, const listener_rules& rules, const answer& a, std::string_view asked) {
  table_answer out = told(kind, rules, a, asked);
  if (is_its_word(kind, a.found.what, out)) out.said = {};
  return out;
}

void table_look_up::begin(table_kind kind, std::string_view table, std::string_view asked, const listener_rules& rules) {
  kind_ = kind;
  table_ = table.substr(0, table_bytes_max);
  asked_ = asked;
  rules_ = &rules;
  told_.reset();
}

std::string_view table_look_up::said(const answer& a) {
  told_ = answer_of(kind_, *rules_, a, asked_);
  return told_->said;
}

// An answer without an id is none that was logged: what was told to the log was another.
table_answer table_look_up::reply(const answer& a) {
  if (!told_ || a.id.empty()) return answer_of(kind_, *rules_, a, asked_);
  table_answer out = std::move(*told_);
  told_.reset();
  return out;
}

}  // namespace authbroker
