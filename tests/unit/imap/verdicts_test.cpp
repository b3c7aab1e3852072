// The table of verdicts, row by row: what is said when, and what it means.
#include "imap/verdicts.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace {

using abk::reason;
using abk::verdict;
using imap::in_use;
using imap::moment;
using imap::preset;

struct golden {
  moment at;
  std::string_view line;
  verdict what;
  reason why;
  std::string_view rule;
  preset like = preset::none;
  in_use busy = in_use::accept;
  bool from_memory = false;
};

constexpr auto yes = verdict::yes;
constexpr auto no = verdict::no;
constexpr auto tempfail = verdict::tempfail;

const golden goldens[] = {
    // D-11: a greeting that refuses
    {moment::greeting, "* BYE [UNAVAILABLE] x\r\n", tempfail, reason::upstream_busy, "x.bye-unavailable"},
    {moment::greeting, "* BYE [INUSE] x\r\n", tempfail, reason::upstream_busy, "x.bye-inuse"},
    {moment::greeting, "* BYE [limit] x\r\n", tempfail, reason::upstream_busy, "x.bye-limit"},
    {moment::greeting, "* BYE Maximum number of connections reached\r\n", tempfail, reason::upstream_busy, "x.bye-busy"},
    {moment::greeting, "* BYE [ALERT] Server shutting down\r\n", tempfail, reason::upstream_busy, "x.bye-trouble"},
    {moment::greeting, "* BYE [AUTHENTICATIONFAILED] go away\r\n", tempfail, reason::upstream_refuses_us, "x.bye"},
    {moment::greeting, "* BYE\r\n", tempfail, reason::upstream_refuses_us, "x.bye"},
    {moment::greeting, "* PREAUTH ann\r\n", tempfail, reason::upstream_nonsense, "x.nonsense"},
    {moment::greeting, "220 mail ESMTP\r\n", tempfail, reason::upstream_nonsense, "x.nonsense"},
    // what comes before the login
    {moment::capability, "A1 NO x\r\n", tempfail, reason::upstream_busy, "x.no"},
    {moment::capability, "A1 BAD x\r\n", tempfail, reason::upstream_nonsense, "x.bad"},
    {moment::capability, "* BYE x\r\n", tempfail, reason::upstream_busy, "x.bye"},
    {moment::starttls, "A1 NO x\r\n", tempfail, reason::tls_unavailable, "x.no"},
    {moment::starttls, "A1 BAD x\r\n", tempfail, reason::tls_unavailable, "x.bad"},
    {moment::starttls, "* BYE x\r\n", tempfail, reason::upstream_busy, "x.bye"},
    {moment::starttls, "A1 OKAY\r\n", tempfail, reason::upstream_nonsense, "x.nonsense"},
    // a command that is refused before the password was sent
    {moment::start, "A1 NO [UNAVAILABLE] x\r\n", tempfail, reason::upstream_busy, "x.no-unavailable"},
    {moment::start, "A1 NO [SERVERBUG] x\r\n", tempfail, reason::upstream_busy, "x.no-serverbug"},
    {moment::start, "A1 NO [INUSE] x\r\n", tempfail, reason::upstream_busy, "x.no-inuse", preset::none, in_use::accept},
    {moment::start, "A1 NO [LIMIT] x\r\n", tempfail, reason::upstream_busy, "x.no-limit", preset::none, in_use::accept},
    {moment::start, "A1 NO Internal error\r\n", tempfail, reason::upstream_busy, "x.no-trouble"},
    {moment::start, "A1 NO [AUTHENTICATIONFAILED] x\r\n", tempfail, reason::misconfigured, "x.no-mechanism"},
    {moment::start, "A1 NO no such mechanism\r\n", tempfail, reason::misconfigured, "x.no-mechanism"},
    {moment::start, "A1 BAD x\r\n", tempfail, reason::misconfigured, "x.bad-mechanism"},
    {moment::start, "* BYE x\r\n", tempfail, reason::upstream_busy, "x.bye"},
    {moment::start, "A1 OK x\r\n", tempfail, reason::upstream_nonsense, "x.nonsense"},
    // the password: D-03
    {moment::password, "A1 OK\r\n", yes, reason::none, "x.ok"},
    {moment::password, "A1 OK [CAPABILITY IMAP4rev1] in\r\n", yes, reason::none, "x.ok"},
    {moment::password, "A1 OK [ALERT] read me\r\n", yes, reason::alert, "x.ok"},
    {moment::password, "A1 OK in\n", tempfail, reason::upstream_nonsense, "x.nonsense"},
    {moment::password, "A1 OK in", tempfail, reason::upstream_nonsense, "x.nonsense"},
    {moment::password, "* OK in\r\n", tempfail, reason::upstream_nonsense, "x.nonsense"},
    {moment::password, "A1 OKAY\r\n", tempfail, reason::upstream_nonsense, "x.nonsense"},
    {moment::password, "+ OK\r\n", tempfail, reason::upstream_nonsense, "x.nonsense"},
    {moment::password, "+OK\r\n", tempfail, reason::upstream_nonsense, "x.nonsense"},
    {moment::password, "235 2.7.0 ok\r\n", tempfail, reason::upstream_nonsense, "x.nonsense"},
    // D-04, D-06: RFC 5530
    {moment::password, "A1 NO [INUSE] x\r\n", yes, reason::mailbox_busy, "x.no-inuse"},
    {moment::password, "A1 NO [INUSE] x\r\n", tempfail, reason::upstream_busy, "x.no-inuse-tempfail", preset::none, in_use::tempfail},
    {moment::password, "A1 NO [LIMIT] Maximum number of connections from user+IP exceeded (mail_max_userip_connections=10)\r\n", yes, reason::mailbox_busy, "x.no-limit"},
    {moment::password, "A1 NO [LIMIT] Maximum number of connections from user+IP exceeded\r\n", tempfail, reason::upstream_busy, "x.no-limit-tempfail", preset::none, in_use::tempfail},
    {moment::password, "A1 NO Maximum number of connections from user+IP exceeded\r\n", tempfail, reason::upstream_busy, "x.no-trouble"},
    {moment::password, "A1 NO [LIMIT] Too many connections from your IP\r\n", tempfail, reason::upstream_busy, "x.no-limit-tempfail"},
    {moment::password, "A1 NO [UNAVAILABLE] x\r\n", tempfail, reason::upstream_busy, "x.no-unavailable"},
    {moment::password, "A1 NO [SERVERBUG] x\r\n", tempfail, reason::upstream_busy, "x.no-serverbug"},
    {moment::password, "A1 NO [CORRUPTION] x\r\n", tempfail, reason::upstream_busy, "x.no-corruption"},
    {moment::password, "A1 NO [PRIVACYREQUIRED] x\r\n", tempfail, reason::misconfigured, "x.no-privacyrequired"},
    {moment::password, "A1 NO [AUTHENTICATIONFAILED] x\r\n", no, reason::wrong_password, "x.no-authenticationfailed"},
    {moment::password, "A1 NO [authenticationfailed] x\r\n", no, reason::wrong_password, "x.no-authenticationfailed"},
    {moment::password, "A1 NO [AUTHENTICATIONFAILED] x\n", no, reason::wrong_password, "x.no-authenticationfailed"},
    {moment::password, "A1 NO [AUTHENTICATIONFAILED] x", tempfail, reason::upstream_nonsense, "x.nonsense"},
    {moment::password, "A1 NO [AUTHENTICATIONFAILED] x\r\n", no, reason::wrong_password, "x.no-authenticationfailed", preset::none, in_use::accept, true},
    {moment::password, "A1 NO [AUTHENTICATIONFAILED] Invalid credentials, try again later\r\n", no, reason::wrong_password, "x.no-authenticationfailed"},
    {moment::password, "A1 NO [AUTHORIZATIONFAILED] x\r\n", no, reason::not_permitted, "x.no-authorizationfailed"},
    {moment::password, "A1 NO [NOPERM] x\r\n", no, reason::not_permitted, "x.no-noperm"},
    {moment::password, "A1 NO [EXPIRED] x\r\n", no, reason::password_expired, "x.no-expired"},
    {moment::password, "A1 NO [CONTACTADMIN] Account_disabled\r\n", no, reason::account_disabled, "x.no-contactadmin"},
    {moment::password, "A1 NO [REFERRAL imap://ann;AUTH=*@other.example/] not here\r\n", tempfail, reason::misconfigured, "x.no-referral"},
    {moment::password, "A1 OK [REFERRAL imap://ann@other.example/] in, and better there\r\n", yes, reason::none, "x.ok"},
    {moment::password, "A1 NO [X-FOO] x\r\n", tempfail, reason::upstream_busy, "x.no-code"},
    {moment::password, "A1 NO [WEBALERT https://example.com] Web login required\r\n", tempfail, reason::upstream_busy, "x.no-code"},
    {moment::password, "A1 NO [] x\r\n", tempfail, reason::upstream_busy, "x.no-code"},
    // words
    {moment::password, "A1 NO Login failed.\r\n", no, reason::wrong_password, "x.no"},
    {moment::password, "A1 NO\r\n", no, reason::wrong_password, "x.no"},
    {moment::password, "A1 NO [UNAVAILABLE x\r\n", tempfail, reason::upstream_busy, "x.no-trouble"},
    {moment::password, "A1 NO Login failed.\r\n", tempfail, reason::upstream_busy, "x.no-unexplained", preset::none, in_use::tempfail, true},
    {moment::password, "A1 NO Temporary authentication failure\r\n", tempfail, reason::upstream_busy, "x.no-trouble"},
    {moment::password, "A1 NO Maximum number of connections from user+IP exceeded\r\n", tempfail, reason::upstream_busy, "x.no-trouble"},
    {moment::password, "A1 NO Logins are limited\r\n", tempfail, reason::too_frequent, "x.no-too-often"},
    {moment::password, "A1 NO cleartext logins disabled\r\n", tempfail, reason::misconfigured, "x.no-cleartext"},
    {moment::password, "A1 NO [ALERT] Invalid credentials (Failure)\r\n", no, reason::wrong_password, "x.no-alert-credentials"},
    {moment::password, "A1 NO [ALERT] Too many simultaneous connections. (Failure)\r\n", tempfail, reason::upstream_busy, "x.no-alert-trouble"},
    {moment::password, "A1 NO [ALERT] Please log in by your browser\r\n", tempfail, reason::upstream_busy, "x.no-alert"},
    {moment::password, "A1 NO [AUTHENTICATIONFAILED] too frequent\r\n", no, reason::wrong_password, "x.no-authenticationfailed"},
    {moment::password, "A1 NO [AUTHENTICATIONFAILED] too frequent\r\n", tempfail, reason::too_frequent, "x.no-frequency", preset::communigate},
    {moment::password, "A1 NO Login failed.\r\n", no, reason::wrong_password, "x.no", preset::communigate},
    {moment::password, "A1 NO Login failed.\r\n", no, reason::wrong_password, "x.no", preset::mailtraq},
    // BAD and BYE
    {moment::password, "A1 BAD x\r\n", tempfail, reason::upstream_nonsense, "x.bad"},
    {moment::password, "A1 BAD [AUTHENTICATIONFAILED] x\r\n", tempfail, reason::upstream_nonsense, "x.bad"},
    {moment::password, "A1 BAD [PRIVACYREQUIRED] x\r\n", tempfail, reason::misconfigured, "x.bad-privacyrequired"},
    {moment::password, "A1 BAD TLS required\r\n", tempfail, reason::misconfigured, "x.bad-cleartext"},
    {moment::password, "* BYE [AUTHENTICATIONFAILED] x\r\n", tempfail, reason::upstream_busy, "x.bye"},
};

abk::answer judge(const golden& g) {
  imap::circumstances now;
  now.like = g.like;
  now.busy = g.busy;
  now.from_memory = g.from_memory;
  return imap::judge("x", g.at, imap::parse_reply(g.line), now);
}

TEST(ImapVerdicts, G_01_TheTableSaysWhatItSaid) {
  for (const golden& g : goldens) {
    const abk::answer found = judge(g);
    EXPECT_EQ(found.what, g.what) << g.line;
    EXPECT_EQ(found.why, g.why) << g.line;
    EXPECT_EQ(found.rule, g.rule) << g.line;
  }
}

TEST(ImapVerdicts, EveryRowOfTheTableIsReached) {
  std::set<std::string> reached;
  for (const golden& g : goldens) reached.insert(std::to_string(static_cast<int>(g.at)) + judge(g).rule);
  for (const imap::row& r : imap::table()) EXPECT_EQ(reached.count(std::to_string(static_cast<int>(r.at)) + "x." + std::string(r.name)), 1U) << r.name;
}

TEST(ImapVerdicts, OnlyThePasswordKnowsAYesOrANo) {
  for (const moment at : {moment::greeting, moment::capability, moment::starttls, moment::start})
    for (const std::string_view line : {"A1 OK in\r\n", "* OK in\r\n", "A1 NO [INUSE] x\r\n", "A1 NO [LIMIT] connections from user+IP exceeded\r\n", "A1 NO [AUTHENTICATIONFAILED] x\r\n", "A1 NO x\r\n", "A1 BAD x\r\n", "* BYE x\r\n"})
      for (const in_use busy : {in_use::accept, in_use::tempfail}) EXPECT_EQ(judge({at, line, yes, reason::none, "", preset::none, busy}).what, tempfail) << line;
}

TEST(ImapVerdicts, AnAlertIsForTheUserAndOtherWordsForTheOperator) {
  imap::circumstances now;
  now.alert = "back at noon";
  const auto in = imap::judge("login", moment::password, imap::parse_reply("A1 OK in\r\n"), now);
  EXPECT_EQ(in.why, reason::alert);
  EXPECT_EQ(in.notice, "back at noon");
  const auto refused = imap::judge("login", moment::password, imap::parse_reply("A1 NO [AUTHENTICATIONFAILED] wrong\r\n"), now);
  EXPECT_EQ(refused.operator_text, "the server said: NO [AUTHENTICATIONFAILED] wrong");
  EXPECT_EQ(refused.notice, "");
  EXPECT_EQ(refused.public_text, "");
}

}  // namespace
