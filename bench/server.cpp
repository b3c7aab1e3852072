#include "server.hpp"

#include <cerrno>
#include <csignal>
#include <memory>
#include <unordered_map>

namespace bench {
namespace {

struct client {
  stream wire;
  std::string in, out;
  answer_function answer;
  bool closing = false;
};

// False: the connection is over.
bool move_on(client& c) {
  for (;;) {
    const flow f = c.wire.read(c.in);
    if (f == flow::end) return false;
    if (!c.in.empty() && !c.closing) c.closing = c.answer(c.in, c.out);
    if (f != flow::ok) break;
  }
  const flow f = c.wire.write(c.out);
  if (f == flow::end) return false;
  return !(c.closing && c.out.empty());
}

}  // namespace

void serve(const std::vector<std::pair<address, service>>& services) {
  ::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  std::unordered_map<int, const service*> listeners;
  std::unordered_map<int, std::unique_ptr<client>> clients;
  for (const auto& [where, what] : services) {
    const int fd = listen_on(where);
    listeners[fd] = &what;
    epoll_event e{};
    e.events = EPOLLIN;
    e.data.fd = fd;
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e);
  }
  epoll_event events[256];
  for (;;) {
    const int n = epoll_wait(epoll, events, 256, -1);
    for (int i = 0; i < n; ++i) {
      const int fd = events[i].data.fd;
      if (const auto l = listeners.find(fd); l != listeners.end()) {
        for (;;) {
          const int accepted = ::accept4(fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
          if (accepted < 0) break;
          auto c = std::make_unique<client>();
          c->wire.open(accepted);
          if (l->second->tls) c->wire.start_tls(SSL_new(l->second->tls), false);
          c->answer = l->second->open();
          c->out = l->second->greeting;
          c->wire.watch(epoll, {.fd = accepted}, false);
          if (move_on(*c)) clients[accepted] = std::move(c);
        }
        continue;
      }
      const auto c = clients.find(fd);
      if (c != clients.end() && !move_on(*c->second)) clients.erase(c);
    }
  }
}

}  // namespace bench
