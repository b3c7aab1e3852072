// The APOP ladder: when it is legal, what it teaches, and that a wrong password teaches nothing.
#include "pop3_fixture.hpp"

namespace {

using namespace pop3_test;

constexpr const char* stamp = "+OK hi <1896.697170952@dbc.mtview.ca.us>\r\n";
// RFC 1939's own example.
constexpr const char* digest = "c4c9334bac560ecc979e58001b3e22fb";
const std::string apop_command = std::string("APOP mrose ") + digest + "\r\n";

abk::test::transcript apop(const std::string& use, const std::string& greeting = stamp) {
  abk::test::transcript t = story();
  t.login("mrose", "tanstaaf").settings({{"apop", use}}).upstream(greeting).says("CAPA\r\n").upstream("-ERR\r\n");
  return t;
}
abk::test::transcript& user_pass(abk::test::transcript& t) { return t.says("USER mrose\r\n").upstream("+OK\r\n").says_secret("PASS tanstaaf\r\n", "tanstaaf"); }

TEST(Pop3Apop, TheExampleOfTheRfc) {
  auto t = apop("prefer");
  t.says_secret(apop_command, digest).upstream("+OK maildrop has 1 message\r\n").learns(ABK_FACT_QUESTION, "pop3.apop", "yes").knows_not(ABK_FACT_BACKEND, "pop3.apop");
  EXPECT_PLAYS(t.expect(ABK_YES, ABK_REASON_NONE, "apop.ok").says("QUIT\r\n").upstream("+OK\r\n").closes());
}

TEST(Pop3Apop, D_01_it_is_off_by_default) {
  auto t = at_password(old_server(stamp));
  EXPECT_PLAYS(judged(t, "+OK\r\n", ABK_YES, ABK_REASON_NONE, "pass.ok"));
}

TEST(Pop3Apop, ARefusalIsFollowedByUserPassOnce) {
  auto t = apop("prefer");
  t.says_secret(apop_command, digest).upstream("-ERR unknown command\r\n");
  user_pass(t).upstream("+OK\r\n").learns(ABK_FACT_BACKEND, "pop3.apop", "no").knows_not(ABK_FACT_QUESTION, "pop3.apop");
  EXPECT_PLAYS(t.expect(ABK_YES, ABK_REASON_NONE, "pass.ok").says("QUIT\r\n").upstream("+OK\r\n").closes());
}

TEST(Pop3Apop, AWrongPasswordTeachesNothing) {
  auto t = apop("prefer");
  t.says(apop_command).upstream("-ERR [AUTH] failed\r\n");
  user_pass(t).upstream("-ERR [AUTH] failed\r\n").knows_not(ABK_FACT_BACKEND, "pop3.apop").knows_not(ABK_FACT_QUESTION, "pop3.apop");
  EXPECT_PLAYS(t.expect(ABK_NO, ABK_REASON_WRONG_PASSWORD, "pass.err-auth").says("QUIT\r\n").upstream("+OK\r\n").closes());
}

TEST(Pop3Apop, AHangUpAfterTheRefusalTakesANewConnection) {
  auto t = apop("prefer");
  t.says(apop_command).upstream("-ERR [AUTH] failed\r\n").says("USER mrose\r\n").eof().goes_on(1);
  t.upstream("+OK hi <2.3@dbc.mtview.ca.us>\r\n").says("CAPA\r\n").upstream("-ERR\r\n");
  user_pass(t).upstream("+OK\r\n").learns(ABK_FACT_BACKEND, "pop3.apop", "no");
  EXPECT_PLAYS(t.expect(ABK_YES, ABK_REASON_NONE, "pass.ok").says("QUIT\r\n").upstream("+OK\r\n").closes());
}

TEST(Pop3Apop, AHangUpAfterThePasswordIsFinal) {
  auto t = apop("prefer");
  t.says(apop_command).upstream("-ERR [AUTH] failed\r\n");
  user_pass(t).eof();
  EXPECT_PLAYS(t.expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_DOWN, "host.lost").closes());
}

TEST(Pop3Apop, WithPlainThePasswordWaitsForTheServer) {
  abk::test::transcript t = story();
  t.login("mrose", "tanstaaf").settings({{"apop", "prefer"}, {"mechanisms", std::vector<std::string>{"PLAIN"}}}).upstream(stamp).says("CAPA\r\n").upstream("+OK\r\nSASL PLAIN\r\n.\r\n");
  t.says(apop_command).upstream("-ERR [AUTH] failed\r\n").says("AUTH PLAIN\r\n").upstream("+ \r\n").says("AG1yb3NlAHRhbnN0YWFm\r\n").upstream("+OK\r\n");
  EXPECT_PLAYS(t.expect(ABK_YES, ABK_REASON_NONE, "auth-plain.ok").says("QUIT\r\n").upstream("+OK\r\n").closes());
}

TEST(Pop3Apop, WhereItWorkedForThisNameARefusalIsFinal) {
  auto t = apop("prefer");
  t.knows(ABK_FACT_QUESTION, "pop3.apop", "yes").says(apop_command);
  EXPECT_PLAYS(judged(t, "-ERR [AUTH] failed\r\n", ABK_NO, ABK_REASON_WRONG_PASSWORD, "apop.err-auth"));
}

TEST(Pop3Apop, WhereItIsKnownNotToWorkItIsNotTried) {
  auto t = apop("prefer");
  t.knows(ABK_FACT_BACKEND, "pop3.apop", "no");
  user_pass(t);
  EXPECT_PLAYS(judged(t, "-ERR\r\n", ABK_NO, ABK_REASON_WRONG_PASSWORD, "pass.err"));
}

TEST(Pop3Apop, TroubleIsNotARefusal) {
  auto temp = apop("prefer");
  temp.says(apop_command);
  EXPECT_PLAYS(judged(temp, "-ERR [SYS/TEMP] x\r\n", ABK_TEMPFAIL, ABK_REASON_UPSTREAM_BUSY, "apop.err-sys-temp"));
  auto nonsense = apop("prefer");
  nonsense.says(apop_command);
  EXPECT_PLAYS(judged(nonsense, "+ok\r\n", ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "apop.nonsense"));
  auto delay = apop("prefer");
  delay.says(apop_command);
  EXPECT_PLAYS(judged(delay, "-ERR [LOGIN-DELAY] x\r\n", ABK_TEMPFAIL, ABK_REASON_TOO_FREQUENT, "apop.err-login-delay"));
}

TEST(Pop3Apop, InUseIsASuccess) {
  auto t = apop("prefer");
  t.says(apop_command).upstream("-ERR [IN-USE] x\r\n").learns(ABK_FACT_QUESTION, "pop3.apop", "yes");
  EXPECT_PLAYS(t.expect(ABK_YES, ABK_REASON_MAILBOX_BUSY, "apop.err-in-use").says("QUIT\r\n").upstream("+OK\r\n").closes());
}

TEST(Pop3Apop, RequiredMeansThatNothingElseIsTried) {
  auto t = apop("require");
  t.says(apop_command);
  EXPECT_PLAYS(judged(t, "-ERR unknown command\r\n", ABK_NO, ABK_REASON_WRONG_PASSWORD, "apop.err"));
  auto none = story();
  none.settings({{"apop", "require"}});
  EXPECT_PLAYS(none.upstream("+OK hello\r\n").expect(ABK_TEMPFAIL, ABK_REASON_MISCONFIGURED, "apop.not-offered").closes());
}

TEST(Pop3Apop, NeverUnderStarttls) {
  const abk::test::host_rig require(plugin(), {{"apop", "require"}}, {}, ABK_STARTTLS_WANTED);
  ASSERT_EQ(require.problems.size(), 1U);
  EXPECT_EQ(require.problems.front().substr(0, 45), "apop: \"require\" with a pop3+starttls upstream");
  auto prefer = story().channel(ABK_STARTTLS_WANTED).login("mrose", "tanstaaf").settings({{"apop", "prefer"}});
  prefer.upstream(stamp).says("CAPA\r\n").upstream("-ERR\r\n").says("STLS\r\n").upstream("+OK\r\n").starts_tls().says("CAPA\r\n").upstream("-ERR\r\n");
  user_pass(prefer);
  EXPECT_PLAYS(judged(prefer, "+OK\r\n", ABK_YES, ABK_REASON_NONE, "pass.ok"));
}

TEST(Pop3Apop, D_02_a_crafted_timestamp_is_not_answered) {
  for (const std::string greeting : {"+OK <>\r\n", "+OK <a b@c>\r\n", "+OK <\x80\x81@c>\r\n", "+OK <a@b> <c@d>\r\n"}) {
    auto t = apop("prefer", greeting);
    user_pass(t);
    EXPECT_PLAYS(judged(t, "+OK\r\n", ABK_YES, ABK_REASON_NONE, "pass.ok")) << greeting;
  }
}

TEST(Pop3Apop, D_02_a_repeated_timestamp_is_not_answered) {
  auto first = apop("prefer");
  first.learns(ABK_FACT_UPSTREAM, "pop3.apop-timestamp", "6d7379174f7df9fb329480e5c47c1f1a");
  first.says(apop_command);
  EXPECT_PLAYS(judged(first, "+OK\r\n", ABK_YES, ABK_REASON_NONE, "apop.ok"));
  auto again = apop("prefer");
  again.knows(ABK_FACT_UPSTREAM, "pop3.apop-timestamp", "6d7379174f7df9fb329480e5c47c1f1a");
  user_pass(again);
  EXPECT_PLAYS(judged(again, "+OK\r\n", ABK_YES, ABK_REASON_NONE, "pass.ok"));
}

TEST(Pop3Apop, ANameItCannotCarryGoesAnotherWay) {
  auto t = story();
  t.login("m rose", "tanstaaf").settings({{"apop", "prefer"}}).upstream(stamp).says("CAPA\r\n").upstream("+OK\r\nUSER\r\nSASL PLAIN\r\n.\r\n");
  t.says("AUTH PLAIN\r\n").upstream("+ \r\n").says("AG0gcm9zZQB0YW5zdGFhZg==\r\n");
  EXPECT_PLAYS(judged(t, "+OK\r\n", ABK_YES, ABK_REASON_NONE, "auth-plain.ok"));
  auto require = story();
  require.login("m rose", "tanstaaf").settings({{"apop", "require"}}).upstream(stamp).says("CAPA\r\n").upstream("-ERR\r\n");
  EXPECT_PLAYS(require.expect(ABK_NO, ABK_REASON_BAD_NAME, "local.blank-in-name").stays_ready());
}

}  // namespace
