// Chains that a set of sockets lets go on.
#include <memory>
#include <stdexcept>
#include <string>

#include "unit/net/end_of_pair.hpp"

namespace authbroker::testing_net {
namespace {

struct Resume : one_set {};

// A chain stands here until the test lets it go on.
struct standing {
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> h) {
    next = continuation(h);
  }
  void await_resume() const noexcept {}
  continuation next;
};
task<void> stand(standing& here, std::string& said) {
  co_await here;
  said += "on ";
}

TEST_F(Resume, AChainGoesOnOnceTheCallbackIsOver) {
  standing here[2];
  std::string said;
  end_of_pair a, b;
  for (int i = 0; i < 2; ++i) {
    end_of_pair& one = i == 0 ? a : b;
    run_task(stand(here[i], said), nullptr, [](const std::exception_ptr&) {});
    one.enter(set);
    one.say("x");
    one.then = [&, i] {
      set.resume_soon(std::move(here[i].next));
      said += "callback ";
    };
  }
  turn();
  EXPECT_EQ(said, "callback on callback on ");
}

TEST_F(Resume, AChainGoesOnByTheLoopIfNoCallbackRuns) {
  standing here[3];
  std::string said;
  for (standing& each : here) {
    run_task(stand(each, said), nullptr, [](const std::exception_ptr&) {});
    set.resume_soon(std::move(each.next));
  }
  EXPECT_EQ(said, "");
  turn();
  EXPECT_EQ(said, "on on on ");
}

TEST_F(Resume, ACallbackThatThrowsStopsNoChain) {
  standing here;
  std::string said;
  run_task(stand(here, said), nullptr, [](const std::exception_ptr&) {});
  end_of_pair a;
  a.enter(set);
  a.say("x");
  a.then = [&] {
    set.resume_soon(std::move(here.next));
    throw std::runtime_error("a defect");
  };
  EXPECT_THROW(turn(), std::runtime_error);
  EXPECT_EQ(said, "");
  turn();
  EXPECT_EQ(said, "on ");
}

TEST_F(Resume, AChainThatThrowsStopsNoOther) {
  standing here[3];
  std::string said;
  int thrown = 0;
  for (standing& each : here) {
    run_task(stand(each, said), nullptr, [](const std::exception_ptr&) { throw std::runtime_error("a defect"); });
    set.resume_soon(std::move(each.next));
  }
  for (int i = 0; i < 3; ++i) {
    try {
      turn();
    } catch (const std::runtime_error&) {
      ++thrown;
    }
  }
  EXPECT_EQ(said, "on on on ");
  EXPECT_EQ(thrown, 3);
}

TEST(ResumeAlone, AChainThatWaitsEndsWithTheSet) {
  boost::asio::io_context io{1};
  standing here;
  std::string said;
  bool told = false;
  auto set = std::make_unique<readiness>(io);
  run_task(stand(here, said), nullptr, [&](const std::exception_ptr&) { told = true; });
  set->resume_soon(std::move(here.next));
  set.reset();
  io.poll();
  EXPECT_EQ(said, "");
  EXPECT_FALSE(told);
}

}  // namespace
}  // namespace authbroker::testing_net
