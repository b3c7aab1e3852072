// delay: passes TCP connections on to a server, and each of the server's bytes on after a fixed time: a directory far away.
//
//   delay LISTEN_ADDRESS SERVER_ADDRESS MILLISECONDS
#include <csignal>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>

#include <sys/epoll.h>

#include "loop.hpp"

namespace {

using namespace bench;

struct pair {
  stream caller, server;
  std::string up, down;  // not yet taken by the other side's socket
  bool over = false;
};

struct parcel {  // in order of time, since the delay is the same for all
  nanoseconds due;
  std::weak_ptr<pair> to;
  std::string bytes;
};

class proxy {
 public:
  proxy(const address& where, const address& server, nanoseconds delay) : server_(server), delay_(delay), epoll_(epoll_create1(EPOLL_CLOEXEC)), listener_(listen_on(where)) {
    watch(listener_, EPOLLIN);
  }

  [[noreturn]] void run() {
    epoll_event events[256];
    for (;;) {
      const int n = epoll_wait(epoll_, events, 256, wait_ms());
      for (int i = 0; i < n; ++i) {
        if (events[i].data.fd == listener_) accept_all();
        else if (const auto at = pairs_.find(events[i].data.fd); at != pairs_.end()) serve(at->second);
      }
      deliver();
    }
  }

 private:
  void watch(int fd, unsigned events) const {
    epoll_event e{};
    e.events = events;
    e.data.fd = fd;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &e);
  }

  int wait_ms() const {
    if (parcels_.empty()) return -1;
    const nanoseconds left = parcels_.front().due - now();
    return left <= 0 ? 0 : static_cast<int>(left / 1'000'000) + 1;
  }

  void accept_all() {
    for (int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC); fd >= 0; fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) {
      auto p = std::make_shared<pair>();
      p->caller.open(fd);
      const int onward = connect_to(server_);
      if (onward < 0) continue;  // the caller sees the end
      p->server.open(onward);
      pairs_[fd] = pairs_[onward] = p;
      watch(fd, EPOLLIN | EPOLLOUT | EPOLLET);
      watch(onward, EPOLLIN | EPOLLOUT | EPOLLET);
    }
  }

  void serve(const std::shared_ptr<pair> p) {  // NOLINT: a copy, since end() may drop the last other one
    std::string answer;
    bool end = false;
    for (flow f = flow::ok; f == flow::ok;) end |= (f = p->caller.read(p->up)) == flow::end;
    for (flow f = flow::ok; f == flow::ok;) end |= (f = p->server.read(answer)) == flow::end;
    end |= p->server.write(p->up) == flow::end && !p->up.empty();
    end |= p->caller.write(p->down) == flow::end && !p->down.empty();
    if (!answer.empty()) parcels_.push_back({now() + delay_, p, std::move(answer)});
    if (!end) return;
    pairs_.erase(p->caller.fd());
    pairs_.erase(p->server.fd());
    p->caller.close();
    p->server.close();
    p->over = true;
  }

  void deliver() {
    for (; !parcels_.empty() && parcels_.front().due <= now(); parcels_.pop_front()) {
      const auto p = parcels_.front().to.lock();
      if (!p || p->over) continue;
      p->down += parcels_.front().bytes;
      p->caller.write(p->down);  // an end shows when it is read
    }
  }

  address server_;
  nanoseconds delay_;
  int epoll_, listener_;
  std::unordered_map<int, std::shared_ptr<pair>> pairs_;
  std::deque<parcel> parcels_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) die("delay LISTEN_ADDRESS SERVER_ADDRESS MILLISECONDS");
  ::signal(SIGPIPE, SIG_IGN);
  proxy(parse_address(argv[1]), parse_address(argv[2]), std::stoll(argv[3]) * 1'000'000).run();
}
