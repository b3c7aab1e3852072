#include "base/text.hpp"
#include "host/answers.hpp"

#include <gtest/gtest.h>

using namespace authbroker;

namespace {

abk_answer plain(std::uint32_t what, std::uint32_t why) {
  abk_answer a{};
  a.size = sizeof a;
  a.verdict = what;
  a.reason = why;
  return a;
}

finding read(question_kind kind, const abk_answer& a, const typed& by, bool& is_legal) {
  finding out;
  read_answer(kind, a, by, out, is_legal);
  return out;
}

// G-01, G-06: every pair of numbers, known or not.
TEST(Answers, G_01_G_06_EveryPairIsLegalOrATempfailInternal) {
  int yes = 0;
  for (const question_kind kind : {question_kind::login, question_kind::mailbox})
    for (std::uint32_t what = 0; what < 8; ++what)
      for (std::uint32_t why = 0; why < 120; ++why) {
        bool is_legal = false;
        const finding f = read(kind, plain(what, why), typed(), is_legal);
        EXPECT_TRUE(legal(f.what, f.why)) << what << " " << why;
        if (!is_legal) {
          EXPECT_EQ(f.what, verdict::tempfail);
          EXPECT_EQ(f.why, reason::internal);
        }
        if (is_yes(f.what)) {
          EXPECT_EQ(what, static_cast<std::uint32_t>(ABK_YES));
          ++yes;
        }
        if (is_no(f.what)) {
          EXPECT_EQ(what, static_cast<std::uint32_t>(ABK_NO));
        }
      }
  EXPECT_EQ(yes, 5 + 1) << "login: none, mailbox_busy, alert, password_expiring, must change; mailbox: none";
}

TEST(Answers, ZeroFilledIsATempfail) {
  bool is_legal = false;
  EXPECT_EQ(read(question_kind::login, plain(0, 0), typed(), is_legal).what, verdict::tempfail);
  EXPECT_TRUE(is_legal);
}

TEST(Answers, NothingIsLeftOfAnEarlierOne) {
  finding earlier;
  earlier.what = verdict::accept;
  earlier.why = reason::none;
  for (std::string* const text : {&earlier.rule, &earlier.public_text, &earlier.operator_text, &earlier.notice, &earlier.mailbox, &earlier.upstream}) *text = "earlier";
  earlier.kind = mailbox_kind::user;
  earlier.addresses = {"a@example.com"};
  earlier.addresses_complete = earlier.truncated = earlier.password_sent = true;
  earlier.attributes = {{"cn", "Ann"}};
  earlier.retry_after = std::chrono::milliseconds(5);
  earlier.password_expires_in = std::chrono::seconds(5);
  earlier.grace_logins = 5;
  for (const abk_answer& a : {plain(ABK_NO, ABK_REASON_WRONG_PASSWORD), plain(77, 77)}) {
    finding out = earlier;
    bool is_legal = false;
    read_answer(question_kind::login, a, typed(), out, is_legal);
    EXPECT_EQ(out.what, is_legal ? verdict::reject : verdict::tempfail);
    EXPECT_EQ(out.why, is_legal ? reason::wrong_password : reason::internal);
    EXPECT_EQ(out.rule + out.public_text + out.notice + out.mailbox + out.upstream, "");
    EXPECT_EQ(out.operator_text.empty(), is_legal);
    EXPECT_EQ(out.kind, mailbox_kind::unknown);
    EXPECT_TRUE(out.addresses.empty() && out.attributes.empty());
    EXPECT_FALSE(out.addresses_complete || out.truncated || out.password_sent || out.password_expires_in || out.grace_logins);
    EXPECT_EQ(out.retry_after.count(), 0);
  }
}

TEST(Answers, UnverifiableIsNoAnswerToALogin) {
  bool is_legal = true;
  EXPECT_EQ(read(question_kind::login, plain(ABK_UNVERIFIABLE, ABK_REASON_CANNOT_VERIFY), typed(), is_legal).what, verdict::tempfail);
  EXPECT_FALSE(is_legal);
}

TEST(Answers, TextsAreWithheldCleanedAndCut) {
  abk_answer a = plain(ABK_YES, ABK_REASON_ALERT);
  const std::string notice = "pay\x1b[2J\n" + std::string(400, 'x');
  a.notice = to_abk(notice);
  const std::string operators = "server said: hunter2 is wrong, aHVudGVyMg== too";
  a.operator_text = to_abk(operators);
  bool is_legal = false;
  const finding f = read(question_kind::login, a, typed{"hunter2", {}}, is_legal);
  EXPECT_EQ(f.notice.find('\x1b'), std::string::npos);
  EXPECT_EQ(f.notice.find('\n'), std::string::npos);
  EXPECT_LE(f.notice.size(), 200u);
  EXPECT_EQ(f.operator_text, text_withheld);
}

TEST(Answers, WhatIsHandedOutIsWholeOrLeftOut) {
  abk_answer a = plain(ABK_YES, ABK_REASON_NONE);
  const std::string mailbox = "ann@example.com", more = "ann.lee@example.com", odd = "ann\x01@example.com", book(600, 'b');
  a.mailbox = to_abk(mailbox);
  std::vector<abk_str> list{to_abk(mailbox), to_abk(more)};
  a.addresses = list.data();
  a.address_count = list.size();
  a.flags = ABK_ANSWER_ADDRESSES_COMPLETE;
  std::vector<abk_attribute> attributes{{to_abk("displayName"), to_abk("Ann")}, {to_abk("description"), to_abk(book)}};
  a.attributes = attributes.data();
  a.attribute_count = attributes.size();
  bool is_legal = false;
  for (const char* password : {"ann", "a", "example.com", "Ann"}) {
    const finding f = read(question_kind::login, a, typed{password, {}}, is_legal);
    EXPECT_EQ(f.mailbox, mailbox) << password;
    EXPECT_EQ(f.addresses, (std::vector<std::string>{mailbox, more})) << password;
    EXPECT_TRUE(f.addresses_complete);
    ASSERT_EQ(f.attributes.size(), 1u);  // half a value is another one
    EXPECT_EQ(f.attributes[0].second, "Ann");
  }
  list.push_back(to_abk(odd));
  a.addresses = list.data();
  a.address_count = list.size();
  const finding f = read(question_kind::login, a, typed(), is_legal);
  EXPECT_EQ(f.addresses.size(), 2u);
  EXPECT_FALSE(f.addresses_complete);
}

TEST(Answers, AddressesHaveALimitAndSaySo) {
  std::vector<std::string> texts(300, "a@example.com");
  std::vector<abk_str> list;
  for (const std::string& t : texts) list.push_back(to_abk(t));
  abk_answer a = plain(ABK_YES, ABK_REASON_NONE);
  a.addresses = list.data();
  a.address_count = list.size();
  a.flags = ABK_ANSWER_ADDRESSES_COMPLETE;
  bool is_legal = false;
  const finding f = read(question_kind::mailbox, a, typed(), is_legal);
  EXPECT_EQ(f.addresses.size(), 256u);
  EXPECT_TRUE(f.truncated);
  EXPECT_FALSE(f.addresses_complete);
}

}  // namespace
