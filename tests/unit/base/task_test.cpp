#include "base/task.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

using namespace authbroker;

namespace {

// A leaf that keeps its chain until it is told to go on.
class gate final : public stoppable {
 public:
  ~gate() {
    if (signal_ != nullptr) signal_->listen(nullptr);
  }
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> h) {
    waiting = continuation(h);
    signal_ = waiting.stop();
    if (signal_ != nullptr) signal_->listen(this);
    if (!broken) return;
    waiting.take_back();
    throw std::runtime_error("cannot wait");
  }
  void await_resume() const noexcept {}
  void stop() override { stopped = true; }
  void open() {
    continuation go = std::move(waiting);
    go();
  }
  continuation waiting;
  bool stopped = false, broken = false;

 private:
  stop_signal* signal_ = nullptr;
};

struct told {
  std::vector<std::string>& by;
  std::string word;
  ~told() { by.push_back(word); }
};

struct outcome {
  int times = 0;
  std::string value, trouble;
};

template <class T>
void run(task<T> what, outcome& out, stop_signal* stop = nullptr) {
  run_task(std::move(what), stop, [&out](const std::exception_ptr& e, T&& got) {
    ++out.times;
    out.value = got;
    try {
      if (e) std::rethrow_exception(e);
    } catch (const std::exception& x) {
      out.trouble = x.what();
    }
  });
}

task<std::string> word(std::string w) { co_return w; }
task<std::string> two_words(std::string a, std::string b) {
  const std::string first = co_await word(std::move(a));
  co_return first + " " + co_await word(std::move(b));
}
task<std::string> behind(gate& g, std::vector<std::string>* ends = nullptr, std::string name = "inner") {
  std::vector<std::string> nowhere;
  const told at_end{ends == nullptr ? nowhere : *ends, std::move(name)};
  co_await g;
  co_return "passed";
}
task<std::string> outer(gate& g, std::vector<std::string>& ends) {
  const told at_end{ends, "outer"};
  const std::string got = co_await behind(g, &ends);
  co_return "and " + got;
}
task<std::string> fails() {
  throw std::runtime_error("as asked");
  co_return "";
}
task<std::string> catches() {
  std::string said = "nothing";
  try {
    said = co_await fails();
  } catch (const std::runtime_error& e) {
    said = std::string("caught: ") + e.what();
  }
  co_return said;
}

TEST(Task, EndsAtOnceIfNothingWaits) {
  outcome out;
  run(two_words("right", "away"), out);
  EXPECT_EQ(out.times, 1);
  EXPECT_EQ(out.value, "right away");
}

TEST(Task, BeginsWhenItIsAwaitedAndNotBefore) {
  gate g;
  { const task<std::string> never = behind(g); }
  EXPECT_FALSE(g.waiting);
}

TEST(Task, GoesOnWhereItWaited) {
  gate g;
  outcome out;
  std::vector<std::string> ends;
  run(outer(g, ends), out);
  EXPECT_EQ(out.times, 0);
  ASSERT_TRUE(g.waiting);
  g.open();
  EXPECT_EQ(out.times, 1);
  EXPECT_EQ(out.value, "and passed");
  EXPECT_EQ(ends, (std::vector<std::string>{"inner", "outer"}));
}

TEST(Task, WhoDropsTheContinuationEndsTheChainInnermostFirst) {
  std::vector<std::string> ends;
  outcome out;
  gate g;
  run(outer(g, ends), out);
  EXPECT_TRUE(ends.empty());
  g.waiting = continuation();
  EXPECT_EQ(ends, (std::vector<std::string>{"inner", "outer"}));
  EXPECT_EQ(out.times, 0) << "nobody is told";
}

TEST(Task, WhatDoneKeepsAliveOutlivesTheFrames) {
  gate g;
  std::vector<std::string> ends;
  const auto last = std::make_shared<told>(ends, "done");
  run_task(outer(g, ends), nullptr, [kept = last](const std::exception_ptr&, std::string&&) {});
  std::weak_ptr<told> watch = last;
  g.waiting = continuation();
  EXPECT_EQ(watch.use_count(), 1);
  EXPECT_EQ(ends.size(), 2u);
}

TEST(Task, ExceptionsGoUpToWhoeverCatches) {
  outcome caught, through;
  run(catches(), caught);
  EXPECT_EQ(caught.value, "caught: as asked");
  EXPECT_EQ(caught.trouble, "");
  run(fails(), through);
  EXPECT_EQ(through.times, 1);
  EXPECT_EQ(through.trouble, "as asked");
}

TEST(Task, WhatDoneThrowsLeavesTheCall) {
  const auto throws = [](const std::exception_ptr&, std::string&&) { throw std::logic_error("done failed"); };
  EXPECT_THROW(run_task(word("x"), nullptr, throws), std::logic_error);
  gate g;
  run_task(behind(g), nullptr, throws);
  EXPECT_THROW(g.open(), std::logic_error);
}

TEST(Task, ALeafThatCannotWaitThrowsWhereItWasAwaited) {
  gate g;
  g.broken = true;
  outcome out;
  run(behind(g), out);
  EXPECT_EQ(out.times, 1);
  EXPECT_EQ(out.trouble, "cannot wait");
}

task<std::string> waits_twice(gate& a, gate& b) {
  co_await a;
  co_await b;
  co_return "both";
}

TEST(Task, AStopReachesTheLeafAndEndsTheRestAtTheNextAwait) {
  gate a, b;
  stop_signal stop;
  outcome out;
  run(waits_twice(a, b), out, &stop);
  stop.request();
  EXPECT_TRUE(a.stopped);
  EXPECT_EQ(out.times, 0) << "the leaf ends later, by itself";
  a.open();
  EXPECT_EQ(out.times, 1);
  EXPECT_EQ(out.trouble, task_stopped().what());
  EXPECT_FALSE(b.waiting) << "was not begun";
}

TEST(Task, AStopBeforeTheFirstAwaitBeginsNothing) {
  gate g;
  stop_signal stop;
  stop.request();
  outcome out;
  run(behind(g), out, &stop);
  EXPECT_EQ(out.times, 1);
  EXPECT_FALSE(g.waiting);
  EXPECT_EQ(out.trouble, task_stopped().what());
}

TEST(Task, AStopAfterTheEndIsNothing) {
  stop_signal stop;
  outcome out;
  {
    gate g;
    run(behind(g), out, &stop);
    g.open();
  }
  stop.request();
  EXPECT_EQ(out.value, "passed");
}

task<void> counts(int& n, gate& g) {
  ++n;
  co_await g;
  ++n;
}
task<void> counts_twice(int& n, gate& g) {
  co_await counts(n, g);
  co_await counts(n, g);
  throw std::runtime_error("at the end");
}

TEST(Task, OneWithoutAResult) {
  int n = 0;
  gate g;
  std::string trouble;
  run_task(counts_twice(n, g), nullptr, [&trouble](const std::exception_ptr& e) {
    try {
      std::rethrow_exception(e);
    } catch (const std::exception& x) {
      trouble = x.what();
    }
  });
  EXPECT_EQ(n, 1);
  g.open();
  EXPECT_EQ(n, 3);
  g.open();
  EXPECT_EQ(n, 4);
  EXPECT_EQ(trouble, "at the end");
}

TEST(Task, AChainMayBeginAnotherOfItsOwn) {
  outcome out;
  const auto nested = [&out](const std::exception_ptr&, std::string&& first) { run(two_words(std::move(first), "then"), out); };
  run_task(word("now"), nullptr, nested);
  EXPECT_EQ(out.value, "now then");
}

}  // namespace
