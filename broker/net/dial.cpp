#include "net/dial.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <system_error>
#include <utility>

namespace authbroker {
namespace asio = boost::asio;
using tcp = asio::ip::tcp;

namespace {

std::string connect_problem(int error) {
  switch (error) {
    case ECONNREFUSED: return "connection refused";
    case ETIMEDOUT: return "timed out";
    case EHOSTUNREACH: return "no route to host";
    case ENETUNREACH: return "network is unreachable";
    case ECONNRESET: return "connection reset";
    case EAFNOSUPPORT: return "this host has no such address family";
    case EMFILE:
    case ENFILE: return "too many open files here";
    case EADDRNOTAVAIL: return "no local port is free";
    default: return std::generic_category().message(error);
  }
}

// 0 once connected, EALREADY while it is being tried (the first call says EINPROGRESS), else why it failed.
int connect_again(int fd, const tcp::endpoint& to) {
  int result = 0;
  do result = ::connect(fd, to.data(), static_cast<socklen_t>(to.size()));
  while (result != 0 && errno == EINTR);
  return result == 0 || errno == EISCONN ? 0 : errno;
}

bool our_own_lack(int error) { return error == EMFILE || error == ENFILE || error == EADDRNOTAVAIL || error == ENOBUFS || error == ENOMEM; }

}  // namespace

struct dial::impl : std::enable_shared_from_this<dial::impl> {
  struct attempt final : watched, std::enable_shared_from_this<attempt> {
    attempt(impl& dial, const asio::ip::address& a) : owner(&dial), to(a) {}
    bool wait() { return join(owner->sockets, socket.get(), wants::writing); }
    void end() {
      over = true;
      leave_closing();
      socket.reset();
    }
    descriptor release() {
      over = true;
      leave();
      return std::move(socket);
    }
    void on_ready(bool, bool) override;
    impl* owner;  // ends it before it goes
    descriptor socket;
    asio::ip::address to;
    bool over = false;
  };

  impl(asio::io_context& io_, readiness& sockets_, timer_queue& timers, std::vector<asio::ip::address> addresses_, std::uint16_t port_)
      : io(io_), sockets(sockets_), addresses(std::move(addresses_)), port(port_), stagger(timers, [this] { next(); }) {}

  void next();
  void settled(const std::shared_ptr<attempt>&, int error);
  void failed(attempt&, int error);
  void finish(outcome what);

  asio::io_context& io;
  readiness& sockets;
  std::vector<asio::ip::address> addresses;
  std::uint16_t port;
  timer stagger;
  std::size_t started = 0, under_way = 0;
  std::vector<std::shared_ptr<attempt>> attempts;
  std::string problems;
  bool lacking = false;
  bool over = false;
  std::function<void(outcome)> done;
};

// Runs from the loop only: start() posts it.
void dial::impl::next() {
  const auto self = shared_from_this();
  while (!over && started < addresses.size()) {
    auto a = std::make_shared<attempt>(*this, addresses[started++]);
    const tcp::endpoint to(a->to, port);
    a->socket = descriptor(::socket(a->to.is_v6() ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!a->socket) {
      failed(*a, errno);
      continue;
    }
    attempts.push_back(a);
    ++under_way;
    const int one = 1;
    ::setsockopt(a->socket.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    // On this host the handshake is over when connect() returns, though it says that it is not: the second call tells.
    int error = connect_again(a->socket.get(), to);
    if (error == EINPROGRESS) error = connect_again(a->socket.get(), to);
    if (error == EALREADY && !a->wait()) error = errno;
    if (error != EALREADY) {
      settled(a, error);
      continue;
    }
    if (started < addresses.size()) stagger.arm(steady::now() + next_address_after);
    return;
  }
  if (!over && under_way == 0)
    finish({{}, lacking ? reason::overloaded : reason::upstream_down, problems.empty() ? "no address" : std::move(problems)});
}

void dial::impl::attempt::on_ready(bool, bool) {
  if (over) return;
  const auto self = shared_from_this();
  const auto all = owner->shared_from_this();
  const int error = connect_again(socket.get(), {to, all->port});
  if (error == EALREADY) return await_writable();
  all->settled(self, error);
  all->next();
}

// The first that is connected ends it all.
void dial::impl::settled(const std::shared_ptr<attempt>& a, int error) {
  --under_way;
  if (error != 0) {
    a->end();
    return failed(*a, error);
  }
  outcome up{a->release(), reason::none, {}, a->to};
  for (const auto& other : attempts)
    if (other != a) up.behind.push_back(other->to);
  finish(std::move(up));
}

void dial::impl::failed(attempt& a, int error) {
  if (our_own_lack(error)) lacking = true;
  problems += (problems.empty() ? "" : "; ") + endpoint_text(a.to, port) + ' ' + connect_problem(error);
}

void dial::impl::finish(outcome what) {
  over = true;
  stagger.disarm();
  for (const auto& a : attempts) a->end();
  attempts.clear();
  if (auto call = std::exchange(done, nullptr)) call(std::move(what));
}

dial::dial(asio::io_context& io, readiness& sockets, timer_queue& timers, std::vector<asio::ip::address> addresses, std::uint16_t port)
    : impl_(std::make_shared<impl>(io, sockets, timers, std::move(addresses), port)) {}

dial::~dial() {
  impl_->done = nullptr;
  if (!impl_->over) impl_->finish({{}, reason::none, {}});
}

void dial::start(std::function<void(outcome)> done) {
  impl_->done = std::move(done);
  asio::post(impl_->io, [self = impl_] { self->next(); });
}

std::string dial::pending() const {
  std::string text;
  for (const auto& a : impl_->attempts)
    if (!a->over) text += (text.empty() ? "" : ", ") + endpoint_text(a->to, impl_->port);
  return text;
}

bool is_local_address(const asio::ip::address& a) {
  if (a.is_v6()) {
    const auto v6 = a.to_v6();
    if (v6.is_v4_mapped()) return is_local_address(asio::ip::make_address_v4(asio::ip::v4_mapped, v6));
    const auto b = v6.to_bytes();
    bool compatible = true;  // ::/96, IPv4-compatible: ::127.0.0.1 and the like
    for (std::size_t i = 0; i < 12; ++i) compatible = compatible && b[i] == 0;
    return compatible || v6.is_link_local() || v6.is_multicast();
  }
  const auto v4 = a.to_v4();
  const auto n = v4.to_uint();
  return v4.is_loopback() || v4.is_multicast() || (n >> 24) == 0 || (n >> 16) == 0xA9FE || n == 0xFFFFFFFFU;
}

std::string endpoint_text(const asio::ip::address& a, std::uint16_t port) {
  const std::string host = a.is_v6() ? '[' + a.to_string() + ']' : a.to_string();
  return host + ':' + std::to_string(port);
}

}  // namespace authbroker
