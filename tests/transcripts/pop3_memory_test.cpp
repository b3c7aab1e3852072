// What is remembered of a server saves round trips and changes no verdict, however wrong it has become.
#include "pop3/replies.hpp"
#include "pop3_fixture.hpp"

namespace {

using namespace pop3_test;

constexpr auto upstream = ABK_FACT_UPSTREAM;
constexpr const char* in_tls = "pop3.capa.tls";
constexpr const char* in_starttls = "pop3.capa.starttls";
constexpr const char* known_stls = "pop3.stls";
const std::string dovecot = "AUTH-RESP-CODE USER PLAIN LOGIN";

// A server that was asked not long ago.
abk::test::transcript known_server(const std::string& memory = dovecot) {
  abk::test::transcript t = story();
  t.knows(upstream, in_tls, memory).upstream("+OK hello\r\n");
  return t;
}

TEST(Pop3Memory, AKnownServerIsNotAskedAgain) {
  auto first = at_password(server_with(capa_dovecot));
  first.knows_not(upstream, in_tls);  // nothing has been proved yet
  EXPECT_PLAYS(judged(first, "+OK\r\n", ABK_YES, ABK_REASON_NONE, "pass.ok").learns(upstream, in_tls, dovecot));
  auto second = at_password(known_server());
  EXPECT_PLAYS(judged(second, "+OK\r\n", ABK_YES, ABK_REASON_NONE, "pass.ok"));
  auto wrong = at_password(known_server());
  wrong.upstream("-ERR [AUTH] no\r\n").learns(upstream, in_tls, dovecot);  // a rejection is no contradiction
  auto rejected = at_password(server_with(capa_dovecot));
  EXPECT_PLAYS(judged(rejected, "-ERR [AUTH] no\r\n", ABK_NO, ABK_REASON_WRONG_PASSWORD, "pass.err-auth").learns(upstream, in_tls, dovecot));
  EXPECT_PLAYS(wrong.expect(ABK_NO, ABK_REASON_WRONG_PASSWORD, "pass.err-auth").says("QUIT\r\n").upstream("+OK bye\r\n").closes());
}

TEST(Pop3Memory, AtAKnownServerALoginIsOneCommand) {
  const abk::test::table by_default{{"mechanisms", std::vector<std::string>{"PLAIN-IR", "USER", "PLAIN", "LOGIN"}}};
  const std::string line = "AUTH PLAIN AGFubkBleGFtcGxlLmNvbQBvcGVuIHNlc2FtZQ==\r\n";
  auto right = known_server();
  right.settings(by_default).says_secret(line, "AGFubkBleGFtcGxlLmNvbQBvcGVuIHNlc2FtZQ==");
  EXPECT_PLAYS(judged(right, "+OK\r\n", ABK_YES, ABK_REASON_NONE, "auth-plain.ok"));
  auto wrong = known_server();
  wrong.settings(by_default).says_secret(line, "AGFubkBleGFtcGxlLmNvbQBvcGVuIHNlc2FtZQ==");
  EXPECT_PLAYS(judged(wrong, "-ERR [AUTH] no\r\n", ABK_NO, ABK_REASON_WRONG_PASSWORD, "auth-plain.err-auth"));
  // The server has forgotten what it could do: no verdict, and USER comes next.
  auto lost = known_server();
  lost.settings(by_default).says_secret(line, "AGFubkBleGFtcGxlLmNvbQBvcGVuIHNlc2FtZQ==").upstream("-ERR unknown command\r\n").knows_not(upstream, in_tls);
  EXPECT_PLAYS(lost.expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_BUSY, "auth-plain.err-unexplained").says("QUIT\r\n").closes());
}

TEST(Pop3Memory, APromisedCodeCountsFromMemoryToo) {
  auto t = at_password(known_server());
  t.upstream("-ERR Unable to open mailbox\r\n").knows_not(upstream, in_tls);
  EXPECT_PLAYS(t.expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_BUSY, "pass.err-unexplained").says("QUIT\r\n").closes());
}

TEST(Pop3Memory, ACommandThatIsGoneIsNoRejectAndTheNextConnectionAsks) {
  auto user = known_server();
  user.says("USER ann@example.com\r\n").upstream("-ERR unknown command\r\n").knows_not(upstream, in_tls);
  EXPECT_PLAYS(user.expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_BUSY, "user.err-unexplained").says("QUIT\r\n").closes());
  auto login = known_server();
  login.settings({{"mechanisms", std::vector<std::string>{"LOGIN"}}}).says("AUTH LOGIN\r\n").upstream("-ERR no such mechanism\r\n").knows_not(upstream, in_tls);
  EXPECT_PLAYS(login.expect(ABK_TEMPFAIL, ABK_REASON_MISCONFIGURED, "auth-login.err-mechanism").says("QUIT\r\n").closes());
  auto none = known_server("AUTH-RESP-CODE USER");
  none.settings({{"mechanisms", std::vector<std::string>{"PLAIN"}}}).knows_not(upstream, in_tls);
  EXPECT_PLAYS(none.expect(ABK_TEMPFAIL, ABK_REASON_MISCONFIGURED, "local.no-mechanism").closes());
}

TEST(Pop3Memory, OnlyAServerThatCameToAVerdictIsRemembered) {
  auto trouble = at_password(server_with(capa_dovecot));
  EXPECT_PLAYS(judged(trouble, "-ERR [SYS/TEMP] x\r\n", ABK_TEMPFAIL, ABK_REASON_UPSTREAM_BUSY, "pass.err-sys-temp").knows_not(upstream, in_tls));
  auto too_much = story().unsplit();
  too_much.upstream("+OK hello\r\n").says("CAPA\r\n").upstream(std::string(capa_dovecot) + "-ERR what?\r\n");
  EXPECT_PLAYS(too_much.expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "reply.early").closes().knows_not(upstream, in_tls));
}

TEST(Pop3Memory, NonsenseIsForgottenToo) {
  auto t = known_server();
  t.unsplit().says("USER ann@example.com\r\n").upstream("+OK\r\n+OK\r\n").knows_not(upstream, in_tls);
  EXPECT_PLAYS(t.expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "reply.early").closes());
}

// Where no code is promised, a bare "-ERR" is a rejection: a wrong memory could make one out of "unknown command".
TEST(Pop3Memory, AServerWithoutThePromiseIsAskedEachTime) {
  auto courier = at_password(server_with(capa_courier));
  courier.knows_not(upstream, in_tls);
  EXPECT_PLAYS(judged(courier, "-ERR Login failed.\r\n", ABK_NO, ABK_REASON_WRONG_PASSWORD, "pass.err"));
  auto old = at_password(old_server());
  old.knows_not(upstream, in_tls);
  EXPECT_PLAYS(judged(old, "-ERR no\r\n", ABK_NO, ABK_REASON_WRONG_PASSWORD, "pass.err"));
  for (const std::string memory : {"USER", "", "AUTH-RESP-CODE USER SOMETHING", "yes"}) {
    auto t = server_with("+OK\r\nUSER\r\n.\r\n");
    t = at_password(t.knows(upstream, in_tls, memory));
    EXPECT_PLAYS(judged(t, "-ERR no\r\n", ABK_NO, ABK_REASON_WRONG_PASSWORD, "pass.err")) << memory;
  }
}

TEST(Pop3Memory, EachKindOfChannelHasItsOwn) {
  auto clear = story().channel(ABK_CLEARTEXT).knows(upstream, in_tls, dovecot).knows(upstream, in_starttls, dovecot);
  clear.upstream("+OK hello\r\n").says("CAPA\r\n").upstream(capa_dovecot);
  clear = at_password(clear);
  EXPECT_PLAYS(judged(clear, "+OK\r\n", ABK_YES, ABK_REASON_NONE, "pass.ok").learns(upstream, "pop3.capa.cleartext", dovecot));
}

TEST(Pop3Memory, TheLoginDelayIsRemembered) {
  auto t = at_password(known_server("AUTH-RESP-CODE USER LOGIN-DELAY=30"));
  EXPECT_PLAYS(judged(t, "-ERR [LOGIN-DELAY] wait\r\n", ABK_TEMPFAIL, ABK_REASON_TOO_FREQUENT, "pass.err-login-delay"));
  EXPECT_EQ(t.answer().retry_after_ms, 30'000U);
}

TEST(Pop3Memory, AProbeAsksAnew) {
  auto t = known_server();
  abk::test::ask probe;
  probe.kind = ABK_PROBE;
  EXPECT_PLAYS(t.asks(probe).says("CAPA\r\n").upstream("+OK\r\nUSER\r\n.\r\n").expect(ABK_YES, ABK_REASON_NONE, "probe").stays_ready().knows_not(upstream, in_tls));
  EXPECT_EQ(t.answer().attributes[4], std::make_pair(std::string("auth-resp-code"), std::string("no")));
}

// ---------------------------------------------------------------- STLS

abk::test::transcript starttls() { return story().channel(ABK_STARTTLS_WANTED); }

TEST(Pop3Memory, StlsThatHasWorkedIsSentAtOnce) {
  auto first = starttls();
  first.upstream("+OK hello\r\n").says("CAPA\r\n").upstream("+OK\r\nSTLS\r\n.\r\n").says("STLS\r\n").upstream("+OK\r\n").starts_tls();
  first.learns(upstream, known_stls, "capa").says("CAPA\r\n").upstream(capa_dovecot);
  first = at_password(first);
  EXPECT_PLAYS(judged(first, "+OK\r\n", ABK_YES, ABK_REASON_NONE, "pass.ok").learns(upstream, in_starttls, dovecot));
  auto second = starttls().knows(upstream, known_stls, "capa").knows(upstream, in_starttls, dovecot);
  second.upstream("+OK hello\r\n").says("STLS\r\n").upstream("+OK\r\n").starts_tls();
  second = at_password(second);
  EXPECT_PLAYS(judged(second, "+OK\r\n", ABK_YES, ABK_REASON_NONE, "pass.ok"));
}

TEST(Pop3Memory, C_01_stls_that_is_refused_is_forgotten) {
  for (const std::string refusal : {"-ERR unknown command\r\n", "-ERR [SYS/TEMP] no TLS today\r\n"}) {
    auto t = starttls().knows(upstream, known_stls, "capa").knows(upstream, in_starttls, dovecot);
    t.upstream("+OK hello\r\n").says("STLS\r\n").upstream(refusal).knows_not(upstream, known_stls);
    EXPECT_PLAYS(t.expect(ABK_TEMPFAIL, ABK_REASON_TLS_UNAVAILABLE, "stls.err").closes());
  }
}

TEST(Pop3Memory, C_07_nothing_from_before_the_handshake_is_remembered_for_after_it) {
  auto t = starttls().knows(upstream, known_stls, "capa");
  t.upstream("+OK hello\r\n").says("STLS\r\n").upstream("+OK\r\n").starts_tls().says("CAPA\r\n").upstream("+OK\r\nUSER\r\n.\r\n").knows_not(upstream, in_starttls);
  t = at_password(t);
  EXPECT_PLAYS(judged(t, "-ERR no\r\n", ABK_NO, ABK_REASON_WRONG_PASSWORD, "pass.err"));
}

TEST(Pop3Memory, CapabilitiesThatAreLostInTheHandshakeAreNoPermissionToBeLessCareful) {
  auto seen = starttls();
  seen.upstream("+OK hello\r\n").says("CAPA\r\n").upstream("+OK\r\nSTLS\r\nAUTH-RESP-CODE\r\n.\r\n").says("STLS\r\n").upstream("+OK\r\n").starts_tls().says("CAPA\r\n").upstream("-ERR unknown\r\n");
  EXPECT_PLAYS(seen.knows_not(upstream, known_stls).expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "capa.lost").closes());
  auto remembered = starttls().knows(upstream, known_stls, "capa");
  remembered.upstream("+OK hello\r\n").says("STLS\r\n").upstream("+OK\r\n").starts_tls().says("CAPA\r\n").upstream("-ERR unknown\r\n");
  EXPECT_PLAYS(remembered.knows_not(upstream, known_stls).expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "capa.lost").closes());
  auto never_had_it = starttls().knows(upstream, known_stls, "yes");
  never_had_it.upstream("+OK hello\r\n").says("STLS\r\n").upstream("+OK\r\n").starts_tls().says("CAPA\r\n").upstream("-ERR unknown\r\n");
  never_had_it = at_password(never_had_it);
  EXPECT_PLAYS(judged(never_had_it, "-ERR no\r\n", ABK_NO, ABK_REASON_WRONG_PASSWORD, "pass.err"));
}

// ---------------------------------------------------------------- the line that is remembered

TEST(Pop3Memory, TheLongestLineFitsAFactAndComesBackAsItWas) {
  pop3::capabilities can;
  can.known = can.user = can.plain = can.login = can.auth_resp_code = true;
  can.login_delay_s = 86'400;
  const std::string line = pop3::remembered(can);
  EXPECT_EQ(line, "AUTH-RESP-CODE USER PLAIN LOGIN LOGIN-DELAY=86400");
  EXPECT_LE(line.size(), std::size_t{ABK_FACT_VALUE_MAX});
  const pop3::capabilities back = pop3::recalled(line);
  EXPECT_TRUE(back.known && back.user && back.plain && back.login && back.auth_resp_code && !back.stls);
  EXPECT_EQ(back.login_delay_s, 86'400U);
  EXPECT_FALSE(pop3::recalled("AUTH-RESP-CODE " + std::string(1000, 'x')).known);
}

}  // namespace
