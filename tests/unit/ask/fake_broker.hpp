// A socket that plays a broker: it reads a request, remembers it, and answers what it was told.
#pragma once
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace authbroker::testing_ask {

inline std::string reply(unsigned status, const std::string& body) {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" + body;
}
inline std::string says(unsigned status, const std::string& verdict, const std::string& reason, const std::string& more = {}) {
  return reply(status, "{\"verdict\":\"" + verdict + "\",\"reason\":" + (reason.empty() ? "null" : "\"" + reason + "\"") + more + ",\"id\":\"t-1\"}");
}

class fake_broker {
 public:
  // The bytes to answer a request with; nullopt-like "HANG": none, and the connection stays.
  using script = std::function<std::string(const std::string& request)>;
  static constexpr const char* hang = "HANG";

  explicit fake_broker(script answers) : answers_(std::move(answers)) {
    std::array<char, 32> name{"/tmp/ab.ask.XXXXXX"};
    folder_ = ::mkdtemp(name.data());
    path = folder_ + "/s";
    listening_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    std::memcpy(at.sun_path, path.data(), path.size());
    if (::bind(listening_, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0 || ::listen(listening_, 16) != 0) std::abort();
    thread_ = std::thread([this] { serve(); });
  }
  fake_broker(const fake_broker&) = delete;
  fake_broker& operator=(const fake_broker&) = delete;
  ~fake_broker() {
    ::shutdown(listening_, SHUT_RDWR);
    thread_.join();
    for (const int fd : held_) ::close(fd);
    ::close(listening_);
    ::unlink(path.c_str());
    ::rmdir(folder_.c_str());
  }

  std::vector<std::string> requests() {
    const std::lock_guard hold(mutex_);
    return requests_;
  }
  std::string path;

 private:
  void serve() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);  // signals are for who asks: here they would end a call
    for (;;) {
      const int fd = ::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      std::string request;
      std::array<char, 4096> room;
      while (!whole(request)) {
        const ssize_t n = ::read(fd, room.data(), room.size());
        if (n <= 0) break;
        request.append(room.data(), static_cast<std::size_t>(n));
      }
      const std::string answer = answers_(request);
      {
        const std::lock_guard hold(mutex_);
        requests_.push_back(request);
      }
      if (answer == hang) {
        held_.push_back(fd);
        continue;
      }
      std::size_t sent = 0;
      for (ssize_t n = 1; n > 0 && sent < answer.size(); sent += static_cast<std::size_t>(n > 0 ? n : 0))
        n = ::send(fd, answer.data() + sent, answer.size() - sent, MSG_NOSIGNAL);
      ::close(fd);
    }
  }
  static bool whole(const std::string& request) {
    const std::size_t end = request.find("\r\n\r\n"), length = request.find("Content-Length: ");
    if (end == std::string::npos || length == std::string::npos) return false;
    return request.size() >= end + 4 + std::strtoul(request.c_str() + length + 16, nullptr, 10);
  }

  script answers_;
  std::string folder_;
  int listening_ = -1;
  std::vector<int> held_;
  std::mutex mutex_;
  std::vector<std::string> requests_;
  std::thread thread_;
};

}  // namespace authbroker::testing_ask
