#include "front/listener.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <boost/asio/post.hpp>

#include "front/acceptor.hpp"
#include "front/branch.hpp"
#include "front/portal.hpp"
#include "front/sockets.hpp"

namespace authbroker {

struct listener::impl {
  front_parts parts;
  std::shared_ptr<const listener_terms> terms;
  std::shared_ptr<listener_shared> shared;
  unix_socket of_unix;   // one of the two
  descriptor other;
  std::string label;
  std::vector<std::shared_ptr<branch>> branches;
  std::shared_ptr<acceptor> accepts;
  bool closed = false;

  int socket() const { return other ? other.get() : of_unix.get(); }

  result<void> prepare(listener_rules rules, const front_parts& with, std::shared_ptr<http_service> service) {
    parts = with;
    auto made = make_terms(std::move(rules));
    if (!made) return made.error();
    terms = std::move(*made);
    shared = std::make_shared<listener_shared>();
    shared->parts = parts;
    shared->service = service ? std::move(service) : std::make_shared<portal>(*shared);
    return {};
  }
  void furnish() {
    label = socket_label(socket());
    for (worker* const w : parts.workers) branches.push_back(std::make_shared<branch>(*w, shared, terms));
    shared->branches.assign(branches.begin(), branches.end());
    accepts = std::make_shared<acceptor>(*parts.workers.front(), socket(), branches);
  }
  // Runs `what` on every branch, on its own worker.
  template <class F>
  void on_each_branch(F what) {
    for (const auto& b : branches) boost::asio::post(b->on().io, [b, what] { what(*b); });
  }
  void on_acceptor(std::function<void(acceptor&)> what) {
    boost::asio::post(parts.workers.front()->io, [a = accepts, what = std::move(what)] { what(*a); });
  }
};

listener::listener(std::unique_ptr<impl> i) : impl_(std::move(i)) {}

listener::~listener() {
  close();
  end_now();
}

result<std::unique_ptr<listener>> listener::open(listener_rules rules, const front_parts& parts, std::shared_ptr<http_service> service) {
  auto made = std::make_unique<impl>();
  if (auto ready = made->prepare(std::move(rules), parts, std::move(service)); !ready) return ready.error();
  const listener_rules& r = made->terms->rules;
  if (r.address.is_unix) {
    auto socket = unix_socket::make(r.address.path, r.mode, r.owner, r.group);
    if (!socket) return socket.error();
    made->of_unix = std::move(*socket);
  } else {
    auto socket = make_tcp_socket(r.address);
    if (!socket) return socket.error();
    made->other = std::move(*socket);
  }
  made->furnish();
  return std::unique_ptr<listener>(new listener(std::move(made)));
}

result<std::unique_ptr<listener>> listener::adopt(int fd, listener_rules rules, const front_parts& parts, std::shared_ptr<http_service> service) {
  auto made = std::make_unique<impl>();
  made->other = descriptor(fd);
  if (auto ready = made->prepare(std::move(rules), parts, std::move(service)); !ready) return ready.error();
  int listening = 0;
  socklen_t size = sizeof listening;
  if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0 || listening == 0)
    return problem("descriptor " + std::to_string(fd) + " is not a listening socket");
  sockaddr_storage own{};
  socklen_t own_size = sizeof own;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&own), &own_size) != 0 || (own.ss_family == AF_UNIX) != made->terms->rules.address.is_unix)
    return problem("the socket that systemd passed is of another kind than its `address`");
  if (const auto* v4 = reinterpret_cast<const sockaddr_in*>(&own); own.ss_family == AF_INET && (ntohl(v4->sin_addr.s_addr) >> 24) != 127)
    return problem("the socket that systemd passed is not on loopback; wanted: ListenStream=127.0.0.1:PORT");
  if (const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&own); own.ss_family == AF_INET6 && !IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr))
    return problem("the socket that systemd passed is not on loopback; wanted: ListenStream=[::1]:PORT");
  // systemd hands over blocking sockets; accept4() on one would hold a worker until somebody calls.
  const int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
    return problem("descriptor " + std::to_string(fd) + " cannot be made non-blocking");
  made->furnish();
  return std::unique_ptr<listener>(new listener(std::move(made)));
}

void listener::start() {
  impl_->on_acceptor([](acceptor& a) { a.start(); });
}

result<void> listener::update(listener_rules rules) {
  auto made = make_terms(std::move(rules));
  if (!made) return made.error();
  impl_->terms = std::move(*made);
  impl_->on_acceptor([terms = impl_->terms](acceptor& a) { a.replace(terms); });
  impl_->on_each_branch([terms = impl_->terms](branch& b) { b.replace(terms); });
  return {};
}

void listener::close() {
  if (impl_->closed) return;
  impl_->closed = true;
  // The acceptor has a descriptor of its own, and ends with it: whoever is in the kernel's queue then hears at once that nobody
  // will come.
  impl_->of_unix.close();
  impl_->other.reset();
  impl_->on_acceptor([](acceptor& a) { a.stop(); });
  impl_->on_each_branch([](branch& b) { b.drain(); });
}

void listener::end_now() {
  impl_->on_each_branch([](branch& b) { b.end_now(); });
}

std::uint32_t listener::sessions() const { return impl_->shared->counts.connections.load(); }
std::vector<std::uint32_t> listener::loads() const {
  std::vector<std::uint32_t> out;
  for (const auto& b : impl_->branches) out.push_back(b->load());
  return out;
}
const listener_rules& listener::rules() const { return impl_->terms->rules; }
const listener_counts& listener::counts() const { return impl_->shared->counts; }
std::string listener::address() const { return impl_->label; }

}  // namespace authbroker
