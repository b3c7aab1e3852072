// What nginx's mail proxy gets on /v1/nginx-mail.
#include "unit/front/fixture.hpp"

namespace authbroker::testing_front {
namespace {

class nginx_mail : public front_fixture {
 protected:
  nginx_mail() { asker_.extra.server = "127.0.0.1:1143"; }
};

std::string mail(std::string_view method, std::string_view protocol, std::string_view user, std::string_view password, std::string_view more = {}) {
  return "GET /v1/nginx-mail HTTP/1.0\r\nHost: localhost\r\nAuth-Method: " + std::string(method) + "\r\nAuth-User: " + std::string(user) + "\r\nAuth-Pass: " + std::string(password) +
         "\r\nAuth-Protocol: " + std::string(protocol) + "\r\nAuth-Login-Attempt: 1\r\nClient-IP: 192.0.2.7\r\n" + std::string(more) + "\r\n";
}
std::string recipient(std::string_view address) { return mail("none", "smtp", "", "", "Auth-SMTP-To: RCPT TO:<" + std::string(address) + ">\r\n"); }

TEST_F(nginx_mail, AsksWhatWasTyped) {
  rules_.trust_client_all = true;
  rules_.default_domain = "example.net";
  start();
  caller c = connect();
  c.send(mail("plain", "imap", "ann@example.com", "ri%67ht"));
  const std::string reply = c.receive_all();
  EXPECT_EQ(status_of(reply), 200U);
  EXPECT_TRUE(has(reply, "\r\nAuth-Status: OK\r\nAuth-Server: 127.0.0.1\r\nAuth-Port: 1143\r\n")) << reply;
  EXPECT_TRUE(has(reply, "Connection: close\r\n")) << reply;
  const auto asked = asker_.questions().at(0);
  EXPECT_EQ(asked.kind, question_kind::login);
  EXPECT_EQ(asked.address, "ann@example.com");
  EXPECT_EQ(asked.password, "right");
  EXPECT_EQ(asked.client, "192.0.2.7");
  EXPECT_TRUE(asked.client_believed);
  EXPECT_EQ(asked.service, "imap");
  EXPECT_EQ(asked.default_domain, "example.net");
  EXPECT_EQ(asked.server_for, mail_protocol::imap);
}

TEST_F(nginx_mail, AsksForARecipient) {
  start();
  caller c = connect();
  c.send(recipient("ann@example.com"));
  EXPECT_TRUE(has(c.receive_all(), "Auth-Status: OK\r\n"));
  caller d = connect();
  d.send(recipient("nobody@example.com"));
  EXPECT_TRUE(has(d.receive_all(), "Auth-Error-Code: 550 5.1.1\r\n"));
  EXPECT_EQ(asker_.logged(), ":");
  const auto asked = asker_.questions();
  ASSERT_EQ(asked.size(), 2U);
  EXPECT_EQ(asked[0].kind, question_kind::mailbox);
  EXPECT_EQ(asked[0].password, "");
  EXPECT_EQ(asked[0].service, "smtp");
  EXPECT_FALSE(asked[0].client_believed);
}

TEST_F(nginx_mail, TheLogHearsWhatWasTold) {
  start();
  for (const auto& [request, said] : std::vector<std::pair<std::string, std::string>>{{recipient("cannot@example.com"), ":exists"}, {recipient("ann@nowhere"), ":absent"}, {mail("plain", "imap", "a@nowhere", "right"), ":reject"}}) {
    const caller c = connect();
    c.send(request);
    c.receive_all();
    EXPECT_EQ(asker_.logged(), said) << request;
  }
}

struct mail_case {
  const char* name;
  std::string request;
  const char* has;
};
class nginx_mail_verdicts : public nginx_mail, public ::testing::WithParamInterface<mail_case> {};
TEST_P(nginx_mail_verdicts, AreSaidInFieldsAlone_G08) {
  start();
  caller c = connect();
  c.send(GetParam().request);
  const std::string reply = c.receive_all();
  EXPECT_EQ(status_of(reply), 200U) << reply;
  EXPECT_TRUE(has(reply, GetParam().has)) << reply;
  EXPECT_FALSE(has(reply, "Auth-Server")) << reply;
  EXPECT_TRUE(reply.ends_with("\r\n\r\n")) << reply;
}
INSTANTIATE_TEST_SUITE_P(table, nginx_mail_verdicts,
                         ::testing::Values(mail_case{"reject", mail("plain", "imap", "a@b", "wrong"), "Auth-Status: [AUTHENTICATIONFAILED] "},
                                           mail_case{"locked", mail("plain", "pop3", "a@b", "locked"), "Auth-Status: [AUTH] The address or the password is not right.\r\n"},
                                           mail_case{"no_route", mail("plain", "smtp", "a@nowhere", "right"), "Auth-Error-Code: 535 5.7.8\r\n"},
                                           mail_case{"tempfail", mail("plain", "smtp", "a@b", "broken"), "Auth-Error-Code: 451 4.3.0\r\n"},
                                           mail_case{"too_long", mail("plain", "imap", "a@b", std::string(1025, 'x')), "Auth-Status: [AUTHENTICATIONFAILED] "},
                                           mail_case{"digest", mail("apop", "pop3", "a@b", "0011", "Auth-Salt: <1@x>\r\n"), "Auth-Status: [SYS/TEMP] "}),
                         [](const auto& tested) { return std::string(tested.param.name); });

TEST_F(nginx_mail, ErrorsSayNothingThatNginxTakesForAnAnswer) {
  start();
  for (const std::string& request : {mail("plain", "imap", "a@b", "%zz"), get("/v1/nginx-mail"), mail("plain", "imap", "a@b", "right", "Auth-User: c@d\r\n"),
                                     get("/v1/nginx-mail/"), get("/v1/nginx-mail?x")}) {
    caller c = connect();
    c.send(request);
    const std::string reply = c.receive_all();
    EXPECT_GE(status_of(reply), 400U) << reply;
    EXPECT_FALSE(has(reply, "Auth-")) << reply;
  }
  EXPECT_TRUE(asker_.questions().empty());
}

TEST_F(nginx_mail, OnlyAllowedQuestionsAreAsked_S17) {
  rules_.allow = {permission::mailbox};
  start();
  caller c = connect();
  c.send(mail("plain", "imap", "a@b", "right"));
  EXPECT_TRUE(has(c.receive_all(), "Auth-Status: [UNAVAILABLE] ")) << "the listener's fault is not the user's";
  EXPECT_TRUE(asker_.questions().empty());
  EXPECT_TRUE(has(log_text(), "nginx_mail_refused listener=portal protocol=imap not_allowed=login")) << log_text();
  caller d = connect();
  d.send(recipient("ann@example.com"));
  EXPECT_TRUE(has(d.receive_all(), "Auth-Status: OK\r\n"));
}

TEST_F(nginx_mail, ADigestIsTheOperatorsBusiness) {
  start();
  caller c = connect();
  c.send(mail("cram-md5", "imap", "a@b", "0011"));
  c.receive_all();
  EXPECT_TRUE(has(log_text(), "nginx_mail_refused listener=portal protocol=imap method=cram-md5")) << log_text();
  EXPECT_TRUE(asker_.questions().empty());
}

TEST_F(nginx_mail, AYesThatNginxCannotPassOnIsLogged) {
  start();
  caller c = connect();
  c.send(mail("plain", "smtp", "ann%20ADDR=192.0.2.1@example.com", "right"));
  EXPECT_TRUE(has(c.receive_all(), "Auth-Error-Code: 451 4.3.0\r\n"));
  EXPECT_TRUE(has(log_text(), "nginx_mail_refused listener=portal protocol=smtp not_carried=")) << log_text();
}

TEST_F(nginx_mail, ANoWaitsForTheFloor_S10) {
  parts_.times.floor = 200ms;
  start();
  for (const std::string& request : {mail("plain", "imap", "a@b", "wrong"), mail("plain", "imap", "a@nowhere", "right"), mail("plain", "imap", "a@b", std::string(1025, 'x'))}) {
    const auto began = steady::now();
    caller c = connect();
    c.send(request);
    c.receive_all();
    EXPECT_GE(steady::now() - began, 200ms);
  }
}

TEST_F(nginx_mail, WantsItsTokenOnTcp_K11) {
  rules_.address.is_unix = false;
  rules_.token = secret("s3cret-token");
  start();
  caller c = connect();
  c.send(mail("plain", "imap", "a@b", "right"));
  EXPECT_EQ(status_of(c.receive_all()), 403U);
  caller d = connect();
  d.send(mail("plain", "imap", "a@b", "right", "X-Authbroker-Token: s3cret-token\r\n"));
  EXPECT_TRUE(has(d.receive_all(), "Auth-Status: OK\r\n"));
}

}  // namespace
}  // namespace authbroker::testing_front
