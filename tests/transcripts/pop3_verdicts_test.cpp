// The table of verdicts, row by row: what is said when, and what it means.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "pop3/verdicts.hpp"

namespace {

using abk::reason;
using abk::verdict;
using pop3::in_use;
using pop3::moment;
using pop3::preset;

struct situation {
  moment at;
  std::string_view line;
  preset like = preset::none;
  in_use busy = in_use::accept;
  bool promised = false;   // CAPA listed AUTH-RESP-CODE
  bool unoffered = false;  // what was tried was not listed
};
struct golden {
  situation when;
  verdict what;
  reason why;
  std::string_view rule;
};

pop3::circumstances circumstances_of(const situation& s) {
  pop3::circumstances out;
  out.like = s.like;
  out.busy = s.busy;
  out.can.known = true;
  out.can.auth_resp_code = s.promised;
  out.can.login_delay_s = 10;
  out.unoffered = s.unoffered;
  return out;
}

constexpr auto yes = verdict::yes;
constexpr auto no = verdict::no;
constexpr auto tempfail = verdict::tempfail;

const golden goldens[] = {
    // D-11: a greeting that refuses
    {{moment::greeting, "-ERR too many connections\r\n"}, tempfail, reason::upstream_busy, "x.err-busy"},
    {{moment::greeting, "-ERR Server busy\r\n"}, tempfail, reason::upstream_busy, "x.err-busy"},
    {{moment::greeting, "-ERR [SYS/TEMP] no\r\n"}, tempfail, reason::upstream_busy, "x.err-sys"},
    {{moment::greeting, "-ERR [IN-USE] no\r\n"}, tempfail, reason::upstream_busy, "x.err-in-use"},
    {{moment::greeting, "-ERR [LOGIN-DELAY] no\r\n"}, tempfail, reason::upstream_busy, "x.err-login-delay"},
    {{moment::greeting, "-ERR your IP is banned\r\n"}, tempfail, reason::upstream_refuses_us, "x.err"},
    {{moment::greeting, "-ERR [AUTH] no\r\n"}, tempfail, reason::upstream_refuses_us, "x.err"},
    {{moment::greeting, "-ERR\r\n"}, tempfail, reason::upstream_refuses_us, "x.err"},
    {{moment::greeting, "220 mail ESMTP\r\n"}, tempfail, reason::upstream_nonsense, "x.nonsense"},
    {{moment::capa, "-ERR [SYS/TEMP] no\r\n"}, tempfail, reason::upstream_busy, "x.err-sys"},
    // C-01
    {{moment::stls, "-ERR no TLS here\r\n"}, tempfail, reason::tls_unavailable, "x.err"},
    {{moment::stls, "-ERR [AUTH] no\r\n"}, tempfail, reason::tls_unavailable, "x.err"},
    {{moment::stls, "+OKAY\r\n"}, tempfail, reason::upstream_nonsense, "x.nonsense"},
    // the name
    {{moment::name, "-ERR never heard of ann\r\n"}, no, reason::no_such_user, "x.err"},
    {{moment::name, "-ERR [AUTH] no\r\n"}, no, reason::no_such_user, "x.err-auth"},
    {{moment::name, "-ERR [AUTH] no\r\n", preset::none, in_use::accept, true}, no, reason::no_such_user, "x.err-auth"},
    {{moment::name, "-ERR no\r\n", preset::none, in_use::accept, true}, tempfail, reason::upstream_busy, "x.err-unexplained"},
    {{moment::name, "-ERR no\r\n", preset::none, in_use::accept, false, true}, tempfail, reason::misconfigured, "x.err-not-offered"},
    {{moment::name, "-ERR [AUTH] no\r\n", preset::none, in_use::accept, false, true}, tempfail, reason::misconfigured, "x.err-not-offered"},
    {{moment::name, "-ERR [AUTH] Plaintext authentication disallowed on non-secure (SSL/TLS) connections.\r\n"}, tempfail, reason::misconfigured, "x.err-cleartext"},
    {{moment::name, "-ERR plaintext authentication disallowed\r\n"}, tempfail, reason::misconfigured, "x.err-cleartext"},
    {{moment::name, "-ERR You must use TLS/SSL first\r\n"}, tempfail, reason::misconfigured, "x.err-cleartext"},
    {{moment::name, "-ERR [SYS/TEMP] no\r\n"}, tempfail, reason::upstream_busy, "x.err-sys-temp"},
    {{moment::name, "-ERR [SYS/PERM] no\r\n"}, tempfail, reason::misconfigured, "x.err-sys-perm"},
    {{moment::name, "-ERR [IN-USE] no\r\n"}, tempfail, reason::upstream_busy, "x.err-in-use"},
    {{moment::name, "-ERR [LOGIN-DELAY] no\r\n"}, tempfail, reason::too_frequent, "x.err-login-delay"},
    {{moment::name, "-ERR [X-FOO] no\r\n"}, tempfail, reason::upstream_busy, "x.err-code"},
    {{moment::name, "-ERR login too frequent\r\n", preset::communigate}, tempfail, reason::too_frequent, "x.err-frequency"},
    {{moment::name, "-ERR login too frequent\r\n"}, no, reason::no_such_user, "x.err"},
    {{moment::name, "+OK\n"}, tempfail, reason::upstream_nonsense, "x.nonsense"},
    // a mechanism
    {{moment::start, "-ERR [SYS/TEMP] no\r\n"}, tempfail, reason::upstream_busy, "x.err-sys-temp"},
    {{moment::start, "-ERR [AUTH] no\r\n"}, tempfail, reason::misconfigured, "x.err-mechanism"},
    {{moment::start, "-ERR no\r\n"}, tempfail, reason::misconfigured, "x.err-mechanism"},
    {{moment::start, "+OK\r\n"}, tempfail, reason::upstream_nonsense, "x.nonsense"},
    // the password: D-03
    {{moment::password, "+OK\r\n"}, yes, reason::none, "x.ok"},
    {{moment::password, "+OK Logged in.\r\n"}, yes, reason::none, "x.ok"},
    {{moment::password, "+OK [ALERT] hello\r\n"}, yes, reason::none, "x.ok"},
    {{moment::password, "+OK\n"}, tempfail, reason::upstream_nonsense, "x.nonsense"},
    {{moment::password, "+OKAY\r\n"}, tempfail, reason::upstream_nonsense, "x.nonsense"},
    {{moment::password, "+OKwelcome\r\n"}, tempfail, reason::upstream_nonsense, "x.nonsense"},
    {{moment::password, "+ok\r\n"}, tempfail, reason::upstream_nonsense, "x.nonsense"},
    {{moment::password, " +OK\r\n"}, tempfail, reason::upstream_nonsense, "x.nonsense"},
    {{moment::password, "+OK"}, tempfail, reason::upstream_nonsense, "x.nonsense"},
    {{moment::password, "+ \r\n"}, tempfail, reason::upstream_nonsense, "x.nonsense"},
    {{moment::password, "235 2.7.0 ok\r\n"}, tempfail, reason::upstream_nonsense, "x.nonsense"},
    // D-04, D-05, D-06
    {{moment::password, "-ERR [IN-USE] locked\r\n"}, yes, reason::mailbox_busy, "x.err-in-use"},
    {{moment::password, "-ERR [in-use] locked\r\n"}, yes, reason::mailbox_busy, "x.err-in-use"},
    {{moment::password, "-ERR [IN-USE] locked\r\n", preset::none, in_use::tempfail}, tempfail, reason::upstream_busy, "x.err-in-use-tempfail"},
    {{moment::password, "-ERR [LOGIN-DELAY] wait\r\n"}, tempfail, reason::too_frequent, "x.err-login-delay"},
    {{moment::password, "-ERR [SYS/TEMP] disk\r\n"}, tempfail, reason::upstream_busy, "x.err-sys-temp"},
    {{moment::password, "-ERR [SYS/PERM] gone\r\n"}, tempfail, reason::misconfigured, "x.err-sys-perm"},
    {{moment::password, "-ERR [AUTH] wrong\r\n"}, no, reason::wrong_password, "x.err-auth"},
    {{moment::password, "-ERR [auth] wrong\r\n"}, no, reason::wrong_password, "x.err-auth"},
    {{moment::password, "-ERR [AUTH] wrong\n"}, no, reason::wrong_password, "x.err-auth"},
    {{moment::password, "-ERR [AUTH] wrong"}, tempfail, reason::upstream_nonsense, "x.nonsense"},
    {{moment::password, "-ERR [AUTH] wrong\r\n", preset::none, in_use::accept, true}, no, reason::wrong_password, "x.err-auth"},
    {{moment::password, "-ERR [X-FOO] hm\r\n"}, tempfail, reason::upstream_busy, "x.err-code"},
    {{moment::password, "-ERR [AUTH wrong\r\n"}, no, reason::wrong_password, "x.err"},
    {{moment::password, "-ERR wrong\r\n"}, no, reason::wrong_password, "x.err"},
    {{moment::password, "-ERR\r\n"}, no, reason::wrong_password, "x.err"},
    {{moment::password, "-ERR wrong\r\n", preset::none, in_use::accept, true}, tempfail, reason::upstream_busy, "x.err-unexplained"},
    {{moment::password, "-ERR Cleartext login is not permitted\r\n"}, tempfail, reason::misconfigured, "x.err-cleartext"},
    // presets
    {{moment::password, "-ERR ALERT: disk full tonight\r\n", preset::communigate}, yes, reason::alert, "x.err-alert"},
    {{moment::password, "-ERR alert: disk full tonight\r\n", preset::communigate}, yes, reason::alert, "x.err-alert"},
    {{moment::password, "-ERR ALERT: disk full tonight\r\n"}, no, reason::wrong_password, "x.err"},
    {{moment::password, "-ERR ALERT: disk full tonight\r\n", preset::mailtraq}, no, reason::wrong_password, "x.err"},
    {{moment::password, "-ERR no ALERT: here\r\n", preset::communigate}, no, reason::wrong_password, "x.err"},
    {{moment::password, "-ERR ALERT: cut", preset::communigate}, tempfail, reason::upstream_nonsense, "x.nonsense"},
    {{moment::password, "-ERR too frequent logins\r\n", preset::communigate}, tempfail, reason::too_frequent, "x.err-frequency"},
    {{moment::password, "-ERR mailbox locked\r\n", preset::mailtraq}, yes, reason::mailbox_busy, "x.err-locked"},
    {{moment::password, "-ERR mailbox locked\r\n", preset::mailtraq, in_use::tempfail}, tempfail, reason::upstream_busy, "x.err-locked-tempfail"},
    {{moment::password, "-ERR mailbox locked\r\n"}, tempfail, reason::upstream_busy, "x.err-locked-tempfail"},
    {{moment::password, "-ERR unable to lock maildrop\r\n"}, tempfail, reason::upstream_busy, "x.err-locked-tempfail"},
    {{moment::password, "-ERR account locked\r\n"}, no, reason::wrong_password, "x.err"},
    // trouble in words, from servers without codes
    {{moment::password, "-ERR Temporary problem, please try again later\r\n"}, tempfail, reason::upstream_busy, "x.err-trouble"},
    {{moment::password, "-ERR Temporarily unavailable\r\n"}, tempfail, reason::upstream_busy, "x.err-trouble"},
    {{moment::name, "-ERR Temporarily unavailable\r\n"}, tempfail, reason::upstream_busy, "x.err-trouble"},
    {{moment::name, "-ERR Autologout; idle too long\r\n"}, tempfail, reason::upstream_busy, "x.err-trouble"},
    {{moment::password, "-ERR Logins must be at least 10 minutes apart\r\n"}, tempfail, reason::too_frequent, "x.err-spaced"},
    {{moment::password, "-ERR Invalid password, try again\r\n"}, no, reason::wrong_password, "x.err"},
    {{moment::name, "-ERR STLS is required.\r\n"}, tempfail, reason::misconfigured, "x.err-cleartext"},
    {{moment::name, "-ERR A SSL/TLS-connection is required for authentication.\r\n"}, tempfail, reason::misconfigured, "x.err-cleartext"},
    {{moment::name, "-ERR only valid after entering TLS mode\r\n"}, tempfail, reason::misconfigured, "x.err-cleartext"},
    {{moment::password, "-ERR account locked\r\n", preset::mailtraq}, no, reason::wrong_password, "x.err"},
    {{moment::password, "-ERR wrong\r\n", preset::mailtraq}, no, reason::wrong_password, "x.err"},
    {{moment::password, "-ERR wrong\r\n", preset::imail}, no, reason::wrong_password, "x.err"},
};

TEST(Pop3Verdicts, G_01_TheTableSaysWhatItSaid) {
  for (const golden& g : goldens) {
    const abk::answer found = pop3::judge("x", g.when.at, pop3::parse_reply(g.when.line), circumstances_of(g.when));
    EXPECT_EQ(found.what, g.what) << g.when.line;
    EXPECT_EQ(found.why, g.why) << g.when.line;
    EXPECT_EQ(found.rule, g.rule) << g.when.line;
  }
}

TEST(Pop3Verdicts, EveryRowOfTheTableIsReached) {
  std::set<std::string> reached;
  for (const golden& g : goldens)
    reached.insert(std::to_string(static_cast<int>(g.when.at)) + pop3::judge("", g.when.at, pop3::parse_reply(g.when.line), circumstances_of(g.when)).rule);
  for (const pop3::row& r : pop3::table()) EXPECT_EQ(reached.count(std::to_string(static_cast<int>(r.at)) + "." + std::string(r.name)), 1U) << r.name;
}

// What can be a yes at all: "+OK" to a password, and the rows that RFC 2449 and the presets are responsible for.
TEST(Pop3Verdicts, NoOtherMomentKnowsAYes) {
  for (const moment at : {moment::greeting, moment::capa, moment::stls, moment::name, moment::start})
    for (const std::string_view line : {"+OK\r\n", "+OK logged in\r\n", "-ERR [IN-USE] x\r\n", "-ERR ALERT: x\r\n", "-ERR mailbox locked\r\n"})
      for (const preset like : {preset::none, preset::communigate, preset::mailtraq, preset::imail})
        EXPECT_NE(pop3::judge("x", at, pop3::parse_reply(line), circumstances_of({at, line, like})).what, yes) << line;
}

TEST(Pop3Verdicts, OnlyTheNameAndThePasswordKnowANo) {
  for (const moment at : {moment::greeting, moment::capa, moment::stls, moment::start})
    for (const std::string_view line : {"-ERR\r\n", "-ERR [AUTH] x\r\n", "-ERR no such user\r\n", "+ \r\n", "x\r\n"})
      EXPECT_EQ(pop3::judge("x", at, pop3::parse_reply(line), circumstances_of({at, line})).what, tempfail) << line;
}

TEST(Pop3Verdicts, ADelayIsPassedOn) {
  const auto found = pop3::judge("pass", moment::password, pop3::parse_reply("-ERR [LOGIN-DELAY] x\r\n"), circumstances_of({moment::password, ""}));
  EXPECT_EQ(found.retry_after, std::chrono::seconds(10));
}

TEST(Pop3Verdicts, AnAlertIsForTheUserAndOtherWordsForTheOperator) {
  const auto alert = pop3::judge("pass", moment::password, pop3::parse_reply("-ERR ALERT:  back at noon\r\n"), circumstances_of({moment::password, "", preset::communigate}));
  EXPECT_EQ(alert.notice, "back at noon");
  const auto refused = pop3::judge("pass", moment::password, pop3::parse_reply("-ERR [AUTH] wrong\r\n"), circumstances_of({moment::password, ""}));
  EXPECT_EQ(refused.operator_text, "the server said: [AUTH] wrong");
  EXPECT_EQ(refused.notice, "");
  EXPECT_EQ(refused.public_text, "");
}

}  // namespace
