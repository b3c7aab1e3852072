#include "tool/table.hpp"

#include <gtest/gtest.h>

namespace authbroker {
namespace {

TEST(Table, PadsEachColumnToItsWidest) { EXPECT_EQ(in_columns({{"a", "bb", "c"}, {"dddd", "e", "f"}}), "a     bb  c\ndddd  e   f\n"); }

TEST(Table, CountsCharactersNotBytes) { EXPECT_EQ(in_columns({{"\xC3\xA9", "x"}, {"ee", "y"}}), "\xC3\xA9   x\nee  y\n"); }

TEST(Table, LeavesNoSpacesAtTheEndAndTakesShortRows) { EXPECT_EQ(in_columns({{"a", ""}, {"bbb"}, {}}, 2), "  a\n  bbb\n\n"); }

TEST(ForTerminal, KeepsTextAndEscapesWhatMovesTheCursor) {
  EXPECT_EQ(for_terminal("caf\xC3\xA9 \xE2\x82\xAC"), "caf\xC3\xA9 \xE2\x82\xAC");
  EXPECT_EQ(for_terminal("\x1B[2J\r\n\x07"), "\\x1b[2J\\x0d\\x0a\\x07");
  EXPECT_EQ(for_terminal("\xC2\x9B" "31m"), "\\xc2\\x9b31m");                  // the C1 form of ESC [
  EXPECT_EQ(for_terminal("a\xE2\x80\xAE" "b"), "a\\xe2\\x80\\xaeb");           // right-to-left override
  EXPECT_EQ(for_terminal("\xE2\x81\xA6x\xE2\x80\x8F"), "\\xe2\\x81\\xa6x\\xe2\\x80\\x8f");
  EXPECT_EQ(for_terminal("\xFF\xC3"), "\\xff\\xc3");
  EXPECT_EQ(for_terminal("\xED\xA0\x80"), "\\xed\\xa0\\x80");                  // a surrogate
}

}  // namespace
}  // namespace authbroker
