#include "front/acceptor.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

#include "base/log.hpp"

namespace authbroker {
namespace {

constexpr int accepts_a_turn = 64;  // then others on this worker have theirs
constexpr std::uint32_t near_enough = accepts_a_turn;  // sessions more than on the worker that has the fewest: one batch

int duplicate(int fd) { return fcntl(fd, F_DUPFD_CLOEXEC, 0); }

}  // namespace

acceptor::acceptor(worker& on, int listening, std::vector<std::shared_ptr<branch>> branches)
    : on_(on), listening_(on.io, duplicate(listening)), branches_(std::move(branches)), terms_(branches_.front()->terms()) {
  again_.bind(on.timers, [this] { accept_some(); });
  int domain = 0;
  socklen_t size = sizeof domain;
  is_unix_ = getsockopt(listening, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX;
}

void acceptor::start() {
  if (!stopped_) accept_some();
}

void acceptor::stop() {
  stopped_ = true;
  again_.disarm();
  boost::system::error_code ignored;
  listening_.close(ignored);
}

void acceptor::wait() {
  listening_.async_wait(boost::asio::posix::stream_descriptor::wait_read, [self = shared_from_this()](const boost::system::error_code& ec) {
    if (!ec && !self->stopped_) self->accept_some();
  });
}

void acceptor::accept_some() {
  for (int i = 0; i < accepts_a_turn; ++i) {
    descriptor fd(accept4(listening_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (fd) {
      receive(std::move(fd));
      continue;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      // The connection stays in the queue, so waiting for readiness would spin.
      branches_.front()->shared().counts.starved.fetch_add(1, std::memory_order_relaxed);
      if (branches_.front()->shared().complain())
        branches_.front()->shared().parts.log->line(level::error, "out_of_descriptors").field("listener", terms_->rules.name).field("errno", errno);
      again_.arm(steady::now() + pause);
      return;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) break;
    // Anything else speaks about one connection that is gone already.
  }
  wait();
}

void acceptor::receive(descriptor fd) {
  listener_shared& shared = branches_.front()->shared();
  shared.counts.accepted.fetch_add(1, std::memory_order_relaxed);
  auto who = look_at_peer(fd.get(), is_unix_, terms_->peers);
  if (!who || !admitted(fd.get(), *who, terms_->peers)) {
    shared.counts.not_admitted.fetch_add(1, std::memory_order_relaxed);
    if (shared.complain())
      shared.parts.log->line(level::warning, "peer_not_admitted").field("listener", terms_->rules.name).field("peer", who ? who->text : who.error().text);
    if (who) branches_.front()->turn_away(fd.release(), std::move(*who));
    return;
  }
  if (!who->is_unix) {
    const int on = 1;
    setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  branch* least = branches_.front().get();
  for (const auto& one : branches_)
    if (one->load() < least->load()) least = one.get();
  // As long as they are few, one worker has them all: see branch::saturated().
  if (branches_.front()->load() < least->load() + near_enough) least = branches_.front().get();
  least->give(fd.release(), std::move(*who));
}

}  // namespace authbroker
