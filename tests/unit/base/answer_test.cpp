#include "base/answer.hpp"

#include <gtest/gtest.h>

namespace authbroker {
namespace {

TEST(Trace, BytesThatGoTheSameWayAreOneLine) {
  trace t;
  t.add_bytes(">", 80);
  t.add_bytes("<", 50);
  t.add_bytes("<", 7);
  t.add("search", "2 entries");
  t.add_bytes("<", 1);
  std::string all;
  for (const trace_line& line : t.lines) all += line.what + " " + line.text + "\n";
  EXPECT_EQ(all, "> 80 bytes\n< 57 bytes\nsearch 2 entries\n< 1 bytes\n");
}

TEST(Trace, HasAnEnd) {
  trace t;
  for (int i = 0; i < 1000; ++i) {
    t.add_bytes("<", 1);
    t.add("note", "x");
  }
  EXPECT_EQ(t.lines.size(), 400U);
  t.add_bytes(">", 5);
  EXPECT_EQ(t.lines.size(), 400U);
  EXPECT_EQ(t.lines.back().text, "x");
}

}  // namespace
}  // namespace authbroker
