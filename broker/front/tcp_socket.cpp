#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "front/sockets.hpp"

namespace authbroker {
namespace {

constexpr int backlog = 1024;

bool loopback(const in6_addr& a) { return IN6_IS_ADDR_LOOPBACK(&a); }

}  // namespace

result<descriptor> make_tcp_socket(const socket_address& where) {
  const std::string label = "tcp:" + where.host + ":" + std::to_string(where.port);
  sockaddr_storage to{};
  socklen_t size = 0;
  auto* const v4 = reinterpret_cast<sockaddr_in*>(&to);
  auto* const v6 = reinterpret_cast<sockaddr_in6*>(&to);
  if (inet_pton(AF_INET, where.host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(where.port);
    size = sizeof *v4;
    if ((ntohl(v4->sin_addr.s_addr) >> 24) != 127) return problem(label + ": a listener's address must be loopback");
  } else if (inet_pton(AF_INET6, where.host.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(where.port);
    size = sizeof *v6;
    if (!loopback(v6->sin6_addr)) return problem(label + ": a listener's address must be loopback");
  } else {
    return problem(label + ": not an IP address");
  }
  const auto trouble = [&](const char* what) { return problem(label + ": " + what + ": " + std::strerror(errno)); };
  descriptor fd(socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP));
  if (!fd) return trouble("socket");
  const int on = 1;
  if (setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) return trouble("SO_REUSEADDR");
  if (to.ss_family == AF_INET6 && setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0) return trouble("IPV6_V6ONLY");
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&to), size) != 0)
    return errno == EADDRINUSE ? problem(label + ": another process listens there; see which with: ss -ltnp 'sport = :" + std::to_string(where.port) + "'") : trouble("bind");
  if (listen(fd.get(), backlog) != 0) return trouble("listen");
  return fd;
}

std::string socket_label(int fd) {
  sockaddr_storage at{};
  socklen_t size = sizeof at;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size) != 0) return {};
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (at.ss_family == AF_UNIX) return "unix:" + std::string(reinterpret_cast<const sockaddr_un*>(&at)->sun_path);
  if (at.ss_family == AF_INET) {
    const auto* const v4 = reinterpret_cast<const sockaddr_in*>(&at);
    if (inet_ntop(AF_INET, &v4->sin_addr, text.data(), text.size()) == nullptr) return {};
    return "tcp:" + std::string(text.data()) + ":" + std::to_string(ntohs(v4->sin_port));
  }
  if (at.ss_family == AF_INET6) {
    const auto* const v6 = reinterpret_cast<const sockaddr_in6*>(&at);
    if (inet_ntop(AF_INET6, &v6->sin6_addr, text.data(), text.size()) == nullptr) return {};
    return "tcp:[" + std::string(text.data()) + "]:" + std::to_string(ntohs(v6->sin6_port));
  }
  return {};
}

}  // namespace authbroker
