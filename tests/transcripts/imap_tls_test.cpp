// STARTTLS: what is asked for and not given is a tempfail, and nothing from before the handshake counts after it. And what is
// remembered of a server, which saves round trips and changes no verdict, however wrong it has become.
#include "imap/capabilities.hpp"
#include "imap_fixture.hpp"

namespace {

using namespace imap_test;

constexpr auto upstream = ABK_FACT_UPSTREAM;
constexpr const char* in_starttls = "imap.capa.starttls";
constexpr const char* in_tls = "imap.capa.tls";
constexpr const char* codes = "imap.codes";
const std::string memory = "IMAP SASL-IR ID AUTH=PLAIN";

abk::test::transcript starttls(const std::string& greeting = "* OK hello\r\n") { return story().channel(ABK_STARTTLS_WANTED).upstream(greeting).says("A1 STARTTLS\r\n"); }
abk::test::transcript inside(const std::string& capabilities) {
  return starttls().upstream("A1 OK begin\r\n").starts_tls().says("A2 CAPABILITY\r\n").upstream("* CAPABILITY " + capabilities + "\r\nA2 OK\r\n");
}
abk::test::transcript known(const std::string& remembered = memory) {
  return starttls().knows(upstream, in_starttls, remembered).knows(upstream, codes, "yes").upstream("A1 OK begin\r\n").starts_tls();
}
abk::test::transcript with_plain(abk::test::transcript t, const std::string& tag) { return t.says_secret(tag + " AUTHENTICATE PLAIN " + ann_plain + "\r\n", ann_plain); }

TEST(ImapTls, TheWholeWay) {
  auto t = with_plain(inside(dovecot), "A3");
  EXPECT_PLAYS(judged(t, "A3 OK\r\n", ABK_YES, ABK_REASON_NONE, "auth-plain.ok", "A4"));
}

TEST(ImapTls, C_01_starttls_that_is_not_offered_or_refused) {
  auto unlisted = story().channel(ABK_STARTTLS_WANTED);
  EXPECT_PLAYS(left(unlisted, "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hello\r\n", ABK_REASON_TLS_UNAVAILABLE, "starttls.not-offered"));
  for (const auto& [reply, rule] : {std::make_pair("A1 NO no TLS\r\n", "starttls.no"), std::make_pair("A1 BAD what?\r\n", "starttls.bad"), std::make_pair("A1 NO [UNAVAILABLE] x\r\n", "starttls.no")}) {
    auto refused = starttls();
    EXPECT_PLAYS(left(refused, reply, ABK_REASON_TLS_UNAVAILABLE, rule));
  }
  for (const std::string reply : {"A1 OKAY\r\n", "A2 OK\r\n", "+ go\r\n", "* PREAUTH ann\r\n"}) {
    auto nonsense = starttls();
    EXPECT_PLAYS(left(nonsense, reply, ABK_REASON_UPSTREAM_NONSENSE, "starttls.nonsense")) << reply;
  }
  auto bye = starttls();
  EXPECT_PLAYS(left(bye, "* BYE\r\n", ABK_REASON_UPSTREAM_BUSY, "starttls.bye"));
}

TEST(ImapTls, C_02_preauth_before_tls_is_no_way_around_it) {
  auto t = story().channel(ABK_STARTTLS_WANTED);
  EXPECT_PLAYS(left(t, "* PREAUTH hello ann\r\n", ABK_REASON_TLS_UNAVAILABLE, "greeting.preauth"));
}

TEST(ImapTls, C_03_bytes_behind_the_go_ahead_are_an_injection) {
  for (const std::string more : {"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n", "A2 OK in\r\n", "*"}) {
    auto t = starttls().unsplit();
    EXPECT_PLAYS(left(t, "A1 OK begin\r\n" + more, ABK_REASON_UPSTREAM_NONSENSE, "tls.injection"));
  }
}

TEST(ImapTls, C_07_capabilities_from_before_tls_are_forgotten) {
  // In the clear somebody adds LITERAL+ and PLAIN; the server has neither.
  auto t = story().channel(ABK_STARTTLS_WANTED).upstream("* OK [CAPABILITY STARTTLS SASL-IR AUTH=PLAIN LITERAL+ ID] hello\r\n").says("A1 STARTTLS\r\n");
  t.upstream("* CAPABILITY AUTH=PLAIN SASL-IR\r\nA1 OK [CAPABILITY AUTH=PLAIN SASL-IR] begin\r\n").starts_tls().says("A2 CAPABILITY\r\n").upstream("* CAPABILITY IMAP4rev1\r\nA2 OK\r\n");
  t.says_secret("A3 LOGIN ann@example.com \"open sesame\"\r\n", "\"open sesame\"");
  EXPECT_PLAYS(judged(t, "A3 NO no\r\n", ABK_NO, ABK_REASON_WRONG_PASSWORD, "login.no", "A4"));
}

TEST(ImapTls, LoginDisabledBeforeTlsIsNormal) {
  auto t = story().channel(ABK_STARTTLS_WANTED).upstream("* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] hi\r\n").says("A1 STARTTLS\r\n").upstream("A1 OK\r\n").starts_tls();
  t = with_plain(t.says("A2 CAPABILITY\r\n").upstream("* CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN\r\nA2 OK\r\n"), "A3");
  EXPECT_PLAYS(judged(t, "A3 OK\r\n", ABK_YES, ABK_REASON_NONE, "auth-plain.ok", "A4"));
}

// ---------------------------------------------------------------- memory

TEST(ImapMemory, AServerThatHasExplainedARefusalIsNotAskedAgain) {
  auto explained = with_plain(inside(dovecot), "A3");
  EXPECT_PLAYS(judged(explained, "A3 NO [AUTHENTICATIONFAILED] x\r\n", ABK_NO, ABK_REASON_WRONG_PASSWORD, "auth-plain.no-authenticationfailed", "A4")
                   .learns(upstream, codes, "yes")
                   .learns(upstream, in_starttls, "IMAP SASL-IR LITERAL+ ID AUTH=PLAIN"));
  auto later = with_plain(inside(dovecot).knows(upstream, codes, "yes"), "A3");
  EXPECT_PLAYS(judged(later, "A3 OK\r\n", ABK_YES, ABK_REASON_NONE, "auth-plain.ok", "A4").learns(upstream, in_starttls, "IMAP SASL-IR LITERAL+ ID AUTH=PLAIN"));
  auto second = with_plain(known(), "A2");
  EXPECT_PLAYS(judged(second, "A2 OK\r\n", ABK_YES, ABK_REASON_NONE, "auth-plain.ok", "A3").learns(upstream, in_starttls, memory));
  auto wrong = with_plain(known(), "A2");
  EXPECT_PLAYS(judged(wrong, "A2 NO [AUTHENTICATIONFAILED] x\r\n", ABK_NO, ABK_REASON_WRONG_PASSWORD, "auth-plain.no-authenticationfailed", "A3").learns(upstream, in_starttls, memory));
}

TEST(ImapMemory, OneThatHasNotIsAskedEachTime) {
  auto yes = with_plain(inside(dovecot), "A3");
  EXPECT_PLAYS(judged(yes, "A3 OK\r\n", ABK_YES, ABK_REASON_NONE, "auth-plain.ok", "A4").knows_not(upstream, in_starttls));
  auto bare = with_plain(inside(dovecot), "A3");
  EXPECT_PLAYS(judged(bare, "A3 NO Login failed.\r\n", ABK_NO, ABK_REASON_WRONG_PASSWORD, "auth-plain.no", "A4").knows_not(upstream, codes).knows_not(upstream, in_starttls));
  auto changed = with_plain(inside(dovecot).knows(upstream, codes, "yes"), "A3");
  EXPECT_PLAYS(judged(changed, "A3 NO Login failed.\r\n", ABK_NO, ABK_REASON_WRONG_PASSWORD, "auth-plain.no", "A4").knows_not(upstream, codes).knows_not(upstream, in_starttls));
}

TEST(ImapMemory, AMemoryThatHasBecomeWrongRejectsNobody) {
  auto refused = with_plain(known(), "A2");
  EXPECT_PLAYS(judged(refused, "A2 NO Unsupported authentication mechanism\r\n", ABK_TEMPFAIL, ABK_REASON_UPSTREAM_BUSY, "auth-plain.no-unexplained", "A3").knows_not(upstream, in_starttls).knows_not(upstream, codes));
  auto unknown = with_plain(known(), "A2");
  EXPECT_PLAYS(judged(unknown, "A2 BAD no\r\n", ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "auth-plain.bad", "A3").knows_not(upstream, in_starttls));
  auto none = story().knows(upstream, in_tls, "IMAP LOGINDISABLED").upstream("* OK hello\r\n");
  EXPECT_PLAYS(none.expect(ABK_TEMPFAIL, ABK_REASON_MISCONFIGURED, "local.login-disabled").closes().knows_not(upstream, in_tls));
  auto nonsense = with_plain(known(), "A2");
  EXPECT_PLAYS(left(nonsense, "A1 OK\r\n", ABK_REASON_UPSTREAM_NONSENSE, "auth-plain.nonsense").knows_not(upstream, in_starttls));
}

TEST(ImapMemory, AGreetingThatTellsIsBelievedRatherThanTheMemory) {
  auto t = at_login(server_with(old).knows(upstream, in_tls, memory).knows(upstream, codes, "yes"));
  EXPECT_PLAYS(judged(t, "A1 NO no\r\n", ABK_NO, ABK_REASON_WRONG_PASSWORD, "login.no"));
}

TEST(ImapMemory, AProbeAsksAnew) {
  abk::test::ask probe;
  probe.kind = ABK_PROBE;
  auto t = known().asks(probe).says("A2 CAPABILITY\r\n").upstream("* CAPABILITY IMAP4rev1\r\nA2 OK\r\n");
  EXPECT_PLAYS(t.expect(ABK_YES, ABK_REASON_NONE, "probe").stays_ready().knows_not(upstream, in_starttls));
}

TEST(ImapMemory, TheLongestLineFitsAFactAndComesBackAsItWas) {
  imap::capabilities can;
  can.known = can.login_disabled = can.sasl_ir = can.literal_plus = can.literal_minus = can.id = can.plain = true;
  const std::string line = imap::remembered(can);
  EXPECT_EQ(line, "IMAP LOGINDISABLED SASL-IR LITERAL+ LITERAL- ID AUTH=PLAIN");
  EXPECT_LE(line.size(), std::size_t{ABK_FACT_VALUE_MAX});
  const imap::capabilities back = imap::recalled(line);
  EXPECT_TRUE(back.known && back.login_disabled && back.sasl_ir && back.literal_plus && back.literal_minus && back.id && back.plain && !back.starttls);
  for (const std::string other : {"", "yes", "IMAP STARTTLS", "IMAP auth=plain", "SASL-IR", "IMAP4rev1 ID"}) EXPECT_FALSE(imap::recalled(other).known) << other;
}

}  // namespace
