// Sockets in a set of a worker's, for tests.
#pragma once
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "base/descriptor.hpp"
#include "net/readiness.hpp"

namespace authbroker::testing_net {

// One end of a pair of sockets in the set, the other in the test's hand.
class end_of_pair final : public watched {
 public:
  end_of_pair() {
    int fds[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) != 0) throw std::runtime_error("socketpair");
    own = descriptor(fds[0]);
    peer = descriptor(fds[1]);
  }
  ~end_of_pair() override { close(); }
  void enter(readiness& set) { ASSERT_TRUE(join(set, own.get())); }
  void say(std::string_view text) { ASSERT_EQ(::send(peer.get(), text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size())); }
  void close() {
    leave_closing();
    own.reset();
  }
  // Reads until it knows that there is no more.
  void drain() {
    while (more_to_read()) {
      char part[16];
      const ssize_t n = ::recv(own.get(), part, sizeof part, 0);
      ++reads;
      if (n == 0) {
        ended = true;
        read_nothing();
      } else if (n < 0) {
        read_nothing();
      } else {
        heard.append(part, static_cast<std::size_t>(n));
        if (n < static_cast<ssize_t>(sizeof part)) read_short();
        else read_full();
      }
    }
  }
  void fill() {
    while (::send(own.get(), "0123456789", 10, MSG_NOSIGNAL) > 0) {
    }
  }
  std::size_t empty_peer() {
    char part[4096];
    std::size_t all = 0;
    for (ssize_t n = 0; (n = ::recv(peer.get(), part, sizeof part, 0)) > 0;) all += static_cast<std::size_t>(n);
    return all;
  }
  using watched::await_writable;
  using watched::join;
  using watched::joined;
  using watched::leave;

  descriptor own, peer;
  std::function<void()> then;
  int calls = 0, readable = 0, writable = 0, reads = 0;
  bool ended = false;
  std::string heard;

 private:
  void on_ready(bool r, bool w) override {
    ++calls;
    readable += r;
    writable += w;
    if (const auto now = then) now();
  }
};

// A set, and a loop that is run by hand.
struct one_set : ::testing::Test {
  boost::asio::io_context io{1};
  readiness set{io};
  void turn() {
    io.restart();
    while (io.poll() != 0) io.restart();
  }
};

}  // namespace authbroker::testing_net
