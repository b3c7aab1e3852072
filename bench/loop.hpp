// What the benchmark's programs share: sockets, epoll, a clock, TLS on a socket that does not block.
//
// Fails  by ending the program with a sentence: a benchmark that goes on after trouble measures the trouble.
#pragma once
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace bench {

using nanoseconds = std::int64_t;
nanoseconds now();

[[noreturn]] void die(const std::string& what);  // with errno's words, if there are any

struct address {  // "unix:/path", "tcp:127.0.0.1:110" or "udp:127.0.0.1:1812"
  sockaddr_storage bytes{};
  socklen_t size = 0;
  int family = 0, type = SOCK_STREAM;
};
address parse_address(std::string_view);

int listen_on(const address&);
// Does not wait. -1 if the backlog is full: try again later. The connection may still be under way.
int connect_to(const address&);

enum class flow { ok, later_read, later_write, end };

// One stream, with or without TLS, that never blocks. Of datagrams, each read and each write is one.
class stream {
 public:
  stream() = default;
  ~stream() { close(); }
  stream(const stream&) = delete;
  stream& operator=(const stream&) = delete;

  void open(int fd) { fd_ = fd; }
  void start_tls(SSL* ssl, bool as_client);  // takes the SSL
  bool encrypted() const { return ssl_ != nullptr; }
  bool is_open() const { return fd_ >= 0; }
  int fd() const { return fd_; }
  SSL* ssl() const { return ssl_; }
  void close();

  // Edge-triggered. Of a Unix socket that it can be written should be told only once something had to wait: it is told each time
  // its peer has read, which costs the peer more than the reading.
  void watch(int epoll, epoll_data_t, bool writable);

  // Appends what has come.
  flow read(std::string& to);
  // Sends from the front of `out`, and drops what was sent.
  flow write(std::string& out);

 private:
  flow judge(int result);
  void control(int what);
  flow wait_writable();
  int fd_ = -1, epoll_ = -1;
  epoll_event event_{};
  SSL* ssl_ = nullptr;
};

}  // namespace bench
