#include "verdicts.hpp"

#include <abk/words.hpp>
#include <string>

namespace smtpauth {
namespace {

using abk::reason;
using enum moment;

constexpr abk::verdict no = abk::verdict::no;
constexpr abk::verdict tempfail = abk::verdict::tempfail;

// Refusals only. A reply that no row knows, at any moment, is a tempfail: see judge().
constexpr row rows[] = {
    // Nothing of the account has been said: these speak about the session or the mechanism.
    {start, 421, 421, status::any, words::any, tempfail, reason::upstream_busy, "421"},
    {start, 422, 422, status::any, words::any, tempfail, reason::misconfigured, "422"},
    {start, 432, 432, status::any, words::any, tempfail, reason::misconfigured, "432"},
    {start, 400, 499, status::any, words::any, tempfail, reason::upstream_busy, "4xx"},
    {start, 530, 530, status::any, words::any, tempfail, reason::misconfigured, "530"},
    {start, 500, 504, status::any, words::any, tempfail, reason::misconfigured, "50x"},
    {start, 523, 524, status::any, words::any, tempfail, reason::misconfigured, "52x"},
    {start, 534, 534, status::any, words::any, tempfail, reason::misconfigured, "534"},
    {start, 535, 535, status::any, words::any, tempfail, reason::misconfigured, "535"},
    {start, 538, 538, status::any, words::any, tempfail, reason::misconfigured, "538"},
    {start, 500, 599, status::any, words::any, tempfail, reason::upstream_refuses_us, "5xx"},

    // The name. 535 is somebody whom the server does not know, or who has no password in the form that the mechanism needs.
    {name, 421, 421, status::any, words::any, tempfail, reason::upstream_busy, "421"},
    {name, 422, 422, status::any, words::any, tempfail, reason::misconfigured, "422"},
    {name, 432, 432, status::any, words::any, tempfail, reason::misconfigured, "432"},
    {name, 400, 499, status::any, words::any, tempfail, reason::upstream_busy, "4xx"},
    {name, 535, 535, status::contradicts, words::any, tempfail, reason::upstream_nonsense, "535-contradicts"},
    {name, 535, 535, status::any, words::cleartext_refused, tempfail, reason::misconfigured, "535-cleartext"},
    {name, 535, 535, status::any, words::too_frequent, tempfail, reason::too_frequent, "535-frequency"},
    {name, 535, 535, status::any, words::trouble, tempfail, reason::upstream_busy, "535-trouble"},
    {name, 535, 535, status::credentials, words::any, no, reason::no_such_user, "535-name"},
    {name, 535, 535, status::any, words::any, tempfail, reason::misconfigured, "535-policy"},
    {name, 500, 504, status::any, words::any, tempfail, reason::misconfigured, "50x"},
    {name, 523, 524, status::any, words::any, tempfail, reason::misconfigured, "52x"},
    {name, 530, 530, status::any, words::any, tempfail, reason::misconfigured, "530"},
    {name, 534, 534, status::any, words::any, tempfail, reason::misconfigured, "534"},
    {name, 538, 538, status::any, words::any, tempfail, reason::misconfigured, "538"},
    {name, 500, 599, status::any, words::any, tempfail, reason::upstream_refuses_us, "5xx"},

    // The password. 4xx: 421 goodbye, 432 "a password transition is needed" (RFC 4954: log in once by PLAIN), 435 Exim's and 454
    // Postfix's "cannot tell now", 450 too many AUTH commands.
    {password, 421, 421, status::any, words::any, tempfail, reason::upstream_busy, "421"},
    {password, 422, 422, status::any, words::any, tempfail, reason::misconfigured, "422"},
    {password, 432, 432, status::any, words::any, tempfail, reason::misconfigured, "432"},
    {password, 400, 499, status::any, words::too_frequent, tempfail, reason::too_frequent, "4xx-frequency"},
    {password, 400, 499, status::any, words::any, tempfail, reason::upstream_busy, "4xx"},

    {password, 500, 500, status::any, words::any, tempfail, reason::misconfigured, "500"},  // 5.5.6: the line was too long for it
    {password, 501, 501, status::any, words::any, tempfail, reason::upstream_nonsense, "501"},  // it did not understand good base64
    {password, 502, 504, status::any, words::any, tempfail, reason::misconfigured, "50x"},
    {password, 523, 524, status::any, words::any, tempfail, reason::misconfigured, "52x"},
    {password, 525, 525, status::x_7_13, words::any, no, reason::account_disabled, "525"},
    {password, 530, 530, status::any, words::any, tempfail, reason::misconfigured, "530"},
    // Too weak a mechanism for this account, or, at Google, a password for people where one for programs is wanted, or a login
    // that must be confirmed in a browser: a policy, and no word about this password.
    {password, 534, 534, status::any, words::any, tempfail, reason::misconfigured, "534"},

    {password, 535, 535, status::contradicts, words::any, tempfail, reason::upstream_nonsense, "535-contradicts"},
    {password, 535, 535, status::any, words::cleartext_refused, tempfail, reason::misconfigured, "535-cleartext"},
    {password, 535, 535, status::any, words::too_frequent, tempfail, reason::too_frequent, "535-frequency"},
    // A Postfix of before 3.1, and whatever is like it, says so when its own authentication service is down.
    {password, 535, 535, status::any, words::trouble, tempfail, reason::upstream_busy, "535-trouble"},
    // Mail.ru and others: this is a password for people, where one for programs is wanted.
    {password, 535, 535, status::any, words::for_programs, tempfail, reason::misconfigured, "535-app-password"},
    {password, 535, 535, status::x_7_13, words::any, no, reason::account_disabled, "535-disabled"},
    {password, 535, 535, status::x_7_14, words::any, tempfail, reason::misconfigured, "535-trust"},  // "trust relationship required"
    // Office 365. The code is for policies of the organisation ("basic authentication is disabled"), and for a wrong password too.
    {password, 535, 535, status::x_7_139, words::wrong, no, reason::wrong_password, "535-7-139-wrong"},
    {password, 535, 535, status::x_7_139, words::any, tempfail, reason::misconfigured, "535-7-139"},
    {password, 535, 535, status::credentials, words::expired, no, reason::password_expired, "535-expired"},
    {password, 535, 535, status::credentials, words::locked, no, reason::account_locked, "535-locked"},
    {password, 535, 535, status::credentials, words::disabled, no, reason::account_disabled, "535-disabled-text"},
    {password, 535, 535, status::credentials, words::any, no, reason::wrong_password, "535"},
    {password, 535, 535, status::any, words::any, tempfail, reason::misconfigured, "535-policy"},

    {password, 538, 538, status::any, words::any, tempfail, reason::misconfigured, "538"},
    {password, 500, 599, status::any, words::any, tempfail, reason::upstream_refuses_us, "5xx"},
};

bool is_x_7(const smtp::enhanced& found, std::uint16_t detail) { return found.kind == 5 && found.subject == 7 && found.detail == detail; }

bool fits(status wanted, const smtp::reply& said) {
  switch (wanted) {
    case status::any: return true;
    case status::contradicts: return said.contradicts;
    case status::x_7_13: return is_x_7(said.status, 13);
    case status::x_7_14: return is_x_7(said.status, 14);
    case status::x_7_139: return is_x_7(said.status, 139);
    // 5.7.0 Sendmail, 5.7.1 several, 5.7.3 Exchange, 5.7.8 the standard's; 5.0.0 and 5.5.x are no more than "no".
    case status::credentials:
      if (!said.status) return true;
      if (said.status.subject == 7) return said.status.detail <= 3 || said.status.detail == 8;
      return said.status.subject == 0 || said.status.subject == 5 || (said.status.subject == 1 && said.status.detail <= 1);
  }
  return false;
}

bool fits(words wanted, std::string_view text) {
  using abk::contains_one_of;
  switch (wanted) {
    case words::any: return true;
    case words::cleartext_refused: return abk::says_cleartext_refused(text);
    case words::too_frequent:
      return abk::says_too_frequent(text) || contains_one_of(text, {"too many auth", "too many failed", "too many invalid", "too many bad", "too many login", "too many attempts", "rate limit"});
    case words::trouble:
      // What Postfix says to any refusal for which Dovecot gave no reason, a wrong password mostly.
      if (const std::size_t at = text.find("(reason unavailable)"); at != text.npos) text = text.substr(0, at);
      // From "generic failure" on: what Cyrus SASL calls its errors, which Postfix and Sendmail repeat.
      return abk::says_trouble(text) || contains_one_of(text, {"authentication server", "auth server", "cannot connect", "connection lost", "backend", "authentication mechanism",
                                                               "generic failure", "no mechanism", "unknown mechanism", "bad protocol", "invalid parameter", "out of memory", "another step",
                                                               "too weak", "encryption needed", "transient failure", "one time use of a plaintext", "version mismatch"});
    case words::for_programs: return contains_one_of(text, {"application password", "application-specific", "app password", "app-password", "app-specific"});
    case words::wrong: return contains_one_of(text, {"credentials were incorrect", "incorrect credentials", "password is incorrect"});
    case words::disabled: return contains_one_of(text, {"account disabled", "account is disabled", "user disabled", "user is disabled", "account has been disabled", "account suspended", "account is suspended"});
    case words::locked: return contains_one_of(text, {"account locked", "account is locked", "account has been locked", "user is locked"});
    case words::expired: return contains_one_of(text, {"password expired", "password has expired", "password is expired"});
  }
  return false;
}

std::string rule(std::string_view step, std::string_view what) { return std::string(step) + "." + std::string(what); }

}  // namespace

std::span<const row> table() { return rows; }

abk::answer judge(std::string_view step, moment at, const smtp::reply& said, const circumstances& now) {
  if (said.code == 235 && at == password && said.crlf && !said.contradicts) {
    if (!now.proven)
      return abk::answer::tempfail(reason::upstream_nonsense, rule(step, "unproven"), "the server accepted, and did not prove that it knows the password, as the mechanism has it do");
    if (now.unread) return abk::answer::tempfail(reason::upstream_nonsense, rule(step, "unread"), "the server accepted, and said more than it was asked: its replies may be out of order");
    return abk::answer::yes(rule(step, "235"));
  }
  for (const row& r : rows) {
    if (r.at != at || said.code < r.from || said.code > r.to || !fits(r.bears, said) || !fits(r.says, said.text)) continue;
    abk::answer out;
    out.what = r.what;
    out.why = r.why;
    out.rule = rule(step, r.name);
    out.operator_text = "the server said: " + smtp::in_words(said);
    return out;
  }
  return abk::answer::tempfail(reason::upstream_nonsense, rule(step, "nonsense"),
                               said.code == 0 ? std::string("not a reply of SMTP") : "not a reply that SMTP has here: " + smtp::in_words(said));
}

bool refuses_mechanism(moment at, const smtp::reply& said) { return at != password && (said.code == 504 || said.code == 534) && !said.contradicts; }

}  // namespace smtpauth
