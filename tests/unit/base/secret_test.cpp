#include "base/secret.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

namespace authbroker {
namespace {

// What the type must not be able to do.
template <class T>
concept printable = requires(std::ostream& out, const T& t) { out << t; };
template <class T>
concept comparable = requires(const T& a, const T& b) { a == b; };
static_assert(!printable<secret>);
static_assert(!comparable<secret>);
static_assert(!std::is_copy_constructible_v<secret> && !std::is_copy_assignable_v<secret>);
static_assert(!std::is_convertible_v<std::string, secret> && !std::is_convertible_v<secret, std::string> && !std::is_convertible_v<secret, std::string_view>);
static_assert(std::is_nothrow_move_constructible_v<secret>);

TEST(Secret, HoldsBytesAndIsCounted) {
  const std::size_t before = secrets_alive();
  {
    const secret one(std::string_view("a\0b", 3));
    EXPECT_EQ(one.reveal(), std::string_view("a\0b", 3));
    const secret two = one.copy();
    EXPECT_EQ(two.reveal(), one.reveal());
    EXPECT_EQ(secrets_alive(), before + 2);
  }
  EXPECT_EQ(secrets_alive(), before);
  const secret none;
  const secret empty{std::string_view{}};
  EXPECT_TRUE(none.empty() && empty.empty());
  EXPECT_EQ(secrets_alive(), before);
}

TEST(Secret, MovesLeaveNothingBehind) {
  const std::size_t before = secrets_alive();
  secret a("first");
  secret b = std::move(a);
  EXPECT_TRUE(a.empty());  // NOLINT(bugprone-use-after-move): the moved-from state is what is tested
  EXPECT_EQ(b.reveal(), "first");
  b = secret("second");
  EXPECT_EQ(b.reveal(), "second");
  secret& same = b;
  b = std::move(same);
  EXPECT_EQ(b.reveal(), "second");
  b.clear();
  b.clear();
  EXPECT_TRUE(b.empty());
  EXPECT_EQ(secrets_alive(), before);
}

TEST(Secret, A_10_LongestAndLonger) {
  EXPECT_EQ(secret(std::string(password_bytes_max, 'x')).size(), password_bytes_max);
  EXPECT_THROW(secret(std::string(password_bytes_max + 1, 'x')), std::length_error);
}

TEST(Secret, R_08_IsWipedWhenItEnds) {
  const char* where = nullptr;
  {
    const secret s("wipe me, please");
    where = s.reveal().data();
    EXPECT_EQ(std::string_view(where, 15), "wipe me, please");
  }
  // The arena's memory stays mapped, so that this may be looked at.
  EXPECT_EQ(std::string(where, 15), std::string(15, '\0'));
}

TEST(Secret, ManyThreadsAtOnce) {
  const std::size_t before = secrets_alive();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([t] {
      const std::string mine(static_cast<std::size_t>(20 + 300 * t), static_cast<char>('a' + t));
      for (int i = 0; i < 2000; ++i) {
        secret a(mine);
        const secret b = std::move(a);
        ASSERT_EQ(b.reveal(), mine);
      }
    });
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(secrets_alive(), before);
}

// Until no more fit.
std::size_t fill(std::vector<secret>& held, std::size_t bytes) {
  const std::size_t before = held.size();
  EXPECT_THROW(
      {
        for (int i = 0; i < 100'000; ++i) held.emplace_back(std::string(bytes, 'x'));
      },
      std::bad_alloc);
  return held.size() - before;
}

TEST(Secret, TheArenaHasAnEnd) {
  std::vector<secret> held;
  EXPECT_EQ(fill(held, 1000), 8'192u);
  // Long ones leave the room of short ones alone, while they live and afterwards.
  EXPECT_GT(fill(held, 128), 60'000u);
  held.clear();
  EXPECT_EQ(secret("again").reveal(), "again");
  EXPECT_EQ(secret(std::string(129, 'x')).size(), 129u);
}

}  // namespace
}  // namespace authbroker
