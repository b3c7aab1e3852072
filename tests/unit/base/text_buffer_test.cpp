#include "base/text_buffer.hpp"

#include <gtest/gtest.h>

#include <string>

namespace authbroker {
namespace {

TEST(TextBuffer, PiecesStayInOrderHoweverLongTheyAre) {
  for (const std::size_t step : {0U, 1U, 7U, 100U, 1023U, 1024U, 1025U, 5000U}) {
    text_buffer built;
    std::string expected;
    for (int i = 0; i < 40; ++i) {
      const std::string piece(step, static_cast<char>('a' + i % 26));
      built.append(piece);
      expected += piece;
      ASSERT_EQ(built.view(), expected) << step;
    }
    built.clear();
    EXPECT_EQ(built.view(), "");
    built.append("again");
    EXPECT_EQ(built.view(), "again");
  }
}

TEST(TextBuffer, ItsFirstRoomIsUsedUpToItsLastByte) {
  for (std::size_t used = 1000; used <= 1030; ++used) {
    text_buffer built;
    built.append(std::string(used, 'x'));
    char* to = built.room(3);
    *to++ = '1';
    *to++ = '2';
    built.wrote(to);  // less than was asked for
    EXPECT_EQ(built.view(), std::string(used, 'x') + "12");
  }
}

}  // namespace
}  // namespace authbroker
