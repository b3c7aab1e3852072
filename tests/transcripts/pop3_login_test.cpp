// Logins as real servers answer them.
#include "pop3_fixture.hpp"

namespace {

using namespace pop3_test;

TEST(Pop3Login, TheRightPasswordIsAYes) {
  auto t = at_password(server_with(capa_dovecot));
  EXPECT_PLAYS(judged(t, "+OK Logged in.\r\n", ABK_YES, ABK_REASON_NONE, "pass.ok"));
}

TEST(Pop3Login, AServerWithoutCapaIsNoTrouble) {
  auto t = at_password(old_server());
  EXPECT_PLAYS(judged(t, "+OK\r\n", ABK_YES, ABK_REASON_NONE, "pass.ok"));
}

TEST(Pop3Login, AWrongPasswordIsANo) {
  auto bare = at_password(old_server());
  EXPECT_PLAYS(judged(bare, "-ERR Login failed.\r\n", ABK_NO, ABK_REASON_WRONG_PASSWORD, "pass.err"));
  auto coded = at_password(server_with(capa_dovecot));
  EXPECT_PLAYS(judged(coded, "-ERR [AUTH] Authentication failed.\r\n", ABK_NO, ABK_REASON_WRONG_PASSWORD, "pass.err-auth"));
}

TEST(Pop3Login, APromisedCodeThatIsMissingMeansSomethingElse) {
  auto t = at_password(server_with(capa_dovecot));
  EXPECT_PLAYS(judged(t, "-ERR Unable to open mailbox\r\n", ABK_TEMPFAIL, ABK_REASON_UPSTREAM_BUSY, "pass.err-unexplained"));
}

TEST(Pop3Login, D_03_okay_is_not_ok) {
  for (const std::string reply : {"+OKAY\r\n", "+OKwelcome\r\n", "+ok\r\n", " +OK\r\n", "+OK\n", "+OK\r\r\n"}) {
    auto t = at_password(old_server());
    EXPECT_PLAYS(judged(t, reply, ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "pass.nonsense")) << reply;
  }
}

TEST(Pop3Login, D_04_in_use_means_that_the_password_was_right) {
  auto t = at_password(old_server());
  EXPECT_PLAYS(judged(t, "-ERR [IN-USE] locked\r\n", ABK_YES, ABK_REASON_MAILBOX_BUSY, "pass.err-in-use"));
  auto careful = at_password(old_server());
  careful.settings({{"in_use", "tempfail"}});
  EXPECT_PLAYS(judged(careful, "-ERR [IN-USE] locked\r\n", ABK_TEMPFAIL, ABK_REASON_UPSTREAM_BUSY, "pass.err-in-use-tempfail"));
}

TEST(Pop3Login, D_05_a_login_delay_is_no_verdict) {
  auto t = at_password(server_with(capa_courier));
  EXPECT_PLAYS(judged(t, "-ERR [LOGIN-DELAY] wait\r\n", ABK_TEMPFAIL, ABK_REASON_TOO_FREQUENT, "pass.err-login-delay"));
  EXPECT_EQ(t.answer().retry_after_ms, 10'000U);
}

TEST(Pop3Login, D_06_system_trouble_and_unknown_codes_are_no_verdict) {
  auto temp = at_password(old_server());
  EXPECT_PLAYS(judged(temp, "-ERR [SYS/TEMP] x\r\n", ABK_TEMPFAIL, ABK_REASON_UPSTREAM_BUSY, "pass.err-sys-temp"));
  auto perm = at_password(old_server());
  EXPECT_PLAYS(judged(perm, "-ERR [SYS/PERM] x\r\n", ABK_TEMPFAIL, ABK_REASON_MISCONFIGURED, "pass.err-sys-perm"));
  auto other = at_password(old_server());
  EXPECT_PLAYS(judged(other, "-ERR [X-FOO] x\r\n", ABK_TEMPFAIL, ABK_REASON_UPSTREAM_BUSY, "pass.err-code"));
  auto unclosed = at_password(old_server());
  EXPECT_PLAYS(judged(unclosed, "-ERR [SYS/TEMP x\r\n", ABK_NO, ABK_REASON_WRONG_PASSWORD, "pass.err"));
}

TEST(Pop3Login, D_07_an_unknown_name_keeps_the_password_home) {
  auto t = old_server();
  t.says("USER ann@example.com\r\n");
  EXPECT_PLAYS(judged(t, "-ERR never heard of ann\r\n", ABK_NO, ABK_REASON_NO_SUCH_USER, "user.err"));
}

TEST(Pop3Login, PlaintextDisallowedIsTheOperatorsMatter) {
  auto t = story().channel(ABK_CLEARTEXT);
  t.upstream("+OK hello\r\n").says("CAPA\r\n").upstream("+OK\r\nAUTH-RESP-CODE\r\nSTLS\r\nSASL\r\n.\r\n").says("USER ann@example.com\r\n");
  EXPECT_PLAYS(judged(t, "-ERR [AUTH] Plaintext authentication disallowed on non-secure (SSL/TLS) connections.\r\n", ABK_TEMPFAIL, ABK_REASON_MISCONFIGURED, "user.err-cleartext"));
  auto other_words = story().channel(ABK_CLEARTEXT);
  other_words.upstream("+OK hello\r\n").says("CAPA\r\n").upstream("+OK\r\nSTLS\r\n.\r\n").says("USER ann@example.com\r\n");
  EXPECT_PLAYS(judged(other_words, "-ERR not like this\r\n", ABK_TEMPFAIL, ABK_REASON_MISCONFIGURED, "user.err-not-offered"));
}

TEST(Pop3Login, D_09_what_follows_the_verdict_does_not_change_it) {
  auto hang_up = at_password(old_server());
  EXPECT_PLAYS(hang_up.upstream("+OK\r\n").expect(ABK_YES, ABK_REASON_NONE, "pass.ok").says("QUIT\r\n").eof().closes());
  auto second_thoughts = at_password(old_server());
  EXPECT_PLAYS(second_thoughts.unsplit().upstream("+OK\r\n-ERR [AUTH] oh no\r\n").expect(ABK_YES, ABK_REASON_NONE, "pass.ok").closes());
  auto refusal = at_password(old_server());
  EXPECT_PLAYS(refusal.unsplit().upstream("-ERR [AUTH] no\r\n+OK\r\n").expect(ABK_NO, ABK_REASON_WRONG_PASSWORD, "pass.err-auth").closes());
}

TEST(Pop3Login, D_11_a_greeting_that_refuses_is_no_verdict) {
  auto busy = story();
  EXPECT_PLAYS(busy.upstream("-ERR too many connections\r\n").expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_BUSY, "greeting.err-busy").closes());
  auto banned = story();
  EXPECT_PLAYS(banned.upstream("-ERR your IP is banned\r\n").expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_REFUSES_US, "greeting.err").closes());
  auto silent = story();
  EXPECT_PLAYS(silent.eof().expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_REFUSES_US, "greeting.none").closes());
}

TEST(Pop3Login, C_25_another_protocol_is_nonsense) {
  for (const std::string greeting : {"220 mail ESMTP\r\n", "* OK IMAP4rev1\r\n", "HTTP/1.1 400 Bad Request\r\n", "\x16\x03\x01\n", "+OKAY\r\n"}) {
    auto t = story();
    EXPECT_PLAYS(t.upstream(greeting).expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "greeting.nonsense").closes()) << greeting;
  }
}

TEST(Pop3Login, AServerInTroubleSaysSoInsteadOfItsCapabilities) {
  auto t = story();
  EXPECT_PLAYS(t.upstream("+OK\r\n").says("CAPA\r\n").upstream("-ERR [SYS/TEMP] out of memory\r\n").expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_BUSY, "capa.err-sys").closes());
}

TEST(Pop3Login, F_02_an_end_before_the_verdict_is_left_to_the_host) {
  auto t = at_password(old_server());
  EXPECT_PLAYS(t.eof().expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_DOWN, "host.lost").closes());
  auto within = at_password(old_server());
  EXPECT_PLAYS(within.upstream("-ERR [AUTH] wro").eof().expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_DOWN, "host.lost").closes());
}

TEST(Pop3Login, F_09_a_reply_before_its_command_is_nonsense) {
  auto t = old_server();
  EXPECT_PLAYS(t.unsplit().says("USER ann@example.com\r\n").upstream("+OK\r\n+OK\r\n").expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "reply.early").closes());
}

// ---------------------------------------------------------------- AUTH

constexpr const char* capa_sasl_1998 = "+OK\r\nSASL PLAIN\r\n.\r\n";                       // RFC 2449: no word of initial responses
constexpr const char* capa_sasl_coded = "+OK\r\nAUTH-RESP-CODE\r\nSASL PLAIN\r\n.\r\n";  // a refusal that is no verdict can be told
constexpr const char* ann_plain = "AGFubkBleGFtcGxlLmNvbQBvcGVuIHNlc2FtZQ==";

TEST(Pop3Auth, PlainWithAnInitialResponse) {
  auto t = server_with(capa_sasl_coded);
  t.says_secret(std::string("AUTH PLAIN ") + ann_plain + "\r\n", ann_plain);
  EXPECT_PLAYS(judged(t, "+OK\r\n", ABK_YES, ABK_REASON_NONE, "auth-plain.ok"));
}

TEST(Pop3Auth, PlainWithoutOneWhereARefusalOfItWouldReadAsAWrongPassword) {
  auto t = server_with(capa_sasl_1998);
  t.says("AUTH PLAIN\r\n").upstream("+ \r\n").says_secret(std::string(ann_plain) + "\r\n", ann_plain);
  EXPECT_PLAYS(judged(t, "-ERR no\r\n", ABK_NO, ABK_REASON_WRONG_PASSWORD, "auth-plain.err"));
}

TEST(Pop3Auth, AServerThatDoesNotTakeAnInitialResponseIsAskedForAChallengeFromThenOn) {
  for (const auto& [reply, reason, rule] : {std::make_tuple("-ERR wrong number of arguments\r\n", ABK_REASON_UPSTREAM_BUSY, "auth-plain.err-unexplained"),
                                            std::make_tuple("+ \r\n", ABK_REASON_UPSTREAM_NONSENSE, "auth-plain.nonsense")}) {
    auto t = server_with(capa_sasl_coded);
    t.says(std::string("AUTH PLAIN ") + ann_plain + "\r\n").upstream(reply).learns(ABK_FACT_UPSTREAM, "pop3.auth-plain", "challenge");
    EXPECT_PLAYS(t.expect(ABK_TEMPFAIL, static_cast<std::uint32_t>(reason), rule).says("QUIT\r\n").closes());
  }
  auto next = server_with(capa_sasl_coded);
  next.knows(ABK_FACT_UPSTREAM, "pop3.auth-plain", "challenge").says("AUTH PLAIN\r\n").upstream("+ \r\n").says_secret(std::string(ann_plain) + "\r\n", ann_plain);
  EXPECT_PLAYS(judged(next, "+OK\r\n", ABK_YES, ABK_REASON_NONE, "auth-plain.ok"));
  auto wrong = server_with(capa_sasl_coded);
  wrong.says(std::string("AUTH PLAIN ") + ann_plain + "\r\n").upstream("-ERR [AUTH] no\r\n").knows_not(ABK_FACT_UPSTREAM, "pop3.auth-plain");
  EXPECT_PLAYS(wrong.expect(ABK_NO, ABK_REASON_WRONG_PASSWORD, "auth-plain.err-auth").says("QUIT\r\n").upstream("+OK bye\r\n").closes());
}

TEST(Pop3Auth, PlainWithoutOneWhenTheLineWouldBeTooLong) {
  const std::string password(184, 'p');
  auto t = server_with(capa_sasl_coded);
  t.login("ann", password).says("AUTH PLAIN\r\n").upstream("+ \r\n").says_secret("AGFubgBwcHBw" + [] {
    std::string out;
    for (int i = 0; i < 60; ++i) out += "cHBw";
    return out;
  }() + "\r\n", "cHBwcHBw");
  EXPECT_PLAYS(judged(t, "-ERR [AUTH] no\r\n", ABK_NO, ABK_REASON_WRONG_PASSWORD, "auth-plain.err-auth"));
}

TEST(Pop3Auth, D_12_plain_takes_an_empty_challenge_only) {
  for (const std::string challenge : {"+ QQ==\r\n", "+\r\n", "+OK\r\n", "334 \r\n"}) {
    auto t = server_with(capa_sasl_1998);
    t.says("AUTH PLAIN\r\n");
    EXPECT_PLAYS(judged(t, challenge, ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "auth-plain.nonsense")) << challenge;
  }
  auto refused = server_with(capa_sasl_1998);
  refused.says("AUTH PLAIN\r\n");
  EXPECT_PLAYS(judged(refused, "-ERR no such mechanism\r\n", ABK_TEMPFAIL, ABK_REASON_MISCONFIGURED, "auth-plain.err-mechanism"));
}

TEST(Pop3Auth, AChallengeAfterTheResponseIsNoVerdict) {
  auto t = server_with(capa_sasl_1998);
  t.says("AUTH PLAIN\r\n").upstream("+ \r\n").says(std::string(ann_plain) + "\r\n");
  EXPECT_PLAYS(judged(t, "+ \r\n", ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "auth-plain.nonsense"));
}

// ---------------------------------------------------------------- AUTH without CAPA

abk::test::transcript without_capa(std::vector<std::string> mechanisms) {
  auto t = story();
  t.settings({{"mechanisms", std::move(mechanisms)}}).upstream("+OK hello\r\n").says("CAPA\r\n").upstream("-ERR unknown command\r\n");
  return t;
}

TEST(Pop3Auth, ABareAuthListsTheMechanismsOfAServerWithoutCapa) {
  auto plain = without_capa({"PLAIN", "LOGIN"});
  plain.says("AUTH\r\n").upstream("+OK\r\nCRAM-MD5\r\nPLAIN\r\nLOGIN\r\n.\r\n").says("AUTH PLAIN\r\n").upstream("+ \r\n").says_secret(std::string(ann_plain) + "\r\n", ann_plain);
  EXPECT_PLAYS(judged(plain, "+OK\r\n", ABK_YES, ABK_REASON_NONE, "auth-plain.ok"));
  auto login = without_capa({"PLAIN", "LOGIN"});
  login.says("AUTH\r\n").upstream("+OK list follows\r\nLOGIN\r\n.\r\n").says("AUTH LOGIN\r\n");
  EXPECT_PLAYS(judged(login, "-ERR no\r\n", ABK_TEMPFAIL, ABK_REASON_MISCONFIGURED, "auth-login.err-mechanism"));
}

TEST(Pop3Auth, WithoutAListNothingIsSent) {
  auto refused = without_capa({"PLAIN"});
  EXPECT_PLAYS(refused.says("AUTH\r\n").upstream("-ERR unknown command\r\n").expect(ABK_TEMPFAIL, ABK_REASON_MISCONFIGURED, "local.no-mechanism").stays_ready());
  auto others = without_capa({"PLAIN"});
  EXPECT_PLAYS(others.says("AUTH\r\n").upstream("+OK\r\nAPOP\r\n.\r\n").expect(ABK_TEMPFAIL, ABK_REASON_MISCONFIGURED, "local.no-mechanism").stays_ready());
  auto nonsense = without_capa({"PLAIN"});
  EXPECT_PLAYS(nonsense.says("AUTH\r\n").upstream("+ \r\n").expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "auth.nonsense").closes());
  std::string endless = "+OK\r\n";
  for (int i = 0; i < 65; ++i) endless += "X\r\n";
  auto long_list = without_capa({"PLAIN"});
  EXPECT_PLAYS(long_list.says("AUTH\r\n").upstream(endless).expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "auth.too-long").closes());
}

TEST(Pop3Auth, WhereUserIsAllowedThereIsNoNeedToAsk) {
  auto t = without_capa({"PLAIN", "USER"});
  t = at_password(t);
  EXPECT_PLAYS(judged(t, "+OK\r\n", ABK_YES, ABK_REASON_NONE, "pass.ok"));
}

TEST(Pop3Auth, LoginSendsTheNameAndThenThePassword) {
  auto t = server_with("+OK\r\nSASL LOGIN\r\n.\r\n");
  t.says("AUTH LOGIN\r\n").upstream("+ VXNlcm5hbWU6\r\n").says("YW5uQGV4YW1wbGUuY29t\r\n").upstream("+ UGFzc3dvcmQ6\r\n").says_secret("b3BlbiBzZXNhbWU=\r\n", "b3BlbiBzZXNhbWU=");
  EXPECT_PLAYS(judged(t, "+OK\r\n", ABK_YES, ABK_REASON_NONE, "auth-login.ok"));
}

TEST(Pop3Auth, LoginsNameMayBeRefused) {
  auto t = server_with("+OK\r\nSASL LOGIN\r\n.\r\n");
  t.says("AUTH LOGIN\r\n").upstream("+ VXNlcm5hbWU6\r\n").says("YW5uQGV4YW1wbGUuY29t\r\n");
  EXPECT_PLAYS(judged(t, "-ERR who?\r\n", ABK_NO, ABK_REASON_NO_SUCH_USER, "auth-login.err"));
}

TEST(Pop3Auth, TheOrderOfMechanismsIsTheOperators) {
  auto t = server_with(capa_dovecot);
  t.settings({{"mechanisms", std::vector<std::string>{"LOGIN", "USER"}}}).says("AUTH LOGIN\r\n");
  EXPECT_PLAYS(judged(t, "-ERR no\r\n", ABK_TEMPFAIL, ABK_REASON_MISCONFIGURED, "auth-login.err-mechanism"));
}

// ---------------------------------------------------------------- settings

TEST(Pop3Settings, WrongWordsAreNamedWithTheRightOnes) {
  const auto problem = [](abk::test::table t) {
    const abk::test::host_rig host(plugin(), std::move(t));
    return host.problems.empty() ? std::string() : host.problems.front();
  };
  EXPECT_EQ(problem({{"apop", "always"}}), "apop: \"always\"; wanted: \"never\", \"prefer\" or \"require\"");
  EXPECT_EQ(problem({{"in_use", ""}}), "in_use: \"\"; wanted: \"accept\" or \"tempfail\"");
  EXPECT_EQ(problem({{"preset", "exchange"}}), "preset: \"exchange\"; wanted: \"\", \"communigate\", \"mailtraq\" or \"imail\"");
  EXPECT_EQ(problem({{"mechanisms", std::vector<std::string>{"USER", "SCRAM"}}}), "mechanisms: \"SCRAM\"; wanted: \"USER\", \"PLAIN-IR\", \"PLAIN\" or \"LOGIN\"");
  EXPECT_EQ(problem({{"mechanisms", std::vector<std::string>{"USER", "USER"}}}), "mechanisms: USER is there twice; each word once is wanted");
  EXPECT_EQ(problem({{"mechanisms", std::vector<std::string>{}}}), "mechanisms: an empty list; wanted: at least one of \"USER\", \"PLAIN-IR\", \"PLAIN\", \"LOGIN\"");
  EXPECT_EQ(problem({{"forward_client", "yes"}}), "forward_client: wrong type");
  EXPECT_EQ(problem({{"aopp", "never"}}), "aopp: nobody reads this key");
  EXPECT_EQ(problem({{"apop", "prefer"}, {"in_use", "accept"}, {"preset", ""}, {"forward_client", true}, {"mechanisms", std::vector<std::string>{"PLAIN"}}}), "");
}

// ---------------------------------------------------------------- probe

TEST(Pop3Probe, TellsWhatTheServerCanDo) {
  auto t = server_with(capa_dovecot);
  abk::test::ask probe;
  probe.kind = ABK_PROBE;
  EXPECT_PLAYS(t.asks(probe).expect(ABK_YES, ABK_REASON_NONE, "probe").stays_ready());
  EXPECT_EQ(t.answer().attributes[0], std::make_pair(std::string("capa"), std::string("yes")));
}

}  // namespace
