// Plain TCP: opening, reading, writing, and being destroyed at every stage.
#include "net/channel.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <fcntl.h>
#include <latch>

#include "net/dial.hpp"
#include "unit/net/name_server.hpp"
#include "unit/net/servers.hpp"

namespace authbroker {
namespace {

using namespace std::chrono_literals;
using namespace authbroker::testing;
using ::testing::HasSubstr;
using ::testing::StartsWith;

void echo_plain(int fd) {
  for (std::string s = receive_some(fd); !s.empty(); s = receive_some(fd)) send_all(fd, s);
}

TEST(Channel, OpensWritesReadsAndTellsItsStages) {
  tcp_server server(echo_plain);
  client c;
  const auto o = c.open(to_port(server.port()));
  ASSERT_EQ(o.why, reason::none) << o.text;
  EXPECT_TRUE(c.stream->is_open());
  EXPECT_FALSE(c.stream->encrypted());
  EXPECT_EQ(c.stream->peer(), "127.0.0.1:" + std::to_string(server.port()));
  ASSERT_EQ(c.notes.size(), 2U);
  EXPECT_EQ(c.notes[0].first, "resolve");
  EXPECT_THAT(c.notes[0].second, StartsWith("127.0.0.1 ("));
  EXPECT_EQ(c.notes[1].first, "connect");
  ASSERT_TRUE(c.write("hello"));
  EXPECT_EQ(c.read_until([](const std::string& s) { return s.size() >= 5; }), "hello");
}

TEST(Channel, DoneIsNeverCalledFromWithinOpen) {
  client c;
  bool done = false, inside = true;
  c.stream->open(to_port(closed_port()), steady::now() + 2s, [&](const open_outcome&) {
    EXPECT_FALSE(inside);
    done = true;
  }, [&](std::string_view, std::string) { EXPECT_FALSE(inside); });
  inside = false;
  EXPECT_TRUE(spin(c.w, [&] { return done; }));
}

// F-01
TEST(Channel, F01RefusedIsUpstreamDown) {
  client c;
  const auto o = c.open(to_port(closed_port()));
  EXPECT_EQ(o.why, reason::upstream_down);
  EXPECT_THAT(o.text, HasSubstr("connection refused"));
  EXPECT_FALSE(c.stream->is_open());
  char byte;
  EXPECT_EQ(c.stream->read({&byte, 1}).status, io_status::failed);
}

TEST(Channel, F01FilteredEndsAtItsDeadline) {
  const deaf_port deaf;
  client c;
  const auto began = steady::now();
  const auto o = c.open(to_port(deaf.port()), 300ms);  // the test itself would wait for ten seconds
  EXPECT_EQ(o.why, reason::upstream_down);
  EXPECT_THAT(o.text, HasSubstr("timed out"));
  EXPECT_GE(steady::now() - began, 300ms);
}

TEST(Channel, T01AnUnknownNameIsUpstreamDown) {
  name_server dns({});
  client c;
  resolver names(c.w.io, c.w.timers, dns.address());
  c.stream = std::make_unique<channel>(c.w.io, c.w.sockets, c.w.timers, names, nullptr);
  dial_target t = to_port(1);
  t.host = "nowhere.example";
  const auto o = c.open(t);
  EXPECT_EQ(o.why, reason::upstream_down);
  EXPECT_EQ(o.text, "looking up nowhere.example: no such name");
  c.stream.reset();
}

TEST(Channel, T01ALookupThatHangsEndsAtTheDeadline) {
  name_server dns({{"silent.example", {.silent = true}}});
  client c;
  resolver names(c.w.io, c.w.timers, dns.address());
  c.stream = std::make_unique<channel>(c.w.io, c.w.sockets, c.w.timers, names, nullptr);
  dial_target t = to_port(1);
  t.host = "silent.example";
  const auto o = c.open(t, 200ms);
  EXPECT_EQ(o.why, reason::upstream_down);
  EXPECT_THAT(o.text, HasSubstr("timed out"));
  c.stream.reset();
}

// One machine of several behind a name: what was of no use comes last the next time, and is still tried.
TEST(Channel, T03AnAddressThatFailedComesLastForAWhile) {
  tcp_server server(echo_plain);
  name_server dns({{"two.example", {.addresses = {"127.0.0.2", "127.0.0.1"}}}});
  client c;
  resolver names(c.w.io, c.w.timers, dns.address());
  dial_target t = to_port(server.port());
  t.host = "two.example";
  const auto tried = [&] {
    c.notes.clear();
    c.stream = std::make_unique<channel>(c.w.io, c.w.sockets, c.w.timers, names, nullptr);
    EXPECT_EQ(c.open(t).why, reason::none);
    return c.notes.at(0).second;
  };
  EXPECT_THAT(tried(), StartsWith("127.0.0.2, 127.0.0.1 ("));  // refused there
  EXPECT_THAT(tried(), StartsWith("127.0.0.1, 127.0.0.2 ("));
  c.stream->avoid_peer();  // connected, and then of no use: both are equally bad now
  EXPECT_THAT(tried(), StartsWith("127.0.0.2, 127.0.0.1 ("));
  t.port = closed_port();  // at another port nothing is known
  c.notes.clear();
  c.stream = std::make_unique<channel>(c.w.io, c.w.sockets, c.w.timers, names, nullptr);
  EXPECT_EQ(c.open(t).why, reason::upstream_down);
  EXPECT_THAT(c.notes.at(0).second, StartsWith("127.0.0.2, 127.0.0.1 ("));
  c.stream.reset();
}

TEST(Channel, T03SoDoesOneThatFailedInTheHandshake) {
  const auto [there, here] = loopback::bind_pair("127.0.0.2", "127.0.0.1");
  tcp_server broken([](int) {}, there), beside([](int) {}, here);  // hang up
  name_server dns({{"two.example", {.addresses = {"127.0.0.2", "127.0.0.1"}}}});
  client c;
  resolver names(c.w.io, c.w.timers, dns.address());
  tls_settings any;
  any.verify = false;
  const auto context = tls_context::make(any);
  ASSERT_TRUE(context);
  dial_target t = to_port(broken.port());
  t.host = t.tls_name = "two.example";
  t.tls_at_once = true;
  for (const std::string first : {"127.0.0.2", "127.0.0.1"}) {
    c.notes.clear();
    c.stream = std::make_unique<channel>(c.w.io, c.w.sockets, c.w.timers, names, *context);
    EXPECT_NE(c.open(t).why, reason::none);
    EXPECT_THAT(c.notes.at(0).second, StartsWith(first));
  }
  c.stream.reset();
}

// T-03: an address that swallows everything costs 250 ms, not the deadline.
TEST(Channel, T03TheNextAddressStartsBesideASilentOne) {
  const auto [there, here] = loopback::bind_pair("127.0.0.2", "127.0.0.1");
  tcp_server server(echo_plain, here);
  const deaf_port deaf(there);
  name_server dns({{"two.example", {.addresses = {"127.0.0.2", "127.0.0.1"}}}});
  client c;
  resolver names(c.w.io, c.w.timers, dns.address());
  c.stream = std::make_unique<channel>(c.w.io, c.w.sockets, c.w.timers, names, nullptr);
  dial_target t = to_port(server.port());
  t.host = "two.example";
  const auto began = steady::now();
  const auto o = c.open(t);
  ASSERT_EQ(o.why, reason::none) << o.text;
  EXPECT_THAT(c.stream->peer(), StartsWith("127.0.0.1:"));
  EXPECT_GE(steady::now() - began, next_address_after);
  c.stream.reset();
}

TEST(Channel, T03TheNextAddressStartsAtOnceAfterARefusal) {
  tcp_server server(echo_plain);
  name_server dns({{"two.example", {.addresses = {"127.0.0.3", "127.0.0.1"}}}, {"none.example", {.addresses = {"127.0.0.3", "127.0.0.4"}}}});
  client c;
  dial_target t = to_port(server.port());
  t.host = "two.example";
  bool at_once = false;
  for (int tries = 0; !at_once && tries < 50; ++tries) {  // a machine that is busy at the moment is not at fault
    resolver fresh(c.w.io, c.w.timers, dns.address());   // it knows of no refusal yet
    c.stream = std::make_unique<channel>(c.w.io, c.w.sockets, c.w.timers, fresh, nullptr);
    const auto began = steady::now();
    ASSERT_EQ(c.open(t).why, reason::none);
    at_once = steady::now() - began < next_address_after;
    ASSERT_THAT(c.notes.at(0).second, StartsWith("127.0.0.3, 127.0.0.1 ("));
    c.notes.clear();
    c.stream.reset();
  }
  EXPECT_TRUE(at_once);

  resolver names(c.w.io, c.w.timers, dns.address());
  c.stream = std::make_unique<channel>(c.w.io, c.w.sockets, c.w.timers, names, nullptr);
  t.host = "none.example";
  const auto o = c.open(t);
  EXPECT_EQ(o.why, reason::upstream_down);
  EXPECT_THAT(o.text, HasSubstr("127.0.0.3"));
  EXPECT_THAT(o.text, HasSubstr("127.0.0.4"));
  c.stream.reset();
}

// T-05
TEST(Channel, T05LocalAddresses) {
  for (const char* const text : {"127.0.0.1", "127.9.9.9", "0.0.0.0", "0.1.2.3", "169.254.169.254", "224.0.0.1", "255.255.255.255", "::1", "::",
                                 "fe80::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:169.254.1.1", "::127.0.0.1"})
    EXPECT_TRUE(is_local_address(boost::asio::ip::make_address(text))) << text;
  for (const char* const text : {"192.0.2.1", "10.0.0.1", "2001:db8::1", "::ffff:192.0.2.1", "172.16.0.1"})
    EXPECT_FALSE(is_local_address(boost::asio::ip::make_address(text))) << text;
}

TEST(Channel, T05ANameThatLeadsHomeIsRefusedForOutsidersTargets) {
  tcp_server server(echo_plain);
  name_server dns({{"evil.example", {.addresses = {"127.0.0.1"}}}});
  client c;
  resolver names(c.w.io, c.w.timers, dns.address());
  c.stream = std::make_unique<channel>(c.w.io, c.w.sockets, c.w.timers, names, nullptr);
  dial_target t = to_port(server.port());
  t.host = "evil.example";
  t.refuse_local = true;
  const auto o = c.open(t);
  EXPECT_EQ(o.why, reason::misconfigured);
  EXPECT_THAT(o.text, HasSubstr("127.0.0.1"));
  EXPECT_EQ(server.accepted(), 0);
  c.stream.reset();
}

// F-02, F-12
TEST(Channel, F02AnOrderlyEndAndAResetAreToldApart) {
  tcp_server polite([](int fd) { send_all(fd, "bye"); });
  client c;
  ASSERT_EQ(c.open(to_port(polite.port())).why, reason::none);
  EXPECT_EQ(c.read_until([](const std::string&) { return false; }), "bye");
  EXPECT_EQ(c.last, io_status::end);

  tcp_server rude([](int fd) {
    receive_some(fd);
    const linger now{1, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  });
  client d;
  ASSERT_EQ(d.open(to_port(rude.port())).why, reason::none);
  ASSERT_TRUE(d.write("x"));
  EXPECT_EQ(d.read_until([](const std::string&) { return false; }), "");
  EXPECT_EQ(d.last, io_status::failed);
  EXPECT_FALSE(d.stream->is_open());
  EXPECT_EQ(d.stream->trouble(), "connection reset");
}

TEST(Channel, F12AHalfClosedServerStillReads) {
  std::latch got(1);
  std::string heard;
  tcp_server server([&](int fd) {
    send_all(fd, "+OK\r\n");
    ::shutdown(fd, SHUT_WR);
    heard = receive_some(fd);
    got.count_down();
  });
  client c;
  ASSERT_EQ(c.open(to_port(server.port())).why, reason::none);
  EXPECT_EQ(c.read_until([](const std::string&) { return false; }), "+OK\r\n");
  EXPECT_EQ(c.last, io_status::end);
  EXPECT_TRUE(c.write("QUIT\r\n"));
  got.wait();
  EXPECT_EQ(heard, "QUIT\r\n");
}

TEST(Channel, AWriteThatDoesNotFitWaits) {
  std::latch go(1);
  std::size_t heard = 0;
  std::latch done(1);
  tcp_server server([&](int fd) {
    go.wait();
    for (std::string s = receive_some(fd); !s.empty(); s = receive_some(fd)) heard += s.size();
    done.count_down();
  });
  client c;
  ASSERT_EQ(c.open(to_port(server.port())).why, reason::none);
  const std::string chunk(65536, 'x');
  std::size_t sent = 0;
  io_result r;
  while ((r = c.stream->write(chunk)).status == io_status::ok) sent += r.bytes;
  ASSERT_EQ(r.status, io_status::would_block);
  bool writable = false;
  c.stream->wait_writable([&] { writable = true; });
  c.w.io.restart();
  c.w.io.poll();
  EXPECT_FALSE(writable);
  go.count_down();
  EXPECT_TRUE(spin(c.w, [&] { return writable; }));
  ASSERT_TRUE(c.write("end"));
  c.stream.reset();
  done.wait();
  EXPECT_EQ(heard, sent + 3);
}

TEST(Channel, ALaterWaitReplacesAnEarlierOne) {
  tcp_server server(echo_plain);
  client c;
  ASSERT_EQ(c.open(to_port(server.port())).why, reason::none);
  bool second = false;
  c.stream->wait_readable([] { FAIL() << "was replaced"; });
  c.stream->wait_readable([&] { second = true; });
  ASSERT_TRUE(c.write("x"));
  EXPECT_TRUE(spin(c.w, [&] { return second; }));
}

TEST(Channel, AWaitOnABrokenChannelReturns) {
  client c;
  ASSERT_NE(c.open(to_port(closed_port())).why, reason::none);
  bool back = false;
  c.stream->wait_readable([&] { back = true; });
  EXPECT_TRUE(spin(c.w, [&] { return back; }));
}

TEST(Channel, R_09_SocketsAreNotInherited) {
  tcp_server server(echo_plain);
  std::vector<bool> before(256);
  for (int fd = 0; fd < 256; ++fd) before[static_cast<std::size_t>(fd)] = ::fcntl(fd, F_GETFD) != -1;
  client c;
  ASSERT_EQ(c.open(to_port(server.port())).why, reason::none);
  for (int fd = 0; fd < 256; ++fd) {
    const int flags = ::fcntl(fd, F_GETFD);
    if (flags != -1 && !before[static_cast<std::size_t>(fd)]) { EXPECT_TRUE((flags & FD_CLOEXEC) != 0) << "descriptor " << fd; }
  }
}

// Destroyed while it resolves, connects, or waits for bytes: no callback comes, and nothing is touched (under ASan).
TEST(Channel, DestroyedAtEveryStageItIsSilent) {
  name_server dns({{"silent.example", {.silent = true}}});
  const deaf_port deaf;
  tcp_server server(echo_plain);
  const auto fail = [](const open_outcome&) { FAIL() << "was destroyed"; };
  {
    client c;
    c.stream->open(to_port(server.port()), steady::now() + 1s, fail, nullptr);
    c.stream.reset();  // before the loop turned
    c.w.io.poll();
  }
  {
    client c;
    resolver names(c.w.io, c.w.timers, dns.address());
    c.stream = std::make_unique<channel>(c.w.io, c.w.sockets, c.w.timers, names, nullptr);
    dial_target t = to_port(1);
    t.host = "silent.example";
    c.stream->open(t, steady::now() + 1s, fail, nullptr);
    ASSERT_TRUE(spin(c.w, [&] { return !dns.asked().empty(); }));
    c.stream.reset();
    c.w.io.restart();
    c.w.io.poll();
  }
  {
    client c;
    bool connecting = false;
    c.stream->open(to_port(deaf.port()), steady::now() + 1s, fail, [&](std::string_view what, std::string) { connecting = what == "resolve"; });
    ASSERT_TRUE(spin(c.w, [&] { return connecting; }));
    c.stream.reset();
    c.w.io.restart();
    c.w.io.run_for(50ms);
  }
  {
    client c;
    ASSERT_EQ(c.open(to_port(server.port())).why, reason::none);
    c.stream->wait_readable([] { FAIL() << "was destroyed"; });
    c.stream->wait_writable([] { FAIL() << "was destroyed"; });
    c.stream.reset();
    c.w.io.restart();
    c.w.io.poll();
  }
}

TEST(Channel, MayBeDestroyedInEachOfItsCallbacks) {
  tcp_server server([](int fd) {
    send_all(fd, "x");
    receive_some(fd);
  });
  for (const std::string at : {"resolve", "connect", "done", "readable"}) {
    client c;
    bool over = false;
    const auto end = [&] {
      c.stream.reset();
      over = true;
    };
    c.stream->open(
        to_port(server.port()), steady::now() + 5s,
        [&](const open_outcome& o) {
          ASSERT_EQ(o.why, reason::none) << o.text;
          if (at == "done") return end();
          c.stream->wait_readable(end);
        },
        [&](std::string_view what, std::string) {
          if (what == at) end();
        });
    EXPECT_TRUE(spin(c.w, [&] { return over; })) << at;
    c.w.io.restart();
    c.w.io.poll();
  }
}

}  // namespace
}  // namespace authbroker
