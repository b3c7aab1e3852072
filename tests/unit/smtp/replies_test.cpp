// Replies of SMTP servers, taken apart line by line and out of a stream.
#include <gtest/gtest.h>
#include <smtp/replies.hpp>

#include <string>
#include <vector>

namespace {

using smtp::enhanced;
using smtp::reply;

reply one(std::string_view text) {
  const smtp::taken got = smtp::take_reply(text);
  EXPECT_EQ(got.bytes, text.size()) << text;
  return got.said;
}

TEST(SmtpReplies, OneLine) {
  const reply said = one("235 2.7.0 Authentication successful\r\n");
  EXPECT_EQ(said.code, 235);
  EXPECT_EQ(said.status, (enhanced{2, 7, 0}));
  EXPECT_TRUE(said.crlf);
  EXPECT_FALSE(said.contradicts);
  EXPECT_EQ(said.text, "2.7.0 Authentication successful");
  EXPECT_EQ(smtp::in_words(said), "235 2.7.0 Authentication successful");
}

TEST(SmtpReplies, SeveralLines) {
  const reply said = one("250-mail.example.com\r\n250-SIZE 1000\r\n250 DSN\r\n");
  EXPECT_EQ(said.code, 250);
  EXPECT_EQ(said.text, "mail.example.com\nSIZE 1000\nDSN");
  EXPECT_FALSE(said.status);
  EXPECT_EQ(smtp::in_words(said), "250 mail.example.com SIZE 1000 DSN");
}

TEST(SmtpReplies, TheTextAndItsBlankMayBeMissing) {
  EXPECT_EQ(one("235\r\n").code, 235);
  EXPECT_EQ(one("235 \r\n").text, "");
  EXPECT_EQ(one("250-\r\n250\r\n").text, "\n");
}

struct row {
  std::string name, line;
  bool no_digits = false;
};
TEST(SmtpReplies, E_07_WhatIsNoReply) {
  const std::vector<row> rows{{"E-07 four digits", "2350 2.7.0 ok\r\n"},
                              {"E-07 two digits", "23 ok\r\n"},
                              {"E-07 letters", "abc\r\n", true},
                              {"E-07 no blank", "235ok\r\n"},
                              {"E-07 a tab", "235\tok\r\n"},
                              {"E-07 a blank before", " 235 ok\r\n", true},
                              {"E-07 other digits", "\xd9\xa2\xd9\xa3\xd9\xa5 ok\r\n", true},
                              {"E-07 first digit 1", "135 ok\r\n"},
                              {"E-07 first digit 6", "635 ok\r\n"},
                              {"E-07 nothing", "\r\n", true},
                              {"E-07 a sign", "+235 ok\r\n", true},
                              {"E-07 another protocol", "+OK hello\r\n", true}};
  for (const row& r : rows) {
    const reply said = one(r.line);
    EXPECT_EQ(said.code, 0) << r.name;
    EXPECT_EQ(said.no_digits, r.no_digits) << r.name;
    EXPECT_EQ(said.text, "") << r.name;
  }
}

TEST(SmtpReplies, E_01_TheCodesOfAllLinesAreEqual) {
  for (const std::string text : {"235-2.7.0 ok\r\n535 5.7.8 no\r\n", "250-a\r\n250-b\r\n251 c\r\n"}) EXPECT_EQ(one(text).code, 0) << text;
}

TEST(SmtpReplies, F_08_BareLineFeedsEndLinesAndAreSeen) {
  EXPECT_FALSE(one("235 ok\n").crlf);
  EXPECT_FALSE(one("235-ok\n235 ok\r\n").crlf);
  EXPECT_FALSE(one("235-ok\r\n235 ok\n").crlf);
  const reply twice = one("235 ok\r\r\n");
  EXPECT_EQ(twice.text, "ok\r");
  EXPECT_TRUE(twice.crlf);
  EXPECT_EQ(one("235 ok\r235 ok\r\n").text, "ok\r235 ok");
  EXPECT_EQ(one("235\r\r\n").code, 0);
}

TEST(SmtpReplies, F_07_TextKeepsItsBytes) {
  using namespace std::string_literals;
  const std::string junk = "535 \0\xff\x01 235 ok\r\n"s;
  const reply said = one(junk);
  EXPECT_EQ(said.code, 535);
  EXPECT_EQ(said.text, "\0\xff\x01 235 ok"s);
  EXPECT_EQ(one("535\0 235\r\n"s).code, 0);
}

TEST(SmtpReplies, StatusCodes) {
  EXPECT_EQ(smtp::parse_status("5.7.8 no"), (enhanced{5, 7, 8}));
  EXPECT_EQ(smtp::parse_status("5.7.139"), (enhanced{5, 7, 139}));
  EXPECT_EQ(smtp::parse_status("4.0.0 x"), (enhanced{4, 0, 0}));
  for (const std::string_view text : {"", "5", "5.7", "5.7.", "5.7.8x", "5.7.8.1", "3.1.1 x", "5 7 8", " 5.7.8", "5..8 x", "5.1234.1 x", "5.1.1234 x", "55.1.1 x", "-5.1.1", "5.a.1 x"})
    EXPECT_FALSE(smtp::parse_status(text)) << text;
}

TEST(SmtpReplies, E_07_StatusCodesThatContradict) {
  EXPECT_TRUE(one("250 5.1.1 ok\r\n").contradicts);
  EXPECT_FALSE(one("250 5.1.1 ok\r\n").status);
  EXPECT_TRUE(one("550-5.7.1 blocked\r\n550 5.1.1 unknown\r\n").contradicts);
  EXPECT_TRUE(one("550-4.7.1 later\r\n550 5.1.1 unknown\r\n").contradicts);
  const reply first_only = one("535-5.7.8 no\r\n535 really\r\n");
  EXPECT_FALSE(first_only.contradicts);
  EXPECT_EQ(first_only.status, (enhanced{5, 7, 8}));
  EXPECT_EQ(one("550-5.1.1 a\r\n550 5.1.1 b\r\n").status, (enhanced{5, 1, 1}));
}

TEST(SmtpReplies, OutOfAStreamAtEverySplit) {
  const std::string stream = "250-a\r\n250 5.1\r\n550 5.1.1 no\r\nrest";
  for (std::size_t n = 0; n < 15; ++n) EXPECT_EQ(smtp::take_reply(std::string_view(stream).substr(0, n)).bytes, 0U) << n;
  const smtp::taken first = smtp::take_reply(stream);
  EXPECT_EQ(first.bytes, 16U);
  const smtp::taken second = smtp::take_reply(std::string_view(stream).substr(16));
  EXPECT_EQ(second.bytes, 14U);
  EXPECT_EQ(second.said.status, (enhanced{5, 1, 1}));
  EXPECT_EQ(smtp::take_reply("rest").bytes, 0U);
}

TEST(SmtpReplies, F_04_F_05_ALineAndAReplyHaveAnEnd) {
  const std::string open_line = "250 " + std::string(2044, 'a');
  EXPECT_EQ(smtp::take_reply(open_line.substr(0, 2047)).bytes, 0U);
  EXPECT_EQ(smtp::take_reply(open_line).bytes, open_line.size());
  EXPECT_EQ(smtp::take_reply(open_line).said.code, 0);
  EXPECT_EQ(one("250 " + std::string(2042, 'a') + "\r\n").code, 250);
  EXPECT_EQ(one("250 " + std::string(2043, 'a') + "\r\n").code, 0);

  std::string lines;
  for (int i = 0; i < 127; ++i) lines += "250-a\r\n";
  EXPECT_EQ(one(lines + "250 a\r\n").code, 250);
  const smtp::taken more = smtp::take_reply(lines + "250-a\r\n250-a\r\n");
  EXPECT_EQ(more.said.code, 0);
  EXPECT_NE(more.bytes, 0U);

  std::string large;
  for (int i = 0; i < 40; ++i) large += "250-" + std::string(1990, 'a') + "\r\n";
  EXPECT_EQ(smtp::take_reply(large).said.code, 0);
  EXPECT_NE(smtp::take_reply(large).bytes, 0U);
}

TEST(SmtpReplies, AReaderBeginsAnew) {
  smtp::reply_reader reader;
  EXPECT_TRUE(reader.add("junk\r\n"));
  EXPECT_EQ(reader.take().code, 0);
  EXPECT_FALSE(reader.add("250-a\r\n"));
  EXPECT_TRUE(reader.add("250 b\r\n"));
  EXPECT_EQ(reader.take().text, "a\nb");
  EXPECT_TRUE(reader.add("421 bye\r\n"));
  EXPECT_TRUE(reader.take().temporary());
}

}  // namespace
