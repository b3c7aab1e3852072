#include "verdicts.hpp"

#include <abk/words.hpp>

#include <string>

namespace pop3 {
namespace {

using abk::reason;
using enum moment;

constexpr abk::verdict yes = abk::verdict::yes;
constexpr abk::verdict no = abk::verdict::no;
constexpr abk::verdict tempfail = abk::verdict::tempfail;

// Refusals ("-ERR") only. A refusal that no row knows, at any moment, is a tempfail: see judge().
constexpr row rows[] = {
    // A greeting says nothing about anybody's password.
    {greeting, preset::none, code::sys, words::any, when::always, tempfail, reason::upstream_busy, "err-sys"},
    {greeting, preset::none, code::in_use, words::any, when::always, tempfail, reason::upstream_busy, "err-in-use"},
    {greeting, preset::none, code::login_delay, words::any, when::always, tempfail, reason::upstream_busy, "err-login-delay"},
    {greeting, preset::none, code::any, words::busy, when::always, tempfail, reason::upstream_busy, "err-busy"},
    {greeting, preset::none, code::any, words::any, when::always, tempfail, reason::upstream_refuses_us, "err"},

    // Only a server in trouble gets here with CAPA; "-ERR" from one that has no CAPA is normal and is not judged.
    {capa, preset::none, code::any, words::any, when::always, tempfail, reason::upstream_busy, "err-sys"},

    {stls, preset::none, code::any, words::any, when::always, tempfail, reason::tls_unavailable, "err"},

    // The name. "Plaintext authentication disallowed" comes here from Dovecot, and bears [AUTH].
    {name, preset::none, code::sys_temp, words::any, when::always, tempfail, reason::upstream_busy, "err-sys-temp"},
    {name, preset::none, code::sys, words::any, when::always, tempfail, reason::misconfigured, "err-sys-perm"},
    {name, preset::none, code::in_use, words::any, when::always, tempfail, reason::upstream_busy, "err-in-use"},
    {name, preset::none, code::login_delay, words::any, when::always, tempfail, reason::too_frequent, "err-login-delay"},
    {name, preset::communigate, code::any, words::too_frequent, when::always, tempfail, reason::too_frequent, "err-frequency"},
    {name, preset::none, code::any, words::cleartext_refused, when::always, tempfail, reason::misconfigured, "err-cleartext"},
    {name, preset::none, code::none, words::trouble, when::always, tempfail, reason::upstream_busy, "err-trouble"},
    {name, preset::none, code::any, words::any, when::not_offered, tempfail, reason::misconfigured, "err-not-offered"},
    {name, preset::none, code::auth, words::any, when::always, no, reason::no_such_user, "err-auth"},
    {name, preset::none, code::none, words::any, when::auth_code_promised, tempfail, reason::upstream_busy, "err-unexplained"},
    {name, preset::none, code::none, words::any, when::always, no, reason::no_such_user, "err"},
    {name, preset::none, code::some, words::any, when::always, tempfail, reason::upstream_busy, "err-code"},

    // A mechanism that was offered and then refused, before anything was said about an account.
    {start, preset::none, code::sys_temp, words::any, when::always, tempfail, reason::upstream_busy, "err-sys-temp"},
    {start, preset::none, code::any, words::any, when::always, tempfail, reason::misconfigured, "err-mechanism"},

    // The password.
    {password, preset::communigate, code::any, words::alert, when::always, yes, reason::alert, "err-alert"},
    {password, preset::none, code::in_use, words::any, when::in_use_accepted, yes, reason::mailbox_busy, "err-in-use"},
    {password, preset::none, code::in_use, words::any, when::always, tempfail, reason::upstream_busy, "err-in-use-tempfail"},
    {password, preset::none, code::login_delay, words::any, when::always, tempfail, reason::too_frequent, "err-login-delay"},
    {password, preset::none, code::sys_temp, words::any, when::always, tempfail, reason::upstream_busy, "err-sys-temp"},
    {password, preset::none, code::sys, words::any, when::always, tempfail, reason::misconfigured, "err-sys-perm"},
    {password, preset::communigate, code::any, words::too_frequent, when::always, tempfail, reason::too_frequent, "err-frequency"},
    {password, preset::mailtraq, code::none, words::mailbox_locked, when::in_use_accepted, yes, reason::mailbox_busy, "err-locked"},
    // Words that are never about a password, from servers that have no codes to say so: Courier without its authentication
    // daemon, Zimbra in maintenance, a maildrop that RFC 1939 lets a server refuse to lock, hMailServer after the right password.
    {password, preset::none, code::none, words::mailbox_locked, when::always, tempfail, reason::upstream_busy, "err-locked-tempfail"},
    {password, preset::none, code::none, words::spaced, when::always, tempfail, reason::too_frequent, "err-spaced"},
    {password, preset::none, code::none, words::trouble, when::always, tempfail, reason::upstream_busy, "err-trouble"},
    {password, preset::none, code::any, words::cleartext_refused, when::always, tempfail, reason::misconfigured, "err-cleartext"},
    {password, preset::none, code::auth, words::any, when::always, no, reason::wrong_password, "err-auth"},
    {password, preset::none, code::none, words::any, when::auth_code_promised, tempfail, reason::upstream_busy, "err-unexplained"},
    {password, preset::none, code::none, words::any, when::always, no, reason::wrong_password, "err"},
    {password, preset::none, code::some, words::any, when::always, tempfail, reason::upstream_busy, "err-code"},
};

bool fits(code wanted, std::string_view found) {
  switch (wanted) {
    case code::any: return true;
    case code::none: return found.empty();
    case code::some: return !found.empty();
    case code::auth: return code_is(found, "AUTH");
    case code::sys: return code_is(found, "SYS");
    case code::sys_temp: return code_is(found, "SYS/TEMP");
    case code::in_use: return code_is(found, "IN-USE");
    case code::login_delay: return code_is(found, "LOGIN-DELAY");
  }
  return false;
}

bool fits(words wanted, std::string_view text) {
  switch (wanted) {
    case words::any: return true;
    case words::busy: return abk::says_busy(text);
    case words::cleartext_refused: return abk::says_cleartext_refused(text);
    case words::alert: return abk::begins_with(text, "ALERT:");
    case words::too_frequent: return abk::says_too_frequent(text);
    case words::mailbox_locked:
      return abk::contains_one_of(text, {"mailbox", "maildrop"}) && abk::contains_one_of(text, {"locked", "unable to lock", "cannot lock", "in use", "in-use"});
    case words::spaced: return abk::contains(text, "logins must be at least");
    case words::trouble: return abk::says_trouble(text);
  }
  return false;
}

bool fits(when wanted, const circumstances& now) {
  switch (wanted) {
    case when::always: return true;
    case when::auth_code_promised: return now.can.auth_resp_code;
    case when::not_offered: return now.unoffered;
    case when::in_use_accepted: return now.busy == in_use::accept;
  }
  return false;
}

std::string rule(std::string_view step, std::string_view what) { return std::string(step) + "." + std::string(what); }

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  return text;
}

}  // namespace

std::span<const row> table() { return rows; }

abk::answer judge(std::string_view step, moment at, const reply& said, const circumstances& now) {
  if (said.what == status::ok && at == password && said.crlf) return abk::answer::yes(rule(step, "ok"));
  const std::string words_of_it = "the server said: " + (said.code.empty() ? std::string() : "[" + std::string(said.code) + "] ") + std::string(said.text);
  if (said.what == status::err) {
    for (const row& r : rows) {
      if (r.at != at || (r.only_for != preset::none && r.only_for != now.like)) continue;
      if (!fits(r.bears, said.code) || !fits(r.says, said.text) || !fits(r.holds, now)) continue;
      abk::answer out;
      out.what = r.what;
      out.why = r.why;
      out.rule = rule(step, r.name);
      out.operator_text = words_of_it;
      if (r.why == reason::alert) out.notice = trimmed(said.text.substr(6));
      if (r.why == reason::too_frequent) out.retry_after = std::chrono::seconds(now.can.login_delay_s);
      return out;
    }
  }
  return abk::answer::tempfail(reason::upstream_nonsense, rule(step, "nonsense"), "not a reply that POP3 has here");
}

}  // namespace pop3
