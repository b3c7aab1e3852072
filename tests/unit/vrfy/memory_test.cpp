// Times that facts bear, and addresses that nobody has.
#include <gtest/gtest.h>

#include <set>

#include "vrfy/memory.hpp"
#include "vrfy/verdicts.hpp"

namespace {

using std::chrono::seconds;

TEST(VrfyMemory, ATimeIsWrittenAndRead) {
  const auto left = vrfy::time_left(vrfy::until(seconds(300)));
  EXPECT_GT(left, seconds(290));
  EXPECT_LE(left, seconds(300));
  EXPECT_EQ(vrfy::time_left(vrfy::until(seconds(-5))).count(), 0);
  for (const char* odd : {"", "soon", "-", "12x", "99999999999999999999999"}) EXPECT_EQ(vrfy::time_left(odd).count(), 0) << odd;
}

TEST(VrfyMemory, ADecoyIsNobodyAndNeverTheSame) {
  const vrfy::mailbox ann{"ann@example.com", "example.com", false};
  std::set<std::string> seen;
  for (int i = 0; i < 50; ++i) {
    const vrfy::mailbox decoy = vrfy::decoy_beside(ann);
    EXPECT_EQ(decoy.text.size(), 24 + std::string("@example.com").size());
    EXPECT_TRUE(decoy.text.ends_with("@example.com"));
    EXPECT_EQ(decoy.domain, "example.com");
    EXPECT_TRUE(std::holds_alternative<vrfy::mailbox>(vrfy::parse_address(decoy.text)));
    seen.insert(decoy.text);
  }
  EXPECT_EQ(seen.size(), 50U);
}

TEST(VrfyMemory, HowLongAGreylistLasts) {
  const std::pair<const char*, int> rows[] = {
      {"Greylisted for 300 seconds, see http://example.com/help", 300},
      {"Greylisted, please try again in 60 sec", 60},
      {"greylisting in action, come back in 5 minutes", 300},
      {"4.7.1 Greylisted from 192.0.2.1 for 7 min", 420},
      {"try again in 2 hours", 3600},
      {"try again in 1 second", 10},
      {"try again in 999999999999 seconds", 3600},
      {"Greylisted", 300},
      {"try again in 00:04:59", 300},
      {"", 300},
  };
  for (const auto& [text, wanted] : rows) EXPECT_EQ(vrfy::greylisted_for(text).count(), wanted) << text;
}

}  // namespace
