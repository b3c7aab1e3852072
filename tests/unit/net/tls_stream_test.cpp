// Bytes within TLS, the way into it after plain text, and its abnormal ends. C-03, C-04, C-22, C-23, C-27, F-02.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <sys/socket.h>

#include <latch>

#include "net/socket_bio.hpp"
#include "unit/net/servers.hpp"

namespace authbroker {
namespace {

using namespace std::chrono_literals;
using namespace authbroker::testing;
using ::testing::HasSubstr;

const certificate& leaf() {
  static const certificate c = [] {
    wish w;
    w.dns = {"good.example"};
    return issue(w, good_ca());
  }();
  return c;
}
tls_server_wish good_server() {
  tls_server_wish w;
  w.own = leaf();
  return w;
}
dial_target plain_to(std::uint16_t port) {
  dial_target t = to_port(port);
  t.tls_name = "good.example";
  return t;
}
bool whole_line(const std::string& s) { return s.ends_with("\r\n"); }

TEST(TlsStream, CarriesBytesBothWaysInAnySize) {
  tls_server server(good_server());
  client c(context_for());
  ASSERT_EQ(c.open_tls(server.port()).why, reason::none);
  EXPECT_TRUE(c.stream->encrypted());
  for (const std::size_t size : {1UL, 100UL, 16384UL, 16385UL, 60000UL}) {
    const std::string sent(size, 'x');
    ASSERT_TRUE(c.write(sent));
    EXPECT_EQ(c.read_until([&](const std::string& s) { return s.size() >= size; }), sent);
  }
}

// A record that OpenSSL has decrypted already is announced, though the socket is silent.
TEST(TlsStream, BytesHeldByTlsMakeItReadable) {
  tls_server_wish w = good_server();
  w.after = [](SSL* ssl, int) {
    const std::string two = "+OK first\r\n+OK second\r\n";
    SSL_write(ssl, two.data(), static_cast<int>(two.size()));
    SSL_write(ssl, "third\r\n", 7);
    char byte;
    SSL_read(ssl, &byte, 1);
  };
  tls_server server(w);
  client c(context_for());
  ASSERT_EQ(c.open_tls(server.port()).why, reason::none);
  std::string all;
  while (all.size() < 30) {
    bool ready = false;
    c.stream->wait_readable([&] { ready = true; });
    ASSERT_TRUE(spin(c.w, [&] { return ready; })) << "stuck after " << all;
    char small[4];
    const auto r = c.stream->read(small);
    if (r.status == io_status::ok) all.append(small, r.bytes);
    else ASSERT_EQ(r.status, io_status::would_block);
  }
  EXPECT_EQ(all, "+OK first\r\n+OK second\r\nthird\r\n");
}

TEST(TlsStream, StartTlsAfterPlainText) {
  tls_server_wish w = good_server();
  w.say_before = "+OK begin\r\n";
  tls_server server(w);
  client c(context_for());
  ASSERT_EQ(c.open(plain_to(server.port())).why, reason::none);
  EXPECT_EQ(c.read_until(whole_line), "+OK begin\r\n");
  const auto o = c.start_tls();
  ASSERT_EQ(o.why, reason::none) << o.text;
  EXPECT_TRUE(c.stream->encrypted());
  ASSERT_TRUE(c.write("hello"));
  EXPECT_EQ(c.read_until([](const std::string& s) { return s.size() >= 5; }), "hello");
}

// C-03: what came together with the answer to STLS is in the caller's buffer or in the socket; here, in the socket.
TEST(TlsStream, C03PlaintextWaitingBeforeTlsIsRefused) {
  tls_server_wish w = good_server();
  w.say_before = "+OK begin\r\n+OK welcome\r\n";
  tls_server server(w);
  client c(context_for());
  ASSERT_EQ(c.open(plain_to(server.port())).why, reason::none);
  std::string line;
  while (!whole_line(line)) {
    char byte = 0;
    const auto r = c.stream->read({&byte, 1});
    if (r.status == io_status::ok) {
      line.push_back(byte);
      continue;
    }
    bool ready = false;
    c.stream->wait_readable([&] { ready = true; });
    ASSERT_TRUE(spin(c.w, [&] { return ready; }));
  }
  EXPECT_EQ(line, "+OK begin\r\n");
  const auto o = c.start_tls();
  EXPECT_EQ(o.why, reason::upstream_nonsense);
  EXPECT_EQ(o.text, "plaintext before TLS");  // found before a byte of ours left, not by the handshake
  EXPECT_FALSE(c.stream->encrypted());
  EXPECT_FALSE(c.stream->is_open());
}

// C-04: the injected bytes come later, when the handshake has begun.
TEST(TlsStream, C04PlaintextInsteadOfTheServersHelloIsRefused) {
  for (const std::string injected : {"+OK welcome\r\n", "220 ok\r\n", "+", "HTTP/1.1 200 OK\r\n\r\n"}) {
    tcp_server server([&](int fd) {
      send_all(fd, "+OK begin\r\n");
      receive_some(fd);
      send_all(fd, injected);
      ::shutdown(fd, SHUT_WR);
      while (!receive_some(fd).empty()) {}
    });
    client c(context_for());
    ASSERT_EQ(c.open(plain_to(server.port())).why, reason::none);
    ASSERT_EQ(c.read_until(whole_line), "+OK begin\r\n");
    const auto o = c.start_tls();
    EXPECT_TRUE(o.why == reason::upstream_nonsense || (injected == "+" && o.why == reason::upstream_down)) << name(o.why) << o.text;
    EXPECT_FALSE(c.stream->encrypted());
    char byte;
    EXPECT_EQ(c.stream->read({&byte, 1}).status, io_status::failed);
  }
}

TEST(TlsStream, APlainServerOnATlsPortGetsAHint) {
  tcp_server talker([](int fd) {
    receive_some(fd);
    send_all(fd, "-ERR what?\r\n");
    receive_some(fd);
  });
  client c(context_for());
  const auto o = c.open_tls(talker.port());
  EXPECT_EQ(o.why, reason::upstream_nonsense);
  EXPECT_THAT(o.text, HasSubstr("is this a TLS port?"));

  tcp_server greeter([](int fd) {
    send_all(fd, "+OK ready\r\n");
    while (!receive_some(fd).empty()) {}
  });
  client d(context_for());
  const auto p = d.open_tls(greeter.port());
  EXPECT_EQ(p.why, reason::upstream_nonsense);
  EXPECT_THAT(p.text, HasSubstr("is this a TLS port?"));
}

// F-02 during the handshake.
TEST(TlsStream, F02AnEndDuringTheHandshakeIsUpstreamDown) {
  tcp_server polite([](int fd) { receive_some(fd); });
  client c(context_for());
  const auto o = c.open_tls(polite.port());
  EXPECT_EQ(o.why, reason::upstream_down);
  EXPECT_THAT(o.text, HasSubstr("during the TLS handshake"));

  tcp_server rude([](int fd) {
    receive_some(fd);
    const linger now{1, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  });
  client d(context_for());
  const auto p = d.open_tls(rude.port());
  EXPECT_EQ(p.why, reason::upstream_down);
  EXPECT_THAT(p.text, HasSubstr("during the TLS handshake"));
}

TEST(TlsStream, F01ASilentServerEndsTheHandshakeAtTheDeadline) {
  tcp_server silent([](int fd) {
    while (!receive_some(fd).empty()) {}
  });
  client c(context_for());
  dial_target t = to_port(silent.port());
  t.tls_at_once = true;
  t.tls_name = "good.example";
  const auto o = c.open(t, 200ms);
  EXPECT_EQ(o.why, reason::upstream_down);
  EXPECT_THAT(o.text, HasSubstr("TLS handshake"));
  EXPECT_THAT(o.text, HasSubstr("timed out"));
}

// C-22: an end without close_notify is a cut, never an end.
TEST(TlsStream, C22ACutIsNotAnEnd) {
  for (const bool polite : {false, true}) {
    tls_server_wish w = good_server();
    w.after = [polite](SSL* ssl, int) {
      SSL_write(ssl, "+OK half a li", 13);
      if (polite) SSL_shutdown(ssl);
    };
    tls_server server(w);
    client c(context_for());
    ASSERT_EQ(c.open_tls(server.port()).why, reason::none);
    EXPECT_EQ(c.read_until([](const std::string&) { return false; }), "+OK half a li");
    EXPECT_EQ(c.last, polite ? io_status::end : io_status::failed);
    EXPECT_EQ(c.stream->trouble(), polite ? "" : "cut without close_notify");
  }
}

// C-23: a flood of KeyUpdates is work for many turns of the loop, not for one.
TEST(TlsStream, C23AKeyUpdateFloodDoesNotHoldTheLoop) {
  tls_server_wish w = good_server();
  w.version_min = TLS1_3_VERSION;
  w.after = [](SSL* ssl, int) {
    for (int i = 0; i < 8000; ++i)
      if (SSL_key_update(ssl, SSL_KEY_UPDATE_NOT_REQUESTED) != 1 || SSL_do_handshake(ssl) != 1) return;
    SSL_write(ssl, "done\r\n", 6);
    char byte;
    SSL_read(ssl, &byte, 1);
  };
  tls_server server(w);
  client c(context_for());
  ASSERT_EQ(c.open_tls(server.port()).why, reason::none);
  // Each KeyUpdate is a record of 27 bytes: half a megabyte, so at least eight reads must come back empty-handed.
  int empty = 0;
  std::string got;
  char buffer[512];
  while (got.empty()) {
    const auto r = c.stream->read(buffer);
    if (r.status == io_status::ok) {
      got.assign(buffer, r.bytes);
    } else {
      ASSERT_EQ(r.status, io_status::would_block);
      ++empty;
      bool ready = false;
      c.stream->wait_readable([&] { ready = true; });
      ASSERT_TRUE(spin(c.w, [&] { return ready; }));
    }
  }
  EXPECT_EQ(got, "done\r\n");
  EXPECT_GE(empty, static_cast<int>(8000 * 27 / tls_turn_bytes_max));
}

TEST(TlsStream, C23RenegotiationIsRefused) {
  tls_server_wish w = good_server();
  w.version_max = TLS1_2_VERSION;
  std::atomic<int> asked{0}, redone{0};
  w.after = [&](SSL* ssl, int) {
    SSL_renegotiate(ssl);
    SSL_do_handshake(ssl);  // sends HelloRequest
    ++asked;
    char byte;
    SSL_read(ssl, &byte, 1);
    if (SSL_num_renegotiations(ssl) > 0 && SSL_renegotiate_pending(ssl) == 0) ++redone;
  };
  tls_server server(w);
  client c(context_for());
  ASSERT_EQ(c.open_tls(server.port()).why, reason::none);
  ASSERT_TRUE(spin(c.w, [&] { return asked == 1; }));
  c.write("x");
  c.read_until([](const std::string&) { return false; });
  EXPECT_NE(c.last, io_status::ok);
  EXPECT_EQ(redone, 0);
}

// C-27
TEST(TlsStream, C27ClientCertificates) {
  wish mine;
  mine.common_name = "broker";
  mine.purpose = "clientAuth";
  const certificate own = issue(mine, good_ca());
  const temporary_file cert(own.pem()), key(own.key_pem()), both(own.pem() + own.key_pem());

  tls_settings with_files, in_one_file;
  with_files.client_cert = cert.path();
  with_files.client_key = key.path();
  in_one_file.client_cert = both.path();
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    tls_server_wish w = good_server();
    w.version_min = w.version_max = version;
    w.require_client = true;
    w.client_ca = good_ca();
    tls_server server(w);
    for (const auto& s : {with_files, in_one_file}) {
      client c(context_for(s));
      ASSERT_EQ(c.open_tls(server.port()).why, reason::none);
      ASSERT_TRUE(c.write("x"));
      EXPECT_EQ(c.read_until([](const std::string& t) { return !t.empty(); }), "x");
    }
    // Without one: TLS 1.2 fails in the handshake, TLS 1.3 at the first read.
    client c(context_for());
    const auto o = c.open_tls(server.port());
    if (version == TLS1_2_VERSION) {
      EXPECT_EQ(o.why, reason::tls_untrusted);
    } else {
      ASSERT_EQ(o.why, reason::none) << o.text;
      EXPECT_EQ(c.read_until([](const std::string&) { return false; }), "");
      EXPECT_EQ(c.last, io_status::failed);
      EXPECT_THAT(c.stream->trouble(), HasSubstr("certificate required; see tls.client_cert"));
    }
    EXPECT_EQ(server.seen().client_certificates, 2);
  }
  // A server that does not ask is fine.
  tls_server incurious(good_server());
  client c(context_for(with_files));
  EXPECT_EQ(c.open_tls(incurious.port()).why, reason::none);
}

TEST(TlsStream, DestroyedDuringTheHandshakeItIsSilent) {
  std::latch hello(1);
  tcp_server silent([&](int fd) {
    if (!receive_some(fd).empty()) hello.count_down();
    receive_some(fd);
  });
  client c(context_for());
  dial_target t = plain_to(silent.port());
  t.tls_at_once = true;
  c.stream->open(t, steady::now() + 5s, [](const open_outcome&) { FAIL() << "was destroyed"; }, nullptr);
  ASSERT_TRUE(spin(c.w, [&] { return hello.try_wait(); }));
  c.stream.reset();
  c.w.io.restart();
  c.w.io.poll();
}

TEST(TlsStream, StartTlsWithoutSettingsOrTwiceIsAnError) {
  tls_server server(good_server());
  client none;
  ASSERT_EQ(none.open(plain_to(server.port())).why, reason::none);
  EXPECT_EQ(none.start_tls().why, reason::misconfigured);
  client twice(context_for());
  ASSERT_EQ(twice.open_tls(server.port()).why, reason::none);
  EXPECT_EQ(twice.start_tls().why, reason::internal);
}

TEST(TlsStream, ShutdownSendsCloseNotify) {
  std::atomic<int> ended{0};
  tls_server_wish w = good_server();
  w.after = [&](SSL* ssl, int) {
    char byte;
    if (SSL_read(ssl, &byte, 1) <= 0 && (SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN) != 0) ++ended;
  };
  tls_server server(w);
  client c(context_for());
  ASSERT_EQ(c.open_tls(server.port()).why, reason::none);
  c.stream->shutdown();
  c.stream.reset();
  EXPECT_TRUE(spin(c.w, [&] { return ended == 1; }));
}

}  // namespace
}  // namespace authbroker
