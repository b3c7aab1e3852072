// Ports of tests lie below the range from which the kernel gives client ports (32768 and above): there a port that was once ours
// may belong, for the minute after, to somebody's ended connection, and cannot be listened on at a second address or once more.
#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <random>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

namespace authbroker::loopback {

struct bound_socket {
  int fd;  // the caller's to close
  std::uint16_t port;
};

inline sockaddr_in loopback_address(const std::string& address, std::uint16_t port) {
  sockaddr_in a{};
  a.sin_family = AF_INET;
  a.sin_port = htons(port);
  if (::inet_pton(AF_INET, address.c_str(), &a.sin_addr) != 1) throw std::runtime_error("not an IPv4 address: " + address);
  return a;
}

// A TCP socket bound to `port`, or to a free one where it is 0, and to nobody else's while it is open: without SO_REUSEADDR, not
// even another test can bind it. Throws std::system_error.
inline bound_socket bind(const std::string& address = "127.0.0.1", std::uint16_t port = 0) {
  std::random_device chance;
  for (int tries = 0;; ++tries) {
    const std::uint16_t wanted = port != 0 ? port : static_cast<std::uint16_t>(std::uniform_int_distribution<int>(12000, 31999)(chance));
    const sockaddr_in a = loopback_address(address, wanted);
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && ::bind(fd, reinterpret_cast<const sockaddr*>(&a), sizeof a) == 0) return {fd, wanted};
    const int error = errno;
    if (fd >= 0) ::close(fd);
    if (port != 0 || tries == 100 || error != EADDRINUSE)
      throw std::system_error(error, std::generic_category(), "binding " + address + ':' + std::to_string(wanted));
  }
}

// One port at two addresses. Throws std::system_error.
inline std::pair<bound_socket, bound_socket> bind_pair(const std::string& one, const std::string& other) {
  for (int tries = 0;; ++tries) {
    const bound_socket first = bind(one);
    try {
      return {first, bind(other, first.port)};
    } catch (const std::system_error&) {
      ::close(first.fd);
      if (tries == 100) throw;
    }
  }
}

}  // namespace authbroker::loopback
