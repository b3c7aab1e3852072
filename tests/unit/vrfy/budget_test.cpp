// How much may be asked about addresses that there are not, and who is exempt.
#include "vrfy/budget.hpp"

#include <gtest/gtest.h>

#include "vrfy/known.hpp"

namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using vrfy::allowance;
using vrfy::budget;
using vrfy::known_names;

// One upstream's budget as its connections see it: by its text.
struct bucket {
  allowance rate;
  milliseconds now{1'000'000};
  std::string text = {};
  milliseconds wait() const { return budget(rate, text, now).wait(); }
  bool spend(double dice = 0) {
    budget b(rate, text, now);
    const bool ends = b.spend(dice);
    text = b.text();
    return ends;
  }
};

TEST(VrfyBudget, E_17_ABurstIsGoodForSoManyRefusals) {
  bucket b{{.burst = 10, .per_minute = 60}};
  for (int i = 1; i <= 10; ++i) {
    EXPECT_EQ(b.wait().count(), 0) << i;
    EXPECT_EQ(b.spend(), i == 10) << i;
  }
  EXPECT_EQ(b.wait(), seconds(1));
  b.now += milliseconds(999);
  EXPECT_EQ(b.wait(), milliseconds(1));
  b.now += milliseconds(1);
  EXPECT_EQ(b.wait().count(), 0);
}

TEST(VrfyBudget, E_17_AFloodIsLetThroughAtTheRateThatComesBack) {
  bucket b{{.burst = 100, .per_minute = 300}};
  int asked = 0;
  for (int i = 0; i < 20 * 600; ++i, b.now += milliseconds(50)) {  // twenty a second, ten minutes
    if (b.wait().count() != 0) continue;
    ++asked;
    b.spend(0.5);
  }
  EXPECT_GE(asked, 3000);
  EXPECT_LE(asked, 3000 + 100 + 1);
}

TEST(VrfyBudget, E_17_TheDefaultIsForGatewaysAndNotForLists) {
  bucket gateway{{}};
  for (int i = 0; i < 3600 * 4; ++i, gateway.now += milliseconds(250)) {  // four unknown names a second, an hour
    ASSERT_EQ(gateway.wait().count(), 0) << i;
    gateway.spend();
  }
  bucket list{{}};
  int asked = 0;
  for (int i = 0; i < 20 * 3600; ++i, list.now += milliseconds(50)) {
    if (list.wait().count() != 0) continue;
    ++asked;
    list.spend(1);
  }
  EXPECT_LE(asked, 1000 + 300 * 60 + 1);
  EXPECT_GE(asked, 300 * 60);
}

TEST(VrfyBudget, E_17_TheEndOfTheWaitCannotBeForeseen) {
  for (const double dice : {0.0, 0.25, 1.0, 7.0, -1.0}) {
    bucket b{{.burst = 1, .per_minute = 60}};
    EXPECT_TRUE(b.spend(dice));
    EXPECT_EQ(b.wait(), seconds(1) + milliseconds(static_cast<int>(5000 * std::clamp(dice, 0.0, 1.0)))) << dice;
    EXPECT_FALSE(b.spend(dice)) << "it is over already";
    b.now += seconds(7);
    EXPECT_EQ(b.wait().count(), 0);
  }
}

TEST(VrfyBudget, E_17_QuestionsUnderWayShutTheDoorForAMinuteAtMost) {
  bucket b{{.burst = 5, .per_minute = 2}};
  for (int i = 0; i < 500; ++i) b.spend(1);
  EXPECT_LE(b.wait(), seconds(60 + 30));
  EXPECT_GE(b.wait(), seconds(60));
  b.now += seconds(90);
  EXPECT_EQ(b.wait().count(), 0);
}

TEST(VrfyBudget, ItNeverHoldsMoreThanTheBurst) {
  bucket b{{.burst = 3, .per_minute = 1'000'000}};
  b.spend();
  b.now += hours(24 * 365);
  int asked = 0;
  for (; b.wait().count() == 0; ++asked) b.spend();
  EXPECT_EQ(asked, 3);
}

TEST(VrfyBudget, WhatIsKeptLongEnoughIsFull) {
  bucket b{{.burst = 600, .per_minute = 60}};
  for (int i = 0; i < 600; ++i) b.spend(1);
  EXPECT_GE(budget(b.rate, b.text, b.now).until_full(), seconds(600));
  EXPECT_LE(budget(b.rate, b.text, b.now).until_full(), seconds(602));
  b.now += budget(b.rate, b.text, b.now).until_full();
  bucket fresh{b.rate};
  fresh.now = b.now;
  EXPECT_EQ(b.wait(), fresh.wait());
  EXPECT_EQ(budget(b.rate, b.text, b.now).until_full(), seconds(1));
}

TEST(VrfyBudget, ATextThatIsNoneIsAFullBucket) {
  const allowance rate{.burst = 2, .per_minute = 60};
  for (const char* odd : {"", "0", "0 1", "0 1 2 3", "x 1 2", "0  1 2", "0 1 2 ", "0 -1 0", "0 99999999999 0", "0 1 99999999999999", "99999999999999999999 1 2"})
    EXPECT_EQ(budget(rate, odd, seconds(100)).text(), "2000 100000 0") << odd;
  EXPECT_EQ(budget(rate, "-9000000000000000000 100000 0", seconds(100)).wait(), seconds(61)) << "a minute's worth of debt at most";
  EXPECT_EQ(budget({.burst = vrfy::burst_max, .per_minute = vrfy::per_minute_max}, "-1000000000 0 0", hours(100'000)).wait().count(), 0);
}

TEST(VrfyKnown, WhoExistedLatelyIsRemembered) {
  known_names known;
  EXPECT_FALSE(known.existed("ann@example.com", hours(5)));
  known.exists("ann@example.com", hours(5));
  EXPECT_TRUE(known.existed("ann@example.com", hours(5)));
  EXPECT_FALSE(known.existed("bob@example.com", hours(5)));
  EXPECT_TRUE(known.existed("ann@example.com", hours(5 + 7 * 24)));
  EXPECT_FALSE(known.existed("ann@example.com", hours(6 + 7 * 24)));
  known.exists("ann@example.com", hours(6));
  EXPECT_TRUE(known.existed("ann@example.com", hours(6 + 7 * 24)));
  known.absent("bob@example.com");
  EXPECT_TRUE(known.existed("ann@example.com", hours(6)));
  known.absent("ann@example.com");
  EXPECT_FALSE(known.existed("ann@example.com", hours(6)));
}

TEST(VrfyKnown, ItIsBoundedAndTheLatestStays) {
  known_names known(16);
  for (int i = 0; i < 10'000; ++i) {
    const std::string name = "u" + std::to_string(i) + "@example.com";
    known.exists(name, hours(1));
    EXPECT_TRUE(known.existed(name, hours(1)));
  }
  int still = 0;
  for (int i = 0; i < 10'000; ++i) still += known.existed("u" + std::to_string(i) + "@example.com", hours(1)) ? 1 : 0;
  EXPECT_LE(still, 16);
  EXPECT_GE(still, 8);
}

}  // namespace
