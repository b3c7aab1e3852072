// ask() against sockets that answer well, badly, late and not at all.
#include "ask/ask.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/time.h>

#include <csignal>
#include <set>

#include "unit/ask/fake_broker.hpp"

namespace authbroker {
namespace {

using testing_ask::fake_broker;
using testing_ask::says;
using std::chrono::milliseconds;

question ann() {
  question q;
  q.address = "ann@example.com";
  q.password = "right";
  return q;
}

std::set<int> descriptors() {
  std::set<int> open;
  for (int fd = 0; fd < 1024; ++fd)
    if (::fcntl(fd, F_GETFD) != -1) open.insert(fd);
  return open;
}
// UBSan looks at memory through a pipe of its own, on whatever thread: what is left behind stays, that does not.
bool descriptors_become(const std::set<int>& wanted) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (descriptors() != wanted)
    if (std::chrono::steady_clock::now() > until) return false;
  return true;
}

TEST(ask, YesAndNoAreHeard) {
  fake_broker broker([](const std::string& request) {
    return request.find("\"right\"") != std::string::npos ? says(200, "accept", "") : says(401, "reject", "wrong_password");
  });
  question q = ann();
  EXPECT_EQ(ask(q, broker.path, default_timeout).what, verdict::accept);
  q.password = "wrong";
  const heard no = ask(q, broker.path, default_timeout);
  EXPECT_EQ(no.what, verdict::reject);
  EXPECT_EQ(no.why, reason::wrong_password);
  EXPECT_EQ(no.id, "t-1");
}

TEST(ask, TheBrokerIsToldToAnswerEarlierThanTheCallerLeaves) {
  fake_broker broker([](const std::string&) { return says(200, "accept", ""); });
  ask(ann(), broker.path, milliseconds(10'000));
  ask(ann(), broker.path, milliseconds(800));
  EXPECT_NE(broker.requests().at(0).find("\"deadline_ms\":9500}"), std::string::npos);
  EXPECT_NE(broker.requests().at(1).find("\"deadline_ms\":700}"), std::string::npos);
}

TEST(ask, G_08_WhatCannotBeFoundOutIsATempfailWithItsReason) {
  const heard none = ask(ann(), "/nonexistent/socket", default_timeout);
  EXPECT_EQ(none.what, verdict::tempfail);
  EXPECT_EQ(none.trouble, "connect: No such file or directory");
  EXPECT_EQ(ask(ann(), "relative", default_timeout).trouble, "not the path of a socket");
  EXPECT_EQ(ask(ann(), "/" + std::string(200, 'x'), default_timeout).trouble, "not the path of a socket");

  fake_broker gone([](const std::string&) { return std::string(); });
  EXPECT_EQ(ask(ann(), gone.path, default_timeout).trouble, "the connection ended without an answer");
  fake_broker cut([](const std::string&) { return says(200, "accept", "").substr(0, 100); });
  EXPECT_EQ(ask(ann(), cut.path, default_timeout).what, verdict::tempfail);
  fake_broker busy([](const std::string&) { return says(503, "tempfail", "upstream_down"); });
  const heard later = ask(ann(), busy.path, default_timeout);
  EXPECT_EQ(later.why, reason::upstream_down);
  EXPECT_EQ(later.trouble, "");
}

TEST(ask, AnEndlessAnswerHasAnEnd) {
  fake_broker broker([](const std::string&) { return std::string(heard_bytes_max + 1, ' '); });
  EXPECT_EQ(ask(ann(), broker.path, default_timeout).trouble, "the answer is too long");
}

TEST(ask, ASilentBrokerIsNotWaitedForLonger) {
  fake_broker broker([](const std::string&) { return fake_broker::hang; });
  const auto began = std::chrono::steady_clock::now();
  const heard h = ask(ann(), broker.path, milliseconds(300));
  const auto took = std::chrono::steady_clock::now() - began;
  EXPECT_EQ(h.what, verdict::tempfail);
  EXPECT_EQ(h.trouble, "no answer in time");
  EXPECT_GE(took, milliseconds(300));
  EXPECT_LT(took, default_timeout);
}

TEST(ask, AQueueThatIsFullIsNotWaitedForLonger) {
  std::array<char, 32> folder{"/tmp/ab.ask.XXXXXX"};
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  const std::string path = std::string(folder.data()) + "/s";
  const int listening = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un at{};
  at.sun_family = AF_UNIX;
  std::memcpy(at.sun_path, path.data(), path.size());
  ASSERT_EQ(::bind(listening, reinterpret_cast<const sockaddr*>(&at), sizeof at), 0);
  ASSERT_EQ(::listen(listening, 0), 0);
  const int first = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(::connect(first, reinterpret_cast<const sockaddr*>(&at), sizeof at), 0);
  EXPECT_EQ(ask(ann(), path, milliseconds(200)).trouble, "no answer in time");
  ::close(first);
  ::close(listening);
  ::unlink(path.c_str());
  ::rmdir(folder.data());
}

volatile std::sig_atomic_t ticks = 0;

TEST(ask, SignalsOfTheHostInterruptNothing) {
  struct sigaction mine {}, before {};
  mine.sa_handler = [](int) { ticks = ticks + 1; };  // without SA_RESTART
  ASSERT_EQ(::sigaction(SIGALRM, &mine, &before), 0);
  const itimerval often{{0, 5000}, {0, 5000}};
  ::setitimer(ITIMER_REAL, &often, nullptr);
  std::atomic<int> asked = 0;
  fake_broker broker([&asked](const std::string&) { return asked++ == 0 ? std::string(fake_broker::hang) : says(200, "accept", ""); });
  EXPECT_EQ(ask(ann(), broker.path, milliseconds(300)).trouble, "no answer in time");
  EXPECT_EQ(ask(ann(), broker.path, default_timeout).what, verdict::accept);
  const itimerval never{};
  ::setitimer(ITIMER_REAL, &never, nullptr);
  ::sigaction(SIGALRM, &before, nullptr);
  EXPECT_GT(ticks, 3);
}

TEST(ask, LeavesNoDescriptorAndTakesNoStandardOne) {
  fake_broker broker([](const std::string&) { return says(200, "accept", ""); });
  fake_broker silent([](const std::string&) { return fake_broker::hang; });
  std::set<int> before;
  do before = descriptors();
  while (before != descriptors());
  EXPECT_EQ(ask(ann(), broker.path, default_timeout).what, verdict::accept);
  ask(ann(), "/nonexistent", default_timeout);
  EXPECT_TRUE(descriptors_become(before));
  // A daemon may have closed its standard descriptors.
  const int kept = ::fcntl(0, F_DUPFD_CLOEXEC, 100);
  ::close(0);
  EXPECT_EQ(ask(ann(), broker.path, default_timeout).what, verdict::accept);
  EXPECT_EQ(::fcntl(0, F_GETFD), -1) << "closed as before";
  if (kept >= 0) {
    ::dup2(kept, 0);
    ::close(kept);
  }
}

// Two hundred questions of a program with threads: each hears its own answer.
TEST(ask, ThreadsShareNothing) {
  fake_broker broker([](const std::string& request) {
    const std::size_t at = request.find("\"address\":\"") + 11;
    return says(200, "accept", "", ",\"identity\":\"" + request.substr(at, request.find('"', at) - at) + "\"");
  });
  std::vector<std::thread> threads;
  std::atomic<int> right = 0;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&broker, &right, t] {
      for (int i = 0; i < 50; ++i) {
        const std::string address = "u" + std::to_string(t) + "." + std::to_string(i) + "@example.com";
        question q = ann();
        q.address = address;
        const heard h = ask(q, broker.path, default_timeout);
        if (h.what == verdict::accept && h.identity == address) ++right;
      }
    });
  for (std::thread& one : threads) one.join();
  EXPECT_EQ(right, 200);
}

}  // namespace
}  // namespace authbroker
