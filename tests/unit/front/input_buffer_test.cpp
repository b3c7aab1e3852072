#include "front/input_buffer.hpp"

#include <gtest/gtest.h>

#include <string>

namespace authbroker {
namespace {

void put(input_buffer& b, std::string_view text) {
  while (!text.empty()) {
    ASSERT_TRUE(b.make_room());
    const auto space = b.space();
    const std::size_t n = std::min(space.size(), text.size());
    ASSERT_GT(n, 0U);
    text.copy(space.data(), n);
    b.commit(n);
    text.remove_prefix(n);
  }
}

TEST(input_buffer, GrowsUpToItsLimitAndShrinksAgain) {
  input_buffer b(10'000);
  put(b, std::string(10'000, 'a'));
  EXPECT_EQ(b.bytes(), std::string(10'000, 'a'));
  EXPECT_FALSE(b.make_room());
  b.consume(9'990);
  EXPECT_TRUE(b.make_room());
  EXPECT_EQ(b.bytes(), "aaaaaaaaaa");
  EXPECT_EQ(b.bytes().size() + b.space().size(), input_buffer::small_bytes);
}

TEST(input_buffer, ConsumedBytesAreOverwrittenAndNothingMoves) {
  input_buffer b(4096);
  put(b, "password and the rest");
  const char* const where = b.bytes().data();
  const auto space = b.space();
  b.consume(8);
  EXPECT_EQ(std::string_view(where, 8), std::string_view("\0\0\0\0\0\0\0\0", 8));
  EXPECT_EQ(b.bytes().data(), where + 8);
  EXPECT_EQ(b.space().data(), space.data()) << "a read may be under way";
}

TEST(input_buffer, MovingLeavesNothingBehind) {
  input_buffer b(4096);
  put(b, "0123456789secret");
  const char* const where = b.bytes().data();
  b.consume(10);
  ASSERT_TRUE(b.make_room());
  EXPECT_EQ(b.bytes(), "secret");
  EXPECT_EQ(b.bytes().data(), where);
  EXPECT_EQ(std::string_view(where + 6, 10), std::string_view("\0\0\0\0\0\0\0\0\0\0", 10));
}

TEST(input_buffer, AnyMixtureKeepsTheOrder) {
  input_buffer b(5000);
  std::string sent, got;
  unsigned seed = 1;
  const auto next = [&seed](unsigned below) {
    seed = seed * 1664525U + 1013904223U;
    return (seed >> 8U) % below;
  };
  for (int i = 0; i < 20'000; ++i) {
    if (next(2) == 0 && b.make_room()) {
      const std::size_t n = std::min<std::size_t>(b.space().size(), next(700));
      for (std::size_t k = 0; k < n; ++k) {
        const char c = static_cast<char>('a' + next(26));
        b.space()[k] = c;
        sent += c;
      }
      b.commit(n);
    } else {
      const std::size_t n = std::min<std::size_t>(b.bytes().size(), next(900));
      got += b.bytes().substr(0, n);
      b.consume(n);
    }
    ASSERT_LE(b.bytes().size(), 5000U);
  }
  got += b.bytes();
  EXPECT_EQ(got, sent);
}

}  // namespace
}  // namespace authbroker
