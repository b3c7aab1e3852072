// How names and passwords travel: atoms, quoted strings, literals awaited and not, base64; and what is never sent.
#include "imap_fixture.hpp"

namespace {

using namespace imap_test;

abk::test::transcript as(const std::string& capabilities, const std::string& name, const std::string& password) { return server_with(capabilities).login(name, password); }

TEST(ImapSpelling, A_07_blanks_and_quotes_are_quoted) {
  for (const auto& [password, spelled] : {std::make_pair("secret", "secret"), std::make_pair(" secret ", "\" secret \""), std::make_pair("pass word", "\"pass word\""), std::make_pair("say \"hi\"", "\"say \\\"hi\\\"\""),
                                          std::make_pair("back\\slash\\", "\"back\\\\slash\\\\\""), std::make_pair("{5}", "\"{5}\""), std::make_pair("nil", "\"nil\""), std::make_pair("%*(){]", "\"%*(){]\"")}) {
    auto t = as(old, "ann", password);
    t.says_secret(std::string("A1 LOGIN ann ") + spelled + "\r\n", spelled);
    EXPECT_PLAYS(judged(t, "A1 OK\r\n", ABK_YES, ABK_REASON_NONE, "login.ok")) << password;
  }
}

TEST(ImapSpelling, A_12_bytes_above_127_are_a_literal_that_waits) {
  for (const std::string password : {"caf\xe9", "caf\xc3\xa9", "tab\tin it\x7f"}) {
    auto t = as(old, "ann", password);
    t.says("A1 LOGIN ann {" + std::to_string(password.size()) + "}\r\n").upstream("* OK wait\r\n+ go ahead\r\n").says_secret(password + "\r\n", password);
    EXPECT_PLAYS(judged(t, "A1 NO no\r\n", ABK_NO, ABK_REASON_WRONG_PASSWORD, "login.no")) << password;
  }
}

TEST(ImapSpelling, ALiteralNeedNotWaitWhereTheServerSaysSo) {
  for (const std::string capability : {"LITERAL+", "LITERAL-"}) {
    auto t = as("IMAP4rev1 " + capability, "ann", "caf\xe9");
    t.says_secret("A1 LOGIN ann {4+}\r\ncaf\xe9\r\n", "caf\xe9");
    EXPECT_PLAYS(judged(t, "A1 OK\r\n", ABK_YES, ABK_REASON_NONE, "login.ok")) << capability;
  }
}

TEST(ImapSpelling, LiteralMinusEndsAt4096Bytes) {
  const std::string most = std::string(4095, 'p') + "\xe9", more = std::string(4096, 'p') + "\xe9";
  auto fits = as("IMAP4rev1 LITERAL-", "ann", most).unsplit();
  fits.says_secret("A1 LOGIN ann {4096+}\r\n" + most + "\r\n", most);
  EXPECT_PLAYS(judged(fits, "A1 OK\r\n", ABK_YES, ABK_REASON_NONE, "login.ok"));
  auto waits = as("IMAP4rev1 LITERAL-", "ann", more).unsplit();
  waits.says("A1 LOGIN ann {4097}\r\n").upstream("+\r\n").says_secret(more + "\r\n", more);
  EXPECT_PLAYS(judged(waits, "A1 OK\r\n", ABK_YES, ABK_REASON_NONE, "login.ok"));
}

TEST(ImapSpelling, ANameMayNeedALiteralToo) {
  auto both = as(old, "j\xc3\xb6rg", "pw\xe9");
  both.says("A1 LOGIN {5}\r\n").upstream("+ OK\r\n").says("j\xc3\xb6rg {3}\r\n").upstream("+ OK\r\n").says_secret("pw\xe9\r\n", "pw\xe9");
  EXPECT_PLAYS(judged(both, "A1 OK\r\n", ABK_YES, ABK_REASON_NONE, "login.ok"));
  auto name = as(old, "j\xc3\xb6rg", "pw");
  name.says("A1 LOGIN {5}\r\n").upstream("+ OK\r\n").says_secret("j\xc3\xb6rg pw\r\n", "pw");
  EXPECT_PLAYS(judged(name, "A1 OK\r\n", ABK_YES, ABK_REASON_NONE, "login.ok"));
  auto at_once = as("IMAP4rev1 LITERAL+", "j\xc3\xb6rg", "pw\xe9");
  at_once.says_secret("A1 LOGIN {5+}\r\nj\xc3\xb6rg {3+}\r\npw\xe9\r\n", "pw\xe9");
  EXPECT_PLAYS(judged(at_once, "A1 OK\r\n", ABK_YES, ABK_REASON_NONE, "login.ok"));
}

TEST(ImapSpelling, ARefusedLiteralKeepsThePasswordHome) {
  const auto asked = [] { return as(old, "ann", "caf\xe9").says("A1 LOGIN ann {4}\r\n"); };
  auto refused = asked();
  EXPECT_PLAYS(judged(refused, "A1 BAD no literals\r\n", ABK_TEMPFAIL, ABK_REASON_MISCONFIGURED, "login.bad-mechanism"));
  auto no = asked();
  EXPECT_PLAYS(judged(no, "A1 NO [AUTHENTICATIONFAILED] no\r\n", ABK_TEMPFAIL, ABK_REASON_MISCONFIGURED, "login.no-mechanism"));
  auto yes = asked();  // nothing was judged yet: no yes
  EXPECT_PLAYS(judged(yes, "A1 OK in\r\n", ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "login.nonsense"));
  auto bye = asked();
  EXPECT_PLAYS(left(bye, "* BYE\r\n", ABK_REASON_UPSTREAM_BUSY, "login.bye"));
  auto name = as(old, "j\xc3\xb6rg", "pw").says("A1 LOGIN {5}\r\n");
  EXPECT_PLAYS(judged(name, "A1 NO [UNAVAILABLE] no\r\n", ABK_TEMPFAIL, ABK_REASON_UPSTREAM_BUSY, "login.no-unavailable"));
}

TEST(ImapSpelling, A_06_a_name_with_a_blank_is_one_name) {
  auto t = as(old, "ann lee", "pw");
  t.says("A1 LOGIN \"ann lee\" pw\r\n");
  EXPECT_PLAYS(judged(t, "A1 OK\r\n", ABK_YES, ABK_REASON_NONE, "login.ok"));
}

TEST(ImapSpelling, A_04_what_would_break_a_line_is_not_sent) {
  auto name = as(old, "bob\r\nA2 LOGOUT", "secret");
  EXPECT_PLAYS(name.expect(ABK_NO, ABK_REASON_BAD_NAME, "local.bad-name").stays_ready());
  auto password = as(dovecot, "bob", "x\r\nA2 DELETE INBOX");
  EXPECT_PLAYS(password.expect(ABK_NO, ABK_REASON_BAD_PASSWORD, "local.bad-password").stays_ready());
  auto zero = as(dovecot, "bob", std::string("x\0y", 3));
  EXPECT_PLAYS(zero.expect(ABK_NO, ABK_REASON_BAD_PASSWORD, "local.bad-password").stays_ready());
}

TEST(ImapSpelling, A_08_what_is_too_long_is_not_sent) {
  auto t = as(dovecot, "ann", std::string(9000, 'p')).unsplit();
  EXPECT_PLAYS(t.expect(ABK_NO, ABK_REASON_TOO_LONG, "local.too-long").stays_ready());
}

// ---------------------------------------------------------------- AUTHENTICATE

TEST(ImapPlain, WithoutSaslIrTheServerIsWaitedFor) {
  for (const std::string go : {"+ \r\n", "+\r\n"}) {
    auto t = server_with(courier);
    t.says("A1 AUTHENTICATE PLAIN\r\n").upstream(go).says_secret(std::string(ann_plain) + "\r\n", ann_plain);
    EXPECT_PLAYS(judged(t, "A1 NO Login failed.\r\n", ABK_NO, ABK_REASON_WRONG_PASSWORD, "auth-plain.no"));
  }
}

TEST(ImapPlain, D_12_plain_takes_an_empty_challenge_only) {
  for (const std::string challenge : {"+ QQ==\r\n", "+OK\r\n", "334 \r\n", "A2 OK\r\n"}) {
    auto t = server_with(courier);
    t.says("A1 AUTHENTICATE PLAIN\r\n");
    EXPECT_PLAYS(left(t, challenge, ABK_REASON_UPSTREAM_NONSENSE, "auth-plain.nonsense")) << challenge;
  }
  auto refused = server_with(courier);
  refused.says("A1 AUTHENTICATE PLAIN\r\n");
  EXPECT_PLAYS(judged(refused, "A1 NO [AUTHENTICATIONFAILED] no such mechanism\r\n", ABK_TEMPFAIL, ABK_REASON_MISCONFIGURED, "auth-plain.no-mechanism"));
  auto yes = server_with(courier);
  yes.says("A1 AUTHENTICATE PLAIN\r\n");
  EXPECT_PLAYS(judged(yes, "A1 OK that was quick\r\n", ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "auth-plain.nonsense"));
}

TEST(ImapPlain, AChallengeAfterTheResponseIsNoVerdict) {
  auto at_once = at_plain(server_with(dovecot));
  EXPECT_PLAYS(left(at_once, "+ \r\n", ABK_REASON_UPSTREAM_NONSENSE, "auth-plain.nonsense"));
  auto later = server_with(courier);
  later.says("A1 AUTHENTICATE PLAIN\r\n").upstream("+ \r\n").says(std::string(ann_plain) + "\r\n");
  EXPECT_PLAYS(left(later, "+ \r\n", ABK_REASON_UPSTREAM_NONSENSE, "auth-plain.nonsense"));
}

// ---------------------------------------------------------------- settings

std::vector<std::string> only(const std::string& mechanism) { return {mechanism}; }

TEST(ImapSettings, TheOrderOfMechanismsIsTheOperators) {
  auto first = server_with(dovecot).settings({{"mechanisms", std::vector<std::string>{"LOGIN", "PLAIN"}}});
  first = at_login(first);
  EXPECT_PLAYS(judged(first, "A1 OK\r\n", ABK_YES, ABK_REASON_NONE, "login.ok"));
  auto missing = server_with(old).settings({{"mechanisms", only("PLAIN")}});
  EXPECT_PLAYS(missing.expect(ABK_TEMPFAIL, ABK_REASON_MISCONFIGURED, "local.no-mechanism").stays_ready());
}

TEST(ImapSettings, LoginDisabledIsHonoured) {
  auto t = server_with("IMAP4rev1 STARTTLS LOGINDISABLED").channel(ABK_CLEARTEXT);
  EXPECT_PLAYS(t.expect(ABK_TEMPFAIL, ABK_REASON_MISCONFIGURED, "local.login-disabled").stays_ready());
  auto plain = at_plain(server_with("IMAP4rev1 LOGINDISABLED SASL-IR AUTH=PLAIN"));
  EXPECT_PLAYS(judged(plain, "A1 OK\r\n", ABK_YES, ABK_REASON_NONE, "auth-plain.ok"));
  auto login_only = server_with("IMAP4rev1 LOGINDISABLED AUTH=PLAIN").settings({{"mechanisms", only("LOGIN")}});
  EXPECT_PLAYS(login_only.expect(ABK_TEMPFAIL, ABK_REASON_MISCONFIGURED, "local.login-disabled").stays_ready());
}

TEST(ImapSettings, D_04_a_mailbox_in_use_is_a_yes_unless_the_operator_says_otherwise) {
  const std::string limit = "[LIMIT] Maximum number of connections from user+IP exceeded (mail_max_userip_connections=1)";
  for (const auto& [refusal, rule] : {std::make_pair(std::string("[INUSE] x"), "login.no-inuse"), std::make_pair(limit, "login.no-limit")}) {
    auto by_default = at_login(old_server());
    EXPECT_PLAYS(judged(by_default, "A1 NO " + refusal + "\r\n", ABK_YES, ABK_REASON_MAILBOX_BUSY, rule));
    auto careful = at_login(old_server().settings({{"in_use", "tempfail"}}));
    EXPECT_PLAYS(judged(careful, "A1 NO " + refusal + "\r\n", ABK_TEMPFAIL, ABK_REASON_UPSTREAM_BUSY, std::string(rule) + "-tempfail"));
  }
}

TEST(ImapSettings, PresetsKnowTheHabitsOfVendors) {
  auto communigate = at_login(old_server().settings({{"preset", "communigate"}}));
  EXPECT_PLAYS(judged(communigate, "A1 NO [ALERT] logins are limited\r\n", ABK_TEMPFAIL, ABK_REASON_TOO_FREQUENT, "login.no-frequency"));
  auto elsewhere = at_login(old_server());
  EXPECT_PLAYS(judged(elsewhere, "A1 NO [ALERT] logins are limited\r\n", ABK_TEMPFAIL, ABK_REASON_UPSTREAM_BUSY, "login.no-alert"));
  auto mailtraq = story().settings({{"preset", "mailtraq"}});
  EXPECT_PLAYS(mailtraq.eof().expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_BUSY, "greeting.none").closes());
}

TEST(ImapSettings, WrongWordsAreNamedWithTheRightOnes) {
  const auto problem = [](abk::test::table t) {
    const abk::test::host_rig host(plugin(), std::move(t));
    return host.problems.empty() ? std::string() : host.problems.front();
  };
  EXPECT_EQ(problem({{"in_use", ""}}), "in_use: \"\"; wanted: \"accept\" or \"tempfail\"");
  EXPECT_EQ(problem({{"preset", "imail"}}), "preset: \"imail\"; wanted: \"\", \"communigate\" or \"mailtraq\"");
  EXPECT_EQ(problem({{"mechanisms", std::vector<std::string>{"USER"}}}), "mechanisms: \"USER\"; wanted: \"PLAIN\" or \"LOGIN\"");
  EXPECT_EQ(problem({{"mechanisms", std::vector<std::string>{"PLAIN", "PLAIN"}}}), "mechanisms: PLAIN is there twice; each word once is wanted");
  EXPECT_EQ(problem({{"mechanisms", std::vector<std::string>{}}}), "mechanisms: an empty list; wanted: at least one of \"PLAIN\", \"LOGIN\"");
  EXPECT_EQ(problem({{"forward_client", "yes"}}), "forward_client: wrong type");
  EXPECT_EQ(problem({{"apop", "never"}}), "apop: nobody reads this key");
  EXPECT_EQ(problem({{"in_use", "accept"}, {"preset", ""}, {"forward_client", true}, {"mechanisms", only("LOGIN")}}), "");
}

// ---------------------------------------------------------------- forward_client

abk::test::transcript forwarding(const std::string& capabilities) { return server_with(capabilities).settings({{"forward_client", true}}).client("192.0.2.77"); }

TEST(ImapForward, TheUsersAddressGoesBeforeTheLogin) {
  auto t = forwarding("IMAP4rev1 ID");
  t.says("A1 ID (\"x-originating-ip\" \"192.0.2.77\")\r\n").upstream("* ID (\"name\" {7}\r\nDovecot)\r\nA1 OK ID completed.\r\n").says_secret("A2 LOGIN ann@example.com \"open sesame\"\r\n", "\"open sesame\"");
  EXPECT_PLAYS(judged(t, "A2 OK\r\n", ABK_YES, ABK_REASON_NONE, "login.ok", "A3"));
}

TEST(ImapForward, NothingIsSentWhereThereIsNoId_NoAddress_OrNoNeed) {
  auto unknown = at_login(forwarding(old));
  EXPECT_PLAYS(judged(unknown, "A1 OK\r\n", ABK_YES, ABK_REASON_NONE, "login.ok"));
  auto nobody = at_login(forwarding("IMAP4rev1 ID").client(""));
  EXPECT_PLAYS(judged(nobody, "A1 OK\r\n", ABK_YES, ABK_REASON_NONE, "login.ok"));
  auto odd = at_login(forwarding("IMAP4rev1 ID").client("\") A2 LOGOUT"));
  EXPECT_PLAYS(judged(odd, "A1 OK\r\n", ABK_YES, ABK_REASON_NONE, "login.ok"));
  auto off = at_login(server_with("IMAP4rev1 ID").client("192.0.2.77"));
  EXPECT_PLAYS(judged(off, "A1 OK\r\n", ABK_YES, ABK_REASON_NONE, "login.ok"));
}

TEST(ImapForward, ARefusalIsNoObstacleAndIsRemembered) {
  for (const std::string refusal : {"A1 NO not you\r\n", "A1 BAD what?\r\n"}) {
    auto t = forwarding("IMAP4rev1 ID");
    t.says("A1 ID (\"x-originating-ip\" \"192.0.2.77\")\r\n").upstream(refusal).learns(ABK_FACT_UPSTREAM, "imap.id", "refused").says("A2 LOGIN ann@example.com \"open sesame\"\r\n");
    EXPECT_PLAYS(judged(t, "A2 OK\r\n", ABK_YES, ABK_REASON_NONE, "login.ok", "A3"));
  }
  auto next = at_login(forwarding("IMAP4rev1 ID").knows(ABK_FACT_UPSTREAM, "imap.id", "refused"));
  EXPECT_PLAYS(judged(next, "A1 OK\r\n", ABK_YES, ABK_REASON_NONE, "login.ok"));
  auto bye = forwarding("IMAP4rev1 ID").says("A1 ID (\"x-originating-ip\" \"192.0.2.77\")\r\n");
  EXPECT_PLAYS(left(bye, "* BYE\r\n", ABK_REASON_UPSTREAM_BUSY, "id.bye"));
}

}  // namespace
