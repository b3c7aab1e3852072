#include "net/timer_queue.hpp"

#include <gtest/gtest.h>

#include <boost/asio/post.hpp>

#include <algorithm>
#include <memory>
#include <optional>
#include <random>
#include <vector>

namespace authbroker {
namespace {

using namespace std::chrono_literals;

struct TimerQueue : ::testing::Test {
  boost::asio::io_context io{1};
  std::optional<timer_queue> queue{std::in_place, io};
  // As long as something waits, and ten seconds at most.
  void run() { io.run_for(10s); }
};

TEST_F(TimerQueue, FiresInOrderOfTimeNotOfArming) {
  std::vector<int> fired;
  timer late(*queue, [&] { fired.push_back(2); });
  timer early(*queue, [&] { fired.push_back(1); });
  late.arm(steady::now() + 20ms);
  early.arm(steady::now() + 5ms);
  run();
  EXPECT_EQ(fired, (std::vector<int>{1, 2}));
  EXPECT_FALSE(late.armed());
}

TEST_F(TimerQueue, NeverFiresEarly) {
  const auto at = steady::now() + 15ms;
  steady::time_point fired;
  timer t(*queue, [&] { fired = steady::now(); });
  t.arm(at);
  run();
  EXPECT_GE(fired, at);
}

TEST_F(TimerQueue, DisarmedAndDestroyedTimersAreSilent) {
  int fired = 0;
  timer disarmed(*queue, [&] { ++fired; });
  auto destroyed = std::make_unique<timer>(*queue, [&] { ++fired; });
  disarmed.arm(steady::now() + 1ms);
  destroyed->arm(steady::now() + 1ms);
  disarmed.disarm();
  destroyed.reset();
  EXPECT_EQ(queue->size(), 0U);
  run();
  EXPECT_EQ(fired, 0);
}

TEST_F(TimerQueue, ArmingAgainReplaces) {
  int fired = 0;
  timer t(*queue, [&] { ++fired; });
  t.arm(steady::now() + 1ms);
  t.arm(steady::now() + 2ms);
  EXPECT_EQ(queue->size(), 1U);
  run();
  EXPECT_EQ(fired, 1);
}

TEST_F(TimerQueue, ManyFireInOrderWhoeverIsTakenOutMeanwhile) {
  constexpr std::size_t count = 200;
  std::mt19937 dice(7);
  std::vector<std::unique_ptr<timer>> timers;
  std::vector<steady::time_point> wanted(count), fired;
  const auto from = steady::now() - 1s;
  for (std::size_t i = 0; i < count; ++i) timers.push_back(std::make_unique<timer>(*queue, [&fired, &at = wanted[i]] { fired.push_back(at); }));
  for (int round = 0; round < 2000; ++round) {
    const std::size_t i = dice() % count;
    timers[i]->disarm();  // an armed one would keep its earlier entry
    if (dice() % 3 != 0) timers[i]->arm(wanted[i] = from + std::chrono::microseconds(dice() % 1000));
  }
  std::vector<steady::time_point> expected;
  for (std::size_t i = 0; i < count; ++i)
    if (timers[i]->armed()) expected.push_back(wanted[i]);
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(queue->size(), expected.size());
  run();
  EXPECT_EQ(fired, expected);
  EXPECT_EQ(queue->size(), 0U);
}

TEST_F(TimerQueue, ThoseOfOneMomentFireInTheOrderOfArming) {
  std::vector<int> fired;
  std::vector<std::unique_ptr<timer>> timers;
  const auto at = steady::now();
  for (int i = 0; i < 20; ++i) timers.push_back(std::make_unique<timer>(*queue, [&fired, i] { fired.push_back(i); }));
  for (const auto& t : timers) t->arm(at);
  run();
  EXPECT_TRUE(std::is_sorted(fired.begin(), fired.end()));
  EXPECT_EQ(fired.size(), timers.size());
}

TEST_F(TimerQueue, OneCallbackMaySilenceAnotherThatIsDueToo) {
  int fired = 0;
  timer second;
  timer first(*queue, [&] { second.disarm(); });
  second.bind(*queue, [&] { ++fired; });
  const auto at = steady::now();
  first.arm(at);
  second.arm(at);
  run();
  EXPECT_EQ(fired, 0);
}

TEST_F(TimerQueue, MayBeDestroyedInItsOwnCallback) {
  auto capture = std::make_shared<int>(7);
  std::unique_ptr<timer> t;
  int seen = 0;
  t = std::make_unique<timer>(*queue, [&t, &seen, capture] {
    t.reset();
    seen = *capture;  // the function must still be there
  });
  t->arm(steady::now());
  run();
  EXPECT_EQ(seen, 7);
}

TEST_F(TimerQueue, MayBeArmedAndBoundAnewInItsOwnCallback) {
  int first = 0, second = 0;
  timer t;
  t.bind(*queue, [&] {
    if (++first < 3) return t.arm(steady::now());
    t.bind(*queue, [&] { ++second; });
    t.arm(steady::now());
  });
  t.arm(steady::now());
  run();
  EXPECT_EQ(first, 3);
  EXPECT_EQ(second, 1);
}

TEST_F(TimerQueue, S_11_ATimerThatIsAlwaysDueDoesNotHoldTheLoop) {
  bool other = false;
  timer t;
  t.bind(*queue, [&] {
    if (!other) t.arm(steady::now());
  });
  t.arm(steady::now());
  boost::asio::post(io, [&] { boost::asio::post(io, [&] { other = true; }); });
  run();
  EXPECT_TRUE(other);
}

TEST_F(TimerQueue, AThrowingCallbackDoesNotStopTheOthers) {
  int fired = 0;
  timer bad(*queue, [] { throw std::runtime_error("one request's trouble"); });
  timer good(*queue, [&] { ++fired; });
  bad.arm(steady::now());
  good.arm(steady::now() + 1ms);
  EXPECT_THROW(run(), std::runtime_error);
  run();
  EXPECT_EQ(fired, 1);
}

TEST_F(TimerQueue, MayBeDestroyedWhileTheLoopStillHoldsItsWait) {
  {
    timer t(*queue, [] { FAIL(); });
    t.arm(steady::now());
  }
  queue.reset();
  run();
}

}  // namespace
}  // namespace authbroker
