#include "net/readiness.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <list>
#include <memory>
#include <random>
#include <vector>

#include "unit/net/end_of_pair.hpp"

namespace authbroker::testing_net {
namespace {

using namespace std::chrono_literals;

struct Readiness : one_set {};

TEST_F(Readiness, WhatIsThereAlreadyIsToldToo) {
  end_of_pair a;
  a.say("x");
  a.enter(set);
  EXPECT_EQ(a.calls, 0) << "from the loop only";
  turn();
  EXPECT_EQ(a.readable, 1);
  EXPECT_EQ(a.writable, 0) << "nobody asked";
}

TEST_F(Readiness, AChangeIsToldOnceAndTheNextOneAgain) {
  end_of_pair a;
  a.enter(set);
  turn();
  EXPECT_EQ(a.calls, 0);
  for (int i = 1; i < 4; ++i) {
    a.say("hello");
    turn();
    turn();
    EXPECT_EQ(a.calls, i);
    EXPECT_TRUE(a.more_to_read());
    a.drain();
    EXPECT_EQ(a.reads, i) << "a read that came up short is the last";
  }
  EXPECT_EQ(a.heard, "hellohellohello");
}

TEST_F(Readiness, AFullReadIsNotTheLast) {
  end_of_pair a;
  a.enter(set);
  a.say(std::string(16, 'x'));
  turn();
  a.drain();
  EXPECT_EQ(a.reads, 2);
  EXPECT_FALSE(a.more_to_read());
}

// The end has been announced together with the last bytes, and will not be again.
TEST_F(Readiness, TheEndBehindTheLastBytesIsNotForgotten) {
  end_of_pair a;
  a.enter(set);
  a.say("bye");
  ASSERT_EQ(::shutdown(a.peer.get(), SHUT_WR), 0);
  turn();
  a.drain();
  EXPECT_EQ(a.heard, "bye");
  EXPECT_TRUE(a.ended);
}

TEST_F(Readiness, TheEndAfterTheLastBytesIsTold) {
  end_of_pair a;
  a.enter(set);
  a.say("bye");
  turn();
  a.peer.reset();  // after the news, before the read
  a.drain();
  EXPECT_FALSE(a.ended);
  turn();
  a.drain();
  EXPECT_TRUE(a.ended);
}

TEST_F(Readiness, RoomToWriteIsToldWhenAskedFor) {
  end_of_pair a;
  a.enter(set);
  a.await_writable();
  turn();
  EXPECT_EQ(a.writable, 1);
  a.fill();
  a.await_writable();
  turn();
  EXPECT_EQ(a.writable, 1);
  EXPECT_GT(a.empty_peer(), 0U);
  turn();
  EXPECT_EQ(a.writable, 2);
  a.fill();
  a.empty_peer();
  turn();
  EXPECT_EQ(a.writable, 2) << "nobody asked again";
}

TEST_F(Readiness, WhoeverIsClosedInTheCallbackOfAnotherHearsNothing) {
  end_of_pair a, b;
  for (end_of_pair* const one : {&a, &b}) {
    one->enter(set);
    one->say("x");
  }
  a.then = [&] { b.close(); };
  b.then = [&] { a.close(); };
  turn();
  EXPECT_EQ(a.calls + b.calls, 1);
}

TEST_F(Readiness, OneMayBeDestroyedInItsOwnCallbackAndInThoseOfOthers) {
  std::list<std::unique_ptr<end_of_pair>> all;
  int calls = 0;
  for (int i = 0; i < 10; ++i) {
    all.push_back(std::make_unique<end_of_pair>());
    all.back()->enter(set);
    all.back()->say("x");
    all.back()->then = [&] {
      ++calls;
      all.clear();
    };
  }
  turn();
  EXPECT_EQ(calls, 1);
}

// Its number and its place are used again at once, while news of the earlier one is still in the batch.
TEST_F(Readiness, TheNewOwnerOfANumberHearsNothingOfTheOldOne) {
  end_of_pair a, b;
  std::unique_ptr<end_of_pair> later;
  const auto replace = [&](end_of_pair& other) {
    const int number = other.own.get();
    other.close();
    later = std::make_unique<end_of_pair>();
    if (later->own.get() != number) {
      ASSERT_EQ(::dup3(later->own.get(), number, O_CLOEXEC), number);
      later->own = descriptor(number);
    }
    later->enter(set);
  };
  for (end_of_pair* const one : {&a, &b}) {
    one->enter(set);
    one->say("x");
  }
  a.then = [&] { replace(b); };
  b.then = [&] { replace(a); };
  turn();
  EXPECT_EQ(a.calls + b.calls, 1);
  ASSERT_NE(later, nullptr);
  EXPECT_EQ(later->calls, 0);
  later->say("y");
  turn();
  EXPECT_EQ(later->calls, 1);
}

// A process that was started between keeps the socket open for a moment: the kernel goes on telling.
TEST_F(Readiness, AClosedSocketThatLivesOnElsewhereIsNotHeard) {
  end_of_pair a;
  a.enter(set);
  const descriptor kept(::fcntl(a.own.get(), F_DUPFD_CLOEXEC, 0));
  a.close();
  end_of_pair b;
  b.enter(set);
  a.say("x");
  turn();
  EXPECT_EQ(a.calls + b.calls, 0);
}

TEST_F(Readiness, WhoLeavesHearsNothingAndMayComeBack) {
  end_of_pair a;
  a.enter(set);
  a.say("x");
  a.leave();
  turn();
  EXPECT_EQ(a.calls, 0);
  a.enter(set);
  turn();
  EXPECT_EQ(a.calls, 1);
}

TEST_F(Readiness, OneMayGoToAnotherSetAndTakeItsNewsAlong) {
  boost::asio::io_context other_io{1};
  readiness other(other_io);
  end_of_pair a;
  a.enter(set);
  a.say("x");
  a.leave();
  a.enter(other);
  turn();
  EXPECT_EQ(a.calls, 0);
  other_io.poll();
  EXPECT_EQ(a.calls, 1);
}

TEST_F(Readiness, WhatCannotBeWatchedIsSaid) {
  const descriptor file(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  end_of_pair a;
  EXPECT_FALSE(a.join(set, file.get()));
  EXPECT_FALSE(a.joined());
  a.say("x");
  a.enter(set);
  turn();
  EXPECT_EQ(a.calls, 1);
}

TEST_F(Readiness, ACallbackThatThrowsTakesNoNewsFromOthers) {
  std::list<end_of_pair> all;
  for (int i = 0; i < 20; ++i) {
    all.emplace_back();
    all.back().enter(set);
    all.back().say("x");
    if (i % 3 == 0) all.back().then = [] { throw std::runtime_error("a defect"); };
  }
  int thrown = 0;
  for (bool again = true; again;) {
    io.restart();
    try {
      again = io.poll() != 0;
    } catch (const std::runtime_error&) {
      ++thrown;
    }
  }
  EXPECT_EQ(thrown, 7);
  for (const end_of_pair& one : all) EXPECT_EQ(one.calls, 1);
  all.front().then = nullptr;
  all.front().drain();
  all.front().say("y");
  turn();
  EXPECT_EQ(all.front().calls, 2);
}

TEST_F(Readiness, OthersHaveTheirTurnAfterABatch) {
  std::list<end_of_pair> all;
  int told = 0, told_then = 0;
  for (int i = 0; i < 3 * readiness::batch_max; ++i) {
    all.emplace_back();
    all.back().enter(set);
    all.back().say("x");
    all.back().then = [&] {
      if (++told == 1) boost::asio::post(io, [&] { told_then = told; });
    };
  }
  turn();
  EXPECT_EQ(told, 3 * readiness::batch_max);
  EXPECT_EQ(told_then, readiness::batch_max);
}

TEST_F(Readiness, ALoopWithNothingElseToWaitForEnds) {
  {
    end_of_pair a;
    a.enter(set);
    io.restart();
    EXPECT_EQ(io.run_for(1ms), 0U);
    EXPECT_FALSE(io.stopped());
  }
  io.restart();
  io.run();  // for ever, otherwise
  end_of_pair b;
  b.enter(set);
  b.say("x");
  turn();
  EXPECT_EQ(b.calls, 1);
}

TEST(ReadinessAlone, EntriesAndHandlersMayOutliveTheSet) {
  boost::asio::io_context io{1};
  end_of_pair a;
  {
    readiness set(io);
    a.enter(set);
    a.say("x");
  }
  EXPECT_FALSE(a.joined());
  io.poll();
  EXPECT_EQ(a.calls, 0);
}

TEST(ReadinessAlone, TheSetMayEndInACallback) {
  boost::asio::io_context io{1};
  auto set = std::make_unique<readiness>(io);
  end_of_pair a, b;
  for (end_of_pair* const one : {&a, &b}) {
    one->enter(*set);
    one->say("x");
    one->then = [&] { set.reset(); };
  }
  io.poll();
  EXPECT_EQ(a.calls + b.calls, 1);
}

// Whatever comes in whatever order: all that was sent is read, by owners that only read when they are told to.
TEST_F(Readiness, NothingIsMissedInAnyOrder) {
  std::minstd_rand dice(20);
  const auto below = [&dice](unsigned n) { return dice() % n; };
  struct one {
    std::unique_ptr<end_of_pair> socket;
    std::string sent;
    bool finished = false;
  };
  std::vector<one> all(12);
  for (int step = 0; step < 20'000; ++step) {
    one& o = all[below(12)];
    switch (o.socket == nullptr ? 0 : 1 + below(8)) {
      case 0: {
        o = {std::make_unique<end_of_pair>(), {}, false};
        o.socket->then = [s = o.socket.get()] { s->drain(); };
        o.socket->enter(set);
        break;
      }
      case 1:
        if (!o.finished) ::shutdown(o.socket->peer.get(), SHUT_WR);
        o.finished = true;
        break;
      case 2:
        turn();
        EXPECT_EQ(o.socket->heard, o.sent);
        EXPECT_EQ(o.socket->ended, o.finished);
        o.socket.reset();
        break;
      case 3:
        o.socket->leave();
        o.socket->enter(set);
        break;
      case 4: io.poll_one(); break;
      default:
        if (o.finished) break;
        const std::string text(1 + below(40), static_cast<char>('a' + below(26)));
        o.socket->say(text);
        o.sent += text;
    }
    io.restart();
  }
}

}  // namespace
}  // namespace authbroker::testing_net
