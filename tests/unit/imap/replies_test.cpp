// Lines of a server, taken apart.
#include "imap/replies.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

using imap::parse_reply;
using imap::sort;
using imap::state;

TEST(ImapReplies, AStatusHasATagACodeAndAText) {
  const auto r = parse_reply("A1 NO [AUTHENTICATIONFAILED] Authentication failed.\r\n");
  EXPECT_EQ(r.what, sort::tagged);
  EXPECT_EQ(r.says, state::no);
  EXPECT_TRUE(r.crlf);
  EXPECT_EQ(r.tag, "A1");
  EXPECT_EQ(r.code, "AUTHENTICATIONFAILED");
  EXPECT_EQ(r.arguments, "");
  EXPECT_EQ(r.text, "Authentication failed.");
  const auto greeting = parse_reply("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready\r\n");
  EXPECT_EQ(greeting.what, sort::untagged);
  EXPECT_EQ(greeting.code, "CAPABILITY");
  EXPECT_EQ(greeting.arguments, "IMAP4rev1 AUTH=PLAIN");
  EXPECT_EQ(greeting.text, "ready");
}

TEST(ImapReplies, TheWordOfAStateIsAWholeWordInAnyCase) {
  for (const char* line : {"A1 OK\r\n", "A1 OK \r\n", "A1 ok hm\r\n", "A1 Ok [X] y\r\n"}) EXPECT_EQ(parse_reply(line).says, state::ok) << line;
  for (const char* line : {"* BYE\r\n", "* bye now\r\n"}) EXPECT_EQ(parse_reply(line).says, state::bye) << line;
  EXPECT_EQ(parse_reply("* PREAUTH ann\r\n").says, state::preauth);
  EXPECT_EQ(parse_reply("A1 BAD what\r\n").says, state::bad);
}

TEST(ImapReplies, D_03_nothing_else_is_a_tagged_reply) {
  for (const std::string line : {"A1 OKAY\r\n", "A1 OK", "A1\r\n", "A1 \r\n", "A1  OK\r\n", " OK\r\n", "OK\r\n", "A1\tOK\r\n", "A1 BYE\r\n", "A1 PREAUTH\r\n", "A1 OK\r\r\n", "A1 235 ok\r\n",
                                 "+A OK x\r\n", "+OK\r\n", "\r\n", "\n", "", "*\r\n", "**\r\n", "235 2.7.0 ok\r\n", "+OKAY OK\r\n"})
    EXPECT_EQ(parse_reply(line).what, sort::nonsense) << line;
}

TEST(ImapReplies, F_08_a_bare_lf_ends_a_line_and_is_seen) {
  EXPECT_FALSE(parse_reply("A1 OK in\n").crlf);
  EXPECT_EQ(parse_reply("A1 OK in\n").what, sort::tagged);
  EXPECT_EQ(parse_reply("A1 OK a\rb\r\n").text, "a\rb");
}

TEST(ImapReplies, D_06_an_unclosed_code_is_text) {
  EXPECT_EQ(parse_reply("A1 NO [UNAVAILABLE x\r\n").code, "");
  EXPECT_EQ(parse_reply("A1 NO [UNAVAILABLE x\r\n").text, "[UNAVAILABLE x");
  EXPECT_EQ(parse_reply("A1 NO [] x\r\n").code, "[]");
  EXPECT_EQ(parse_reply("A1 NO [REFERRAL imap://x/] y\r\n").code, "REFERRAL");
  EXPECT_EQ(parse_reply("A1 NO x [ALERT] y\r\n").code, "");
}

TEST(ImapReplies, F_07_text_keeps_its_bytes) {
  const std::string line("A1 NO [ALERT] a\0b\xff\r\n", 20);
  EXPECT_EQ(parse_reply(line).text, std::string("a\0b\xff", 4));
}

TEST(ImapReplies, AContinuationIsAPlusAndPerhapsAText) {
  EXPECT_EQ(parse_reply("+\r\n").what, sort::continuation);
  EXPECT_EQ(parse_reply("+ \r\n").text, "");
  EXPECT_EQ(parse_reply("+ go ahead\r\n").text, "go ahead");
  EXPECT_EQ(parse_reply("+go\r\n").what, sort::nonsense);
}

TEST(ImapReplies, DataMayAnnounceALiteralAndAStatusMayNot) {
  const auto size = [](const char* line) { return parse_reply(line).literal; };
  EXPECT_EQ(size("* LIST () \"/\" {5}\r\n"), 5U);
  EXPECT_EQ(size("* X {0}\r\n"), 0U);
  EXPECT_EQ(size("* X ~{7+}\n"), 7U);
  EXPECT_EQ(size("* X {99999999999999999999999999}\r\n"), 4294967295U);
  for (const char* line : {"* X {5} \r\n", "* X {}\r\n", "* X {-1}\r\n", "* X {5x}\r\n", "* X 5}\r\n", "* OK x {5}\r\n", "A1 NO {5}\r\n", "+ {5}\r\n"}) EXPECT_FALSE(size(line)) << line;
}

}  // namespace
