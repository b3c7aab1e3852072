#include "host/breaker.hpp"

#include <gtest/gtest.h>

using namespace authbroker;
using std::chrono::milliseconds;

namespace {

const steady::time_point zero{};
constexpr milliseconds minute{60'000};

TEST(Breaker, OpensAfterConsecutiveFailuresOnly) {
  breaker b(3, milliseconds(10'000), minute);
  EXPECT_FALSE(b.failed(zero, reason::upstream_down, "refused"));
  EXPECT_FALSE(b.failed(zero, reason::upstream_down, "refused"));
  b.succeeded(zero);
  EXPECT_FALSE(b.failed(zero, reason::upstream_down, "refused"));
  EXPECT_FALSE(b.failed(zero, reason::upstream_down, "refused"));
  EXPECT_TRUE(b.closed());
  EXPECT_TRUE(b.failed(zero, reason::tls_untrusted, "expired"));
  EXPECT_FALSE(b.closed());
  EXPECT_EQ(b.last_reason(), reason::tls_untrusted);
  EXPECT_FALSE(b.failed(zero, reason::upstream_down, "refused")) << "it opens once";
}

TEST(Breaker, ProbesAfter250MsDoublingUpToReopen) {
  breaker b(1, milliseconds(1'000), minute);
  b.failed(zero, reason::upstream_down, "refused");
  EXPECT_FALSE(b.take_probe(zero + milliseconds(249)));
  std::vector<long> at;
  for (long ms = 0; ms < 5'000; ++ms)
    if (b.take_probe(zero + milliseconds(ms))) at.push_back(ms);
  EXPECT_EQ(at, (std::vector<long>{250, 750, 1750, 2750, 3750, 4750}));
}

TEST(Breaker, ARefusedAccountOpensItAtOnceAndIsTriedSlowly) {
  breaker b(5, milliseconds(1'000), minute);
  EXPECT_TRUE(b.failed(zero, reason::service_account, "49"));
  std::vector<long> at;
  for (long s = 0; s < 3'600; ++s)
    if (b.take_probe(zero + std::chrono::seconds(s))) {
      at.push_back(s);
      b.failed(zero + std::chrono::seconds(s), reason::service_account, "49");
    }
  EXPECT_EQ(at, (std::vector<long>{60, 300, 1200, 2100, 3000}));
  breaker hourly(5, milliseconds(1'000), std::chrono::hours(1));
  hourly.failed(zero, reason::service_account, "49");
  EXPECT_FALSE(hourly.take_probe(zero + std::chrono::minutes(59)));
  EXPECT_TRUE(hourly.take_probe(zero + std::chrono::minutes(60)));
  EXPECT_EQ(hourly.next_probe(), zero + std::chrono::minutes(120));
}

TEST(Breaker, B_19_AnotherServersWordOnARefusedAccountIsHeardAtOnce) {
  breaker b(5, std::chrono::seconds(10), std::chrono::minutes(1), true);
  EXPECT_TRUE(b.failed(zero, reason::service_account, "49"));
  std::vector<std::int64_t> tries;
  for (int ms = 0; ms < 1'800'000; ms += 250)
    if (b.take_probe(zero + std::chrono::milliseconds(ms))) {
      tries.push_back(ms);
      b.failed(zero + std::chrono::milliseconds(ms), reason::service_account, "49");
    }
  EXPECT_EQ(tries, (std::vector<std::int64_t>{250, 240'250, 1'140'250})) << "with the first, four within half an hour";
}

TEST(Breaker, AnOutageOfAServerThatRefusedTheAccountIsProbedAsOthersAre) {
  breaker b(3, milliseconds(1'000), minute);
  b.failed(zero, reason::service_account, "refused");
  EXPECT_TRUE(b.take_probe(zero + minute));
  const auto now = zero + minute + milliseconds(5);
  EXPECT_FALSE(b.failed(now, reason::upstream_down, "restarting"));
  EXPECT_EQ(b.next_probe(), now + breaker::first_probe);
  EXPECT_TRUE(b.take_probe(now + breaker::first_probe));
  b.failed(now + breaker::first_probe, reason::upstream_down, "still");
  EXPECT_EQ(b.next_probe(), now + breaker::first_probe + milliseconds(500));
}

TEST(Breaker, SaysSinceWhenItIsAsItIs) {
  const auto at = [](int s) { return zero + std::chrono::seconds(s); };
  breaker b(2, milliseconds(1'000), minute);
  EXPECT_EQ(b.state(), "untried");
  b.failed(at(5), reason::upstream_down, "refused");
  EXPECT_EQ(b.state(), "failing");
  EXPECT_EQ(b.since(), at(5));
  b.failed(at(7), reason::upstream_down, "refused");
  EXPECT_EQ(b.state(), "down");
  EXPECT_EQ(b.since(), at(7));
  b.succeeded(at(9));
  b.succeeded(at(11));
  EXPECT_EQ(b.state(), "up");
  EXPECT_EQ(b.since(), at(9));
  b.failed(at(13), reason::upstream_down, "reset");
  b.succeeded(at(14));
  EXPECT_EQ(b.since(), at(14)) << "a failure ended the time before";
}

TEST(Breaker, TheFirstSuccessClosesIt) {
  breaker b(1, milliseconds(1'000), minute);
  EXPECT_FALSE(b.succeeded(zero));
  b.failed(zero, reason::upstream_down, "refused");
  EXPECT_TRUE(b.succeeded(zero));
  EXPECT_TRUE(b.closed());
  EXPECT_FALSE(b.take_probe(zero + milliseconds(10'000)));
}

}  // namespace
