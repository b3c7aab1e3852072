// The opening: greeting, EHLO, STARTTLS. What is asked for and not given is a tempfail, and nothing from before the handshake
// counts after it.
#include "smtpauth_fixture.hpp"

namespace {

using namespace smtpauth_test;

abk::test::transcript starttls() { return story().channel(ABK_STARTTLS_WANTED).upstream(greeting).says(ehlo); }
const std::string offers_tls = "250-mail.example.com\r\n250 STARTTLS\r\n";

abk::test::transcript& gives_up(abk::test::transcript& t, const std::string& reply, std::uint32_t reason, const std::string& rule) {
  return t.upstream(reply).expect(ABK_TEMPFAIL, reason, rule).closes();
}

TEST(SmtpAuthTls, TheWholeWay) {
  auto t = starttls();
  t.upstream(offers_tls).says("STARTTLS\r\n").upstream("220 2.0.0 Ready to start TLS\r\n").starts_tls().says(ehlo).upstream(extensions()).says_secret("AUTH PLAIN " + plain + "\r\n", plain);
  EXPECT_PLAYS(judged(t, "235 2.7.0 ok\r\n", ABK_YES, ABK_REASON_NONE, "auth-plain.235"));
}

TEST(SmtpAuthTls, C_01_starttls_that_is_not_offered_or_refused) {
  auto unlisted = starttls();
  EXPECT_PLAYS(gives_up(unlisted, extensions(), ABK_REASON_TLS_UNAVAILABLE, "starttls.not-offered"));
  for (const std::string ehlo_refused : {"500 what?\r\n", "502 5.5.2 Error: command not recognized\r\n"}) {
    auto old = starttls();
    EXPECT_PLAYS(gives_up(old, ehlo_refused, ABK_REASON_TLS_UNAVAILABLE, "starttls.no-ehlo"));
  }
  for (const std::string reply : {"454 4.7.0 TLS not available due to local problem\r\n", "501 5.5.4 Syntax\r\n", "502 5.5.1 no\r\n", "554 5.7.0 no\r\n"}) {
    auto refused = starttls();
    refused.upstream(offers_tls).says("STARTTLS\r\n");
    EXPECT_PLAYS(gives_up(refused, reply, ABK_REASON_TLS_UNAVAILABLE, "starttls.refused")) << reply;
  }
  auto going = starttls();
  going.upstream(offers_tls).says("STARTTLS\r\n");
  EXPECT_PLAYS(gives_up(going, "421 4.3.2 shutting down\r\n", ABK_REASON_UPSTREAM_BUSY, "starttls.421"));
}

TEST(SmtpAuthTls, C_02_E_01_a_reply_that_pretends_progress_pretends_nothing) {
  auto banner = story();
  EXPECT_PLAYS(gives_up(banner, "235 2.7.0 Authentication successful\r\n", ABK_REASON_UPSTREAM_NONSENSE, "greeting.nonsense"));
  auto helo = story();
  helo.upstream(greeting).says(ehlo);
  EXPECT_PLAYS(gives_up(helo, "235 2.7.0 Authentication successful\r\n", ABK_REASON_UPSTREAM_NONSENSE, "ehlo.nonsense"));
  for (const std::string reply : {"235 2.7.0 Authentication successful\r\n", "250 ok\r\n", "2200 go\r\n"}) {
    auto tls = starttls();
    tls.upstream(offers_tls).says("STARTTLS\r\n");
    EXPECT_PLAYS(gives_up(tls, reply, ABK_REASON_UPSTREAM_NONSENSE, "starttls.nonsense")) << reply;
  }
}

TEST(SmtpAuthTls, C_03_C_05_bytes_behind_the_go_ahead_are_an_injection) {
  for (const std::string reply : {"220 go\r\n235 2.7.0 ok\r\n", "220 go\r\n250-mail\r\n250 AUTH PLAIN\r\n", "220 go\r\n2"}) {
    auto t = starttls();
    t.unsplit().upstream(offers_tls).says("STARTTLS\r\n");
    EXPECT_PLAYS(gives_up(t, reply, ABK_REASON_UPSTREAM_NONSENSE, "tls.injection")) << reply;
  }
}

TEST(SmtpAuthTls, C_07_E_06_extensions_from_before_tls_are_forgotten) {
  auto before = starttls();
  before.upstream("250-mail.example.com\r\n250-AUTH PLAIN LOGIN\r\n250 STARTTLS\r\n").says("STARTTLS\r\n").upstream("220 go\r\n").starts_tls().says(ehlo);
  EXPECT_PLAYS(before.upstream("250-mail.example.com\r\n250 AUTH GSSAPI\r\n").expect(ABK_TEMPFAIL, ABK_REASON_MISCONFIGURED, "local.no-mechanism").stays_ready());
  auto after = starttls();
  after.upstream("250-mail.example.com\r\n250-AUTH GSSAPI\r\n250 STARTTLS\r\n").says("STARTTLS\r\n").upstream("220 go\r\n").starts_tls().says(ehlo).upstream(extensions("AUTH PLAIN"));
  after.says_secret("AUTH PLAIN " + plain + "\r\n", plain);
  EXPECT_PLAYS(judged(after, "235 ok\r\n", ABK_YES, ABK_REASON_NONE, "auth-plain.235"));
}

TEST(SmtpAuthTls, AServerThatRefusesEhloInsideTlsHasNoAuth) {
  auto t = starttls();
  t.upstream(offers_tls).says("STARTTLS\r\n").upstream("220 go\r\n").starts_tls().says(ehlo).upstream("500 what?\r\n").says("HELO broker.example.com\r\n");
  EXPECT_PLAYS(t.upstream("250 mail\r\n").expect(ABK_TEMPFAIL, ABK_REASON_MISCONFIGURED, "local.no-mechanism").stays_ready());
}

TEST(SmtpAuthTls, CleartextByConfigurationAsksForNoTls) {
  auto t = server("AUTH PLAIN\r\n250-STARTTLS").channel(ABK_CLEARTEXT);
  t.says_secret("AUTH PLAIN " + plain + "\r\n", plain);
  EXPECT_PLAYS(judged(t, "235 ok\r\n", ABK_YES, ABK_REASON_NONE, "auth-plain.235"));
}

TEST(SmtpAuthTls, AGreetingThatRefusesUs) {
  auto busy = story();
  EXPECT_PLAYS(gives_up(busy, "421 4.7.0 mail.example.com Error: too many connections from 192.0.2.1\r\n", ABK_REASON_UPSTREAM_BUSY, "greeting.4xx"));
  auto blocked = story();
  EXPECT_PLAYS(gives_up(blocked, "554-mail.example.com\r\n554 Your access to this mail system has been rejected\r\n", ABK_REASON_UPSTREAM_REFUSES_US, "greeting.5xx"));
  auto silent = story();
  EXPECT_PLAYS(silent.eof().expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_REFUSES_US, "greeting.none").closes());
  auto name = story();
  name.upstream(greeting).says(ehlo);
  EXPECT_PLAYS(gives_up(name, "504 5.5.2 <broker>: Helo command rejected: need fully-qualified hostname\r\n", ABK_REASON_MISCONFIGURED, "ehlo.504"));
}

TEST(SmtpAuthTls, AGreetingMayHaveSeveralLines) {  // postscreen's teaser
  auto t = story();
  t.upstream("220-mail.example.com ESMTP not yet\r\n220 mail.example.com ESMTP Postfix\r\n").says(ehlo).upstream(extensions()).says_secret("AUTH PLAIN " + plain + "\r\n", plain);
  EXPECT_PLAYS(judged(t, "235 ok\r\n", ABK_YES, ABK_REASON_NONE, "auth-plain.235"));
}

TEST(SmtpAuthTls, C_25_another_protocol_is_nonsense) {
  for (const std::string hello : {"+OK hello\r\n", "* OK IMAP4rev1 ready\r\n", "HTTP/1.1 400 Bad Request\r\n", "SSH-2.0-OpenSSH\r\n"}) {
    auto t = story();
    EXPECT_PLAYS(gives_up(t, hello, ABK_REASON_UPSTREAM_NONSENSE, "greeting.nonsense")) << hello;
  }
}

}  // namespace
