// STLS: what is asked for and not given is a tempfail, and nothing from before the handshake counts after it.
#include "pop3_fixture.hpp"

namespace {

using namespace pop3_test;

abk::test::transcript starttls() { return story().channel(ABK_STARTTLS_WANTED).upstream("+OK hello\r\n").says("CAPA\r\n"); }

TEST(Pop3Tls, TheWholeWay) {
  auto t = starttls();
  t.upstream("+OK\r\nSTLS\r\n.\r\n").says("STLS\r\n").upstream("+OK begin\r\n").starts_tls().says("CAPA\r\n").upstream(capa_dovecot);
  t = at_password(t);
  EXPECT_PLAYS(judged(t, "+OK\r\n", ABK_YES, ABK_REASON_NONE, "pass.ok"));
}

TEST(Pop3Tls, AServerWithoutCapaMayHaveStls) {
  auto t = starttls();
  t.upstream("-ERR what?\r\n").says("STLS\r\n").upstream("+OK begin\r\n").starts_tls().says("CAPA\r\n").upstream("-ERR what?\r\n");
  t = at_password(t);
  EXPECT_PLAYS(judged(t, "-ERR no\r\n", ABK_NO, ABK_REASON_WRONG_PASSWORD, "pass.err"));
}

TEST(Pop3Tls, C_01_stls_that_is_not_offered_or_refused) {
  auto unlisted = starttls();
  EXPECT_PLAYS(unlisted.upstream("+OK\r\nUSER\r\n.\r\n").expect(ABK_TEMPFAIL, ABK_REASON_TLS_UNAVAILABLE, "stls.not-offered").closes());
  auto refused = starttls();
  EXPECT_PLAYS(refused.upstream("-ERR\r\n").says("STLS\r\n").upstream("-ERR no TLS\r\n").expect(ABK_TEMPFAIL, ABK_REASON_TLS_UNAVAILABLE, "stls.err").closes());
  auto nonsense = starttls();
  EXPECT_PLAYS(nonsense.upstream("-ERR\r\n").says("STLS\r\n").upstream("+OKAY\r\n").expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "stls.nonsense").closes());
}

TEST(Pop3Tls, C_02_a_greeting_that_pretends_progress_pretends_nothing) {
  auto t = story().channel(ABK_STARTTLS_WANTED);
  EXPECT_PLAYS(t.upstream("+OK ann logged in\r\n").says("CAPA\r\n").upstream("+OK\r\nUSER\r\n.\r\n").expect(ABK_TEMPFAIL, ABK_REASON_TLS_UNAVAILABLE, "stls.not-offered").closes());
}

TEST(Pop3Tls, C_03_bytes_behind_the_go_ahead_are_an_injection) {
  auto t = starttls();
  EXPECT_PLAYS(t.unsplit().upstream("-ERR\r\n").says("STLS\r\n").upstream("+OK begin\r\n+OK welcome\r\n").expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "tls.injection").closes());
  auto part = starttls();
  EXPECT_PLAYS(part.unsplit().upstream("-ERR\r\n").says("STLS\r\n").upstream("+OK begin\r\n+").expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "tls.injection").closes());
}

TEST(Pop3Tls, C_07_capabilities_from_before_tls_are_forgotten) {
  auto t = starttls();
  // In the clear somebody adds AUTH-RESP-CODE and SASL, to turn the reject into a tempfail and USER into something else.
  t.upstream("+OK\r\nSTLS\r\nAUTH-RESP-CODE\r\nSASL PLAIN\r\n.\r\n").says("STLS\r\n").upstream("+OK\r\n").starts_tls().says("CAPA\r\n").upstream("+OK\r\nUSER\r\n.\r\n");
  t = at_password(t);
  EXPECT_PLAYS(judged(t, "-ERR no\r\n", ABK_NO, ABK_REASON_WRONG_PASSWORD, "pass.err"));
}

TEST(Pop3Tls, CleartextByConfigurationAsksForNoTls) {
  auto t = old_server();
  t.channel(ABK_CLEARTEXT);
  t = at_password(t);
  EXPECT_PLAYS(judged(t, "+OK\r\n", ABK_YES, ABK_REASON_NONE, "pass.ok"));
}

}  // namespace
