// Servers with habits of their own, and what the presets make of them.
#include "pop3_fixture.hpp"

namespace {

using namespace pop3_test;

abk::test::transcript preset(abk::test::transcript t, const std::string& name) {
  t.settings({{"preset", name}});
  return t;
}

// ---------------------------------------------------------------- CommuniGate

TEST(Pop3Communigate, AnAlertComesAfterTheRightPassword) {
  auto t = preset(at_password(old_server()), "communigate");
  EXPECT_PLAYS(judged(t, "-ERR ALERT: Disk full tonight\r\n", ABK_YES, ABK_REASON_ALERT, "pass.err-alert"));
  EXPECT_EQ(t.answer().notice, "Disk full tonight");
  EXPECT_EQ(t.answer().public_text, "");
}

TEST(Pop3Communigate, ElsewhereAnAlertIsARefusal) {
  auto t = at_password(old_server());
  EXPECT_PLAYS(judged(t, "-ERR ALERT: Disk full tonight\r\n", ABK_NO, ABK_REASON_WRONG_PASSWORD, "pass.err"));
}

TEST(Pop3Communigate, TooManyLoginsAreNoVerdict) {
  auto t = preset(at_password(old_server()), "communigate");
  EXPECT_PLAYS(judged(t, "-ERR login too frequent\r\n", ABK_TEMPFAIL, ABK_REASON_TOO_FREQUENT, "pass.err-frequency"));
}

TEST(Pop3Communigate, AWrongPasswordStaysOne) {
  auto t = preset(at_password(old_server()), "communigate");
  EXPECT_PLAYS(judged(t, "-ERR incorrect password\r\n", ABK_NO, ABK_REASON_WRONG_PASSWORD, "pass.err"));
}

// ---------------------------------------------------------------- Mailtraq, popa3d and others that hang up

TEST(Pop3HangUp, TheRefusalLineDecidesAndTheEndCountsForNothing) {
  for (const std::string name : {"", "mailtraq"}) {
    auto t = preset(at_password(old_server()), name);
    EXPECT_PLAYS(t.upstream("-ERR Authentication failed (bad password?)\r\n").expect(ABK_NO, ABK_REASON_WRONG_PASSWORD, "pass.err").says("QUIT\r\n").eof().closes()) << name;
  }
}

TEST(Pop3HangUp, WithoutALineItIsATempfailInEveryPreset) {
  for (const std::string name : {"", "communigate", "mailtraq"}) {
    auto t = preset(at_password(old_server()), name);
    EXPECT_PLAYS(t.eof().expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_DOWN, "host.lost").closes()) << name;
    auto part = preset(at_password(old_server()), name);
    EXPECT_PLAYS(part.upstream("-ERR Authentication fai").eof().expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_DOWN, "host.lost").closes()) << name;
  }
  auto imail = at_password(story().settings({{"preset", "imail"}}).upstream("+OK\r\n"));
  EXPECT_PLAYS(imail.eof().expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_DOWN, "host.lost").closes());
}

TEST(Pop3Mailtraq, ALockedMailboxMeansThatThePasswordWasRight) {
  auto t = preset(at_password(old_server()), "mailtraq");
  EXPECT_PLAYS(judged(t, "-ERR mailbox is locked by another session\r\n", ABK_YES, ABK_REASON_MAILBOX_BUSY, "pass.err-locked"));
  auto careful = at_password(old_server());
  careful.settings({{"preset", "mailtraq"}, {"in_use", "tempfail"}});
  EXPECT_PLAYS(judged(careful, "-ERR mailbox is locked by another session\r\n", ABK_TEMPFAIL, ABK_REASON_UPSTREAM_BUSY, "pass.err-locked-tempfail"));
}

TEST(Pop3Mailtraq, NoGreetingMeansTooManyConnections) {
  auto t = preset(story(), "mailtraq");
  EXPECT_PLAYS(t.eof().expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_BUSY, "greeting.none").closes());
}

// ---------------------------------------------------------------- IMail

TEST(Pop3Imail, IsOlderThanCapa) {
  auto t = story();
  t.settings({{"preset", "imail"}}).upstream("+OK X1 NT-POP3 Server\r\n");
  t = at_password(t);
  EXPECT_PLAYS(judged(t, "-ERR invalid password\r\n", ABK_NO, ABK_REASON_WRONG_PASSWORD, "pass.err"));
}

TEST(Pop3Imail, ASilentBanIsNamed) {
  auto t = story();
  EXPECT_PLAYS(t.settings({{"preset", "imail"}}).eof().expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_REFUSES_US, "greeting.none").closes());
  EXPECT_NE(t.answer().operator_text.find("IMail bans"), std::string::npos);
}

// ---------------------------------------------------------------- Dovecot, Cyrus, Courier, as recorded

TEST(Pop3Dovecot, TooManySessionsMeanThatThePasswordWasRight) {
  auto t = at_password(server_with(capa_dovecot));
  EXPECT_PLAYS(t.upstream("-ERR [IN-USE] Maximum number of connections from user+IP exceeded (mail_max_userip_connections=3)\r\n")
                   .expect(ABK_YES, ABK_REASON_MAILBOX_BUSY, "pass.err-in-use").says("QUIT\r\n").eof().closes());
}

TEST(Pop3Dovecot, AFailingDatabaseIsNoVerdict) {
  auto t = at_password(server_with(capa_dovecot));
  EXPECT_PLAYS(judged(t, "-ERR [SYS/TEMP] Temporary authentication failure. [vm:2026-11-21 20:08:04]\r\n", ABK_TEMPFAIL, ABK_REASON_UPSTREAM_BUSY, "pass.err-sys-temp"));
}

TEST(Pop3Cyrus, TheTimestampBehindOkProvesNothing) {
  auto t = at_password(server_with("+OK List of capabilities follows\r\nSASL PLAIN LOGIN\r\nSTLS\r\nEXPIRE NEVER\r\nLOGIN-DELAY 0\r\nUSER\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\nIMPLEMENTATION Cyrus\r\n.\r\n"));
  EXPECT_PLAYS(judged(t, "-ERR [AUTH] Invalid login\r\n", ABK_NO, ABK_REASON_WRONG_PASSWORD, "pass.err-auth"));
}

TEST(Pop3Courier, TooManyConnectionsEndBeforeTheGreeting) {
  auto t = story();
  EXPECT_PLAYS(t.eof().expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_REFUSES_US, "greeting.none").closes());
}

// ---------------------------------------------------------------- forward_client

TEST(Pop3ForwardClient, TheAddressGoesWithTheQuestion) {
  for (const std::string client : {"203.0.113.7", "2001:db8::7"}) {
    auto t = server_with(capa_dovecot);
    t.settings({{"forward_client", true}}).client(client).says("XCLIENT ADDR=" + client + "\r\n").upstream("+OK Updated\r\n").knows_not(ABK_FACT_UPSTREAM, "pop3.xclient");
    t = at_password(t);
    EXPECT_PLAYS(judged(t, "+OK\r\n", ABK_YES, ABK_REASON_NONE, "pass.ok"));
  }
}

TEST(Pop3ForwardClient, ARefusalIsRememberedAndNoObstacle) {
  auto t = server_with(capa_dovecot);
  t.settings({{"forward_client", true}}).client("203.0.113.7").says("XCLIENT ADDR=203.0.113.7\r\n").upstream("-ERR You are not from trusted IP\r\n").learns(ABK_FACT_UPSTREAM, "pop3.xclient", "refused");
  t = at_password(t);
  EXPECT_PLAYS(judged(t, "+OK\r\n", ABK_YES, ABK_REASON_NONE, "pass.ok"));
  auto later = server_with(capa_dovecot);
  later.settings({{"forward_client", true}}).client("203.0.113.7").knows(ABK_FACT_UPSTREAM, "pop3.xclient", "refused");
  later = at_password(later);
  EXPECT_PLAYS(judged(later, "+OK\r\n", ABK_YES, ABK_REASON_NONE, "pass.ok"));
}

TEST(Pop3ForwardClient, NothingIsSentUnaskedOrWithoutAnAddress) {
  auto off = at_password(server_with(capa_dovecot));
  off.client("203.0.113.7");
  EXPECT_PLAYS(judged(off, "+OK\r\n", ABK_YES, ABK_REASON_NONE, "pass.ok"));
  for (const std::string client : {"", "unix", "203.0.113.7 LOGIN=x"}) {
    auto t = at_password(server_with(capa_dovecot));
    t.settings({{"forward_client", true}}).client(client);
    EXPECT_PLAYS(judged(t, "+OK\r\n", ABK_YES, ABK_REASON_NONE, "pass.ok")) << client;
  }
}

TEST(Pop3ForwardClient, NonsenseForAnAnswerEndsIt) {
  auto t = server_with(capa_dovecot);
  t.settings({{"forward_client", true}}).client("203.0.113.7").says("XCLIENT ADDR=203.0.113.7\r\n").upstream("220 hello\r\n");
  EXPECT_PLAYS(t.expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "xclient.nonsense").closes());
}

}  // namespace
