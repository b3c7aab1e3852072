// Every row of the table, by what servers say; and every code that there is.
#include <gtest/gtest.h>

#include <set>

#include "vrfy/verdicts.hpp"

namespace {

using abk::reason;
using enum vrfy::outcome;
using vrfy::judge;
using vrfy::moment;
using vrfy::preset;

smtp::reply said(const std::string& lines) {
  const smtp::taken got = smtp::take_reply(lines);
  EXPECT_EQ(got.bytes, lines.size()) << lines;
  return got.said;
}

struct row {
  moment at;
  std::string reply;
  vrfy::outcome what;
  reason why;
  std::string name;
  preset like = preset::none;
};

const row rows[] = {
    {moment::rset, "250 2.0.0 Ok", go, reason::none, "ok"},
    {moment::rset, "554 Too many nonmail commands", over, reason::upstream_busy, "refused"},
    {moment::rset, "421 4.4.2 timeout", over, reason::upstream_busy, "refused"},
    {moment::rset, "251 what", nonsense, reason::upstream_nonsense, "nonsense"},

    {moment::mail, "250 2.1.0 Ok", go, reason::none, "ok"},
    {moment::mail, "421 4.3.2 going down", over, reason::upstream_busy, "421"},
    {moment::mail, "554 5.5.1 too many errors", over, reason::upstream_busy, "enough"},
    {moment::mail, "451 4.7.1 Greylisted", tempfail, reason::greylisted, "greylisted"},
    {moment::mail, "450 4.7.1 Client host rejected", tempfail, reason::upstream_refuses_us, "4xx-policy"},
    {moment::mail, "455 no", tempfail, reason::misconfigured, "455"},
    {moment::mail, "452 4.3.1 Insufficient system storage", tempfail, reason::upstream_busy, "4xx"},
    {moment::mail, "503 5.5.1 nested MAIL", nonsense, reason::upstream_nonsense, "503"},
    {moment::mail, "530 5.7.0 Must issue a STARTTLS command first", tempfail, reason::misconfigured, "530"},
    {moment::mail, "550 5.7.1 null sender refused", tempfail, reason::upstream_refuses_us, "refused"},
    {moment::mail, "553 bad sender", tempfail, reason::upstream_refuses_us, "refused"},
    {moment::mail, "251 what", nonsense, reason::upstream_nonsense, "nonsense"},

    {moment::rcpt, "250 2.1.5 Ok", exists, reason::none, "ok"},
    {moment::rcpt, "250 Accepted", exists, reason::none, "ok"},
    {moment::rcpt, "251 User not local; will forward to <ann@example.org>", exists, reason::none, "ok"},
    {moment::rcpt, "252 2.0.0 maybe", unverifiable, reason::cannot_verify, "252"},
    {moment::rcpt, "220 hello", nonsense, reason::upstream_nonsense, "nonsense"},
    {moment::rcpt, "354 go ahead", nonsense, reason::upstream_nonsense, "nonsense"},
    {moment::rcpt, "421 4.7.0 Error: too many errors", over, reason::upstream_busy, "421"},
    {moment::rcpt, "554 Too many nonmail commands", over, reason::upstream_busy, "enough"},
    {moment::rcpt, "450 4.2.0 <a@b.c>: Recipient address rejected: Greylisted", tempfail, reason::greylisted, "greylisted"},
    {moment::rcpt, "451 4.2.0 graylisting in action", tempfail, reason::greylisted, "greylisted"},
    {moment::rcpt, "452 4.2.2 mailbox full", tempfail, reason::upstream_busy, "4xx-mailbox"},
    {moment::rcpt, "452 4.5.3 Error: too many recipients", full, reason::upstream_busy, "452"},
    {moment::rcpt, "451 4.5.3 wait", full, reason::upstream_busy, "4xx-many"},
    {moment::rcpt, "451 4.3.0 Multiple destination domains per transaction is unsupported", full, reason::upstream_busy, "4xx-recipients"},
    {moment::rcpt, "451 4.7.1 Please try later", tempfail, reason::greylisted, "4xx-later"},
    {moment::rcpt, "450 4.7.25 Client host rejected: cannot find your hostname", tempfail, reason::upstream_refuses_us, "4xx-policy"},
    {moment::rcpt, "455 no", tempfail, reason::misconfigured, "455"},
    {moment::rcpt, "451 4.3.0 Temporary lookup failure", tempfail, reason::upstream_busy, "4xx"},
    {moment::rcpt, "450 busy", tempfail, reason::upstream_busy, "4xx"},
    {moment::rcpt, "503 5.5.1 need MAIL", nonsense, reason::upstream_nonsense, "503"},
    {moment::rcpt, "530 5.7.0 Authentication required", tempfail, reason::misconfigured, "530"},
    {moment::rcpt, "535 5.7.1 no", tempfail, reason::misconfigured, "auth"},
    {moment::rcpt, "555 5.5.4 parameters", tempfail, reason::misconfigured, "555"},
    {moment::rcpt, "550 5.7.1 Unable to relay", tempfail, reason::upstream_refuses_us, "policy"},
    {moment::rcpt, "554 5.7.1 <x@y.z>: Relay access denied", tempfail, reason::upstream_refuses_us, "policy"},
    {moment::rcpt, "550 5.7.1 User unknown", tempfail, reason::upstream_refuses_us, "policy"},
    {moment::rcpt, "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)", tempfail, reason::upstream_refuses_us, "policy"},
    {moment::rcpt, "552 5.5.3 too many recipients", full, reason::upstream_busy, "5xx-many"},
    {moment::rcpt, "552 too many recipients", full, reason::upstream_busy, "552-recipients"},
    {moment::rcpt, "553 5.6.7 SMTPUTF8 needed", unverifiable, reason::bad_name, "no-utf8"},
    {moment::rcpt, "501 5.1.3 Bad recipient address syntax", unverifiable, reason::bad_name, "501"},
    {moment::rcpt, "552 5.2.2 mailbox full", unverifiable, reason::cannot_verify, "full"},
    {moment::rcpt, "552 no room", unverifiable, reason::cannot_verify, "552"},
    {moment::rcpt, "550 5.2.1 mailbox disabled", unverifiable, reason::cannot_verify, "disabled"},
    {moment::rcpt, "554 5.2.1 The user is not accepting mail", unverifiable, reason::cannot_verify, "disabled"},
    {moment::rcpt, "550 5.2.2 user is over the quota", unverifiable, reason::cannot_verify, "full"},
    {moment::rcpt, "554 5.2.3 message too long for it", unverifiable, reason::cannot_verify, "mailbox"},
    {moment::rcpt, "550 5.2.4 mailing list expansion problem", unverifiable, reason::cannot_verify, "mailbox"},
    {moment::rcpt, "550 5.2.0 cannot deliver to it", unverifiable, reason::cannot_verify, "mailbox"},
    {moment::rcpt, "550 5.2.0 your IP address has a poor reputation", tempfail, reason::upstream_refuses_us, "policy-words"},
    {moment::rcpt, "450 4.2.1 rate limited", tempfail, reason::upstream_busy, "4xx-mailbox"},
    {moment::rcpt, "450 4.2.0 later", tempfail, reason::upstream_busy, "4xx"},
    {moment::rcpt, "550 5.4.1 Recipient address rejected: Access denied", absent, reason::none, "edge", preset::exchange},
    {moment::rcpt, "550 5.4.1 Recipient address rejected: Access denied", tempfail, reason::upstream_refuses_us, "5xx"},
    {moment::rcpt, "550 5.1.1 User unknown", absent, reason::none, "unknown"},
    {moment::rcpt, "551 5.1.6 moved", absent, reason::none, "unknown"},
    {moment::rcpt, "550 5.1.2 bad domain", absent, reason::none, "unknown"},
    {moment::rcpt, "550 5.1.3 bad syntax", absent, reason::none, "unknown"},
    {moment::rcpt, "550 5.1.10 RESOLVER.ADR.RecipientNotFound; not found", absent, reason::none, "unknown"},
    {moment::rcpt, "553 5.1.1 no", absent, reason::none, "unknown"},
    {moment::rcpt, "511 sorry, no mailbox here by that name (#5.1.1 - chkuser)", absent, reason::none, "unknown"},
    {moment::rcpt, "554 5.1.1 no", absent, reason::none, "unknown"},
    {moment::rcpt, "556 5.1.10 no mail here", absent, reason::none, "unknown"},
    {moment::rcpt, "554 5.1.2 no", tempfail, reason::upstream_refuses_us, "5xx"},
    {moment::rcpt, "550 5.1.0 <x@y.z>... User unknown", absent, reason::none, "unknown-words"},
    {moment::rcpt, "550 5.1.0 Sender denied", tempfail, reason::upstream_refuses_us, "5xx"},
    {moment::rcpt, "550 5.1.8 Sender address rejected: Domain not found", tempfail, reason::upstream_refuses_us, "5xx"},
    {moment::rcpt, "550 mailbox is full", unverifiable, reason::cannot_verify, "full-words"},
    {moment::rcpt, "550 account disabled", unverifiable, reason::cannot_verify, "disabled-words"},
    {moment::rcpt, "550 relay not permitted", tempfail, reason::upstream_refuses_us, "policy-words"},
    {moment::rcpt, "550 Sender verify failed", tempfail, reason::upstream_refuses_us, "policy-words"},
    {moment::rcpt, "550-Administrative prohibition\r\n550 go away", tempfail, reason::upstream_refuses_us, "policy-words"},
    {moment::rcpt, "550 Unrouteable address", absent, reason::none, "bare"},
    {moment::rcpt, "551 User not local", absent, reason::none, "bare"},
    {moment::rcpt, "553 mailbox name not allowed", absent, reason::none, "bare"},
    {moment::rcpt, "550 <relay.policy@blocked.example>: no such user", absent, reason::none, "bare"},
    {moment::rcpt, "500 what", tempfail, reason::upstream_nonsense, "unknown-command"},
    {moment::rcpt, "502 5.5.1 what", tempfail, reason::upstream_nonsense, "unknown-command"},
    {moment::rcpt, "554 no", tempfail, reason::upstream_refuses_us, "5xx"},
    {moment::rcpt, "521 5.3.2 no mail", tempfail, reason::upstream_refuses_us, "5xx"},

    {moment::vrfy, "250 2.1.5 Ann <ann@mail.example.com>", exists, reason::none, "ok"},
    {moment::vrfy, "251 will forward", exists, reason::none, "ok"},
    {moment::vrfy, "252 2.0.0 ann@example.com", unsupported, reason::vrfy_unsupported, "252"},
    {moment::vrfy, "252 Administrative prohibition", unsupported, reason::vrfy_unsupported, "252"},
    {moment::vrfy, "421 bye", over, reason::upstream_busy, "421"},
    {moment::vrfy, "554 Too many nonmail commands", over, reason::upstream_busy, "enough"},
    {moment::vrfy, "450 4.2.0 Greylisted", tempfail, reason::greylisted, "greylisted"},
    {moment::vrfy, "450 4.3.0 busy", tempfail, reason::upstream_busy, "4xx"},
    {moment::vrfy, "500 what", unsupported, reason::vrfy_unsupported, "500"},
    {moment::vrfy, "502 5.5.1 VRFY command is disabled", unsupported, reason::vrfy_unsupported, "502"},
    {moment::vrfy, "504 no", unsupported, reason::vrfy_unsupported, "502"},
    {moment::vrfy, "501 alice: recipient address must contain a domain", unverifiable, reason::bad_name, "501"},
    {moment::vrfy, "550 5.6.7 no", unverifiable, reason::bad_name, "no-utf8"},
    {moment::vrfy, "530 5.7.0 TLS first", refused, reason::misconfigured, "530"},
    {moment::vrfy, "554 5.7.1 <x@y.z>: Relay access denied", refused, reason::upstream_refuses_us, "policy"},
    {moment::vrfy, "550 5.2.1 disabled", unverifiable, reason::cannot_verify, "disabled"},
    {moment::vrfy, "552 5.2.2 full", unverifiable, reason::cannot_verify, "mailbox"},
    {moment::vrfy, "550 5.2.0 no", unverifiable, reason::cannot_verify, "mailbox"},
    {moment::vrfy, "550 5.2.0 your host is blocked", refused, reason::upstream_refuses_us, "policy-words"},
    {moment::vrfy, "550 5.1.1 nosuch... User unknown", absent, reason::none, "unknown"},
    {moment::vrfy, "553 5.1.3 no", absent, reason::none, "unknown"},
    {moment::vrfy, "554 5.1.1 no", absent, reason::none, "unknown"},
    {moment::vrfy, "550 VRFY not allowed", refused, reason::upstream_refuses_us, "policy-words"},
    {moment::vrfy, "550 String does not match anything.", absent, reason::none, "bare"},
    {moment::vrfy, "553 User ambiguous", unverifiable, reason::cannot_verify, "ambiguous"},
    {moment::vrfy, "554 no", refused, reason::upstream_refuses_us, "5xx"},
    {moment::vrfy, "354 go ahead", nonsense, reason::upstream_nonsense, "nonsense"},
};

TEST(VrfyVerdicts, E_11_E_13_E_14_E_15_G_01_EveryRow) {
  std::set<std::pair<moment, std::string>> used;
  for (const row& r : rows) {
    SCOPED_TRACE(vrfy::rule_of(r.at, r.reply));
    const vrfy::judged got = judge(r.at, said(r.reply + "\r\n"), r.like, "relay.policy@blocked.example");
    EXPECT_EQ(static_cast<int>(got.what), static_cast<int>(r.what)) << got.name;
    EXPECT_EQ(got.why, r.why);
    EXPECT_EQ(got.name, r.name);
    used.emplace(r.at, r.name);
  }
  for (const vrfy::row& r : vrfy::table()) EXPECT_TRUE(used.contains({r.at, std::string(r.name)})) << vrfy::rule_of(r.at, r.name) << " has no test";
}

TEST(VrfyVerdicts, G_01_NoOtherCodeIsAYesOrANo) {
  for (const moment at : {moment::rset, moment::mail, moment::vrfy, moment::rcpt})
    for (int code = 200; code < 600; ++code)
      for (const char* text : {"", " ok", " 2.1.5 ok", " 4.7.1 later", " 5.1.1 unknown", " 5.7.1 policy", " 5.2.2 full"}) {
        const std::string line = std::to_string(code) + text + "\r\n";
        const vrfy::judged got = judge(at, said(line), preset::none);
        const bool question = at == moment::vrfy || at == moment::rcpt;
        if (got.what == exists) {
          EXPECT_TRUE(question && (code == 250 || code == 251)) << line;
        }
        if (got.what == absent) {
          EXPECT_TRUE(question && (code == 511 || (code >= 550 && code <= 556))) << line;
        }
        if (got.what == go) {
          EXPECT_TRUE(!question && code == 250) << line;
        }
        if (code / 100 == 4) {
          EXPECT_TRUE(got.what == tempfail || got.what == over || got.what == full) << line;
        }
      }
}

TEST(VrfyVerdicts, E_07_ALineThatIsNoReplyIsNonsense) {
  for (const char* line : {"2500 ok\r\n", "25 ok\r\n", "abc ok\r\n", "250ok\r\n", "\r\n", "+OK\r\n", "550:no\r\n"})
    for (const moment at : {moment::rset, moment::mail, moment::vrfy, moment::rcpt}) EXPECT_EQ(judge(at, said(line), preset::none).what, nonsense) << line;
  EXPECT_EQ(judge(moment::rcpt, said("250 ok\n"), preset::none).what, nonsense);
  EXPECT_EQ(judge(moment::rcpt, said("550 no\n"), preset::none).what, nonsense);
  EXPECT_EQ(judge(moment::rcpt, said("250-ok\r\n550 no\r\n"), preset::none).what, nonsense);
}

TEST(VrfyVerdicts, E_07_CodesThatDisagreeTellNothing) {
  for (const char* line : {"250 5.1.1 unknown\r\n", "550 2.1.5 ok\r\n", "550 4.2.0 greylisted\r\n", "550-5.1.1 unknown\r\n550 5.7.1 policy\r\n"}) {
    const vrfy::judged got = judge(moment::rcpt, said(line), preset::none);
    EXPECT_EQ(got.what, tempfail) << line;
    EXPECT_EQ(got.why, reason::upstream_nonsense);
  }
}

TEST(VrfyVerdicts, APartOfTheAddressDoesNotHideAWord) {
  for (const char* asked : {"r@example.com", "relay@example.com", "policy", "e@relay.example"}) EXPECT_EQ(judge(moment::rcpt, said("550 relay denied\r\n"), preset::none, asked).what, tempfail) << asked;
}

TEST(VrfyVerdicts, AnAnswerSaysWhatTheServerSaid) {
  const auto of = [](moment at, const char* line) {
    const smtp::reply r = said(line);
    return vrfy::answer_for(at, judge(at, r, preset::none), r);
  };
  EXPECT_EQ(of(moment::rcpt, "550 5.1.1 who?\r\n").operator_text, "the server said: 550 5.1.1 who?");
  EXPECT_EQ(of(moment::rcpt, "550 5.1.1 who?\r\n").what, abk::verdict::no);
  EXPECT_EQ(of(moment::rcpt, "550 5.1.1 who?\r\n").rule, "rcpt.unknown");
  EXPECT_EQ(of(moment::rcpt, "250 ok <x@y.example>\r\n").mailbox, "");
  EXPECT_EQ(of(moment::rcpt, "251 will forward to <Ann@Example.org>\r\n").mailbox, "Ann@example.org");
  EXPECT_EQ(of(moment::vrfy, "251 will forward to <@x:ann@example.org>\r\n").mailbox, "");
  EXPECT_EQ(of(moment::vrfy, "251 will forward to <ann@example.org\r\n").mailbox, "");
  EXPECT_EQ(of(moment::vrfy, "502 no\r\n").what, abk::verdict::unverifiable);
  EXPECT_EQ(of(moment::rcpt, "450 no\r\n").what, abk::verdict::tempfail);
}

TEST(VrfyVerdicts, QmailPutsItsCodeAtTheEnd) {
  EXPECT_EQ(vrfy::status_of(said("550 sorry, no mailbox here by that name. (#5.1.1)\r\n")), (smtp::enhanced{5, 1, 1}));
  EXPECT_EQ(vrfy::status_of(said("550 # #4.1.1 #5.7 #5.7.1x (#5.7.1)\r\n")), (smtp::enhanced{5, 7, 1}));
  EXPECT_EQ(vrfy::status_of(said("550 ticket #5\r\n")), smtp::enhanced());
}

}  // namespace
