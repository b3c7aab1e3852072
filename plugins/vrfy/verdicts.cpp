#include "verdicts.hpp"

#include <abk/words.hpp>

#include <algorithm>

#include "address.hpp"

namespace vrfy {
namespace {

using abk::reason;
using enum moment;

// Replies as a whole and well formed. What no row knows is nonsense: see judge().
constexpr row rows[] = {
    {rset, preset::none, 250, 250, status::any, words::any, outcome::go, reason::none, "ok"},
    {rset, preset::none, 400, 599, status::any, words::any, outcome::over, reason::upstream_busy, "refused"},

    // The sender, and we who send it. Nothing here is about a mailbox.
    {mail, preset::none, 250, 250, status::any, words::any, outcome::go, reason::none, "ok"},
    {mail, preset::none, 421, 421, status::any, words::any, outcome::over, reason::upstream_busy, "421"},
    {mail, preset::none, 400, 599, status::any, words::enough, outcome::over, reason::upstream_busy, "enough"},
    {mail, preset::none, 400, 499, status::any, words::greylisted, outcome::tempfail, reason::greylisted, "greylisted"},
    {mail, preset::none, 400, 499, status::policy, words::any, outcome::tempfail, reason::upstream_refuses_us, "4xx-policy"},
    {mail, preset::none, 455, 455, status::any, words::any, outcome::tempfail, reason::misconfigured, "455"},
    {mail, preset::none, 400, 499, status::any, words::any, outcome::tempfail, reason::upstream_busy, "4xx"},
    {mail, preset::none, 503, 503, status::any, words::any, outcome::nonsense, reason::upstream_nonsense, "503"},
    {mail, preset::none, 530, 530, status::any, words::any, outcome::tempfail, reason::misconfigured, "530"},
    {mail, preset::none, 500, 599, status::any, words::any, outcome::tempfail, reason::upstream_refuses_us, "refused"},

    {rcpt, preset::none, 250, 251, status::any, words::any, outcome::exists, reason::none, "ok"},
    {rcpt, preset::none, 252, 252, status::any, words::any, outcome::unverifiable, reason::cannot_verify, "252"},
    {rcpt, preset::none, 421, 421, status::any, words::any, outcome::over, reason::upstream_busy, "421"},
    {rcpt, preset::none, 400, 599, status::any, words::enough, outcome::over, reason::upstream_busy, "enough"},
    {rcpt, preset::none, 400, 499, status::any, words::greylisted, outcome::tempfail, reason::greylisted, "greylisted"},
    {rcpt, preset::none, 400, 499, status::any_mailbox, words::any, outcome::tempfail, reason::upstream_busy, "4xx-mailbox"},
    {rcpt, preset::none, 452, 452, status::any, words::any, outcome::full, reason::upstream_busy, "452"},
    {rcpt, preset::none, 400, 499, status::many, words::any, outcome::full, reason::upstream_busy, "4xx-many"},
    {rcpt, preset::none, 400, 499, status::any, words::recipients, outcome::full, reason::upstream_busy, "4xx-recipients"},
    {rcpt, preset::none, 450, 451, status::policy, words::later, outcome::tempfail, reason::greylisted, "4xx-later"},
    {rcpt, preset::none, 400, 499, status::policy, words::any, outcome::tempfail, reason::upstream_refuses_us, "4xx-policy"},
    {rcpt, preset::none, 455, 455, status::any, words::any, outcome::tempfail, reason::misconfigured, "455"},
    {rcpt, preset::none, 400, 499, status::any, words::any, outcome::tempfail, reason::upstream_busy, "4xx"},
    // We had said MAIL, and it was accepted.
    {rcpt, preset::none, 503, 503, status::any, words::any, outcome::nonsense, reason::upstream_nonsense, "503"},
    {rcpt, preset::none, 530, 530, status::any, words::any, outcome::tempfail, reason::misconfigured, "530"},
    {rcpt, preset::none, 535, 538, status::any, words::any, outcome::tempfail, reason::misconfigured, "auth"},
    {rcpt, preset::none, 555, 555, status::any, words::any, outcome::tempfail, reason::misconfigured, "555"},
    // "550 5.7.1 unknown user" is said too: policy wins.
    {rcpt, preset::none, 500, 599, status::policy, words::any, outcome::tempfail, reason::upstream_refuses_us, "policy"},
    {rcpt, preset::none, 500, 599, status::many, words::any, outcome::full, reason::upstream_busy, "5xx-many"},
    {rcpt, preset::none, 552, 552, status::any, words::recipients, outcome::full, reason::upstream_busy, "552-recipients"},
    {rcpt, preset::none, 500, 599, status::no_utf8, words::any, outcome::unverifiable, reason::bad_name, "no-utf8"},
    // Its grammar is not ours, which is that of RFC 5321.
    {rcpt, preset::none, 501, 501, status::any, words::any, outcome::unverifiable, reason::bad_name, "501"},
    // It exists (RFC 3463), and takes no mail now, or not this one; but a yes is a 250. 5.2.0 is also what some say to hosts that they
    // do not like.
    {rcpt, preset::none, 500, 599, status::full, words::any, outcome::unverifiable, reason::cannot_verify, "full"},
    {rcpt, preset::none, 552, 552, status::none, words::any, outcome::unverifiable, reason::cannot_verify, "552"},
    {rcpt, preset::none, 500, 599, status::disabled, words::any, outcome::unverifiable, reason::cannot_verify, "disabled"},
    {rcpt, preset::none, 500, 599, status::any_mailbox, words::any, outcome::unverifiable, reason::cannot_verify, "mailbox"},
    {rcpt, preset::none, 500, 599, status::odd_mailbox, words::policy, outcome::tempfail, reason::upstream_refuses_us, "policy-words"},
    {rcpt, preset::none, 500, 599, status::odd_mailbox, words::any, outcome::unverifiable, reason::cannot_verify, "mailbox"},
    {rcpt, preset::exchange, 550, 550, status::edge, words::any, outcome::absent, reason::none, "edge"},
    {rcpt, preset::none, 550, 551, status::no_mailbox, words::any, outcome::absent, reason::none, "unknown"},
    {rcpt, preset::none, 553, 553, status::no_mailbox, words::any, outcome::absent, reason::none, "unknown"},
    {rcpt, preset::none, 511, 511, status::no_recipient, words::any, outcome::absent, reason::none, "unknown"},
    {rcpt, preset::none, 554, 556, status::no_recipient, words::any, outcome::absent, reason::none, "unknown"},
    {rcpt, preset::none, 550, 553, status::odd_address, words::unknown, outcome::absent, reason::none, "unknown-words"},
    {rcpt, preset::none, 550, 553, status::none, words::full, outcome::unverifiable, reason::cannot_verify, "full-words"},
    {rcpt, preset::none, 550, 553, status::none, words::disabled, outcome::unverifiable, reason::cannot_verify, "disabled-words"},
    {rcpt, preset::none, 550, 553, status::none, words::policy, outcome::tempfail, reason::upstream_refuses_us, "policy-words"},
    {rcpt, preset::none, 550, 551, status::none, words::any, outcome::absent, reason::none, "bare"},
    {rcpt, preset::none, 553, 553, status::none, words::any, outcome::absent, reason::none, "bare"},
    {rcpt, preset::none, 500, 500, status::any, words::any, outcome::tempfail, reason::upstream_nonsense, "unknown-command"},
    {rcpt, preset::none, 502, 504, status::any, words::any, outcome::tempfail, reason::upstream_nonsense, "unknown-command"},
    {rcpt, preset::none, 500, 599, status::any, words::any, outcome::tempfail, reason::upstream_refuses_us, "5xx"},

    {vrfy, preset::none, 250, 251, status::any, words::any, outcome::exists, reason::none, "ok"},
    {vrfy, preset::none, 252, 252, status::any, words::any, outcome::unsupported, reason::vrfy_unsupported, "252"},
    {vrfy, preset::none, 421, 421, status::any, words::any, outcome::over, reason::upstream_busy, "421"},
    {vrfy, preset::none, 400, 599, status::any, words::enough, outcome::over, reason::upstream_busy, "enough"},
    {vrfy, preset::none, 400, 499, status::any, words::greylisted, outcome::tempfail, reason::greylisted, "greylisted"},
    {vrfy, preset::none, 400, 499, status::any, words::any, outcome::tempfail, reason::upstream_busy, "4xx"},
    {vrfy, preset::none, 500, 500, status::any, words::any, outcome::unsupported, reason::vrfy_unsupported, "500"},
    {vrfy, preset::none, 502, 504, status::any, words::any, outcome::unsupported, reason::vrfy_unsupported, "502"},
    {vrfy, preset::none, 501, 501, status::any, words::any, outcome::unverifiable, reason::bad_name, "501"},
    {vrfy, preset::none, 500, 599, status::no_utf8, words::any, outcome::unverifiable, reason::bad_name, "no-utf8"},
    {vrfy, preset::none, 530, 530, status::any, words::any, outcome::refused, reason::misconfigured, "530"},
    {vrfy, preset::none, 500, 599, status::policy, words::any, outcome::refused, reason::upstream_refuses_us, "policy"},
    {vrfy, preset::none, 500, 599, status::disabled, words::any, outcome::unverifiable, reason::cannot_verify, "disabled"},
    {vrfy, preset::none, 500, 599, status::any_mailbox, words::any, outcome::unverifiable, reason::cannot_verify, "mailbox"},
    {vrfy, preset::none, 500, 599, status::odd_mailbox, words::policy, outcome::refused, reason::upstream_refuses_us, "policy-words"},
    {vrfy, preset::none, 500, 599, status::odd_mailbox, words::any, outcome::unverifiable, reason::cannot_verify, "mailbox"},
    {vrfy, preset::none, 550, 551, status::no_mailbox, words::any, outcome::absent, reason::none, "unknown"},
    {vrfy, preset::none, 553, 553, status::no_mailbox, words::any, outcome::absent, reason::none, "unknown"},
    {vrfy, preset::none, 554, 554, status::no_recipient, words::any, outcome::absent, reason::none, "unknown"},
    {vrfy, preset::none, 550, 551, status::none, words::policy, outcome::refused, reason::upstream_refuses_us, "policy-words"},
    {vrfy, preset::none, 550, 551, status::none, words::any, outcome::absent, reason::none, "bare"},
    // RFC 5321 has it for a name that several people bear.
    {vrfy, preset::none, 553, 553, status::any, words::any, outcome::unverifiable, reason::cannot_verify, "ambiguous"},
    {vrfy, preset::none, 500, 599, status::any, words::any, outcome::refused, reason::upstream_refuses_us, "5xx"},
};

bool fits(status wanted, const smtp::enhanced& found) {
  const auto is = [&found](unsigned subject, unsigned detail) { return found && found.subject == subject && found.detail == detail; };
  switch (wanted) {
    case status::any: return true;
    case status::none: return !found;
    case status::no_mailbox: return is(1, 1) || is(1, 2) || is(1, 3) || is(1, 6) || is(1, 10);
    case status::no_recipient: return is(1, 1) || is(1, 10);
    case status::odd_address: return is(1, 0);
    case status::any_mailbox: return found && found.subject == 2 && found.detail != 0;
    case status::disabled: return is(2, 1);
    case status::full: return is(2, 2);
    case status::odd_mailbox: return is(2, 0);
    case status::edge: return is(4, 1);
    case status::many: return is(5, 3);
    case status::no_utf8: return is(6, 7);
    case status::policy: return found && found.subject == 7;
  }
  return false;
}

bool fits(words wanted, std::string_view text) {
  using abk::contains_one_of;
  switch (wanted) {
    case words::any: return true;
    case words::greylisted: return contains_one_of(text, {"greylist", "graylist", "grey-list", "gray-list", "grey list", "gray list"});
    case words::later: return contains_one_of(text, {"later", "again", "minute", "second", "retry", "defer", "delay"});
    case words::enough: return abk::contains(text, "too many") && !abk::contains(text, "recipient") && contains_one_of(text, {"command", "error", "nonmail", "non-mail", "noop", "rset", "vrfy", "session"});
    case words::recipients: return contains_one_of(text, {"too many recipients", "too much recipients", "multiple destination", "per transaction", "per message"});
    case words::policy:
      return contains_one_of(text, {"relay",       "rcpthosts",   "prohibit",  "policy",    "blocked",    "block list",   "blocklist", "blacklist",     "black list", "blackhole", "denylist",
                                    "spam",        "reputation",  "authentic", "access denied", "permission denied", "not permitted", "sender", "mail from", "helo", "ehlo",
                                    "reverse",     "ptr record",  "spf",       "dmarc",     "dnsbl",      "rbl",          "client host", "your ip",   "ip address", "your host", "rate limit",
                                    "too many",    "temporar",    "try again", "later",     "callback",   "callout",      "vrfy",      "command"});
    case words::unknown:
      return contains_one_of(text, {"unknown", "no such", "not exist", "doesn't exist", "not found", "no mailbox", "invalid recipient", "unrouteable", "undeliverable"}) && !contains_one_of(text, {"sender"});
    case words::full: return contains_one_of(text, {"mailbox full", "mailbox is full", "over quota", "overquota", "quota exceeded", "exceeded its quota", "exceeds quota", "storage"});
    case words::disabled: return contains_one_of(text, {"disabled", "inactive", "suspended", "deactivated"});
  }
  return false;
}

bool digit(char c) { return c >= '0' && c <= '9'; }

// The text without the address it repeats: "<spam@example.com>: no such user" is no policy. Only whole: a part of an address may be
// any word of the text.
std::string without(std::string_view text, std::string_view asked) {
  std::string out(text);
  if (asked.find('@') == asked.npos) return out;
  for (;;) {
    const auto at = std::search(out.begin(), out.end(), asked.begin(), asked.end(), [](char x, char y) { return abk::same_word({&x, 1}, {&y, 1}); });
    if (at == out.end()) return out;
    out.erase(at, at + static_cast<std::ptrdiff_t>(asked.size()));
  }
}

}  // namespace

std::span<const row> table() { return rows; }

std::string rule_of(moment at, std::string_view name) {
  const auto step = [at]() -> std::string_view {
    switch (at) {
      case rset: return "rset.";
      case mail: return "mail.";
      case vrfy: return "vrfy.";
      case rcpt: return "rcpt.";
    }
    return "?.";
  };
  return std::string(step()) + std::string(name);
}

smtp::enhanced status_of(const smtp::reply& said) {
  if (said.status || said.contradicts) return said.status;
  for (std::size_t at = said.text.find('#'); at != std::string::npos; at = said.text.find('#', at + 1)) {
    std::size_t end = at + 1;
    while (end < said.text.size() && (digit(said.text[end]) || said.text[end] == '.')) ++end;
    const smtp::enhanced found = smtp::parse_status(std::string_view(said.text).substr(at + 1, end - at - 1));
    if (found && found.kind == said.code / 100) return found;
  }
  return {};
}

judged judge(moment at, const smtp::reply& said, preset like, std::string_view asked) {
  if (said.code == 0) return {};
  if (!said.crlf) return {outcome::nonsense, reason::upstream_nonsense, "line-end"};
  // Two codes that disagree: about this one nothing is known.
  if (said.contradicts && (at == vrfy || at == rcpt)) return {outcome::tempfail, reason::upstream_nonsense, "contradicts"};
  const smtp::enhanced bears = status_of(said);
  std::string text;  // made where a row asks for words: most replies are judged without
  for (const row& r : rows) {
    if (r.at != at || said.code < r.from || said.code > r.to || (r.only_for != preset::none && r.only_for != like) || !fits(r.bears, bears)) continue;
    if (r.says != words::any) {
      if (text.empty()) text = without(said.text, asked) + ' ';
      if (!fits(r.says, text)) continue;
    }
    return {r.what, r.why, r.name};
  }
  return {};
}

abk::answer answer_for(moment at, const judged& means, const smtp::reply& said) {
  abk::answer out;
  out.rule = rule_of(at, means.name);
  switch (means.what) {
    case outcome::exists:
      out.what = abk::verdict::yes;
      out.why = reason::none;
      if (said.code == 251) {
        const auto forward = parse_address(named_in(said.text));
        if (const auto* box = std::get_if<mailbox>(&forward)) out.mailbox = box->text;
      }
      return out;
    case outcome::absent: out.what = abk::verdict::no; break;
    case outcome::unverifiable:
    case outcome::unsupported: out.what = abk::verdict::unverifiable; break;
    case outcome::go:
    case outcome::refused:
    case outcome::tempfail:
    case outcome::full:
    case outcome::over:
    case outcome::nonsense: break;
  }
  out.why = means.why;
  out.operator_text = "the server said: " + smtp::in_words(said);
  return out;
}

std::chrono::seconds greylisted_for(std::string_view text) {
  constexpr std::chrono::seconds least{10}, most{3600}, unsaid{300};
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (!digit(text[at])) continue;
    std::int64_t n = 0;
    const std::size_t from = at;
    while (at < text.size() && digit(text[at])) n = std::min<std::int64_t>(n * 10 + (text[at++] - '0'), 100'000);
    // "4.7.1" and "192.0.2.1" are no times.
    if (from > 0 && text[from - 1] == '.') continue;
    std::string_view unit = text.substr(at);
    unit.remove_prefix(std::min(unit.find_first_not_of(' '), unit.size()));
    if (abk::begins_with(unit, "sec")) return std::clamp(std::chrono::seconds(n), least, most);
    if (abk::begins_with(unit, "min")) return std::clamp(std::chrono::seconds(n * 60), least, most);
    if (abk::begins_with(unit, "hour")) return most;
  }
  return unsaid;
}

std::string_view named_in(std::string_view text) {
  const std::size_t from = text.find('<');
  if (from == text.npos) return {};
  const std::size_t to = text.find('>', from);
  return to == text.npos ? std::string_view() : text.substr(from + 1, to - from - 1);
}

}  // namespace vrfy
