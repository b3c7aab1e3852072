#include "tool/admin.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <system_error>

#include "base/text.hpp"

namespace authbroker {
namespace {

using clock_type = std::chrono::steady_clock;

class descriptor {
 public:
  explicit descriptor(int fd) : fd_(fd) {}
  ~descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

std::string words(int error) { return std::generic_category().message(error); }

std::string unreachable(const std::string& path, int error) {
  std::string text = "cannot reach the daemon at " + path + ": " + words(error);
  if (error == ENOENT || error == ECONNREFUSED)
    text += "; is authbrokerd running, and is this its admin_socket? (--socket or --config names another)";
  else if (error == EACCES || error == EPERM)
    text += "; the admin socket is for the daemon's user and root only";
  return text;
}

// Waits for one direction; false once `until` has passed.
bool wait_for(int fd, short events, clock_type::time_point until) {
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - clock_type::now());
    if (left.count() <= 0) return false;
    pollfd entry{fd, events, 0};
    const int n = ::poll(&entry, 1, static_cast<int>(std::min<std::chrono::milliseconds::rep>(left.count(), 60'000)));
    if (n > 0) return true;
    if (n < 0 && errno != EINTR) return false;
  }
}

// 0, or an errno.
int connect_to(int fd, const sockaddr_un& address, clock_type::time_point until) {
  for (;;) {
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return 0;
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return errno;
    // A full backlog cannot be waited for with poll(): ask again, ten times a second.
    if (clock_type::now() >= until) return ETIMEDOUT;
    ::poll(nullptr, 0, 100);
  }
}

int send_all(int fd, std::string_view bytes, clock_type::time_point until) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno == EAGAIN) {
      if (!wait_for(fd, POLLOUT, until)) return ETIMEDOUT;
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

std::optional<std::size_t> head_end(std::string_view bytes) {
  const std::size_t at = bytes.find("\r\n\r\n");
  if (at == std::string_view::npos) return std::nullopt;
  return at + 4;
}

// The Content-Length of a complete head.
std::optional<std::size_t> body_size(std::string_view head) {
  std::size_t at = head.find("\r\n");
  while (at != std::string_view::npos && at + 2 < head.size()) {
    const std::size_t begin = at + 2;
    at = head.find("\r\n", begin);
    const std::string_view line = head.substr(begin, at == std::string_view::npos ? std::string_view::npos : at - begin);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !equal_fold(line.substr(0, colon), "content-length")) continue;
    const std::string_view digits = trim(line.substr(colon + 1));
    std::size_t size = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), size);
    if (error == std::errc{} && end == digits.data() + digits.size() && size <= admin_reply_bytes_max) return size;
    return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

std::string percent_encode(std::string_view text) {
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += digits[byte >> 4];
      out += digits[byte & 15];
    }
  }
  return out;
}

std::size_t admin_reply_size(std::string_view bytes) {
  const auto head = head_end(bytes);
  if (!head) return 0;
  const auto body = body_size(bytes.substr(0, *head));
  return body ? *head + *body : 0;
}

result<admin_reply> parse_admin_reply(std::string_view bytes) {
  const auto head = head_end(bytes);
  // "HTTP/1.1 200 OK"
  if (!head || !bytes.starts_with("HTTP/1.") || *head < 16) return problem("the daemon's reply is not HTTP; is this its admin socket?");
  admin_reply reply;
  const auto [end, error] = std::from_chars(bytes.data() + 9, bytes.data() + 12, reply.status);
  if (error != std::errc{} || end != bytes.data() + 12 || reply.status < 200) return problem("the daemon's reply has no usable HTTP status");
  const auto body = body_size(bytes.substr(0, *head));
  if (!body || bytes.size() < *head + *body) return problem("the daemon's reply was cut short");
  reply.body = bytes.substr(*head, *body);
  return reply;
}

result<admin_reply> ask_daemon(const std::string& path, std::string_view method, std::string_view target, std::string_view body,
                               std::chrono::milliseconds patience) {
  const auto until = clock_type::now() + patience;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) return problem("the admin socket's path must have 1 to 107 bytes: " + path);
  std::memcpy(address.sun_path, path.data(), path.size());

  const descriptor fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (fd.get() < 0) return problem("cannot make a socket: " + words(errno));
  if (const int error = connect_to(fd.get(), address, until)) return problem(unreachable(path, error));

  std::string head{method};
  head.append(" ").append(target).append(" HTTP/1.1\r\nHost: authbroker\r\nConnection: close\r\n");
  if (!body.empty()) head += "Content-Type: application/json\r\n";
  if (!body.empty() || method != "GET") head.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
  head += "\r\n";
  int error = send_all(fd.get(), head, until);
  if (error == 0) error = send_all(fd.get(), body, until);
  // A daemon that refuses early closes while we still send: its reply says more than EPIPE.
  if (error != 0 && error != EPIPE && error != ECONNRESET) return problem("the daemon at " + path + " takes no request: " + words(error));

  std::string bytes;
  char chunk[16 * 1024];
  for (;;) {
    const std::size_t whole = admin_reply_size(bytes);
    if (whole != 0 && bytes.size() >= whole) break;
    const ssize_t n = ::recv(fd.get(), chunk, sizeof chunk, 0);
    if (n > 0) {
      bytes.append(chunk, static_cast<std::size_t>(n));
      if (bytes.size() > admin_reply_bytes_max) return problem("the daemon's reply is longer than 16 MiB");
    } else if (n == 0) {
      break;
    } else if (errno == EAGAIN) {
      if (!wait_for(fd.get(), POLLIN, until)) return problem("the daemon at " + path + " did not answer within " + format_duration(patience));
    } else if (errno != EINTR) {
      return problem("the daemon at " + path + " broke the connection: " + words(errno));
    }
  }
  if (bytes.empty()) return problem("the daemon at " + path + " closed the connection without an answer; its log may say why");
  return parse_admin_reply(bytes);
}

}  // namespace authbroker
