#include "loop.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace bench {

nanoseconds now() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

void die(const std::string& what) {
  std::fprintf(stderr, "%s%s%s\n", what.c_str(), errno != 0 ? ": " : "", errno != 0 ? std::strerror(errno) : "");
  std::exit(2);
}

address parse_address(std::string_view text) {
  address a;
  if (text.substr(0, 5) == "unix:") {
    auto* to = reinterpret_cast<sockaddr_un*>(&a.bytes);
    const std::string_view path = text.substr(5);
    if (path.size() >= sizeof to->sun_path) die("the path is too long: " + std::string(text));
    to->sun_family = AF_UNIX;
    std::memcpy(to->sun_path, path.data(), path.size());
    a.size = sizeof *to;
    a.family = AF_UNIX;
    return a;
  }
  const std::size_t colon = text.rfind(':');
  const bool datagrams = text.starts_with("udp:");
  if ((!datagrams && !text.starts_with("tcp:")) || colon <= 4) die("not an address: " + std::string(text));
  auto* to = reinterpret_cast<sockaddr_in*>(&a.bytes);
  to->sin_family = AF_INET;
  to->sin_port = htons(static_cast<std::uint16_t>(std::atoi(std::string(text.substr(colon + 1)).c_str())));
  if (inet_pton(AF_INET, std::string(text.substr(4, colon - 4)).c_str(), &to->sin_addr) != 1) die("not an IPv4 address: " + std::string(text));
  a.size = sizeof *to;
  a.family = AF_INET;
  if (datagrams) a.type = SOCK_DGRAM;
  return a;
}

int listen_on(const address& a) {
  const int fd = ::socket(a.family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (a.family == AF_UNIX) ::unlink(reinterpret_cast<const sockaddr_un*>(&a.bytes)->sun_path);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&a.bytes), a.size) != 0 || ::listen(fd, 4096) != 0) die("cannot listen");
  return fd;
}

int connect_to(const address& a) {
  const int fd = ::socket(a.family, a.type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) die("socket");
  if (a.family == AF_INET && a.type == SOCK_STREAM) {
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&a.bytes), a.size) == 0 || errno == EINPROGRESS) return fd;
  if (errno != EAGAIN) die("cannot connect");
  ::close(fd);
  return -1;
}

void stream::start_tls(SSL* ssl, bool as_client) {
  ssl_ = ssl;
  SSL_set_fd(ssl_, fd_);
  if (as_client) SSL_set_connect_state(ssl_);
  else SSL_set_accept_state(ssl_);
}

void stream::close() {
  if (ssl_) {
    SSL_shutdown(ssl_);  // one way: nobody waits for the answer
    SSL_free(ssl_);
    ERR_clear_error();
    ssl_ = nullptr;
  }
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

void stream::watch(int epoll, epoll_data_t data, bool writable) {
  epoll_ = epoll;
  event_.events = EPOLLIN | EPOLLET | (writable ? EPOLLOUT : 0U);
  event_.data = data;
  control(EPOLL_CTL_ADD);
}

void stream::control(int what) {
  if (epoll_ctl(epoll_, what, fd_, &event_) != 0) die("epoll_ctl");
}

flow stream::wait_writable() {
  if ((event_.events & EPOLLOUT) == 0) {
    event_.events |= EPOLLOUT;
    control(EPOLL_CTL_MOD);
  }
  return flow::later_write;
}

flow stream::judge(int result) {
  switch (SSL_get_error(ssl_, result)) {
    case SSL_ERROR_WANT_READ: return flow::later_read;
    case SSL_ERROR_WANT_WRITE: return wait_writable();
    default: ERR_clear_error(); return flow::end;
  }
}

flow stream::read(std::string& to) {
  char chunk[16 * 1024];
  for (;;) {
    if (ssl_) {
      const int n = SSL_read(ssl_, chunk, sizeof chunk);
      if (n <= 0) return judge(n);
      to.append(chunk, static_cast<std::size_t>(n));
      if (SSL_pending(ssl_) == 0 && n < static_cast<int>(sizeof chunk)) return flow::ok;
      continue;
    }
    const ssize_t n = ::recv(fd_, chunk, sizeof chunk, 0);
    if (n > 0) {
      to.append(chunk, static_cast<std::size_t>(n));
      return flow::ok;
    }
    if (n == 0) return flow::end;
    if (errno == EAGAIN) return flow::later_read;
    if (errno != EINTR) return flow::end;
  }
}

flow stream::write(std::string& out) {
  while (!out.empty()) {
    ssize_t n = 0;
    if (ssl_) {
      n = SSL_write(ssl_, out.data(), static_cast<int>(out.size()));
      if (n <= 0) return judge(static_cast<int>(n));
    } else {
      n = ::send(fd_, out.data(), out.size(), MSG_NOSIGNAL);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return errno == EAGAIN || errno == ENOTCONN ? wait_writable() : flow::end;
    }
    out.erase(0, static_cast<std::size_t>(n));
  }
  return flow::ok;
}

}  // namespace bench
