// Logins as real servers answer them.
#include "imap_fixture.hpp"

namespace {

using namespace imap_test;

TEST(ImapLogin, TheRightPasswordIsAYes) {
  auto t = at_plain(server_with(dovecot));
  EXPECT_PLAYS(judged(t, "A1 OK [CAPABILITY IMAP4rev1 LOGINDISABLED] Logged in\r\n", ABK_YES, ABK_REASON_NONE, "auth-plain.ok"));
  auto by_command = at_login(old_server());
  EXPECT_PLAYS(judged(by_command, "* CAPABILITY IMAP4\r\nA1 OK LOGIN completed\r\n", ABK_YES, ABK_REASON_NONE, "login.ok"));
}

TEST(ImapLogin, AWrongPasswordIsANo) {
  auto coded = at_plain(server_with(dovecot));
  EXPECT_PLAYS(judged(coded, "A1 NO [AUTHENTICATIONFAILED] Authentication failed.\r\n", ABK_NO, ABK_REASON_WRONG_PASSWORD, "auth-plain.no-authenticationfailed"));
  auto bare = at_login(old_server());
  EXPECT_PLAYS(judged(bare, "A1 NO Login failed.\r\n", ABK_NO, ABK_REASON_WRONG_PASSWORD, "login.no"));
}

TEST(ImapLogin, WhatTheGreetingDoesNotSayIsAskedFor) {
  auto t = story();
  t.upstream("* OK hello\r\n").says("A1 CAPABILITY\r\n").upstream("* OK nice that you ask\r\n* CAPABILITY IMAP4rev1 SASL-IR\r\n* CAPABILITY AUTH=PLAIN\r\nA1 OK done\r\n");
  t.says_secret(std::string("A2 AUTHENTICATE PLAIN ") + ann_plain + "\r\n", ann_plain);
  EXPECT_PLAYS(judged(t, "A2 OK\r\n", ABK_YES, ABK_REASON_NONE, "auth-plain.ok", "A3"));
}

TEST(ImapLogin, AServerInTroubleSaysSoInsteadOfItsCapabilities) {
  const auto asked = [] { return story().upstream("* OK hello\r\n").says("A1 CAPABILITY\r\n"); };
  auto trouble = asked();
  EXPECT_PLAYS(left(trouble, "A1 NO [UNAVAILABLE] no\r\n", ABK_REASON_UPSTREAM_BUSY, "capability.no"));
  auto unknown = asked();
  EXPECT_PLAYS(left(unknown, "A1 BAD what?\r\n", ABK_REASON_UPSTREAM_NONSENSE, "capability.bad"));
  auto bye = asked();
  EXPECT_PLAYS(left(bye, "* BYE not today\r\n", ABK_REASON_UPSTREAM_BUSY, "capability.bye"));
  auto empty = asked();
  EXPECT_PLAYS(left(empty, "A1 OK done\r\n", ABK_REASON_UPSTREAM_NONSENSE, "capability.none"));
  auto early = asked();
  EXPECT_PLAYS(left(early, "A2 OK done\r\n", ABK_REASON_UPSTREAM_NONSENSE, "capability.nonsense"));
}

TEST(ImapLogin, D_03_only_the_tagged_ok_is_ok) {
  for (const std::string reply : {"A1 OKAY\r\n", "A2 OK\r\n", "a1 OK\r\n", "A11 OK\r\n", "A1  OK\r\n", " A1 OK\r\n", "A1\tOK\r\n", "OK\r\n", "A1 OK", "A1 OK\n", "A1 OK\r\r\n",
                                  "+ OK\r\n", "A1 PREAUTH\r\n", "A1 BYE\r\n", "* PREAUTH ann\r\n", "A1\r\n", "\r\n"}) {
    auto t = at_plain(server_with(dovecot));
    t.upstream(reply);
    // A tagged OK that breaks its line is the end of the command all the same: the server takes a LOGOUT.
    if (reply == "A1 OK\n") t.expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "auth-plain.nonsense").says("A2 LOGOUT\r\n").closes();
    else if (reply == "A1 OK") t.eof().expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_DOWN, "host.lost").closes();
    else t.expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "auth-plain.nonsense").closes();
    EXPECT_PLAYS(t) << reply;
  }
}

TEST(ImapLogin, AnUntaggedOkIsNoYes) {
  for (const std::string more : {"* OK Logged in\r\n", "* NO [AUTHENTICATIONFAILED] no\r\n", "* BAD no\r\n", "* 3 EXISTS\r\n", "*\r\n"}) {
    auto t = at_login(old_server());
    if (more == "*\r\n") EXPECT_PLAYS(left(t, more, ABK_REASON_UPSTREAM_NONSENSE, "login.nonsense"));
    else EXPECT_PLAYS(judged(t, more + "A1 NO no\r\n", ABK_NO, ABK_REASON_WRONG_PASSWORD, "login.no")) << more;
  }
}

TEST(ImapLogin, WordsKnowNoLetterCase) {
  auto yes = at_login(server_with("imap4rev1 auth=cram-md5"));
  EXPECT_PLAYS(judged(yes, "A1 ok\r\n", ABK_YES, ABK_REASON_NONE, "login.ok"));
  auto no = at_login(old_server());
  EXPECT_PLAYS(judged(no, "A1 no [AuthenticationFailed] x\r\n", ABK_NO, ABK_REASON_WRONG_PASSWORD, "login.no-authenticationfailed"));
}

TEST(ImapLogin, D_06_G_01_codes_that_are_no_refusal_of_credentials) {
  for (const auto& [code, reason, rule] : {std::make_tuple("UNAVAILABLE", ABK_REASON_UPSTREAM_BUSY, "no-unavailable"), std::make_tuple("SERVERBUG", ABK_REASON_UPSTREAM_BUSY, "no-serverbug"),
                                           std::make_tuple("CORRUPTION", ABK_REASON_UPSTREAM_BUSY, "no-corruption"), std::make_tuple("LIMIT", ABK_REASON_UPSTREAM_BUSY, "no-limit-tempfail"),
                                           std::make_tuple("PRIVACYREQUIRED", ABK_REASON_MISCONFIGURED, "no-privacyrequired"), std::make_tuple("X-FOO", ABK_REASON_UPSTREAM_BUSY, "no-code"),
                                           std::make_tuple("ALERT", ABK_REASON_UPSTREAM_BUSY, "no-alert")}) {
    auto t = at_login(old_server());
    EXPECT_PLAYS(judged(t, std::string("A1 NO [") + code + "] x\r\n", ABK_TEMPFAIL, static_cast<std::uint32_t>(reason), std::string("login.") + rule)) << code;
  }
}

TEST(ImapLogin, CodesThatSayWhyNot) {
  for (const auto& [code, reason, rule] :
       {std::make_tuple("AUTHORIZATIONFAILED", ABK_REASON_NOT_PERMITTED, "no-authorizationfailed"), std::make_tuple("EXPIRED", ABK_REASON_PASSWORD_EXPIRED, "no-expired"),
        std::make_tuple("CONTACTADMIN", ABK_REASON_ACCOUNT_DISABLED, "no-contactadmin"), std::make_tuple("NOPERM", ABK_REASON_NOT_PERMITTED, "no-noperm")}) {
    auto t = at_plain(server_with(dovecot));
    EXPECT_PLAYS(judged(t, std::string("A1 NO [") + code + "] x\r\n", ABK_NO, static_cast<std::uint32_t>(reason), std::string("auth-plain.") + rule)) << code;
  }
}

TEST(ImapLogin, BadIsNoVerdict) {
  auto t = at_login(old_server());
  EXPECT_PLAYS(judged(t, "A1 BAD Command unknown: LOGIN\r\n", ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "login.bad"));
  auto clear = at_login(server_with(old).channel(ABK_CLEARTEXT));
  EXPECT_PLAYS(judged(clear, "A1 BAD Plaintext authentication disallowed\r\n", ABK_TEMPFAIL, ABK_REASON_MISCONFIGURED, "login.bad-cleartext"));
}

TEST(ImapLogin, ByeIsNoVerdictAtAnyTime) {
  auto instead = at_login(old_server());
  EXPECT_PLAYS(left(instead, "* BYE Too many failures\r\n", ABK_REASON_UPSTREAM_BUSY, "login.bye"));
  auto then_ok = at_login(old_server());
  then_ok.unsplit();
  EXPECT_PLAYS(left(then_ok, "* BYE see you\r\nA1 OK welcome\r\n", ABK_REASON_UPSTREAM_BUSY, "login.bye"));
  auto waiting = server_with(courier);
  waiting.says("A1 AUTHENTICATE PLAIN\r\n");
  EXPECT_PLAYS(left(waiting, "* BYE idle\r\n", ABK_REASON_UPSTREAM_BUSY, "auth-plain.bye"));
}

TEST(ImapLogin, D_09_what_follows_the_verdict_does_not_change_it) {
  auto hang_up = at_login(old_server());
  EXPECT_PLAYS(hang_up.upstream("A1 OK in\r\n").expect(ABK_YES, ABK_REASON_NONE, "login.ok").says("A2 LOGOUT\r\n").eof().closes());
  auto second_thoughts = at_login(old_server());
  EXPECT_PLAYS(second_thoughts.unsplit().upstream("A1 OK in\r\nA1 NO [AUTHENTICATIONFAILED] oh no\r\n").expect(ABK_YES, ABK_REASON_NONE, "login.ok").says("A2 LOGOUT\r\n").closes());
  auto refusal = at_login(old_server());
  EXPECT_PLAYS(refusal.unsplit().upstream("A1 NO no\r\n* BYE out\r\nA1 OK in\r\n").expect(ABK_NO, ABK_REASON_WRONG_PASSWORD, "login.no").says("A2 LOGOUT\r\n").eof().closes());
}

TEST(ImapLogin, F_02_an_end_before_the_verdict_is_left_to_the_host) {
  auto t = at_login(old_server());
  EXPECT_PLAYS(t.eof().expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_DOWN, "host.lost").closes());
  auto within = at_login(old_server());
  EXPECT_PLAYS(within.upstream("A1 NO [AUTHENTICATIONFAILED] wro").eof().expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_DOWN, "host.lost").closes());
}

TEST(ImapLogin, F_09_a_reply_before_its_command_is_nonsense) {
  auto t = story().unsplit();
  t.upstream("* OK hi\r\n").says("A1 CAPABILITY\r\n").upstream("* CAPABILITY IMAP4rev1\r\nA1 OK\r\nA2 OK in\r\n");
  EXPECT_PLAYS(t.expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "reply.early").closes());
  auto greeting = story().unsplit();
  EXPECT_PLAYS(greeting.upstream("* OK [CAPABILITY IMAP4rev1] hi\r\nA1 OK in\r\n").expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "reply.early").closes());
  auto challenge = server_with(courier).unsplit();
  challenge.says("A1 AUTHENTICATE PLAIN\r\n").upstream("+ \r\nA1 OK in\r\n");
  EXPECT_PLAYS(challenge.expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "reply.early").closes());
}

TEST(ImapLogin, ReportsThatNobodyAskedForArePassedOver) {
  auto t = story().unsplit();
  t.upstream("* OK [CAPABILITY IMAP4rev1] hi\r\n* OK still here\r\n* 12 EXISTS\r\n");
  t = at_login(t);
  EXPECT_PLAYS(judged(t, "* OK [UIDNEXT 7] hm\r\n* LIST () \"/\" {5}\r\nA1 OK\r\n* STATUS {6+}\r\na\r\nb\r\n () {2}\r\nxy\r\nA1 OK yes\r\n", ABK_YES, ABK_REASON_NONE, "login.ok"));
  auto bye = story().unsplit();
  EXPECT_PLAYS(left(bye, "* OK [CAPABILITY IMAP4rev1] hi\r\n* BYE [UNAVAILABLE] closing\r\n", ABK_REASON_UPSTREAM_BUSY, "connection.bye"));
  auto preauth = story().unsplit();
  EXPECT_PLAYS(left(preauth, "* OK [CAPABILITY IMAP4rev1] hi\r\n* PREAUTH ann\r\n", ABK_REASON_UPSTREAM_NONSENSE, "reply.early"));
}

// ---------------------------------------------------------------- the greeting

TEST(ImapLogin, D_11_a_greeting_that_refuses_is_no_verdict) {
  auto busy = story();
  EXPECT_PLAYS(left(busy, "* BYE Too many connections from your IP\r\n", ABK_REASON_UPSTREAM_BUSY, "greeting.bye-busy"));
  auto coded = story();
  EXPECT_PLAYS(left(coded, "* BYE [UNAVAILABLE] later\r\n", ABK_REASON_UPSTREAM_BUSY, "greeting.bye-unavailable"));
  auto banned = story();
  EXPECT_PLAYS(left(banned, "* BYE your address is banned\r\n", ABK_REASON_UPSTREAM_REFUSES_US, "greeting.bye"));
  auto silent = story();
  EXPECT_PLAYS(silent.eof().expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_REFUSES_US, "greeting.none").closes());
}

TEST(ImapLogin, C_02_preauth_is_nobodys_yes) {
  auto t = story();
  EXPECT_PLAYS(left(t, "* PREAUTH IMAP4rev1 server logged in as ann\r\n", ABK_REASON_MISCONFIGURED, "greeting.preauth"));
}

TEST(ImapLogin, C_25_another_protocol_is_nonsense) {
  for (const std::string greeting : {"220 mail ESMTP\r\n", "+OK POP3 ready\r\n", "HTTP/1.1 400 Bad Request\r\n", "\x16\x03\x01\n", "* NO\r\n", "* HELLO\r\n", "A1 OK\r\n", "+ OK\r\n"}) {
    auto t = story();
    EXPECT_PLAYS(left(t, greeting, ABK_REASON_UPSTREAM_NONSENSE, "greeting.nonsense")) << greeting;
  }
}

// ---------------------------------------------------------------- what users should read

TEST(ImapLogin, AnAlertGoesToTheUserWithTheYes) {
  auto untagged = at_login(old_server());
  EXPECT_PLAYS(judged(untagged, "* OK [ALERT] System shutdown in 10 minutes\r\nA1 OK in\r\n", ABK_YES, ABK_REASON_ALERT, "login.ok"));
  EXPECT_EQ(untagged.answer().notice, "System shutdown in 10 minutes");
  auto tagged = at_login(old_server());
  EXPECT_PLAYS(judged(tagged, "A1 OK [ALERT] Your mailbox is 92% full\r\n", ABK_YES, ABK_REASON_ALERT, "login.ok"));
  EXPECT_EQ(tagged.answer().notice, "Your mailbox is 92% full");
  auto refused = at_login(old_server());
  EXPECT_PLAYS(judged(refused, "* BAD [ALERT] Do not do this\r\nA1 NO [PRIVACYREQUIRED] x\r\n", ABK_TEMPFAIL, ABK_REASON_MISCONFIGURED, "login.no-privacyrequired"));
}

// ---------------------------------------------------------------- probe

TEST(ImapProbe, TellsWhatTheServerCanDo) {
  abk::test::ask probe;
  probe.kind = ABK_PROBE;
  auto t = server_with(std::string(dovecot) + " AUTH=SCRAM-SHA-256 AUTH=plain AUTH=<odd>");
  EXPECT_PLAYS(t.asks(probe).expect(ABK_YES, ABK_REASON_NONE, "probe").stays_ready());
  const std::vector<std::pair<std::string, std::string>> wanted = {{"login-disabled", "no"}, {"sasl-plain", "yes"}, {"sasl-login", "yes"}, {"sasl-scram-sha-256", "yes"},
                                                                   {"sasl-ir", "yes"},       {"literal-plus", "yes"}, {"id", "yes"}};
  EXPECT_EQ(t.answer().attributes, wanted);
  auto clear = server_with("IMAP4rev1 STARTTLS LOGINDISABLED").channel(ABK_CLEARTEXT);
  EXPECT_PLAYS(clear.asks(probe).expect(ABK_YES, ABK_REASON_NONE, "probe").stays_ready());
  EXPECT_EQ(clear.answer().attributes[0], std::make_pair(std::string("login-disabled"), std::string("yes")));
  EXPECT_EQ(clear.answer().attributes[1], std::make_pair(std::string("sasl-plain"), std::string("no")));
}

TEST(ImapProbe, WhetherARefusalIsTheEndIsSeenByTheAnswerToLogout) {
  auto stays = at_login(old_server());
  EXPECT_PLAYS(judged(stays, "A1 NO no\r\n", ABK_NO, ABK_REASON_WRONG_PASSWORD, "login.no").learns(ABK_FACT_UPSTREAM, "hangs-up", "no"));
  auto goes = at_login(old_server());
  goes.upstream("A1 NO no\r\n").expect(ABK_NO, ABK_REASON_WRONG_PASSWORD, "login.no").says("A2 LOGOUT\r\n").upstream("* BYE too bad\r\n").eof();
  EXPECT_PLAYS(goes.learns(ABK_FACT_UPSTREAM, "hangs-up", "yes").closes());
  auto yes = at_login(old_server());
  EXPECT_PLAYS(judged(yes, "A1 OK in\r\n", ABK_YES, ABK_REASON_NONE, "login.ok").knows_not(ABK_FACT_UPSTREAM, "hangs-up"));
}

}  // namespace
