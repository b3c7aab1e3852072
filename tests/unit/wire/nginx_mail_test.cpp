// nginx's mail proxy: what it asks, and what it may be told.
#include "wire/nginx_mail.hpp"

#include <gtest/gtest.h>

#include "wire/http_head.hpp"

namespace authbroker {
namespace {

using std::string_literals::operator""s;

// As nginx 1.22 sends it.
std::string login_fields(std::string_view protocol, std::string_view user, std::string_view password, std::string_view more = {}) {
  return "Host: localhost\r\nAuth-Method: plain\r\nAuth-User: " + std::string(user) + "\r\nAuth-Pass: " + std::string(password) + "\r\nAuth-Protocol: " + std::string(protocol) +
         "\r\nAuth-Login-Attempt: 1\r\nClient-IP: 192.0.2.7\r\n" + std::string(more);
}
std::string recipient_fields(std::string_view command) {
  return "Host: localhost\r\nAuth-Method: none\r\nAuth-User: \r\nAuth-Pass: \r\nAuth-Protocol: smtp\r\nAuth-Login-Attempt: 3\r\nClient-IP: 192.0.2.7\r\nClient-Host: "
         "[UNAVAILABLE]\r\nAuth-SMTP-Helo: client.example\r\nAuth-SMTP-From: MAIL FROM:<x@y.example>\r\nAuth-SMTP-To: " +
         std::string(command) + "\r\n";
}

TEST(nginx_mail, ReadsWhatNginxSends) {
  const std::string head = "GET /v1/nginx-mail HTTP/1.0\r\n" + login_fields("imap", "ann@example.com", "a%20b%25+c", "X-Key: k\r\n") + "\r\n";
  http_head_scan scan;
  const auto got = parse_http_head(head, scan);
  ASSERT_EQ(got.what, progress::message);
  const auto asked = parse_nginx_mail(got.head.fields);
  EXPECT_EQ(asked.form, nginx_mail_form::login);
  EXPECT_EQ(asked.protocol, mail_protocol::imap);
  EXPECT_EQ(asked.name, "ann@example.com");
  EXPECT_EQ(asked.password.reveal(), "a b%+c");
  EXPECT_EQ(asked.client, "192.0.2.7");
  EXPECT_EQ(asked.attempt, 1U);
  http_head_scan again;
  const std::string bare = "GET /v1/nginx-mail HTTP/1.0\r\n\r\n";
  EXPECT_EQ(parse_http_head(bare, again).head.fields, "");
}

struct escape_row {
  const char* name;
  std::string coded;
  nginx_mail_form form;
  std::string decoded = {};
};
class nginx_mail_escapes : public ::testing::TestWithParam<escape_row> {};
TEST_P(nginx_mail_escapes, DecodeToOneThingOrToNothing) {
  const auto as_password = parse_nginx_mail(login_fields("pop3", "ann", GetParam().coded)), as_name = parse_nginx_mail(login_fields("pop3", GetParam().coded, "x"));
  EXPECT_EQ(as_password.form, GetParam().form);
  EXPECT_EQ(as_name.form, GetParam().form);
  if (GetParam().form != nginx_mail_form::login) return;
  EXPECT_EQ(as_password.password.reveal(), GetParam().decoded);
  EXPECT_EQ(as_name.name, GetParam().decoded);
}
INSTANTIATE_TEST_SUITE_P(table, nginx_mail_escapes,
                         ::testing::Values(escape_row{"plain", "ann", nginx_mail_form::login, "ann"}, escape_row{"empty", "", nginx_mail_form::login, ""},
                                           escape_row{"plus", "a+b", nginx_mail_form::login, "a+b"}, escape_row{"space", "a%20b", nginx_mail_form::login, "a b"},
                                           escape_row{"percent", "100%25", nginx_mail_form::login, "100%"}, escape_row{"once", "%2541", nginx_mail_form::login, "%41"},
                                           escape_row{"lower_case", "%3a%3A", nginx_mail_form::login, "::"}, escape_row{"nul_A02", "a%00b", nginx_mail_form::login, "a\0b"s},
                                           escape_row{"line_end_A03", "a%0D%0AAuth-Status: OK", nginx_mail_form::login, "a\r\nAuth-Status: OK"},
                                           escape_row{"utf_8", "j\xc3\xb6rg", nginx_mail_form::login, "j\xc3\xb6rg"}, escape_row{"eight_bit", "%ff\xfe", nginx_mail_form::login, "\xff\xfe"},
                                           escape_row{"half", "a%4", nginx_mail_form::malformed}, escape_row{"nothing", "a%", nginx_mail_form::malformed},
                                           escape_row{"no_hex", "%zz", nginx_mail_form::malformed}, escape_row{"sign", "%+1", nginx_mail_form::malformed},
                                           escape_row{"longest", std::string(1024, 'x'), nginx_mail_form::login, std::string(1024, 'x')},
                                           escape_row{"longest_escaped", [] { std::string s; for (int i = 0; i < 1024; ++i) s += "%41"; return s; }(), nginx_mail_form::login, std::string(1024, 'A')},
                                           escape_row{"too_long", std::string(1025, 'x'), nginx_mail_form::too_long},
                                           escape_row{"much_too_long", std::string(30'000, 'x'), nginx_mail_form::too_long}),
                         [](const auto& tested) { return std::string(tested.param.name); });

struct path_row {
  const char* name;
  std::string command;
  nginx_mail_form form;
  std::string address = {};
};
class nginx_mail_recipients : public ::testing::TestWithParam<path_row> {};
TEST_P(nginx_mail_recipients, AreWhatTheServerBehindWouldRead) {
  const auto asked = parse_nginx_mail(recipient_fields(GetParam().command));
  EXPECT_EQ(asked.form, GetParam().form);
  if (GetParam().form == nginx_mail_form::recipient) {
    EXPECT_EQ(asked.name, GetParam().address);
    EXPECT_EQ(asked.attempt, 3U);
    EXPECT_TRUE(asked.password.empty());
  }
}
INSTANTIATE_TEST_SUITE_P(
    table, nginx_mail_recipients,
    ::testing::Values(path_row{"usual", "RCPT TO:<ann@example.com>", nginx_mail_form::recipient, "ann@example.com"},
                      path_row{"lower_case_and_space", "rcpt to: <ann@example.com>", nginx_mail_form::recipient, "ann@example.com"},
                      path_row{"parameters", "RCPT TO:<ann@example.com> NOTIFY=NEVER ORCPT=rfc822;x", nginx_mail_form::recipient, "ann@example.com"},
                      path_row{"bare", "RCPT TO:ann@example.com NOTIFY=NEVER", nginx_mail_form::recipient, "ann@example.com"},
                      path_row{"quoted", "RCPT TO:<\"a>b \\\" c\"@example.com>", nginx_mail_form::recipient, "\"a>b \\\" c\"@example.com"},
                      path_row{"percent_is_itself", "RCPT TO:<ann%41@example.com>", nginx_mail_form::recipient, "ann%41@example.com"},
                      path_row{"source_route", "RCPT TO:<@a.example,@b.example:ann@example.com>", nginx_mail_form::recipient, "ann@example.com"},
                      path_row{"nobody", "RCPT TO:<>", nginx_mail_form::recipient, ""}, path_row{"open", "RCPT TO:<ann@example.com", nginx_mail_form::malformed},
                      path_row{"open_quote", "RCPT TO:<\"ann@example.com>", nginx_mail_form::malformed}, path_row{"escape_at_the_end", "RCPT TO:<\"a\\", nginx_mail_form::malformed},
                      path_row{"route_without_end", "RCPT TO:<@a.example>", nginx_mail_form::malformed}, path_row{"no_path", "RCPT TO:", nginx_mail_form::malformed},
                      path_row{"another_command", "MAIL FROM:<ann@example.com>", nginx_mail_form::malformed}, path_row{"nothing", "", nginx_mail_form::malformed}),
    [](const auto& tested) { return std::string(tested.param.name); });

TEST(nginx_mail, OfADigestNobodyCanBeAsked) {
  for (const std::string_view method : {"apop", "cram-md5", "external"}) {
    const std::string fields = "Auth-Method: " + std::string(method) + "\r\nAuth-User: ann\r\nAuth-Salt: <1@x>\r\nAuth-Pass: 00112233445566778899aabbccddeeff\r\nAuth-Protocol: pop3\r\n";
    const auto asked = parse_nginx_mail(fields);
    EXPECT_EQ(asked.form, nginx_mail_form::digest);
    EXPECT_EQ(asked.method, method);
    EXPECT_TRUE(asked.password.empty());
  }
}

TEST(nginx_mail, WhatIsNotNginxsIsMalformed) {
  const std::string good = login_fields("imap", "ann", "x");
  EXPECT_EQ(parse_nginx_mail(good).form, nginx_mail_form::login);
  for (const char* again : {"Auth-Method: plain", "auth-method: none", "Auth-User: bob", "AUTH-PASS: y", "Auth-Protocol: imap", "Auth-Login-Attempt: 2", "Client-IP: 192.0.2.8"})
    EXPECT_EQ(parse_nginx_mail(good + again + "\r\n").form, nginx_mail_form::malformed) << again;
  for (const char* odd : {"", "Host: localhost\r\n", "Auth-Method: plain\r\nAuth-User: ann\r\nAuth-Pass: x\r\n", "Auth-Method: plain\r\nAuth-Protocol: imap\r\nAuth-User: ann\r\n",
                          "Auth-Method: plain\r\nAuth-Protocol: imap\r\nAuth-Pass: x\r\n", "Auth-Method: PLAIN\r\nAuth-Protocol: imap\r\nAuth-User: ann\r\nAuth-Pass: x\r\n",
                          "Auth-Method: plain\r\nAuth-Protocol: http\r\nAuth-User: ann\r\nAuth-Pass: x\r\n", "Auth-Method: none\r\nAuth-Protocol: smtp\r\n",
                          "Auth-Method: none\r\nAuth-Protocol: imap\r\nAuth-SMTP-To: RCPT TO:<a@b.example>\r\n",
                          "Auth-Method: plain\r\nAuth-Protocol: imap\r\nAuth-User: ann\r\nAuth-Pass: x\r\nAuth-Login-Attempt: -1\r\n"})
    EXPECT_EQ(parse_nginx_mail(odd).form, nginx_mail_form::malformed) << odd;
}

// Replies.

answer found(verdict v, reason r = reason::none) {
  answer a;
  a.found.what = v;
  a.found.why = r;
  a.identity = a.login_name = "ann@example.com";
  a.server = "127.0.0.1:1143";
  if (const verdict_row* row = find_row(v, r)) a.text = row->told;
  return a;
}
nginx_mail_request a_login(mail_protocol p, std::uint32_t attempt = 1) {
  nginx_mail_request asked;
  asked.form = nginx_mail_form::login;
  asked.protocol = p;
  asked.name = "ann@example.com";
  asked.attempt = attempt;
  return asked;
}
nginx_mail_request a_recipient(std::uint32_t attempt = 1) {
  nginx_mail_request asked = a_login(mail_protocol::smtp, attempt);
  asked.form = nginx_mail_form::recipient;
  return asked;
}
// "Auth-Status: ...; Auth-Server: ..."
std::string said(const nginx_mail_request& asked, const answer& a) {
  const http_reply r = nginx_mail_reply(asked, a);
  EXPECT_EQ(r.status, 200U);
  EXPECT_EQ(r.body, "");
  std::string whole, fields;
  append_reply(whole, r, {.keep_alive = false, .version_1_1 = false, .head_only = false});
  EXPECT_LE(whole.size(), 1024U) << whole;
  for (const http_field& f : r.fields) {
    EXPECT_NE(whole.find("\r\n" + std::string(f.name) + ": " + f.value + "\r\n"), std::string::npos) << "a field that is left out could make nginx take a no for a yes";
    fields += (fields.empty() ? "" : "; ") + std::string(f.name) + ": " + f.value;
  }
  return fields;
}
constexpr std::string_view wrong = "The address or the password is not right.", later = "This cannot be checked at the moment. Please try again later.";

TEST(nginx_mail_reply, AYesSaysWhereToGo_G01) {
  EXPECT_EQ(said(a_login(mail_protocol::imap), found(verdict::accept)), "Auth-Status: OK; Auth-Server: 127.0.0.1; Auth-Port: 1143");
  EXPECT_EQ(said(a_recipient(), found(verdict::exists)), "Auth-Status: OK; Auth-Server: 127.0.0.1; Auth-Port: 1143");
  EXPECT_EQ(said(a_recipient(), found(verdict::unverifiable, reason::not_checked)), "Auth-Status: OK; Auth-Server: 127.0.0.1; Auth-Port: 1143");
  answer v6 = found(verdict::accept);
  v6.server = "[::1]:143";
  EXPECT_EQ(said(a_login(mail_protocol::imap), v6), "Auth-Status: OK; Auth-Server: ::1; Auth-Port: 143");
}

TEST(nginx_mail_reply, TheServerIsToldTheNameThatItKnows) {
  answer a = found(verdict::accept);
  a.login_name = "ann";
  a.identity = "ann@example.org";
  EXPECT_EQ(said(a_login(mail_protocol::imap), a), "Auth-Status: OK; Auth-Server: 127.0.0.1; Auth-Port: 1143; Auth-User: ann");
  EXPECT_EQ(said(a_login(mail_protocol::pop3), a), "Auth-Status: OK; Auth-Server: 127.0.0.1; Auth-Port: 1143; Auth-User: ann");
  EXPECT_EQ(said(a_login(mail_protocol::smtp), a), "Auth-Status: OK; Auth-Server: 127.0.0.1; Auth-Port: 1143; Auth-User: ann@example.org");
  EXPECT_EQ(said(a_recipient(), found(verdict::exists)).find("Auth-User"), std::string::npos);
}

TEST(nginx_mail_reply, ANoHasEachProtocolsWords) {
  const answer no = found(verdict::reject, reason::wrong_password);
  EXPECT_EQ(said(a_login(mail_protocol::imap), no), "Auth-Status: [AUTHENTICATIONFAILED] " + std::string(wrong) + "; Auth-Wait: 2");
  EXPECT_EQ(said(a_login(mail_protocol::pop3), no), "Auth-Status: [AUTH] " + std::string(wrong) + "; Auth-Wait: 2");
  EXPECT_EQ(said(a_login(mail_protocol::smtp), no), "Auth-Status: " + std::string(wrong) + "; Auth-Error-Code: 535 5.7.8; Auth-Wait: 2");
  EXPECT_EQ(said(a_login(mail_protocol::imap), found(verdict::no_route, reason::no_route)), said(a_login(mail_protocol::imap), no));
  for (const reason r : {reason::no_such_user, reason::account_locked, reason::account_disabled, reason::known_wrong})
    EXPECT_EQ(said(a_login(mail_protocol::imap), found(verdict::reject, r)), said(a_login(mail_protocol::imap), no)) << "strangers read this";
  EXPECT_EQ(said(a_login(mail_protocol::imap), found(verdict::reject, reason::password_expired)), "Auth-Status: [EXPIRED] Your password has expired.; Auth-Wait: 2");
  EXPECT_EQ(said(a_recipient(), found(verdict::absent)), "Auth-Status: The address does not exist.; Auth-Error-Code: 550 5.1.1; Auth-Wait: 1");
  EXPECT_TRUE(said(a_recipient(), found(verdict::no_route, reason::no_route)).ends_with("Auth-Error-Code: 550 5.7.1; Auth-Wait: 1"));
}

TEST(nginx_mail_reply, TroubleHasEachProtocolsTemporaryWords_G08) {
  const answer down = found(verdict::tempfail, reason::upstream_down);
  EXPECT_EQ(said(a_login(mail_protocol::imap), down), "Auth-Status: [UNAVAILABLE] " + std::string(later));
  EXPECT_EQ(said(a_login(mail_protocol::pop3), down), "Auth-Status: [SYS/TEMP] " + std::string(later));
  EXPECT_EQ(said(a_login(mail_protocol::smtp), down), "Auth-Status: " + std::string(later) + "; Auth-Error-Code: 451 4.3.0");
  EXPECT_EQ(said(a_recipient(), down), "Auth-Status: " + std::string(later) + "; Auth-Error-Code: 451 4.3.0; Auth-Wait: 1");
}

TEST(nginx_mail_reply, GuessersAreHungUpOn) {
  const answer no = found(verdict::reject, reason::wrong_password);
  EXPECT_NE(said(a_login(mail_protocol::pop3, 9), no).find("Auth-Wait"), std::string::npos);
  EXPECT_EQ(said(a_login(mail_protocol::pop3, 10), no).find("Auth-Wait"), std::string::npos);
  EXPECT_NE(said(a_recipient(99), found(verdict::absent)).find("Auth-Wait"), std::string::npos);
  EXPECT_EQ(said(a_recipient(100), found(verdict::absent)).find("Auth-Wait"), std::string::npos);
}

TEST(nginx_mail_reply, OnlyTheQuestionsOwnYesIsAYes_G01) {
  for (const verdict_row& row : verdict_table()) {
    const bool yes_login = row.what == verdict::accept, yes_mailbox = row.what == verdict::exists || row.what == verdict::unverifiable;
    EXPECT_EQ(said(a_login(mail_protocol::imap), found(row.what, row.why)).starts_with("Auth-Status: OK;"), yes_login) << name(row.what);
    EXPECT_EQ(said(a_recipient(), found(row.what, row.why)).starts_with("Auth-Status: OK;"), yes_mailbox) << name(row.what);
    nginx_mail_request digest = a_login(mail_protocol::pop3);
    digest.form = nginx_mail_form::digest;
    EXPECT_FALSE(said(digest, found(row.what, row.why)).starts_with("Auth-Status: OK")) << name(row.what);
  }
  // Of a login, a verdict about mailboxes is a defect; and the other way round.
  for (const verdict v : {verdict::exists, verdict::absent}) EXPECT_NE(said(a_login(mail_protocol::imap), found(v)).find("[UNAVAILABLE]"), std::string::npos);
  EXPECT_NE(said(a_recipient(), found(verdict::reject, reason::wrong_password)).find("451 4.3.0"), std::string::npos);
}

TEST(nginx_mail_reply, AYesThatLeadsNowhereIsTrouble) {
  for (const char* server : {"", "127.0.0.1", ":143", "127.0.0.1:"}) {
    answer a = found(verdict::accept);
    a.server = server;
    EXPECT_TRUE(said(a_login(mail_protocol::imap), a).starts_with("Auth-Status: [UNAVAILABLE] ")) << server;
  }
  answer a = found(verdict::accept);
  a.login_name = std::string(900, 'x');
  EXPECT_TRUE(said(a_login(mail_protocol::imap), a).starts_with("Auth-Status: [UNAVAILABLE] ")) << "more than nginx reads";
  a.login_name = "ann\r\nAuth-Server: 203.0.113.1";
  EXPECT_TRUE(said(a_login(mail_protocol::imap), a).starts_with("Auth-Status: [UNAVAILABLE] "));
}

TEST(nginx_mail_reply, ANameIsNoFurtherXclientAttribute) {
  answer a = found(verdict::accept);
  a.identity = a.login_name = "ann ADDR=192.0.2.1@example.com";
  nginx_mail_request smtp = a_login(mail_protocol::smtp), imap = a_login(mail_protocol::imap);
  smtp.name = imap.name = a.identity;
  EXPECT_TRUE(said(smtp, a).ends_with("Auth-Error-Code: 451 4.3.0")) << said(smtp, a);
  EXPECT_FALSE(leads_on(nginx_mail_reply(smtp, a)));
  EXPECT_EQ(said(imap, a), "Auth-Status: OK; Auth-Server: 127.0.0.1; Auth-Port: 1143");
  EXPECT_TRUE(leads_on(nginx_mail_reply(imap, a)));
}

TEST(nginx_mail_reply, NoTextIsACommand_K17) {
  answer no = found(verdict::reject, reason::wrong_password);
  for (const std::string_view text : {"OK", "WAIT", ""}) {
    no.text = text;
    const std::string all = said(a_login(mail_protocol::smtp), no);
    EXPECT_TRUE(all.starts_with("Auth-Status: " + std::string(text) + " Not accepted.;")) << all;
  }
  no.text = "two\r\nlines \xc3\xa9 " + std::string(5000, 'x');
  const std::string all = said(a_login(mail_protocol::pop3), no);
  EXPECT_TRUE(all.starts_with("Auth-Status: [AUTH] two??lines ?? xxx")) << all;
}

}  // namespace
}  // namespace authbroker
