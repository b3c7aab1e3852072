#include "front/branch.hpp"

#include <unistd.h>

#include <boost/asio/post.hpp>
#include <cstdlib>

#include "front/http_session.hpp"
#include "front/saslauthd_session.hpp"
#include "front/session.hpp"

namespace authbroker {
namespace {

std::shared_ptr<session> make_session(const std::shared_ptr<branch>& home, int fd, peer who) {
  switch (home->terms()->rules.protocol) {
    case listener_protocol::http: return std::make_shared<http_session>(home, fd, std::move(who));
    case listener_protocol::saslauthd: return std::make_shared<saslauthd_session>(home, fd, std::move(who));
  }
  std::abort();
}

// A descriptor on its way between threads: closed if the loop ends before it arrives.
struct travelling_fd {
  explicit travelling_fd(int f) : fd(f) {}
  travelling_fd(travelling_fd&& o) noexcept : fd(o.release()) {}
  travelling_fd(const travelling_fd&) = delete;
  travelling_fd& operator=(const travelling_fd&) = delete;
  travelling_fd& operator=(travelling_fd&&) = delete;
  ~travelling_fd() {
    if (fd >= 0) ::close(fd);
  }
  int release() {
    const int f = fd;
    fd = -1;
    return f;
  }
  int fd;
};

}  // namespace

void branch::give(int fd, peer who) {
  load_.fetch_add(1, std::memory_order_relaxed);
  shared_->counts.connections.fetch_add(1, std::memory_order_relaxed);
  if (on_.io.get_executor().running_in_this_thread()) {
    adopt(fd, std::move(who));
    return;
  }
  boost::asio::post(on_.io, [self = shared_from_this(), held = travelling_fd(fd), who = std::move(who)]() mutable {
    self->adopt(held.release(), std::move(who));
  });
}

void branch::adopt(int fd, peer who) {
  // The count may pass the limit by what arrives at once; then an idle connection makes room, or the new one goes.
  const bool full = shared_->counts.connections.load(std::memory_order_relaxed) > terms_->rules.limits.connections;
  if (full) {
    shared_->counts.over_limit.fetch_add(1, std::memory_order_relaxed);
    if (shared_->complain())
      shared_->parts.log->line(level::warning, "listener_full").field("listener", terms_->rules.name).field("connections", terms_->rules.limits.connections);
  }
  if (draining_ || (full && !end_one_idle())) {
    ::close(fd);
    load_.fetch_sub(1, std::memory_order_relaxed);
    shared_->counts.connections.fetch_sub(1, std::memory_order_relaxed);
    return;
  }
  const auto made = make_session(shared_from_this(), fd, std::move(who));
  sessions_.push_back(made);
  made->place_ = std::prev(sessions_.end());
  made->start();
}

bool branch::end_one_idle() {
  for (const auto& one : sessions_)
    if (one->idle()) {
      const auto keep = one;
      keep->close();
      return true;
    }
  return false;
}

void branch::remove(session& s) {
  sessions_.erase(s.place_);
  load_.fetch_sub(1, std::memory_order_relaxed);
  shared_->counts.connections.fetch_sub(1, std::memory_order_relaxed);
}

void branch::touch(session& s) { sessions_.splice(sessions_.end(), sessions_, s.place_); }

void branch::replace(std::shared_ptr<const listener_terms> with) {
  terms_ = std::move(with);
  const auto all = sessions_;
  for (const auto& one : all)
    if (!one->still_admitted(terms_->peers)) one->drain();
}

void branch::drain() {
  draining_ = true;
  const auto all = sessions_;
  for (const auto& one : all) one->drain();
}

void branch::end_now() {
  draining_ = true;
  const auto all = sessions_;
  for (const auto& one : all) one->close();
}

}  // namespace authbroker
