// The step COMPUTE: work that would hold up an event loop, and what may happen while it is under way.
#include <gtest/gtest.h>

#include <condition_variable>
#include <functional>
#include <future>

#include "unit/host/lab.hpp"

using namespace authbroker;
using namespace std::chrono_literals;

namespace {

// What the plugin of this file does; each test sets them before it asks.
std::function<void()> deed;
std::function<void()> at_destroy;
std::uint32_t questions_at_a_time = 1;
bool in_prepare = false, has_compute = true;

struct thinker {
  abk_session api{};
  std::uint32_t id = 0;
  bool greeted = false, computed = false;
};
thinker& of(abk_session* s) { return *static_cast<thinker*>(s->self); }

abk_step resume(abk_session* s, abk_io* io) {
  thinker& me = of(s);
  if (!me.greeted) {
    if (io->in.len == 0) return ABK_READ;
    io->consume(io, io->in.len);
    me.greeted = true;
    return in_prepare ? ABK_COMPUTE : ABK_READY;
  }
  abk_answer a{};
  a.size = sizeof a;
  a.verdict = me.computed ? ABK_YES : ABK_NO;
  a.reason = me.computed ? ABK_REASON_NONE : ABK_REASON_WRONG_PASSWORD;
  io->finish(io, me.id, &a);
  return ABK_CLOSE;
}
abk_session* open(const abk_backend*, std::uint32_t) {
  auto* s = new thinker;
  s->api.size = sizeof(abk_session);
  s->api.self = s;
  s->api.prepare = s->api.resume = &resume;
  s->api.begin = [](abk_session* one, const abk_question* q, abk_io*) {
    of(one).id = q->id;
    return ABK_COMPUTE;
  };
  s->api.destroy = [](abk_session* dead) {
    if (at_destroy) at_destroy();
    delete &of(dead);
  };
  if (has_compute)
    s->api.compute = [](abk_session* one) {
      deed();
      of(one).computed = true;
    };
  return &s->api;
}
abk_backend* create(const abk_host*, abk_config*) {
  auto* b = new abk_backend{};
  b->size = sizeof *b;
  b->kinds = ABK_LOGIN;
  b->questions_max[0] = questions_at_a_time;
  b->open = &open;
  b->destroy = [](abk_backend* dead) { delete dead; };
  return b;
}
const abk_plugin the_plugin{sizeof(abk_plugin), ABK_ABI_MINOR, "line", "1", nullptr, &create};

class Compute : public testing::Test {
 protected:
  void SetUp() override {
    deed = [] {};
    at_destroy = nullptr;
    questions_at_a_time = 1;
    in_prepare = false;
    has_compute = true;
  }
  std::shared_ptr<plugin_backend> make(std::uint32_t threads = 1) { return lab::make(workers, log, &the_plugin, lab::rules_for({server.upstream()}), threads).backend; }
  logger log{{.target = log_target::nowhere, .file = {}}};
  lab::line_server server{lab::honest()};
  lab::crew workers{1};
  const secret right{"secret"};
};

// A door that the test opens.
struct gate {
  void pass() {
    std::unique_lock hold(m);
    entered = true;
    moved.notify_all();
    moved.wait(hold, [&] { return open; });
  }
  void await_entry() {
    std::unique_lock hold(m);
    moved.wait(hold, [&] { return entered; });
  }
  void let_through() {
    const std::lock_guard hold(m);
    open = true;
    moved.notify_all();
  }
  std::mutex m;
  std::condition_variable moved;
  bool open = false, entered = false;
};

TEST_F(Compute, HoldsUpNobodyAndIsFollowedByResume) {
  gate door;
  deed = [&] { door.pass(); };
  const auto b = make();
  auto asked = std::async(std::launch::async, [&] { return workers.ask(*b, lab::login(right), 10s); });
  door.await_entry();
  workers.settle();  // the only worker is free
  door.let_through();
  EXPECT_EQ(asked.get().what, verdict::accept);
}

TEST_F(Compute, WhoeverGivesUpIsAnsweredInTimeAndTheSessionEndsAfterIt) {
  gate door, gone;
  std::atomic<bool> computing{false}, computed{false}, overlapped{false};
  deed = [&] {
    computing = true;
    door.pass();
    computing = false;
    computed = true;
  };
  at_destroy = [&] {
    if (computing) overlapped = true;
    if (computed) gone.let_through();
  };
  const auto b = make();
  for (auto time = 300ms; !computing && time < 30s; time *= 2) EXPECT_EQ(workers.ask(*b, lab::login(right), time).why, reason::deadline);
  ASSERT_TRUE(computing);
  door.let_through();
  gone.pass();
  EXPECT_FALSE(overlapped);
}

TEST_F(Compute, OneThatWaitsForAThreadIsTakenBack) {
  gate door;
  std::atomic<int> begun{0};
  deed = [&] {
    ++begun;
    door.pass();
  };
  const auto b = make();
  auto first = std::async(std::launch::async, [&] { return workers.ask(*b, lab::login(right), 10s); });
  door.await_entry();
  EXPECT_EQ(workers.ask(*b, lab::login(right), 100ms).why, reason::deadline);
  door.let_through();
  EXPECT_EQ(first.get().what, verdict::accept);
  EXPECT_EQ(begun, 1);
}

TEST_F(Compute, ABackendCanGoMeanwhile) {
  gate door, gone;
  deed = [&] { door.pass(); };
  at_destroy = [&] { gone.let_through(); };
  auto b = make();
  auto asked = std::async(std::launch::async, [&] { return workers.ask(*b, lab::login(right), 10s).what; });
  door.await_entry();
  std::thread opener([&] { door.let_through(); });
  EXPECT_EQ(asked.get(), verdict::accept);
  opener.join();
  b.reset();
  gone.pass();
}

TEST_F(Compute, WhatItThrowsIsATempfail) {
  deed = [] { throw std::runtime_error("oops"); };
  EXPECT_EQ(workers.ask(*make(), lab::login(right), 5s).why, reason::internal);
}

TEST_F(Compute, WhereItIsNotLegalItIsATempfail) {
  in_prepare = true;
  EXPECT_EQ(workers.ask(*make(), lab::login(right), 5s).why, reason::internal);
  in_prepare = false;
  questions_at_a_time = 2;
  EXPECT_EQ(workers.ask(*make(), lab::login(right), 5s).why, reason::internal);
  questions_at_a_time = 1;
  has_compute = false;
  EXPECT_EQ(workers.ask(*make(), lab::login(right), 5s).why, reason::internal);
}

}  // namespace
