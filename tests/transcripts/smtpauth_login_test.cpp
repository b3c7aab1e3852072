// Logins by PLAIN and LOGIN as real servers answer them.
#include "smtpauth_fixture.hpp"

namespace {

using namespace smtpauth_test;

TEST(SmtpAuthLogin, TheRightPasswordIsAYes) {
  auto t = at_password();
  EXPECT_PLAYS(judged(t, "235 2.7.0 Authentication successful\r\n", ABK_YES, ABK_REASON_NONE, "auth-plain.235"));
}

TEST(SmtpAuthLogin, AWrongPasswordIsANoAndTheConnectionIsKept) {
  auto postfix = at_password();
  EXPECT_PLAYS(judged(postfix, "535 5.7.8 Error: authentication failed: authentication failure\r\n", ABK_NO, ABK_REASON_WRONG_PASSWORD, "auth-plain.535"));
  auto exim = at_password();
  EXPECT_PLAYS(judged(exim, "535 Incorrect authentication data\r\n", ABK_NO, ABK_REASON_WRONG_PASSWORD, "auth-plain.535"));
}

TEST(SmtpAuthLogin, WithoutRoomForIt) {  // the initial response goes on a line of its own
  const std::string long_password(400, 'x');
  auto t = story({"PLAIN"}).login("ann@example.com", long_password);
  const abk::secret_text message = abk::sasl_plain("ann@example.com", abk::secret_view(long_password));
  const std::string encoded(message.view().reveal());
  t.upstream(greeting).says(ehlo).upstream(extensions()).says("AUTH PLAIN\r\n").upstream("334 \r\n").says_secret(encoded + "\r\n", encoded);
  EXPECT_PLAYS(judged(t, "235 ok\r\n", ABK_YES, ABK_REASON_NONE, "auth-plain.235"));
}

TEST(SmtpAuthLogin, TheLongestInitialResponse) {
  // "AUTH PLAIN " and CR LF leave 499 octets: 496 of base64, 372 of the message.
  for (const std::size_t n : {355U, 356U}) {
    const std::string word(n, 'x');
    auto t = story({"PLAIN"}).login("ann@example.com", word);
    const abk::secret_text message = abk::sasl_plain("ann@example.com", abk::secret_view(word));
    const std::string encoded(message.view().reveal());
    t.upstream(greeting).says(ehlo).upstream(extensions());
    if (n == 355) t.says_secret("AUTH PLAIN " + encoded + "\r\n", encoded);
    else t.says("AUTH PLAIN\r\n").upstream("334 \r\n").says_secret(encoded + "\r\n", encoded);
    EXPECT_PLAYS(judged(t, "235 ok\r\n", ABK_YES, ABK_REASON_NONE, "auth-plain.235")) << n;
  }
}

TEST(SmtpAuthLogin, AServerThatTakesNoInitialResponseIsRememberedAndGivenItOnce) {
  auto t = at_password();
  EXPECT_PLAYS(t.upstream("334 \r\n").expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "auth-plain.nonsense").learns(ABK_FACT_UPSTREAM, "smtp.auth-plain", "challenge").says("*\r\n").closes());
  auto next = server().knows(ABK_FACT_UPSTREAM, "smtp.auth-plain", "challenge");
  next.says("AUTH PLAIN\r\n").upstream("334\r\n").says_secret(plain + "\r\n", plain);
  EXPECT_PLAYS(judged(next, "235 ok\r\n", ABK_YES, ABK_REASON_NONE, "auth-plain.235"));
}

TEST(SmtpAuthLogin, E_04_prompts_are_answered_in_their_order_whatever_they_say) {
  for (const auto& [first, second] : std::initializer_list<std::pair<std::string, std::string>>{
           {"VXNlcm5hbWU6", "UGFzc3dvcmQ6"}, {"VXNlciBOYW1lAA==", "UGFzc3dvcmQA"}, {"UGFzc3dvcmQ6", "VXNlcm5hbWU6"}, {"Username:", "Password:"}, {"", ""}}) {
    auto t = server("AUTH LOGIN");
    t.says("AUTH LOGIN\r\n").upstream("334 " + first + "\r\n").says(name + "\r\n").upstream("334 " + second + "\r\n").says_secret(password + "\r\n", password);
    EXPECT_PLAYS(judged(t, "235 2.7.0 ok\r\n", ABK_YES, ABK_REASON_NONE, "auth-login.235")) << first;
  }
}

TEST(SmtpAuthLogin, AnUnknownNameKeepsThePasswordHome) {
  auto t = server("AUTH LOGIN");
  t.says("AUTH LOGIN\r\n").upstream("334 VXNlcm5hbWU6\r\n").says(name + "\r\n");
  EXPECT_PLAYS(judged(t, "535 5.7.8 who?\r\n", ABK_NO, ABK_REASON_NO_SUCH_USER, "auth-login.535-name"));
}

TEST(SmtpAuthLogin, TheOrderIsTheConfigurations) {
  auto t = server("AUTH PLAIN LOGIN", {"LOGIN", "PLAIN"});
  t.says("AUTH LOGIN\r\n").upstream("334 VXNlcm5hbWU6\r\n").says(name + "\r\n").upstream("334 UGFzc3dvcmQ6\r\n").says_secret(password + "\r\n", password);
  EXPECT_PLAYS(judged(t, "235 2.7.0 ok\r\n", ABK_YES, ABK_REASON_NONE, "auth-login.235"));
}

TEST(SmtpAuthLogin, ExchangeIsAskedByLogin) {
  abk::test::transcript t(plugin());
  t.settings({{"helo", "broker.example.com"}, {"preset", "exchange"}}).login("ann@example.com", "open sesame").unwatched();
  t.upstream("220 EX1.corp.example Microsoft ESMTP MAIL Service ready\r\n").says(ehlo).upstream("250-EX1.corp.example Hello [192.0.2.1]\r\n250-AUTH GSSAPI NTLM LOGIN\r\n250 XEXCH50\r\n");
  t.says("AUTH LOGIN\r\n").upstream("334 VXNlcm5hbWU6\r\n").says(name + "\r\n").upstream("334 UGFzc3dvcmQ6\r\n").says_secret(password + "\r\n", password);
  EXPECT_PLAYS(judged(t, "535 5.7.3 Authentication unsuccessful\r\n", ABK_NO, ABK_REASON_WRONG_PASSWORD, "auth-login.535"));
}

TEST(SmtpAuthLogin, AnOldSpellingOfAuthIsUnderstood) {
  auto t = server("AUTH=LOGIN");
  t.says("AUTH LOGIN\r\n").upstream("334 VXNlcm5hbWU6\r\n").says(name + "\r\n").upstream("334 UGFzc3dvcmQ6\r\n").says_secret(password + "\r\n", password);
  EXPECT_PLAYS(judged(t, "235 go ahead\r\n", ABK_YES, ABK_REASON_NONE, "auth-login.235"));
}

TEST(SmtpAuthLogin, ARefusedMechanismIsFollowedByTheNextBeforeThePasswordOnly) {
  for (const std::string reply : {"504 5.5.4 Unrecognized authentication type\r\n", "534 5.7.9 Authentication mechanism is too weak\r\n"}) {
    auto t = server("AUTH PLAIN LOGIN", {"LOGIN", "PLAIN"});
    t.says("AUTH LOGIN\r\n").upstream(reply).says_secret("AUTH PLAIN " + plain + "\r\n", plain);
    EXPECT_PLAYS(judged(t, "235 ok\r\n", ABK_YES, ABK_REASON_NONE, "auth-plain.235")) << reply;
    auto last = server("AUTH LOGIN", {"LOGIN", "PLAIN"});
    last.says("AUTH LOGIN\r\n");
    EXPECT_PLAYS(judged(last, reply, ABK_TEMPFAIL, ABK_REASON_MISCONFIGURED, reply[2] == '4' && reply[1] == '0' ? "auth-login.50x" : "auth-login.534")) << reply;
    auto sent = at_password();
    EXPECT_PLAYS(judged(sent, reply, ABK_TEMPFAIL, ABK_REASON_MISCONFIGURED, reply[1] == '0' ? "auth-plain.50x" : "auth-plain.534")) << reply;
  }
}

TEST(SmtpAuthLogin, ARefusalOfCredentialsIsTheEnd) {
  auto t = server("AUTH PLAIN LOGIN", {"PLAIN", "LOGIN"});
  t.says_secret("AUTH PLAIN " + plain + "\r\n", plain);
  EXPECT_PLAYS(judged(t, "535 5.7.8 no\r\n", ABK_NO, ABK_REASON_WRONG_PASSWORD, "auth-plain.535"));
}

TEST(SmtpAuthLogin, E_05_mechanisms_that_are_not_listed_are_not_used) {
  for (const std::string auth : {"AUTH NTLM GSSAPI XOAUTH2 ANONYMOUS PLAIN-CLIENTTOKEN", "AUTH CRAM-MD5", "AUTH", ""}) {
    auto t = server(auth);
    EXPECT_PLAYS(t.expect(ABK_TEMPFAIL, ABK_REASON_MISCONFIGURED, "local.no-mechanism").stays_ready()) << auth;
  }
}

TEST(SmtpAuthLogin, AServerWithoutEhloHasNoAuth) {
  auto t = story();
  EXPECT_PLAYS(t.upstream("220 old.example.com SMTP\r\n").says(ehlo).upstream("500 what?\r\n").says("HELO broker.example.com\r\n").upstream("250 old.example.com\r\n")
                   .expect(ABK_TEMPFAIL, ABK_REASON_MISCONFIGURED, "local.no-mechanism").stays_ready());
}

}  // namespace
