#include "host/facts.hpp"

#include <gtest/gtest.h>

using namespace authbroker;
using namespace std::chrono_literals;

namespace {

TEST(Facts, AreForgottenWhenTheirTimeIsUp) {
  stopped_clock time;
  fact_store facts(time);
  facts.put("a", "1", 60s);
  EXPECT_EQ(facts.get("a"), "1");
  time.advance(59s);
  EXPECT_EQ(facts.get("a"), "1");
  time.advance(1s);
  EXPECT_EQ(facts.get("a"), std::nullopt);
}

TEST(Facts, ALaterFactReplacesAndZeroSecondsForget) {
  stopped_clock time;
  fact_store facts(time);
  facts.put("a", "1", 60s);
  facts.put("a", "2", 60s);
  EXPECT_EQ(facts.get("a"), "2");
  EXPECT_FALSE(facts.empty());
  facts.put("a", "2", 0s);
  EXPECT_EQ(facts.get("a"), std::nullopt);
  EXPECT_TRUE(facts.empty());
}

TEST(Facts, TheLeastRecentlyUsedGoesFirst) {
  stopped_clock time;
  fact_store facts(time, 2);
  facts.put("a", "1", 60s);
  facts.put("b", "2", 60s);
  facts.get("a");
  facts.put("c", "3", 60s);
  EXPECT_EQ(facts.get("a"), "1");
  EXPECT_EQ(facts.get("b"), std::nullopt);
  EXPECT_EQ(facts.all().size(), 2u);
}

}  // namespace
