// One question by RCPT.
#include "vrfy_fixture.hpp"

namespace {

using namespace vrfy_test;

TEST(VrfyRcpt, WhoIsAcceptedExists) {
  auto t = at_rcpt();
  EXPECT_PLAYS(t.upstream(ok).expect(ABK_YES, ABK_REASON_NONE, "rcpt.ok").stays_ready());
  EXPECT_EQ(t.answer().mailbox, "");
}

TEST(VrfyRcpt, WhoIsUnknownIsAbsent) {
  auto t = at_rcpt();
  EXPECT_PLAYS(t.upstream(unknown).expect(ABK_NO, ABK_REASON_NONE, "rcpt.unknown").stays_ready());
  auto exim = at_rcpt();
  EXPECT_PLAYS(exim.upstream("550 Unrouteable address\r\n").expect(ABK_NO, ABK_REASON_NONE, "rcpt.bare").stays_ready());
}

TEST(VrfyRcpt, AReplyOfSeveralLinesIsOne) {
  auto t = at_rcpt();
  EXPECT_PLAYS(t.upstream("550-5.1.1 The account that you tried\r\n550 5.1.1 does not exist.\r\n").expect(ABK_NO, ABK_REASON_NONE, "rcpt.unknown").stays_ready());
}

TEST(VrfyRcpt, AForwardingAddressIsTheCanonicalOne) {
  auto t = at_rcpt();
  EXPECT_PLAYS(t.upstream("251 User not local; will forward to <ann@example.org>\r\n").expect(ABK_YES, ABK_REASON_NONE, "rcpt.ok").stays_ready());
  EXPECT_EQ(t.answer().mailbox, "ann@example.org");
}

TEST(VrfyRcpt, E_14_PolicyIsNoAbsence) {
  auto t = at_rcpt();
  EXPECT_PLAYS(t.upstream("554 5.7.1 <ann@example.com>: Relay access denied\r\n").expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_REFUSES_US, "rcpt.policy").stays_ready());
  EXPECT_EQ(t.answer().operator_text, "the server said: 554 5.7.1 <ann@example.com>: Relay access denied");
}

TEST(VrfyRcpt, E_14_ARefusedGreetingOrHelloIsNoAbsence) {
  abk::test::transcript banner(plugin());
  banner.settings(with()).mailbox("ann@example.com").upstream("554 5.7.1 blocked\r\n").expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_REFUSES_US, "greeting.5xx");
  EXPECT_PLAYS(banner.closes());
  abk::test::transcript hello(plugin());
  hello.settings(with()).mailbox("ann@example.com").upstream("220 hi\r\n").says(ehlo).upstream("550 5.7.1 no\r\n").expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_REFUSES_US, "ehlo.5xx");
  EXPECT_PLAYS(hello.closes());
}

TEST(VrfyRcpt, E_14_E_16_ARefusedSenderIsNoAbsence) {
  auto t = greeted();
  t.says(mail).upstream("550 5.7.1 no null sender\r\n").expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_REFUSES_US, "mail.refused");
  EXPECT_PLAYS(t.says("QUIT\r\n").closes());
  EXPECT_NE(t.answer().operator_text.find("set `sender`"), std::string::npos);
}

TEST(VrfyRcpt, E_16_TheSenderCanBeSet) {
  auto t = greeted(with({{"sender", "Probe@Example.com"}}));
  EXPECT_PLAYS(t.says("MAIL FROM:<Probe@example.com>\r\n").upstream("250 ok\r\n").says(rcpt("ann@example.com")).upstream(ok).expect(ABK_YES, ABK_REASON_NONE, "rcpt.ok").stays_ready());
}

TEST(VrfyRcpt, E_15_AFullMailboxIsNeitherYesNorNo) {
  auto t = at_rcpt();
  EXPECT_PLAYS(t.upstream("552 5.2.2 over quota\r\n").expect(ABK_UNVERIFIABLE, ABK_REASON_CANNOT_VERIFY, "rcpt.full").stays_ready());
  auto disabled = at_rcpt();
  EXPECT_PLAYS(disabled.upstream("550 5.2.1 disabled\r\n").expect(ABK_UNVERIFIABLE, ABK_REASON_CANNOT_VERIFY, "rcpt.disabled").stays_ready());
}

TEST(VrfyRcpt, E_13_AGreylistIsRememberedUntilItsTime) {
  auto t = at_rcpt();
  EXPECT_PLAYS(t.upstream("450 4.2.0 Greylisted for 120 seconds\r\n").expect(ABK_TEMPFAIL, ABK_REASON_GREYLISTED, "rcpt.greylisted").stays_ready());
  EXPECT_EQ(t.answer().retry_after_ms, 120'000U);
  connection c;
  c.ask("ann@example.com");
  c.feed("250 ok\r\n");
  EXPECT_EQ(c.feed("451 4.7.1 greylisted, come back in 3 minutes\r\n"), "1 tempfail rcpt.greylisted");
  c.says();
  c.ask("ann@example.com");
  ASSERT_EQ(c.up.answers.size(), 1U);
  EXPECT_GT(c.up.answers[0].retry_after_ms, 170'000U);
  EXPECT_EQ(c.told(), "2 tempfail rcpt.remembered");
  EXPECT_EQ(c.says(), "");
  c.host.facts["2/greylisted ann@example.com"] = "1";  // long past
  c.ask("ann@example.com");
  EXPECT_EQ(c.says(), rcpt("ann@example.com"));
}

// Greylists remember host, sender and recipient.
TEST(VrfyRcpt, E_13_AGreylistIsOfOneRecipientAtOneServer) {
  connection c;
  c.ask("ann@example.com");
  c.feed("250 ok\r\n");
  EXPECT_EQ(c.feed("450 4.2.0 Greylisted\r\n"), "1 tempfail rcpt.greylisted");
  EXPECT_TRUE(c.host.facts.contains(std::to_string(of_upstream) + "/greylisted ann@example.com"));
  c.says();
  c.ask("bob@example.com");
  EXPECT_EQ(c.feed(ok), "2 yes rcpt.ok");
  c.says();
  c.ask("ANN@Example.com");  // what the letters' case means is the server's business
  EXPECT_EQ(c.says(), rcpt("ANN@example.com"));
  connection elsewhere;  // another server
  elsewhere.ask("ann@example.com");
  elsewhere.feed("250 ok\r\n");
  EXPECT_EQ(elsewhere.feed(ok), "1 yes rcpt.ok");
}

TEST(VrfyRcpt, E_13_ALongAddressIsRememberedToo) {
  const std::string name(60, 'a');
  connection c;
  c.ask(name + "@example.com");
  c.feed("250 ok\r\n");
  EXPECT_EQ(c.feed("450 4.2.0 Greylisted\r\n"), "1 tempfail rcpt.greylisted");
  c.ask(name + "@example.com");
  EXPECT_EQ(c.told(), "2 tempfail rcpt.remembered");
  c.says();
  c.ask(name + "b@example.com");
  EXPECT_EQ(c.says(), rcpt(name + "b@example.com"));
}

TEST(VrfyRcpt, E_13_AGreylistedSenderIsOneForAllRecipients) {
  connection c;
  c.ask("ann@example.com");
  c.ask("bob@example.com");
  EXPECT_EQ(c.feed("451 4.7.1 Greylisted for 60 seconds\r\n"), "1 tempfail mail.greylisted; 2 tempfail mail.greylisted");
  EXPECT_TRUE(c.closed());
  connection next(with(), can, c.host.facts);
  next.ask("eve@example.com");
  ASSERT_EQ(next.up.answers.size(), 1U);
  EXPECT_EQ(next.up.answers[0].reason, static_cast<std::uint32_t>(ABK_REASON_GREYLISTED));
  EXPECT_GT(next.up.answers[0].retry_after_ms, 50'000U);
  EXPECT_EQ(next.told(), "1 tempfail rcpt.remembered");
  EXPECT_EQ(next.says(), "");
  connection by_vrfy(by({"vrfy"}), can, c.host.facts);  // which has no sender
  by_vrfy.ask("eve@example.com");
  EXPECT_EQ(by_vrfy.says(), "VRFY eve@example.com\r\n");
}

TEST(VrfyRcpt, E_13_AGreylistIsRememberedOfVrfyToo) {
  connection c(by({"vrfy", "rcpt"}));
  c.ask("ann@example.com");
  EXPECT_EQ(c.feed("450 4.2.0 Greylisted\r\n"), "1 tempfail vrfy.greylisted");
  c.says();
  c.ask("ann@example.com");
  EXPECT_EQ(c.told(), "2 tempfail vrfy.remembered");
  EXPECT_EQ(c.says(), "");
}

TEST(VrfyRcpt, E_13_TemporaryTroubleIsNeverAReject) {
  for (const char* reply : {"451 4.3.0 lookup failure\r\n", "450 busy\r\n", "452 4.3.1 no storage\r\n"}) {
    connection c;
    c.ask("ann@example.com");
    c.feed("250 ok\r\n");
    EXPECT_NE(c.feed(reply).find("1 tempfail"), std::string::npos) << reply;
    EXPECT_TRUE(c.ready());
  }
}

TEST(VrfyRcpt, E_13_421EndsAFreshSessionWithoutAVerdict) {
  auto t = at_rcpt();
  EXPECT_PLAYS(t.upstream("421 4.3.2 going down\r\n").expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_BUSY, "rcpt.421").closes());
  auto at_mail = greeted();
  EXPECT_PLAYS(at_mail.says(mail).upstream("421 4.3.2 going down\r\n").expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_BUSY, "mail.421").closes());
}

TEST(VrfyRcpt, E_08_AReplyTooManyIsNoAnswer) {
  for (const char* replies : {"250 2.1.5 Ok\r\n250 2.1.5 Ok\r\n", "550 5.1.1 no\r\n250 2.1.5 Ok\r\n", "250 2.1.5 Ok\r\nwhat\r\n", "250 2.1.5 Ok\r\n25"}) {
    connection c;
    c.ask("ann@example.com");
    c.feed("250 ok\r\n");
    EXPECT_EQ(c.feed(replies), "1 tempfail reply.unasked") << replies;
    EXPECT_TRUE(c.closed());
  }
  connection early;
  early.ask("ann@example.com");
  EXPECT_EQ(early.feed("250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n"), "1 tempfail reply.unasked");
}

TEST(VrfyRcpt, E_07_WhatIsNoReplyIsNoAnswer) {
  for (const char* reply : {"2500 ok\r\n", "abc\r\n", "250 ok\n", "250-ok\r\n550 no\r\n", "354 go ahead\r\n", "503 5.5.1 need MAIL\r\n"}) {
    connection c;
    c.ask("ann@example.com");
    c.feed("250 ok\r\n");
    const std::string told = c.feed(reply);
    EXPECT_TRUE(told.starts_with("1 tempfail rcpt.")) << told;
    EXPECT_TRUE(c.closed());
  }
}

TEST(VrfyRcpt, F_04_F_05_RepliesHaveAnEnd) {
  connection line;
  line.ask("ann@example.com");
  line.feed("250 ok\r\n");
  EXPECT_EQ(line.feed(std::string(5000, 'a')), "1 tempfail rcpt.nonsense");
  connection lines;
  lines.ask("ann@example.com");
  lines.feed("250 ok\r\n");
  std::string flood;
  for (int i = 0; i < 200; ++i) flood += "250-more\r\n";
  EXPECT_EQ(lines.feed(flood), "1 tempfail reply.unasked");
}

TEST(VrfyRcpt, AddressesAreWrittenAsSmtpWantsThem) {
  auto quoted = greeted(with(), R"("a> SIZE=1"@Example.com)");
  EXPECT_PLAYS(quoted.says(mail).upstream(ok).says("RCPT TO:<\"a> SIZE=1\"@example.com>\r\n").upstream(ok).expect(ABK_YES, ABK_REASON_NONE, "rcpt.ok").stays_ready());
  auto idn = greeted(with(), "ann+x@b\xc3\xbc" "cher.example");
  EXPECT_PLAYS(idn.says(mail).upstream(ok).says("RCPT TO:<ann+x@xn--bcher-kva.example>\r\n").upstream(ok).expect(ABK_YES, ABK_REASON_NONE, "rcpt.ok").stays_ready());
}

TEST(VrfyRcpt, E_09_WhatIsNoAddressIsNotSent) {
  for (const char* address : {"<a@b.example>", "@x,@y:a@b.example", "a b@c.example", "a@[192.0.2.1]", "\"\"@c.example"}) {
    abk::test::transcript t(plugin());
    t.settings(with()).mailbox(address).upstream("220 hi\r\n").says(ehlo).upstream(can).expect(ABK_UNVERIFIABLE, ABK_REASON_BAD_NAME, std::string(address).find('[') == std::string::npos ? "address.local" : "address.domain");
    EXPECT_PLAYS(t.stays_ready());
  }
  abk::test::transcript t(plugin());
  t.settings(with()).mailbox(std::string(65, 'a') + "@b.example").upstream("220 hi\r\n").says(ehlo).upstream(can).expect(ABK_UNVERIFIABLE, ABK_REASON_TOO_LONG, "address.too-long");
  EXPECT_PLAYS(t.stays_ready());
}

TEST(VrfyRcpt, AStrippedNameIsAskedAboutWithItsDomain) {
  abk::test::transcript t(plugin());
  abk::test::ask q;
  q.kind = ABK_MAILBOX;
  q.login_name = "ann";
  q.address = "ann@example.com";
  t.settings(with()).asks(q).upstream("220 hi\r\n").says(ehlo).upstream(can).says(mail).upstream(ok).says(rcpt("ann@example.com"));
  EXPECT_PLAYS(t.upstream(ok).expect(ABK_YES, ABK_REASON_NONE, "rcpt.ok").stays_ready());
}

TEST(VrfyRcpt, E_10_Utf8IsSentToThoseWhoOfferIt) {
  const std::string address = "j\xc3\xbcrgen@example.com";
  auto t = greeted(with(), address);
  t.says("MAIL FROM:<> SMTPUTF8\r\n").upstream(ok).says(rcpt(address));
  EXPECT_PLAYS(t.upstream(ok).expect(ABK_YES, ABK_REASON_NONE, "rcpt.ok").stays_ready());
  abk::test::transcript plain(plugin());
  plain.settings(with()).mailbox(address).upstream("220 hi\r\n").says(ehlo).upstream("250-mail\r\n250 PIPELINING\r\n").expect(ABK_UNVERIFIABLE, ABK_REASON_BAD_NAME, "address.no-smtputf8");
  EXPECT_PLAYS(plain.stays_ready());
}

TEST(VrfyRcpt, AServerOfBeforeEhloIsAskedToo) {
  abk::test::transcript t(plugin());
  t.settings(with()).mailbox("ann@example.com").upstream("220 hi\r\n").says(ehlo).upstream("502 what\r\n").says("HELO broker.example.com\r\n").upstream("250 hello\r\n");
  EXPECT_PLAYS(t.says(mail).upstream("250 ok\r\n").says(rcpt("ann@example.com")).upstream("250 ok\r\n").expect(ABK_YES, ABK_REASON_NONE, "rcpt.ok").stays_ready());
}

TEST(VrfyRcpt, NothingFromBeforeStarttlsIsBelieved) {
  abk::test::transcript t(plugin());
  const std::string address = "j\xc3\xbcrgen@example.com";
  t.settings(with()).channel(ABK_STARTTLS_WANTED).mailbox(address).upstream("220 hi\r\n").says(ehlo).upstream("250-mail\r\n250-SMTPUTF8\r\n250 STARTTLS\r\n");
  t.says("STARTTLS\r\n").upstream("220 go\r\n").starts_tls().says(ehlo).upstream("250 mail\r\n").expect(ABK_UNVERIFIABLE, ABK_REASON_BAD_NAME, "address.no-smtputf8");
  EXPECT_PLAYS(t.stays_ready());
}

// ---- settings

std::string problem_of(table settings) {
  abk::test::host_rig host(plugin(), std::move(settings));
  return host.problems.empty() ? "" : host.problems.front();
}

TEST(VrfySettings, WhatIsWrongIsNamed) {
  EXPECT_EQ(problem_of({}), "");
  EXPECT_NE(problem_of({{"methods", texts{}}}).find("methods: an empty list"), std::string::npos);
  EXPECT_NE(problem_of({{"methods", texts{"expn"}}}).find("\"expn\"; wanted: \"vrfy\" or \"rcpt\""), std::string::npos);
  EXPECT_NE(problem_of({{"methods", texts{"rcpt", "rcpt"}}}).find("twice"), std::string::npos);
  EXPECT_NE(problem_of({{"helo", "no spaces please"}}).find("helo: "), std::string::npos);
  EXPECT_NE(problem_of({{"sender", "not an address"}}).find("sender: \"not an address\"; wanted"), std::string::npos);
  EXPECT_NE(problem_of({{"sender", "a@b.example> SIZE=1"}}).find("sender: "), std::string::npos);
  EXPECT_NE(problem_of({{"sender", "j\xc3\xbcrgen@example.com"}}).find("sender: "), std::string::npos);
  EXPECT_NE(problem_of({{"session_questions", std::int64_t{0}}}).find("session_questions"), std::string::npos);
  EXPECT_NE(problem_of({{"preset", "postfix"}}).find("preset: \"postfix\"; wanted: \"\", \"sendmail\", \"domino\" or \"exchange\""), std::string::npos);
}

TEST(VrfySettings, HeloIsWhatEhloSays) {
  abk::test::transcript t(plugin());
  t.settings({{"helo", "[192.0.2.1]"}, {"detect_accept_all", false}}).mailbox("ann@example.com").upstream("220 hi\r\n").says("EHLO [192.0.2.1]\r\n").upstream(can);
  EXPECT_PLAYS(t.says(mail).upstream(ok).says(rcpt("ann@example.com")).upstream(ok).expect(ABK_YES, ABK_REASON_NONE, "rcpt.ok").stays_ready());
}

TEST(VrfySettings, PresetsChooseTheMethods) {
  for (const char* preset : {"sendmail", "domino"}) {
    auto t = greeted(with({{"preset", preset}}));
    EXPECT_PLAYS(t.says("VRFY ann@example.com\r\n").upstream("250 <ann@mail>\r\n").expect(ABK_YES, ABK_REASON_NONE, "vrfy.ok").stays_ready());
  }
  auto own = greeted(by({"rcpt"}, {{"preset", "sendmail"}}));
  EXPECT_PLAYS(own.says(mail).upstream(ok).says(rcpt("ann@example.com")).upstream(ok).expect(ABK_YES, ABK_REASON_NONE, "rcpt.ok").stays_ready());
}

TEST(VrfySettings, ExchangeRefusesAtItsEdge) {
  const std::string edge = "550 5.4.1 Recipient address rejected: Access denied\r\n";
  auto exchange = at_rcpt(with({{"preset", "exchange"}}));
  EXPECT_PLAYS(exchange.upstream(edge).expect(ABK_NO, ABK_REASON_NONE, "rcpt.edge").stays_ready());
  auto other = at_rcpt();
  EXPECT_PLAYS(other.upstream(edge).expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_REFUSES_US, "rcpt.5xx").stays_ready());
}

}  // namespace
