// What is said before a connection is closed leaves with its end, and arrives.
#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <atomic>
#include <latch>

#include "unit/net/servers.hpp"

namespace authbroker {
namespace {

using namespace authbroker::testing;

const std::string last = "QUIT\r\n";

// The server's side: looks, once the client has spoken, whether it came already, and only then reads to the end.
struct listening_server {
  std::latch written{1}, looked{1};
  std::atomic<bool> held_back{false}, ended{false};
  std::string heard;

  // On loopback what was sent is there when send() returns.
  void look(int fd) {
    written.wait();
    char byte = 0;
    held_back = ::recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0;
    looked.count_down();
  }
  void judge(client& c) {
    EXPECT_EQ(c.stream->write_last(last).status, io_status::ok);
    written.count_down();
    looked.wait();
    EXPECT_TRUE(held_back);
    c.stream->shutdown();
    c.stream.reset();
    ASSERT_TRUE(spin(c.w, [&] { return ended.load(); }));
    EXPECT_EQ(heard, last);
  }
};

TEST(LastWords, LeaveWithTheEndOfTheStream) {
  listening_server s;
  tcp_server server([&](int fd) {
    s.look(fd);
    for (std::string part = receive_some(fd); !part.empty(); part = receive_some(fd)) s.heard += part;
    s.ended = true;
  });
  client c;
  ASSERT_EQ(c.open(to_port(server.port())).why, reason::none);
  s.judge(c);
}

TEST(LastWords, LeaveWithCloseNotify) {
  listening_server s;
  wish w;
  w.dns = {"good.example"};
  tls_server_wish t;
  t.own = issue(w, good_ca());
  t.after = [&](SSL* ssl, int fd) {
    SSL_write(ssl, "hello", 5);  // what acknowledges the handshake: an acknowledgement would carry along what is held back
    s.look(fd);
    char bytes[64];
    int n = 0;
    while ((n = SSL_read(ssl, bytes, sizeof bytes)) > 0) s.heard.append(bytes, static_cast<std::size_t>(n));
    s.ended = (SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN) != 0;
  };
  tls_server server(t);
  client c(context_for());
  ASSERT_EQ(c.open_tls(server.port()).why, reason::none);
  ASSERT_EQ(c.read_until([](const std::string& text) { return text.size() == 5; }), "hello");
  s.judge(c);
}

// The kernel resets a connection that is closed with bytes unread, and drops what it has not sent.
TEST(LastWords, AreHeardThoughSomethingIsUnread) {
  std::string heard;
  std::atomic<bool> done{false};
  tcp_server server([&](int fd) {
    send_all(fd, "nobody reads this");
    heard = receive_some(fd);
    done = true;
  });
  client c;
  ASSERT_EQ(c.open(to_port(server.port())).why, reason::none);
  bool readable = false;
  c.stream->wait_readable([&] { readable = true; });
  ASSERT_TRUE(spin(c.w, [&] { return readable; }));
  EXPECT_EQ(c.stream->write_last(last).status, io_status::ok);
  c.stream->shutdown();
  c.stream.reset();
  ASSERT_TRUE(spin(c.w, [&] { return done.load(); }));
  EXPECT_EQ(heard, last);
}

}  // namespace
}  // namespace authbroker
