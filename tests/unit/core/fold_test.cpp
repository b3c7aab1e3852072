// What several backends found, in all orders and both modes, against the rule in words.
#include "core/fold.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "unit/core/fakes.hpp"

using namespace authbroker;

namespace {

using findings = std::vector<finding>;

// Asks as the dispatcher does, and sums up.
struct outcome {
  finding sum;
  std::size_t asked;
};
outcome run(question_kind kind, combine_mode mode, const findings& all) {
  findings asked;
  for (const finding& f : all) {
    asked.push_back(f);
    if (!goes_on(kind, mode, f)) break;
  }
  return {fold(kind, mode, asked), asked.size()};
}

const finding yes = found_as(verdict::accept), wrong = found_as(verdict::reject, reason::wrong_password, true),
              unknown_sent = found_as(verdict::reject, reason::no_such_user, true), unknown = found_as(verdict::reject, reason::no_such_user),
              down = found_as(verdict::tempfail, reason::upstream_down), lost = found_as(verdict::tempfail, reason::upstream_down, true);
const finding exists = found_as(verdict::exists), absent = found_as(verdict::absent), cannot = found_as(verdict::unverifiable, reason::cannot_verify);

TEST(Fold, G_02_FailoverEndsAtTheFirstAnswer) {
  const outcome o = run(question_kind::login, combine_mode::failover, {wrong, yes});
  EXPECT_EQ(o.sum.what, verdict::reject);
  EXPECT_EQ(o.asked, 1u);
}

TEST(Fold, FailoverGoesOnOnlyBeforeThePasswordHasLeft) {
  EXPECT_EQ(run(question_kind::login, combine_mode::failover, {down, yes}).sum.what, verdict::accept);
  EXPECT_EQ(run(question_kind::login, combine_mode::failover, {lost, yes}).asked, 1u) << "S-5: one password, once";
  EXPECT_EQ(run(question_kind::login, combine_mode::failover, {lost, yes}).sum.what, verdict::tempfail);
}

TEST(Fold, G_03_ReplicasSpeakForEachOtherAndSourcesDoNot) {
  EXPECT_EQ(run(question_kind::login, combine_mode::failover, {down, wrong}).sum.what, verdict::reject);
  EXPECT_EQ(run(question_kind::login, combine_mode::search, {down, wrong}).sum.what, verdict::tempfail);
  EXPECT_EQ(run(question_kind::login, combine_mode::search, {down, unknown}).sum.what, verdict::tempfail);
  EXPECT_EQ(run(question_kind::login, combine_mode::search, {unknown, down}).sum.what, verdict::tempfail);
}

TEST(Fold, G_04_SearchGoesOnAfterAnUnknownNameThatCostNoPassword) {
  EXPECT_EQ(run(question_kind::login, combine_mode::search, {unknown, yes}).sum.what, verdict::accept);
  EXPECT_EQ(run(question_kind::login, combine_mode::search, {unknown_sent, yes}).asked, 1u);
  EXPECT_EQ(run(question_kind::login, combine_mode::failover, {unknown, yes}).asked, 1u);
  EXPECT_EQ(run(question_kind::login, combine_mode::search, {unknown, unknown}).sum.why, reason::no_such_user);
  EXPECT_EQ(run(question_kind::login, combine_mode::search, {unknown, wrong}).sum.why, reason::wrong_password);
}

TEST(Fold, MailboxesGoOnAfterUnverifiable) {
  EXPECT_EQ(run(question_kind::mailbox, combine_mode::failover, {cannot, exists}).sum.what, verdict::exists);
  EXPECT_EQ(run(question_kind::mailbox, combine_mode::failover, {cannot, absent}).sum.what, verdict::absent);
  EXPECT_EQ(run(question_kind::mailbox, combine_mode::failover, {cannot, down}).sum.what, verdict::tempfail);
  EXPECT_EQ(run(question_kind::mailbox, combine_mode::failover, {down, cannot}).sum.what, verdict::tempfail);
  EXPECT_EQ(run(question_kind::mailbox, combine_mode::failover, {cannot, cannot}).sum.what, verdict::unverifiable);
  EXPECT_EQ(run(question_kind::mailbox, combine_mode::failover, {absent, exists}).sum.what, verdict::absent);
  EXPECT_EQ(run(question_kind::mailbox, combine_mode::search, {absent, exists}).sum.what, verdict::exists);
  EXPECT_EQ(run(question_kind::mailbox, combine_mode::search, {absent, cannot}).sum.what, verdict::unverifiable);
}

// All sequences of up to four findings: the two laws hold whatever the order.
TEST(Fold, WhatCouldNotBeFoundOutIsNeverANoAndNeverAYes) {
  const findings logins{yes, wrong, unknown, unknown_sent, down, lost}, mailboxes{exists, absent, cannot, down};
  int checked = 0;
  for (const question_kind kind : {question_kind::login, question_kind::mailbox})
    for (const combine_mode mode : {combine_mode::failover, combine_mode::search}) {
      const findings& of = kind == question_kind::login ? logins : mailboxes;
      for (std::size_t length = 1; length <= 4; ++length) {
        std::size_t total = 1;
        for (std::size_t i = 0; i < length; ++i) total *= of.size();
        for (std::size_t code = 0; code < total; ++code) {
          findings all;
          for (std::size_t i = 0, rest = code; i < length; ++i, rest /= of.size()) all.push_back(of[rest % of.size()]);
          const outcome o = run(kind, mode, all);
          const auto first = all.begin();
          const auto end = all.begin() + static_cast<std::ptrdiff_t>(o.asked);
          const bool any_yes = std::any_of(first, end, [](const finding& f) { return is_yes(f.what); });
          const bool any_no = std::any_of(first, end, [](const finding& f) { return is_no(f.what); });
          const bool any_tempfail = std::any_of(first, end, [](const finding& f) { return f.what == verdict::tempfail; });
          const auto passwords = std::count_if(first, end, [](const finding& f) { return f.password_sent; });
          EXPECT_EQ(is_yes(o.sum.what), any_yes);
          if (is_no(o.sum.what)) {
            EXPECT_TRUE(any_no);
            if (mode == combine_mode::search) {
              EXPECT_FALSE(any_tempfail);
            }
          }
          EXPECT_LE(passwords, 1) << "one password to one account";
          EXPECT_TRUE(legal(o.sum.what, o.sum.why));
          ++checked;
        }
      }
    }
  EXPECT_EQ(checked, 2 * (6 + 36 + 216 + 1296) + 2 * (4 + 16 + 64 + 256));
}

}  // namespace
