// A question as the broker's own parsers read it.
#include "ask/question.hpp"

#include <gtest/gtest.h>

#include <string>

#include "wire/http_head.hpp"
#include "wire/json_question.hpp"

namespace authbroker {
namespace {

struct understood {
  http_head head;
  json_outcome body;
};

understood read(std::string_view bytes, json_form form) {
  understood out;
  http_head_scan scan;
  const http_head_outcome head = parse_http_head(bytes, scan);
  EXPECT_EQ(head.what, progress::message);
  out.head = head.head;
  EXPECT_EQ(judge_body(out.head, http_body::json, 8192), nullptr);
  EXPECT_EQ(out.head.content_length, bytes.size() - head.used);
  out.body = parse_json_question(bytes.substr(head.used), form);
  return out;
}

TEST(question, IsWhatTheBrokerReads) {
  question q;
  q.address = "Ann \"the\\boss\"@example.com";
  q.password = "tab\there, p\xc3\xa4ss\x01\x7f/";
  q.client = "203.0.113.7";
  q.service = "sshd";
  q.deadline = std::chrono::milliseconds(3000);
  question_bytes bytes;
  ASSERT_TRUE(bytes.write(q));
  const understood got = read(bytes.bytes(), json_form::login);
  EXPECT_EQ(got.head.target, "/v1/login");
  EXPECT_FALSE(got.head.keep_alive);
  ASSERT_EQ(got.body.error, nullptr) << got.body.text;
  EXPECT_EQ(got.body.question.address, q.address);
  EXPECT_EQ(got.body.question.password.reveal(), q.password);
  EXPECT_EQ(got.body.question.client, q.client);
  EXPECT_EQ(got.body.question.service, q.service);
  EXPECT_EQ(got.body.question.deadline.count(), 3000);
}

TEST(question, AMailboxQuestionHasNoPassword) {
  question q;
  q.kind = question_kind::mailbox;
  q.address = "ann@example.com";
  q.password = "secret";
  question_bytes bytes;
  ASSERT_TRUE(bytes.write(q));
  EXPECT_EQ(bytes.bytes().find("secret"), std::string_view::npos);
  const understood got = read(bytes.bytes(), json_form::mailbox);
  EXPECT_EQ(got.head.target, "/v1/mailbox");
  ASSERT_EQ(got.body.error, nullptr) << got.body.text;
  EXPECT_EQ(got.body.question.address, "ann@example.com");
}

TEST(question, A_01_AnEmptyPasswordIsTheBrokersToRefuse) {
  question q;
  q.address = "ann@example.com";
  question_bytes bytes;
  ASSERT_TRUE(bytes.write(q));
  EXPECT_NE(bytes.bytes().find("\"password\":\"\""), std::string_view::npos);
}

TEST(question, A_02_A_13_WhatJsonCannotCarryIsNotSent) {
  for (const std::string_view bad : {std::string_view("a\0b", 3), std::string_view("p\xe4ss"), std::string_view("\xc0\x80"), std::string_view("\xed\xa0\x80")}) {
    question q;
    q.address = "ann@example.com";
    q.password = bad;
    question_bytes bytes;
    EXPECT_FALSE(bytes.write(q));
    EXPECT_TRUE(bytes.bytes().empty());
    q.password = "x";
    q.address = bad;
    EXPECT_FALSE(bytes.write(q));
  }
}

TEST(question, A_10_WhatIsTooLongIsNotSentAndNothingIsCut) {
  question q;
  q.address = "ann@example.com";
  question_bytes bytes;
  std::size_t fits = 0;
  for (std::size_t n = 8100; n < 8200; ++n) {
    const std::string password(n, 'x');
    q.password = password;
    if (bytes.write(q)) {
      fits = n;
      EXPECT_NE(bytes.bytes().find(password + "\""), std::string_view::npos);
    }
  }
  EXPECT_EQ(fits, 8192 - std::string_view(R"({"address":"ann@example.com","password":""})").size());
  const std::string huge(1'000'000, '\x01');
  q.password = huge;
  EXPECT_FALSE(bytes.write(q));
}

TEST(question, WhoAsksFromWhereIsNothingToLoseALoginOver) {
  const std::string longest(255, 'x'), longer(256, 'x');
  for (const std::string_view bad : {std::string_view("host\xff"), std::string_view("a\0b", 3), std::string_view(longer), std::string_view()}) {
    question q;
    q.address = "ann@example.com";
    q.client = q.service = bad;
    question_bytes bytes;
    ASSERT_TRUE(bytes.write(q));
    EXPECT_TRUE(bytes.bytes().ends_with(R"({"address":"ann@example.com","password":""})"));
  }
  question q;
  q.address = "ann@example.com";
  q.client = longest;
  question_bytes bytes;
  ASSERT_TRUE(bytes.write(q));
  EXPECT_NE(bytes.bytes().find("\"client\":\"" + longest), std::string_view::npos);
}

TEST(question, IsWrittenTwiceIntoTheSameMemory) {
  question q;
  q.address = "ann@example.com";
  q.password = "first-and-long-secret";
  question_bytes bytes;
  ASSERT_TRUE(bytes.write(q));
  const std::string first(bytes.bytes());
  ASSERT_TRUE(bytes.write(q));
  EXPECT_EQ(bytes.bytes(), first);
}

}  // namespace
}  // namespace authbroker
