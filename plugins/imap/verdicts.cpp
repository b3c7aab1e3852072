#include "verdicts.hpp"

#include <abk/words.hpp>

#include <string>

namespace imap {
namespace {

using abk::reason;
using enum moment;

constexpr abk::verdict yes = abk::verdict::yes;
constexpr abk::verdict no = abk::verdict::no;
constexpr abk::verdict tempfail = abk::verdict::tempfail;

constexpr row with(moment at, state says, code bears, std::string_view named, words text, abk::verdict what, reason why, std::string_view name,
                   when holds = when::always, preset only_for = preset::none) {
  return {at, says, only_for, bears, named, text, holds, what, why, name};
}
constexpr row coded(moment at, std::string_view named, abk::verdict what, reason why, std::string_view name, when holds = when::always) {
  return with(at, state::no, code::named, named, words::any, what, why, name, holds);
}
constexpr row any_code(moment at, state says, words text, reason why, std::string_view name) {
  return with(at, says, code::any, {}, text, tempfail, why, name);
}

// NO, BAD and BYE only. One that no row knows is a tempfail: see judge(). The codes are those of RFC 5530.
constexpr row rows[] = {
    // A greeting says nothing about anybody's password.
    with(greeting, state::bye, code::named, "UNAVAILABLE", words::any, tempfail, reason::upstream_busy, "bye-unavailable"),
    with(greeting, state::bye, code::named, "INUSE", words::any, tempfail, reason::upstream_busy, "bye-inuse"),
    with(greeting, state::bye, code::named, "LIMIT", words::any, tempfail, reason::upstream_busy, "bye-limit"),
    any_code(greeting, state::bye, words::busy, reason::upstream_busy, "bye-busy"),
    any_code(greeting, state::bye, words::trouble, reason::upstream_busy, "bye-trouble"),
    any_code(greeting, state::bye, words::any, reason::upstream_refuses_us, "bye"),

    // Every server has CAPABILITY.
    any_code(capability, state::no, words::any, reason::upstream_busy, "no"),
    any_code(capability, state::bad, words::any, reason::upstream_nonsense, "bad"),
    any_code(capability, state::bye, words::any, reason::upstream_busy, "bye"),

    any_code(starttls, state::no, words::any, reason::tls_unavailable, "no"),
    any_code(starttls, state::bad, words::any, reason::tls_unavailable, "bad"),
    any_code(starttls, state::bye, words::any, reason::upstream_busy, "bye"),

    // A command that was offered and then refused, before the password was sent.
    coded(start, "UNAVAILABLE", tempfail, reason::upstream_busy, "no-unavailable"),
    coded(start, "SERVERBUG", tempfail, reason::upstream_busy, "no-serverbug"),
    coded(start, "INUSE", tempfail, reason::upstream_busy, "no-inuse"),
    coded(start, "LIMIT", tempfail, reason::upstream_busy, "no-limit"),
    with(start, state::no, code::none, {}, words::trouble, tempfail, reason::upstream_busy, "no-trouble"),
    any_code(start, state::no, words::any, reason::misconfigured, "no-mechanism"),
    any_code(start, state::bad, words::any, reason::misconfigured, "bad-mechanism"),
    any_code(start, state::bye, words::any, reason::upstream_busy, "bye"),

    // The password. What means that it was right without saying so is a yes unless the settings say that it is none.
    coded(password, "INUSE", yes, reason::mailbox_busy, "no-inuse", when::in_use_accepted),
    coded(password, "INUSE", tempfail, reason::upstream_busy, "no-inuse-tempfail"),
    // Dovecot's words: it counts the sessions of a user whose password was right. Another limit says nothing about a password.
    with(password, state::no, code::named, "LIMIT", words::sessions_of_user, yes, reason::mailbox_busy, "no-limit", when::in_use_accepted),
    coded(password, "UNAVAILABLE", tempfail, reason::upstream_busy, "no-unavailable"),
    coded(password, "SERVERBUG", tempfail, reason::upstream_busy, "no-serverbug"),
    coded(password, "CORRUPTION", tempfail, reason::upstream_busy, "no-corruption"),
    coded(password, "PRIVACYREQUIRED", tempfail, reason::misconfigured, "no-privacyrequired"),
    with(password, state::no, code::any, {}, words::too_frequent, tempfail, reason::too_frequent, "no-frequency", when::always, preset::communigate),
    coded(password, "LIMIT", tempfail, reason::upstream_busy, "no-limit-tempfail"),
    any_code(password, state::no, words::cleartext_refused, reason::misconfigured, "no-cleartext"),
    // Words that are never about a password, from servers that have no codes to say so.
    with(password, state::no, code::none, {}, words::too_frequent, tempfail, reason::too_frequent, "no-too-often"),
    with(password, state::no, code::none, {}, words::trouble, tempfail, reason::upstream_busy, "no-trouble"),
    coded(password, "AUTHENTICATIONFAILED", no, reason::wrong_password, "no-authenticationfailed"),
    coded(password, "AUTHORIZATIONFAILED", no, reason::not_permitted, "no-authorizationfailed"),
    coded(password, "NOPERM", no, reason::not_permitted, "no-noperm"),
    coded(password, "EXPIRED", no, reason::password_expired, "no-expired"),
    coded(password, "CONTACTADMIN", no, reason::account_disabled, "no-contactadmin"),
    // This person lives at another server (RFC 2221). It is not followed there: the route is to name it.
    coded(password, "REFERRAL", tempfail, reason::misconfigured, "no-referral"),
    // [ALERT] says that people should read the text, and nothing else. In it may be what other servers say without a code.
    with(password, state::no, code::named, "ALERT", words::trouble, tempfail, reason::upstream_busy, "no-alert-trouble"),
    with(password, state::no, code::named, "ALERT", words::credentials, no, reason::wrong_password, "no-alert-credentials"),
    coded(password, "ALERT", tempfail, reason::upstream_busy, "no-alert"),
    // A server that is known to explain its refusals did not: perhaps it has lost the mechanism that is remembered.
    with(password, state::no, code::none, {}, words::any, tempfail, reason::upstream_busy, "no-unexplained", when::from_memory),
    with(password, state::no, code::none, {}, words::any, no, reason::wrong_password, "no"),
    with(password, state::no, code::some, {}, words::any, tempfail, reason::upstream_busy, "no-code"),
    with(password, state::bad, code::named, "PRIVACYREQUIRED", words::any, tempfail, reason::misconfigured, "bad-privacyrequired"),
    any_code(password, state::bad, words::cleartext_refused, reason::misconfigured, "bad-cleartext"),
    any_code(password, state::bad, words::any, reason::upstream_nonsense, "bad"),
    any_code(password, state::bye, words::any, reason::upstream_busy, "bye"),
};

bool fits(const row& r, std::string_view found) {
  switch (r.bears) {
    case code::any: return true;
    case code::none: return found.empty();
    case code::some: return !found.empty();
    case code::named: return abk::same_word(found, r.named);
  }
  return false;
}

bool fits(words wanted, std::string_view text) {
  switch (wanted) {
    case words::any: return true;
    case words::busy: return abk::says_busy(text);
    case words::cleartext_refused: return abk::says_cleartext_refused(text);
    case words::too_frequent: return abk::says_too_frequent(text);
    case words::credentials:
      return abk::contains_one_of(text, {"invalid credentials", "authentication failed", "invalid login", "login failed", "wrong password", "bad password", "incorrect password",
                                         "invalid user", "invalid password"});
    case words::sessions_of_user: return abk::contains(text, "connections from user+IP exceeded");
    case words::trouble: return abk::says_trouble(text) || abk::contains_one_of(text, {"number of connections", "simultaneous connections"});
  }
  return false;
}

bool fits(when wanted, const circumstances& now) {
  switch (wanted) {
    case when::always: return true;
    case when::in_use_accepted: return now.busy == in_use::accept;
    case when::from_memory: return now.from_memory;
  }
  return false;
}

std::string rule(std::string_view step, std::string_view what) { return std::string(step) + "." + std::string(what); }

std::string_view word_for(state says) {
  switch (says) {
    case state::ok: return "OK ";
    case state::no: return "NO ";
    case state::bad: return "BAD ";
    case state::bye: return "BYE ";
    case state::preauth: return "PREAUTH ";
    case state::data: return "";
  }
  return "";
}

std::string quoted(const reply& said) {
  std::string out = "the server said: ";
  out += word_for(said.says);
  if (!said.code.empty()) out.append("[").append(said.code).append("] ");
  return out.append(said.text);
}

// The end of the command, or a BYE in its place.
bool final(const reply& said) { return said.what == sort::tagged || (said.what == sort::untagged && said.says == state::bye); }

abk::answer welcome(std::string_view step, const reply& said, const circumstances& now) {
  abk::answer out = abk::answer::yes(rule(step, "ok"));
  const std::string_view alert = abk::same_word(said.code, "ALERT") ? said.text : now.alert;
  if (alert.empty()) return out;
  out.why = reason::alert;
  out.notice = alert;
  return out;
}

}  // namespace

std::span<const row> table() { return rows; }

abk::answer judge(std::string_view step, moment at, const reply& said, const circumstances& now) {
  if (said.what == sort::tagged && said.says == state::ok && at == password && said.crlf) return welcome(step, said, now);
  if (final(said)) {
    for (const row& r : rows) {
      if (r.at != at || r.says != said.says || (r.only_for != preset::none && r.only_for != now.like)) continue;
      if (!fits(r, said.code) || !fits(r.text, said.text) || !fits(r.holds, now)) continue;
      abk::answer out;
      out.what = r.what;
      out.why = r.why;
      out.rule = rule(step, r.name);
      out.operator_text = quoted(said);
      return out;
    }
  }
  return abk::answer::tempfail(reason::upstream_nonsense, rule(step, "nonsense"), "not a reply that IMAP has here");
}

}  // namespace imap
