#include "ask/conversation.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace authbroker {
namespace {

using std::chrono::milliseconds;

class descriptor {
 public:
  explicit descriptor(int fd) : fd_(fd) {}
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  ~descriptor() { reset(-1); }
  void reset(int fd) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

std::string said(std::string_view doing, int error) {
  std::array<char, 128> room{};
  // glibc's form: it may return a text of its own.
  return std::string(doing) + ": " + ::strerror_r(error, room.data(), room.size());
}

milliseconds left(patience until) {
  const auto rest = std::chrono::ceil<milliseconds>(until - std::chrono::steady_clock::now());
  return rest.count() > 0 ? rest : milliseconds(0);
}

constexpr std::string_view too_late = "no answer in time";

// True once the descriptor is ready, or has an error to tell.
bool wait(int fd, short events, patience until, std::string& trouble) {
  for (;;) {
    const milliseconds rest = left(until);
    pollfd one{fd, events, 0};
    const int n = rest.count() == 0 ? 0 : ::poll(&one, 1, static_cast<int>(rest.count()));
    if (n > 0) return true;
    if (n < 0 && errno == EINTR) continue;  // a signal of the host's
    if (n == 0 && left(until).count() > 0) continue;
    trouble = n == 0 ? std::string(too_late) : said("poll", errno);
    return false;
  }
}

bool connect_to(int fd, std::string_view path, patience until, std::string& trouble) {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  if (path.empty() || path.front() != '/' || path.size() >= sizeof to.sun_path) {
    trouble = "not the path of a socket";
    return false;
  }
  std::memcpy(to.sun_path, path.data(), path.size());
  for (;;) {
    // A Unix socket connects at once, or waits for a place in the queue: for so long.
    const milliseconds rest = left(until);
    if (rest.count() == 0) {
      trouble = too_late;
      return false;
    }
    const timeval limit{static_cast<time_t>(rest.count() / 1000), static_cast<suseconds_t>(rest.count() % 1000 * 1000)};
    ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) return true;
    if (errno == EINTR) continue;
    trouble = errno == EAGAIN ? std::string(too_late) : said("connect", errno);
    return false;
  }
}

bool send_all(int fd, std::string_view request, patience until, std::string& trouble) {
  while (!request.empty()) {
    const ssize_t n = ::send(fd, request.data(), request.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0) {
      request.remove_prefix(static_cast<std::size_t>(n));
    } else if (n < 0 && errno == EAGAIN) {
      if (!wait(fd, POLLOUT, until, trouble)) return false;
    } else if (n < 0 && errno != EINTR) {
      trouble = said("send", errno);
      return false;
    }
  }
  return true;
}

void receive_all(int fd, std::size_t bytes_max, patience until, conversation_result& out) {
  std::array<char, 4096> room;
  for (;;) {
    const ssize_t n = ::recv(fd, room.data(), room.size(), MSG_DONTWAIT);
    if (n == 0) return;
    if (n > 0) {
      if (static_cast<std::size_t>(n) > bytes_max - out.bytes.size()) {
        out.trouble = "the answer is too long";
        return;
      }
      out.bytes.append(room.data(), static_cast<std::size_t>(n));
    } else if (errno == EAGAIN) {
      if (!wait(fd, POLLIN, until, out.trouble)) return;
    } else if (errno != EINTR) {
      out.trouble = said("receive", errno);
      return;
    }
  }
}

}  // namespace

conversation_result converse(std::string_view path, std::string_view request, std::size_t bytes_max, patience until) {
  conversation_result out;
  descriptor fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (fd.get() >= 0 && fd.get() <= STDERR_FILENO) fd.reset(::fcntl(fd.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  if (fd.get() < 0) {
    out.trouble = said("socket", errno);
    return out;
  }
  if (connect_to(fd.get(), path, until, out.trouble) && send_all(fd.get(), request, until, out.trouble)) receive_all(fd.get(), bytes_max, until, out);
  return out;
}

}  // namespace authbroker
