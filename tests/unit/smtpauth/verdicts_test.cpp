// The table of verdicts: every code at every moment, and what real servers say.
#include <gtest/gtest.h>

#include <set>

#include "smtpauth/verdicts.hpp"

namespace {

using abk::reason;
using abk::verdict;
using smtpauth::moment;

smtp::reply said(const std::string& line) { return smtp::take_reply(line + "\r\n").said; }
abk::answer judge(moment at, const std::string& line) { return smtpauth::judge("auth", at, said(line), {}); }

struct golden {
  moment at;
  std::string line;
  verdict what;
  reason why;
  std::string rule;
};
const golden texts[] = {
    {moment::password, "235 2.7.0 Authentication successful", verdict::yes, reason::none, "auth.235"},
    {moment::password, "235", verdict::yes, reason::none, "auth.235"},
    {moment::password, "235-2.7.0 welcome\r\n235 2.7.0 ann", verdict::yes, reason::none, "auth.235"},
    {moment::password, "235 ok, go ahead (#2.0.0)", verdict::yes, reason::none, "auth.235"},
    {moment::start, "235 2.7.0 ok", verdict::tempfail, reason::upstream_nonsense, "auth.nonsense"},
    {moment::name, "235 2.7.0 ok", verdict::tempfail, reason::upstream_nonsense, "auth.nonsense"},
    {moment::password, "235 5.7.8 ok", verdict::tempfail, reason::upstream_nonsense, "auth.nonsense"},
    {moment::password, "334 UGFzc3dvcmQ6", verdict::tempfail, reason::upstream_nonsense, "auth.nonsense"},
    // wrong passwords
    {moment::password, "535 5.7.8 Error: authentication failed: authentication failure", verdict::no, reason::wrong_password, "auth.535"},
    {moment::password, "535 5.7.8 Error: authentication failed: ", verdict::no, reason::wrong_password, "auth.535"},
    {moment::password, "535 5.7.8 Error: authentication failed: user not found", verdict::no, reason::wrong_password, "auth.535"},
    {moment::password, "535 5.7.8 Authentication failed.", verdict::no, reason::wrong_password, "auth.535"},
    {moment::password, "535 Incorrect authentication data", verdict::no, reason::wrong_password, "auth.535"},
    {moment::password, "535 5.7.0 authentication failed", verdict::no, reason::wrong_password, "auth.535"},
    {moment::password, "535 5.7.3 Authentication unsuccessful", verdict::no, reason::wrong_password, "auth.535"},
    {moment::password, "535 5.7.3 Authentication unsuccessful [AM6P123CA0001.EURP123.PROD.OUTLOOK.COM]", verdict::no, reason::wrong_password, "auth.535"},
    {moment::password, "535-5.7.8 Username and Password not accepted. For more information, go to\r\n535 5.7.8  https://support.google.com/mail/?p=BadCredentials a1sm1.1 - gsmtp", verdict::no,
     reason::wrong_password, "auth.535"},
    {moment::password, "535 5.7.1 Authentication failed", verdict::no, reason::wrong_password, "auth.535"},
    {moment::password, "535 authentication failed (#5.7.1)", verdict::no, reason::wrong_password, "auth.535"},
    {moment::password, "535", verdict::no, reason::wrong_password, "auth.535"},
    {moment::password, "535-5.7.8 no\r\n535 no", verdict::no, reason::wrong_password, "auth.535"},
    {moment::password, "535 5.7.139 Authentication unsuccessful, the user credentials were incorrect.", verdict::no, reason::wrong_password, "auth.535-7-139-wrong"},
    {moment::password, "535 5.7.8 Error: authentication failed: (reason unavailable)", verdict::no, reason::wrong_password, "auth.535"},
    {moment::password, "535 5.7.8 Error: authentication failed: UGFzc3dvcmQ6", verdict::no, reason::wrong_password, "auth.535"},
    {moment::password, "535 Authentication failed. Restarting authentication process.", verdict::no, reason::wrong_password, "auth.535"},
    {moment::password, "535 incorrect password or account name", verdict::no, reason::wrong_password, "auth.535"},
    {moment::password, "535 Authentication credentials invalid", verdict::no, reason::wrong_password, "auth.535"},
    // the account
    {moment::password, "525 5.7.13 Account_disabled", verdict::no, reason::account_disabled, "auth.525"},
    {moment::password, "535 5.7.13 disabled", verdict::no, reason::account_disabled, "auth.535-disabled"},
    {moment::password, "535 5.7.8 Password expired", verdict::no, reason::password_expired, "auth.535-expired"},
    {moment::password, "535 Account is locked", verdict::no, reason::account_locked, "auth.535-locked"},
    {moment::password, "535 5.7.0 This account is disabled", verdict::no, reason::account_disabled, "auth.535-disabled-text"},
    {moment::password, "525 no", verdict::tempfail, reason::upstream_refuses_us, "auth.5xx"},
    // policies
    {moment::password, "535 5.7.139 Authentication unsuccessful, basic authentication is disabled.", verdict::tempfail, reason::misconfigured, "auth.535-7-139"},
    {moment::password, "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.", verdict::tempfail, reason::misconfigured, "auth.535-7-139"},
    {moment::password, "535 5.7.139 Authentication unsuccessful, user is locked by your organization's security defaults policy.", verdict::tempfail, reason::misconfigured, "auth.535-7-139"},
    {moment::password, "535 5.7.14 Trust relationship required", verdict::tempfail, reason::misconfigured, "auth.535-trust"},
    {moment::password, "535 5.7.57 Client not authenticated to send mail", verdict::tempfail, reason::misconfigured, "auth.535-policy"},
    {moment::password, "535 5.2.1 mailbox disabled", verdict::tempfail, reason::misconfigured, "auth.535-policy"},
    {moment::password, "534-5.7.9 Application-specific password required. Learn more at\r\n534 5.7.9  https://support.google.com/mail/?p=InvalidSecondFactor - gsmtp", verdict::tempfail,
     reason::misconfigured, "auth.534"},
    {moment::password, "534-5.7.14 <https://accounts.google.com/signin/continue> Please log in via your web browser\r\n534-5.7.14 and then try again.\r\n534 5.7.14 - gsmtp", verdict::tempfail,
     reason::misconfigured, "auth.534"},
    {moment::password, "535 5.7.0 NEOBHODIM parol prilozheniya https://help.mail.ru/mail/security / Application password is REQUIRED", verdict::tempfail, reason::misconfigured, "auth.535-app-password"},
    {moment::password, "534 5.7.9 Authentication mechanism is too weak", verdict::tempfail, reason::misconfigured, "auth.534"},
    {moment::password, "530 5.7.0 Must issue a STARTTLS command first", verdict::tempfail, reason::misconfigured, "auth.530"},
    {moment::password, "538 5.7.11 Encryption required for requested authentication mechanism", verdict::tempfail, reason::misconfigured, "auth.538"},
    {moment::password, "535 5.7.8 Error: plaintext authentication disabled without TLS", verdict::tempfail, reason::misconfigured, "auth.535-cleartext"},
    {moment::password, "550 5.7.1 blocked", verdict::tempfail, reason::upstream_refuses_us, "auth.5xx"},
    {moment::password, "554 5.7.1 Client host rejected", verdict::tempfail, reason::upstream_refuses_us, "auth.5xx"},
    // trouble
    {moment::password, "421 4.7.0 mail.example.com Error: too many errors", verdict::tempfail, reason::upstream_busy, "auth.421"},
    {moment::password, "432 4.7.12 A password transition is needed", verdict::tempfail, reason::misconfigured, "auth.432"},
    {moment::password, "422 4.7.12 A password transition is needed", verdict::tempfail, reason::misconfigured, "auth.422"},
    {moment::password, "435 Unable to authenticate at present", verdict::tempfail, reason::upstream_busy, "auth.4xx"},
    {moment::password, "454 4.7.0 Temporary authentication failure: Connection lost to authentication server", verdict::tempfail, reason::upstream_busy, "auth.4xx"},
    {moment::password, "450 4.7.1 Error: too many AUTH commands from 192.0.2.1", verdict::tempfail, reason::too_frequent, "auth.4xx-frequency"},
    {moment::password, "454 4.7.0 Too many login attempts, please try again later.", verdict::tempfail, reason::too_frequent, "auth.4xx-frequency"},
    {moment::password, "535 5.7.0 Too many failed login attempts", verdict::tempfail, reason::too_frequent, "auth.535-frequency"},
    {moment::password, "535 5.7.0 (#AUTH005) Too many bad auth attempts.", verdict::tempfail, reason::too_frequent, "auth.535-frequency"},
    {moment::password, "535 5.7.8 Error: authentication failed: Temporary failure (reason unavailable)", verdict::tempfail, reason::upstream_busy, "auth.535-trouble"},
    {moment::password, "535 5.7.8 Error: authentication failed: generic failure", verdict::tempfail, reason::upstream_busy, "auth.535-trouble"},
    {moment::password, "535 5.7.8 Error: authentication failed: bad protocol / cancel", verdict::tempfail, reason::upstream_busy, "auth.535-trouble"},
    {moment::password, "535 5.7.8 Error: authentication failed: no mechanism available", verdict::tempfail, reason::upstream_busy, "auth.535-trouble"},
    {moment::password, "535 5.7.8 Error: authentication failed: Connection lost to authentication server", verdict::tempfail, reason::upstream_busy, "auth.535-trouble"},
    {moment::password, "535 5.7.8 Error: authentication failed: another step is needed in authentication", verdict::tempfail, reason::upstream_busy, "auth.535-trouble"},
    {moment::password, "535 4.7.0 later", verdict::tempfail, reason::upstream_nonsense, "auth.535-contradicts"},
    {moment::password, "535-5.7.8 no\r\n535 5.7.139 disabled", verdict::tempfail, reason::upstream_nonsense, "auth.535-contradicts"},
    {moment::password, "500 5.5.6 Authentication Exchange line is too long", verdict::tempfail, reason::misconfigured, "auth.500"},
    {moment::password, "501 5.5.2 Invalid base64", verdict::tempfail, reason::upstream_nonsense, "auth.501"},
    {moment::password, "503 5.5.1 Error: already authenticated", verdict::tempfail, reason::misconfigured, "auth.50x"},
    {moment::password, "504 5.5.4 Unrecognized authentication type", verdict::tempfail, reason::misconfigured, "auth.50x"},
    // before the password
    {moment::start, "535 5.7.8 Error: authentication failed: no mechanism available", verdict::tempfail, reason::misconfigured, "auth.535"},
    {moment::start, "503 5.5.1 Error: authentication not enabled", verdict::tempfail, reason::misconfigured, "auth.50x"},
    {moment::start, "450 4.7.1 Error: too many AUTH commands from 192.0.2.1", verdict::tempfail, reason::upstream_busy, "auth.4xx"},
    {moment::name, "535 5.7.8 Error: authentication failed: user not found", verdict::no, reason::no_such_user, "auth.535-name"},
    {moment::name, "535 5.7.8 Error: authentication failed: generic failure", verdict::tempfail, reason::upstream_busy, "auth.535-trouble"},
    {moment::name, "535 4.7.8 later", verdict::tempfail, reason::upstream_nonsense, "auth.535-contradicts"},
    {moment::name, "535 5.7.8 encryption required", verdict::tempfail, reason::misconfigured, "auth.535-cleartext"},
    {moment::name, "535 5.7.8 logins are limited", verdict::tempfail, reason::too_frequent, "auth.535-frequency"},
    {moment::name, "535 5.7.139 disabled", verdict::tempfail, reason::misconfigured, "auth.535-policy"},
};

TEST(SmtpAuthVerdicts, E_02_E_03_G_01_WhatServersSay) {
  for (const golden& g : texts) {
    const abk::answer found = judge(g.at, g.line);
    EXPECT_EQ(found.what, g.what) << g.line;
    EXPECT_EQ(found.why, g.why) << g.line;
    EXPECT_EQ(found.rule, g.rule) << g.line;
  }
}

// Without a status code and with words that say nothing.
std::string expected(moment at, int code) {
  if (code == 235 && at == moment::password) return "yes 0 235";
  if (code < 400) return "tempfail upstream_nonsense";
  switch (code) {
    case 421: return "tempfail upstream_busy";
    case 422:
    case 432:
    case 502:
    case 503:
    case 504:
    case 500:
    case 523:
    case 524:
    case 530:
    case 534:
    case 538: return "tempfail misconfigured";
    case 501: return at == moment::password ? "tempfail upstream_nonsense" : "tempfail misconfigured";
    case 535: return at == moment::password ? "no wrong_password" : at == moment::name ? "no no_such_user" : "tempfail misconfigured";
    default: return code < 500 ? "tempfail upstream_busy" : "tempfail upstream_refuses_us";
  }
}
std::string shown(const abk::answer& a) {
  if (a.what == verdict::yes) return "yes 0 235";
  const std::string what = a.what == verdict::no ? "no " : "tempfail ";
  if (a.why == reason::upstream_nonsense) return what + "upstream_nonsense";
  if (a.why == reason::upstream_busy) return what + "upstream_busy";
  if (a.why == reason::misconfigured) return what + "misconfigured";
  if (a.why == reason::upstream_refuses_us) return what + "upstream_refuses_us";
  if (a.why == reason::wrong_password) return what + "wrong_password";
  if (a.why == reason::no_such_user) return what + "no_such_user";
  return what + "another reason";
}

TEST(SmtpAuthVerdicts, G_01_EveryCodeAtEveryMoment) {
  for (const moment at : {moment::start, moment::name, moment::password})
    for (int code = 200; code <= 599; ++code) EXPECT_EQ(shown(judge(at, std::to_string(code) + " words")), expected(at, code)) << code;
}

TEST(SmtpAuthVerdicts, EveryRowIsReached) {
  std::set<std::pair<moment, std::string>> reached;
  for (const golden& g : texts) reached.emplace(g.at, judge(g.at, g.line).rule.substr(5));
  for (const moment at : {moment::start, moment::name, moment::password})
    for (int code = 200; code <= 599; ++code) reached.emplace(at, judge(at, std::to_string(code) + " words").rule.substr(5));
  for (const smtpauth::row& r : smtpauth::table()) EXPECT_TRUE(reached.count({r.at, std::string(r.name)}) == 1) << r.name;
}

TEST(SmtpAuthVerdicts, F_08_AYesEndsInCrLf) {
  const smtp::reply bare = smtp::take_reply("235 2.7.0 ok\n").said;
  EXPECT_EQ(smtpauth::judge("auth", moment::password, bare, {}).what, verdict::tempfail);
  EXPECT_EQ(smtpauth::judge("auth", moment::password, smtp::reply(), {}).why, reason::upstream_nonsense);
}

TEST(SmtpAuthVerdicts, AYesIsProvenAndAlone) {
  smtpauth::circumstances now;
  now.proven = false;
  EXPECT_EQ(smtpauth::judge("auth", moment::password, said("235 ok"), now).rule, "auth.unproven");
  EXPECT_EQ(smtpauth::judge("auth", moment::password, said("535 no"), now).what, verdict::no);
  now.proven = now.unread = true;
  EXPECT_EQ(smtpauth::judge("auth", moment::password, said("235 ok"), now).rule, "auth.unread");
}

TEST(SmtpAuthVerdicts, OnlyAMechanismThatIsRefusedForItselfIsFollowedByAnother) {
  for (const moment at : {moment::start, moment::name, moment::password})
    for (int code = 200; code <= 599; ++code)
      EXPECT_EQ(smtpauth::refuses_mechanism(at, said(std::to_string(code) + " words")), at != moment::password && (code == 504 || code == 534)) << code;
}

}  // namespace
