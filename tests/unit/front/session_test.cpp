// Rude callers, limits, and the end of things.
#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>

#include <atomic>
#include <latch>

#include "unit/front/fixture.hpp"

namespace authbroker::testing_front {
namespace {

class sessions : public front_fixture {};

TEST_F(sessions, ACallerThatHangsUpCancelsItsQuestion_J11) {
  start();
  caller c = connect();
  c.send(login("ann@example.com", "hold"));
  ASSERT_TRUE(asker_.wait_held());
  c.hang_up();
  EXPECT_TRUE(asker_.wait_cancelled());
  EXPECT_TRUE(eventually([&] { return listener_->sessions() == 0; }));
  EXPECT_EQ(listener_->counts().vanished.load(), 1U);
  EXPECT_TRUE(eventually([&] { return listener_->counts().in_flight.load() == 0; }));
}

TEST_F(sessions, ATcpCallerThatHangsUpCancelsItsQuestion_J11) {
  rules_.address.is_unix = false;
  start();
  caller c = connect();
  c.send(login("ann@example.com", "hold"));
  ASSERT_TRUE(asker_.wait_held());
  c.hang_up();
  EXPECT_TRUE(asker_.wait_cancelled());
}

TEST_F(sessions, ACallerThatOnlySaysNoMoreGetsItsReply) {
  start();
  caller c = connect();
  c.send(login("ann@example.com", "hold"));
  ASSERT_TRUE(asker_.wait_held());
  c.say_no_more();
  on_worker([] {});
  release();
  EXPECT_EQ(status_of(c.receive_all()), 200U);
  EXPECT_TRUE(eventually([&] { return listener_->sessions() == 0; }));
}

TEST_F(sessions, SendAndCloseAtOnceLeavesNothing_J11) {
  start();
  for (int i = 0; i < 50; ++i) {
    caller c = connect();
    c.send(login("ann@example.com", "hold"));
  }
  EXPECT_TRUE(eventually([&] { return listener_->counts().accepted.load() == 50 && listener_->sessions() == 0; }));
  EXPECT_TRUE(eventually([] { return secrets_alive() == 0; }));
}

TEST_F(sessions, ARequestMustBeCompleteInTime_J10) {
  parts_.times.request = 100ms;
  start();
  caller silent_body = connect(), half_head = connect();
  const std::string request = login("ann@example.com", "right");
  silent_body.send(request.substr(0, request.size() - 1));
  half_head.send("GET / HT");
  EXPECT_EQ(silent_body.receive_all(), "");
  EXPECT_EQ(half_head.receive_all(), "");
  EXPECT_TRUE(asker_.questions().empty());
}

TEST_F(sessions, BytesThatDripDoNotBuyTime_J10) {
  parts_.times.request = 150ms;
  start();
  caller c = connect();
  const auto began = steady::now();
  while (c.send("G") && steady::now() - began < 30s) std::this_thread::yield();
  EXPECT_LT(steady::now() - began, 30s);
}

TEST_F(sessions, IdleOnesEnd) {
  rules_.limits.idle = 100ms;
  start();
  std::vector<caller> all;
  std::string reply;
  while (status_of(reply) == 0 && all.size() < 50) {  // until one speaks before it has been idle for too long
    all.push_back(connect());
    all.back().send(get("/healthz"));
    reply = all.back().reply();
  }
  EXPECT_EQ(status_of(reply), 200U) << reply;
  EXPECT_EQ(all.back().receive_all(), "");
  EXPECT_TRUE(eventually([&] { return listener_->sessions() == 0; }));
}

TEST_F(sessions, AWaitingQuestionIsNotIdle) {
  rules_.limits.idle = 50ms;
  start();
  caller waits = until_held([this] {
    caller c = connect();
    c.send(login("ann@example.com", "hold"));
    return c;
  });
  caller idle = connect();
  EXPECT_EQ(idle.receive_all(), "") << "the idle time has passed";
  release();
  EXPECT_EQ(status_of(waits.reply()), 200U);
}

TEST_F(sessions, AtTheLimitTheLongestIdleMakesRoom_J07) {
  rules_.limits.connections = 3;
  start();
  caller busy = connect();
  busy.send(login("ann@example.com", "hold"));
  ASSERT_TRUE(asker_.wait_held());
  std::vector<caller> idle;
  for (int i = 0; i < 10; ++i) idle.push_back(connect());
  caller fresh = connect();
  fresh.send(get("/healthz"));
  EXPECT_EQ(status_of(fresh.reply()), 200U);
  EXPECT_EQ(idle.front().receive_all(), "");
  EXPECT_LE(listener_->sessions(), 3U);
  release();
  EXPECT_EQ(status_of(busy.reply()), 200U);
  EXPECT_TRUE(has(log_text(), "listener_full"));
}

TEST_F(sessions, AtTheLimitBusyOnesStay_J07) {
  rules_.limits.connections = 1;
  start();
  caller busy = connect();
  busy.send(login("ann@example.com", "hold"));
  ASSERT_TRUE(asker_.wait_held());
  EXPECT_EQ(connect().receive_all(), "");
  release();
  EXPECT_EQ(status_of(busy.reply()), 200U);
}

TEST_F(sessions, AboveInFlightNothingIsAsked) {
  rules_.limits.in_flight = 1;
  start();
  caller first = connect(), second = connect();
  first.send(login("ann@example.com", "hold"));
  ASSERT_TRUE(asker_.wait_held());
  second.send(login("bob@example.com", "right"));
  const std::string reply = second.reply();
  EXPECT_EQ(status_of(reply), 503U);
  EXPECT_TRUE(has(reply, R"("verdict":"tempfail","reason":"overloaded")")) << reply;
  release();
  EXPECT_EQ(status_of(first.reply()), 200U);
  second.send(login("bob@example.com", "right"));
  EXPECT_EQ(status_of(second.reply()), 200U);
  EXPECT_EQ(asker_.questions().size(), 2U);
}

TEST_F(sessions, ACallerThatNeverReadsIsCutOff_J12) {
  parts_.times.reply = 100ms;
  asker_.extra.found.notice = std::string(60'000, 'x');
  start();
  caller c = connect();
  std::thread sends([&] {
    while (c.send(login("ann@example.com", "right"))) {
    }
  });
  sends.join();  // it ends because the connection does
  EXPECT_TRUE(eventually([&] { return listener_->sessions() == 0; }));
  EXPECT_LT(asker_.questions().size(), 100U);
}

TEST_F(sessions, WithoutDescriptorsItWaitsAndGoesOn_J08) {
  start();
  const std::string address = listener_->address().substr(5);
  const int late = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::vector<int> fillers;
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  rlimit none = before;
  none.rlim_cur = static_cast<rlim_t>(late) + 1;
  for (int fd = 3; fd < late; ++fd)
    if (fcntl(fd, F_GETFD) < 0) fillers.push_back(dup2(2, fd));  // no holes below the limit either
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  address.copy(to.sun_path, sizeof to.sun_path - 1);
  ASSERT_EQ(::connect(late, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
  const std::string request = get("/healthz", "Connection: close\r\n");
  ASSERT_EQ(::send(late, request.data(), request.size(), MSG_NOSIGNAL), static_cast<ssize_t>(request.size()));
  const bool refused = eventually([&] { return listener_->counts().starved.load() > 0; });
  for (const int fd : fillers) ::close(fd);
  setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_TRUE(refused);
  pollfd look{late, POLLIN, 0};
  EXPECT_EQ(poll(&look, 1, 10'000), 1) << "accepted after all";
  ::close(late);
}

TEST_F(sessions, AFewConnectionsStayOnOneWorkerAndManyAreShared) {
  start(3);
  std::vector<caller> all;
  const auto more = [&](int n) {
    for (int i = 0; i < n; ++i) {
      all.push_back(connect());
      all.back().send(login("ann@example.com", "right"));
      EXPECT_EQ(status_of(all.back().reply()), 200U);
    }
  };
  more(30);
  EXPECT_EQ(listener_->loads(), (std::vector<std::uint32_t>{30, 0, 0}));
  more(120);
  EXPECT_EQ(listener_->sessions(), 150U);
  for (const std::uint32_t load : listener_->loads()) EXPECT_GT(load, 0U);
}

// Callers go on asking while their connections move, and none of them misses an answer.
TEST_F(sessions, ABusyWorkerHandsConnectionsOn) {
  parts_.saturated_percent = 0;
  start(2);
  std::vector<std::thread> callers;
  std::atomic<int> answered{0};
  constexpr int count = 8, requests = 1500;
  std::latch finished(count), looked_at(1);
  for (int i = 0; i < count; ++i)
    callers.emplace_back([&, i] {
      caller c = connect();
      const std::string name = std::string(1, static_cast<char>('a' + i)) + "@example.com";
      for (int n = 0; n < requests; ++n) {
        c.send(login(name, "right"));
        const std::string reply = c.reply();
        if (status_of(reply) == 200U && has(reply, name)) ++answered;
      }
      finished.count_down();
      looked_at.wait();
    });
  finished.wait();
  const auto loads = listener_->loads();
  looked_at.count_down();
  for (auto& c : callers) c.join();
  EXPECT_EQ(answered, count * requests);
  EXPECT_EQ(loads[0] + loads[1], static_cast<std::uint32_t>(count));
  EXPECT_GE(loads[0], 2U);
  EXPECT_GE(loads[1], 2U);
}

// What takes a worker's time need not be many questions: each may be dear.
TEST_F(sessions, FewQuestionsASecondMayBeTooManyToo) {
  parts_.saturated_percent = 0;
  start(2);
  std::vector<caller> all;
  for (int i = 0; i < 4; ++i) all.push_back(connect());
  const auto moved = [&] { return listener_->loads().at(1) != 0; };
  for (const auto until = steady::now() + 60'000ms; !moved() && steady::now() < until;)
    for (caller& c : all) {
      std::this_thread::sleep_for(2ms);  // fewer than five hundred a second
      c.send(login("ann@example.com", "right"));
      ASSERT_EQ(status_of(c.reply()), 200U);
    }
  EXPECT_TRUE(moved());
}

// Beside others that want the same processor a worker is given a share of it, and may be too slow without computing much.
TEST_F(sessions, ConnectionsLeaveAWorkerThatWaitsForAProcessor) {
  parts_.saturated_percent = 60;
  start(2);
  cpu_set_t one;
  CPU_ZERO(&one);
  std::atomic<bool> enough{false};
  std::vector<std::thread> others;
  on_worker([&one] {
    CPU_SET(static_cast<unsigned>(sched_getcpu()), &one);
    sched_setaffinity(0, sizeof one, &one);
  });
  for (int i = 0; i < 4; ++i)  // of five shares it has one
    others.emplace_back([&] {
      sched_setaffinity(0, sizeof one, &one);
      while (!enough) {
      }
    });
  std::vector<caller> all;
  for (int i = 0; i < 4; ++i) all.push_back(connect());
  const auto moved = [&] { return listener_->loads().at(1) != 0; };
  std::string many;
  for (int i = 0; i < 16; ++i) many += login("ann@example.com", "right");
  for (const auto until = steady::now() + 60'000ms; !moved() && steady::now() < until;) {
    for (caller& c : all) c.send(many);
    for (caller& c : all)
      for (int i = 0; i < 16; ++i) EXPECT_EQ(status_of(c.reply()), 200U);
  }
  EXPECT_TRUE(moved());
  enough = true;
  for (auto& t : others) t.join();
}

TEST_F(sessions, ClosingEndsIdleOnesAndLetsBusyOnesFinish) {
  start();
  caller busy = connect(), idle = connect();
  idle.send(get("/healthz"));
  EXPECT_EQ(status_of(idle.reply()), 200U);
  busy.send(login("ann@example.com", "hold"));
  ASSERT_TRUE(asker_.wait_held());
  listener_->close();
  EXPECT_EQ(idle.receive_all(), "");
  EXPECT_FALSE(connect().connected());
  release();
  const std::string reply = busy.receive_all();
  EXPECT_EQ(status_of(reply), 200U);
  EXPECT_TRUE(has(reply, "Connection: close\r\n")) << reply;
}

TEST_F(sessions, EndNowCancels) {
  start();
  caller busy = connect();
  busy.send(login("ann@example.com", "hold"));
  ASSERT_TRUE(asker_.wait_held());
  listener_->end_now();
  EXPECT_EQ(busy.receive_all(), "");
  EXPECT_TRUE(asker_.wait_cancelled());
}

TEST_F(sessions, NewRulesHoldForTheNextRequestOfAnOldConnection) {
  start();
  caller c = connect();
  c.send(login("ann@example.com", "hold"));
  ASSERT_TRUE(asker_.wait_held());
  rules_.allow = {permission::mailbox};
  ASSERT_TRUE(listener_->update(rules()));
  on_worker([] {});
  release();
  EXPECT_EQ(status_of(c.reply()), 200U) << "began under the old rules";
  c.send(login("ann@example.com", "right"));
  EXPECT_EQ(status_of(c.reply()), 403U);
}

TEST_F(sessions, ABadUpdateChangesNothing) {
  start();
  rules_.peer_users = {"no-such-user-here"};
  const auto changed = listener_->update(rules());
  ASSERT_FALSE(changed);
  EXPECT_TRUE(has(changed.error().text, "no-such-user-here")) << changed.error().text;
  caller c = connect();
  c.send(get("/healthz"));
  EXPECT_EQ(status_of(c.reply()), 200U);
}

TEST_F(sessions, NoSecretOutlivesItsRequest_S13) {
  start();
  caller c = connect();
  for (const char* password : {"right", "wrong", "broken", "throw"}) {
    c.send(login("ann@example.com", password));
    c.reply();
    on_worker([] {});
    EXPECT_TRUE(eventually([] { return secrets_alive() == 0; })) << password;
  }
}

}  // namespace
}  // namespace authbroker::testing_front
