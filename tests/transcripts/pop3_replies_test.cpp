// The server's words, taken apart: tables of what they say.
#include <gtest/gtest.h>

#include <string>

#include "pop3/replies.hpp"

namespace {

using pop3::status;

struct reply_row {
  std::string_view line;
  status what;
  bool crlf;
  std::string_view code, text;
};

TEST(Pop3Replies, AStatusLineIsTakenApart) {
  const reply_row rows[] = {
      {"+OK\r\n", status::ok, true, "", ""},
      {"+OK \r\n", status::ok, true, "", ""},
      {"+OK Logged in.\r\n", status::ok, true, "", "Logged in."},
      {"+OK  two blanks\r\n", status::ok, true, "", " two blanks"},
      {"+OK [XCLIENT] ready\r\n", status::ok, true, "XCLIENT", "ready"},
      {"+OK\n", status::ok, false, "", ""},
      {"-ERR\r\n", status::err, true, "", ""},
      {"-ERR no\r\n", status::err, true, "", "no"},
      {"-ERR no\n", status::err, false, "", "no"},
      {"-ERR [AUTH] no\r\n", status::err, true, "AUTH", "no"},
      {"-ERR [SYS/TEMP]no blank\r\n", status::err, true, "SYS/TEMP", "no blank"},
      {"-ERR [AUTH no\r\n", status::err, true, "", "[AUTH no"},
      {"-ERR [] no\r\n", status::err, true, "[]", "no"},
      {"-ERR no [AUTH]\r\n", status::err, true, "", "no [AUTH]"},
      {"-ERR  [AUTH]\r\n", status::err, true, "", " [AUTH]"},
      {"+ \r\n", status::challenge, true, "", ""},
      {"+ VXNlcm5hbWU6\r\n", status::challenge, true, "", "VXNlcm5hbWU6"},
  };
  for (const reply_row& row : rows) {
    const pop3::reply found = pop3::parse_reply(row.line);
    EXPECT_EQ(found.what, row.what) << row.line;
    EXPECT_EQ(found.crlf, row.crlf) << row.line;
    EXPECT_EQ(found.code, row.code) << row.line;
    EXPECT_EQ(found.text, row.text) << row.line;
  }
}

TEST(Pop3Replies, D_03_nothing_else_is_a_status) {
  for (const std::string_view line : {"+OKAY\r\n", "+OKwelcome\r\n", "+ok\r\n", "+Ok\r\n", " +OK\r\n", "+OK\tx\r\n", "+OK\r\r\n", "+OK\r", "+OK", "", "\n", "\r\n", "+\r\n", "OK\r\n", "-err\r\n",
                                      "-ERROR\r\n", "-ERR\tx\r\n", "250 ok\r\n", "* OK\r\n", "HTTP/1.1 200 OK\r\n", "-ERR [AUTH] cut"})
    EXPECT_EQ(pop3::parse_reply(line).what, status::nonsense) << line;
  EXPECT_EQ(pop3::parse_reply(std::string_view("+OK\0\r\n", 6)).what, status::nonsense);
}

TEST(Pop3Replies, F_07_text_keeps_its_bytes) {
  EXPECT_EQ(pop3::parse_reply(std::string_view("-ERR a\0b\xff\r\n", 11)).text, std::string_view("a\0b\xff", 4));
  EXPECT_EQ(pop3::parse_reply("-ERR a\rb\r\n").text, "a\rb");
}

TEST(Pop3Replies, D_06_codes_are_compared_by_their_levels_and_without_case) {
  EXPECT_TRUE(pop3::code_is("AUTH", "AUTH"));
  EXPECT_TRUE(pop3::code_is("auth", "AUTH"));
  EXPECT_TRUE(pop3::code_is("SYS/TEMP", "SYS"));
  EXPECT_TRUE(pop3::code_is("sys/temp/disk", "SYS/TEMP"));
  EXPECT_FALSE(pop3::code_is("SYS", "SYS/TEMP"));
  EXPECT_FALSE(pop3::code_is("SYSTEM", "SYS"));
  EXPECT_FALSE(pop3::code_is("AUTHX", "AUTH"));
  EXPECT_FALSE(pop3::code_is("", "AUTH"));
}

TEST(Pop3Apop, D_02_only_a_msg_id_is_a_timestamp) {
  struct row {
    std::string greeting;
    std::string_view stamp;
  };
  const row rows[] = {
      {"+OK POP3 server ready <1896.697170952@dbc.mtview.ca.us>\r\n", "<1896.697170952@dbc.mtview.ca.us>"},
      {"+OK Dovecot (Debian) ready. <2140.1.6b01f623.iLpd3eJFB6+X9osp3Sj4JQ==@vm>\r\n", "<2140.1.6b01f623.iLpd3eJFB6+X9osp3Sj4JQ==@vm>"},
      {"+OK <a@b> hello\r\n", "<a@b>"},
      {"+OK hello\r\n", ""},
      {"+OK <>\r\n", ""},
      {"+OK <@>\r\n", ""},
      {"+OK <a@>\r\n", ""},
      {"+OK <@b>\r\n", ""},
      {"+OK <ab>\r\n", ""},
      {"+OK <a b@c>\r\n", ""},
      {"+OK <a\tb@c>\r\n", ""},
      {"+OK <a@b@c>\r\n", ""},
      {"+OK <\x80\x81@c>\r\n", ""},
      {std::string("+OK <a\0b@c>\r\n", 13), ""},
      {"+OK <a@b> <c@d>\r\n", ""},
      {"+OK <a@b\r\n", ""},
      {"+OK a@b>\r\n", ""},
      {"+OK <<a@b>\r\n", ""},
      {"+OK <a@b>>\r\n", ""},
      {"+OK <a(x)@b>\r\n", ""},
      {"+OK <\"a\"@b>\r\n", ""},
      {"+OK <" + std::string(509, 'a') + "@b>\r\n", ""},
  };
  for (const row& r : rows) EXPECT_EQ(pop3::apop_timestamp(r.greeting), r.stamp) << r.greeting;
  EXPECT_EQ(pop3::apop_timestamp("+OK <" + std::string(508, 'a') + "@>\r\n"), "");
  EXPECT_EQ(pop3::apop_timestamp("+OK <" + std::string(508, 'a') + "@b>\r\n").size(), 512U);
}

TEST(Pop3Capabilities, LinesAddUp) {
  pop3::capabilities can;
  for (const std::string_view line : {"TOP", "user", "STLS", "SASL CRAM-MD5 login\tPLAIN", "AUTH-RESP-CODE", "RESP-CODES", "LOGIN-DELAY 10 USER", "EXPIRENEVER", "", " ", "X-\xff"}) pop3::add_capability(can, line);
  EXPECT_TRUE(can.user);
  EXPECT_TRUE(can.stls);
  EXPECT_TRUE(can.plain);
  EXPECT_TRUE(can.login);
  EXPECT_TRUE(can.auth_resp_code);
  EXPECT_EQ(can.login_delay_s, 10U);
}

TEST(Pop3Capabilities, NothingIsAnnouncedByHalf) {
  pop3::capabilities can;
  for (const std::string_view line : {"USERS", "XUSER", "STLSX", "SASL", "SASLPLAIN", "SASL PLAINTEXT XLOGIN PLAIN-CLIENTTOKEN", "AUTH-RESP-CODES", "LOGIN-DELAY", "LOGIN-DELAY x"}) pop3::add_capability(can, line);
  EXPECT_FALSE(can.user || can.stls || can.plain || can.login || can.auth_resp_code);
  EXPECT_EQ(can.login_delay_s, 0U);
  pop3::add_capability(can, "LOGIN-DELAY 99999999999999999999");
  EXPECT_EQ(can.login_delay_s, 86'400U);
}

}  // namespace
