// An admin socket that says what a test tells it to: one connection after the other, each gets the same bytes.
#pragma once
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>

namespace authbroker::testing {

class temporary_folder {
 public:
  temporary_folder() {
    char name[] = "/tmp/ab.XXXXXX";
    if (!::mkdtemp(name)) throw std::runtime_error("mkdtemp");
    path_ = name;
  }
  ~temporary_folder() { std::filesystem::remove_all(path_); }
  temporary_folder(const temporary_folder&) = delete;
  temporary_folder& operator=(const temporary_folder&) = delete;
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

enum class manner { whole, byte_by_byte, silent };

class fake_daemon {
 public:
  explicit fake_daemon(std::string reply, manner how = manner::whole) : reply_(std::move(reply)), how_(how) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_ = folder_.file("admin.sock");
    std::memcpy(address.sun_path, path_.c_str(), path_.size());
    fd_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 || ::listen(fd_, 8) != 0) throw std::runtime_error("listen");
    thread_ = std::thread([this] { serve(); });
  }
  ~fake_daemon() {
    ::shutdown(fd_, SHUT_RDWR);  // wakes accept()
    thread_.join();
    ::close(fd_);
  }
  fake_daemon(const fake_daemon&) = delete;
  fake_daemon& operator=(const fake_daemon&) = delete;

  const std::string& path() const { return path_; }
  std::string request() const {
    const std::lock_guard lock(mutex_);
    return request_;
  }

  static std::string http(int status, const std::string& body) {
    return "HTTP/1.1 " + std::to_string(status) + " Whatever\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }

 private:
  void serve() {
    for (;;) {
      const int client = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
      if (client < 0) return;
      answer(client);
      ::close(client);
    }
  }
  void answer(int client) {
    std::string got;
    char chunk[4096];
    while (!complete(got)) {
      const ssize_t n = ::recv(client, chunk, sizeof chunk, 0);
      if (n <= 0) break;
      got.append(chunk, static_cast<std::size_t>(n));
    }
    {
      const std::lock_guard lock(mutex_);
      request_ = got;
    }
    if (how_ == manner::silent) {
      (void)!::recv(client, chunk, sizeof chunk, 0);  // until the caller gives up
      return;
    }
    const std::size_t step = how_ == manner::byte_by_byte ? 1 : reply_.size();
    for (std::size_t at = 0; at < reply_.size(); at += step)
      if (::send(client, reply_.data() + at, std::min(step, reply_.size() - at), MSG_NOSIGNAL) <= 0) return;
  }
  static bool complete(const std::string& request) {
    const std::size_t head = request.find("\r\n\r\n");
    if (head == std::string::npos) return false;
    const std::size_t at = request.find("Content-Length: ");
    return at == std::string::npos || request.size() >= head + 4 + std::stoul(request.substr(at + 16));
  }

  temporary_folder folder_;
  std::string path_, reply_;
  manner how_;
  int fd_ = -1;
  mutable std::mutex mutex_;
  std::string request_;
  std::thread thread_;
};

}  // namespace authbroker::testing
