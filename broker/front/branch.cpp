#include "front/branch.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <ctime>

#include "front/caller_connection.hpp"
#include "front/dovecot_auth_session.hpp"
#include "front/dovecot_userdb_session.hpp"
#include "front/http_session.hpp"
#include "front/policy_session.hpp"
#include "front/saslauthd_session.hpp"
#include "front/socketmap_session.hpp"
#include "front/tcp_table_session.hpp"

namespace authbroker {
namespace {

constexpr std::uint32_t requests_a_look = 256;
constexpr auto look_time = std::chrono::milliseconds(50);  // shorter looks say little

// Refused connections that are still being told so, for each worker: they last front_times::farewell.
constexpr std::uint32_t refused_max = 64;

// A client of such a protocol stops its own service for minutes where it is not greeted as it expects.
bool greets_always(listener_protocol p) {
  switch (p) {
    case listener_protocol::dovecot_auth: return true;
    case listener_protocol::http:
    case listener_protocol::saslauthd:
    case listener_protocol::dovecot_userdb:
    case listener_protocol::socketmap:
    case listener_protocol::policy:
    case listener_protocol::tcp_table: return false;
  }
  std::abort();
}

std::shared_ptr<caller_connection> make_session(const std::shared_ptr<branch>& home, int fd, peer who) {
  switch (home->terms()->rules.protocol) {
    case listener_protocol::http: return std::make_shared<http_session>(home, fd, std::move(who));
    case listener_protocol::saslauthd: return std::make_shared<saslauthd_session>(home, fd, std::move(who));
    case listener_protocol::dovecot_auth: return std::make_shared<dovecot_auth_session>(home, fd, std::move(who));
    case listener_protocol::dovecot_userdb: return std::make_shared<dovecot_userdb_session>(home, fd, std::move(who));
    case listener_protocol::socketmap: return std::make_shared<socketmap_session>(home, fd, std::move(who));
    case listener_protocol::policy: return std::make_shared<policy_session>(home, fd, std::move(who));
    case listener_protocol::tcp_table: return std::make_shared<tcp_table_session>(home, fd, std::move(who));
  }
  std::abort();
}

// What this thread has used of its time: what it computed, and what it waited for a processor. A loop that shares the host with busy
// servers gets no more than one share of it, however much there is to do; two loops get two. Without /proc: what it computed.
std::chrono::nanoseconds time_used() {
  if (const int fd = ::open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC); fd >= 0) {
    char text[64];
    const ssize_t n = ::read(fd, text, sizeof text);
    ::close(fd);
    const char* const end = text + std::max<ssize_t>(n, 0);
    std::int64_t computed = 0, waited = 0;
    const auto first = std::from_chars(text, end, computed);
    if (first.ec == std::errc() && first.ptr != end && std::from_chars(first.ptr + 1, end, waited).ec == std::errc()) return std::chrono::nanoseconds(computed + waited);
  }
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec);
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

template <class F>
void branch::bring(int fd, peer who, F what) {
  load_.fetch_add(1, std::memory_order_relaxed);
  shared_->counts.connections.fetch_add(1, std::memory_order_relaxed);
  if (on_.io.get_executor().running_in_this_thread()) {
    what(*this, fd, std::move(who));
    return;
  }
  boost::asio::post(on_.io, [self = shared_from_this(), held = travelling_fd(fd), who = std::move(who), what]() mutable {
    what(*self, held.release(), std::move(who));
  });
}

void branch::give(int fd, peer who, std::uint32_t carried) {
  bring(fd, std::move(who), [carried](branch& b, int f, peer p) { b.adopt(f, std::move(p), carried); });
}

void branch::turn_away(int fd, peer who) {
  bring(fd, std::move(who), [](branch& b, int f, peer p) { b.refuse(f, std::move(p), true); });
}

void branch::adopt(int fd, peer who, std::uint32_t carried) {
  // The count may pass the limit by what arrives at once; then an idle connection makes room, or the new one goes.
  // Those that are told to go take nobody's place.
  const std::uint32_t refused = shared_->counts.refused.load(std::memory_order_relaxed);
  const bool full = shared_->counts.connections.load(std::memory_order_relaxed) > std::uint64_t{terms_->rules.limits.connections} + refused;
  if (full) {
    shared_->counts.over_limit.fetch_add(1, std::memory_order_relaxed);
    if (shared_->complain())
      shared_->parts.log->line(level::warning, "listener_full").field("listener", terms_->rules.name).field("connections", terms_->rules.limits.connections);
  }
  if (draining_ || (full && !end_one_idle())) return refuse(fd, std::move(who), carried == 0);
  const auto made = make_session(shared_from_this(), fd, std::move(who));
  sessions_.push_back(made);
  made->place_ = std::prev(sessions_.end());
  made->start(carried);
}

void branch::refuse(int fd, peer who, bool ungreeted) {
  if (!ungreeted || !greets_always(terms_->rules.protocol) || refused_ >= refused_max) {
    ::close(fd);
    load_.fetch_sub(1, std::memory_order_relaxed);
    shared_->counts.connections.fetch_sub(1, std::memory_order_relaxed);
    return;
  }
  const auto made = make_session(shared_from_this(), fd, std::move(who));
  sessions_.push_back(made);
  made->place_ = std::prev(sessions_.end());
  ++refused_;
  shared_->counts.refused.fetch_add(1, std::memory_order_relaxed);
  made->start_refused();
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

void branch::remove(caller_connection& s) {
  if (s.refused_) {
    --refused_;
    shared_->counts.refused.fetch_sub(1, std::memory_order_relaxed);
  }
  sessions_.erase(s.place_);
  load_.fetch_sub(1, std::memory_order_relaxed);
  shared_->counts.connections.fetch_sub(1, std::memory_order_relaxed);
}

void branch::touch(caller_connection& s) {
  sessions_.splice(sessions_.end(), sessions_, s.place_);
  if (++served_ % requests_a_look == 0 && shared_->branches.size() > 1 && saturated()) share_out();
}

// Connections are taken by one worker as long as they are few: what they ask then comes in larger portions, and memory stays
// warm. That ends where the worker has no time left.
bool branch::saturated() {
  const steady::time_point now = steady::now();
  const auto past = now - looked_at_;
  if (past < look_time) return false;
  const std::chrono::nanoseconds in_all = time_used();
  const auto used = in_all - used_then_;
  const bool first = looked_at_ == steady::time_point{};
  looked_at_ = now;
  used_then_ = in_all;
  return !first && used >= past * shared_->parts.saturated_percent / 100;
}

void branch::share_out() {
  std::shared_ptr<branch> least;
  for (const auto& b : shared_->branches)
    if (const auto other = b.lock(); other != nullptr && other.get() != this && (least == nullptr || other->load() < least->load())) least = other;
  if (least == nullptr || load() < least->load() + 2) return;
  std::uint32_t move = (load() - least->load()) / 2;
  for (const auto& one : sessions_) {
    if (move == 0) return;
    if (one->move_to(least)) --move;
  }
}

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
