#include "net/readiness.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <system_error>
#include <utility>

namespace authbroker {
namespace {

int make_set() {
  const int fd = ::epoll_create1(EPOLL_CLOEXEC);
  if (fd < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
  return fd;
}

}  // namespace

readiness::readiness(boost::asio::io_context& io) : epoll_(make_set()), set_(io.get_executor(), epoll_) {}

readiness::~readiness() {
  *alive_ = false;
  for (const place& p : places_)
    if (p.who != nullptr) p.who->set_ = nullptr;
}

bool readiness::control(int what, const watched& w) const {
  epoll_event e{};
  e.events = EPOLLIN | EPOLLRDHUP | EPOLLET | (w.awaits_writable_ ? EPOLLOUT : 0U);
  e.data.u64 = std::uint64_t{places_[w.slot_].tenant} << 32 | w.slot_;
  return ::epoll_ctl(epoll_, what, w.watched_fd_, &e) == 0;
}

void readiness::wait() {
  if (waiting_ || delivering_) return;
  waiting_ = true;
  set_.async_wait(waiter::wait_read, [this, alive = alive_](const boost::system::error_code&) {
    if (!*alive) return;
    waiting_ = false;
    if (count_ != 0) deliver();
  });
}

// A callback that throws ends the turn; the others' news are not lost by it.
void readiness::deliver() {
  struct turn {
    readiness& set;
    std::shared_ptr<bool> alive;
    ~turn() {
      if (!*alive) return;
      set.delivering_ = false;
      if (!set.soon_.empty()) set.post_resume();
      if (set.at_ != set.end_) boost::asio::post(set.set_.get_executor(), [s = &set, a = alive] {
        if (*a && s->at_ != s->end_) s->deliver();
      });
      else if (set.count_ != 0) set.wait();
    }
  } const last{*this, alive_};
  delivering_ = true;
  if (at_ == end_) {
    at_ = 0;
    end_ = std::max(0, ::epoll_wait(epoll_, batch_.data(), batch_max, 0));
  }
  while (*last.alive && at_ != end_) {
    tell(batch_[static_cast<std::size_t>(at_++)]);
    if (*last.alive && !soon_.empty()) resume(*last.alive);
  }
}

void readiness::resume_soon(continuation what) {
  soon_.push_back(std::move(what));
  if (!delivering_) post_resume();
}

void readiness::post_resume() {
  if (resume_posted_) return;
  boost::asio::post(set_.get_executor(), [this, alive = alive_] {
    if (!*alive) return;
    struct rest {
      readiness& set;
      const bool& alive;
      ~rest() {
        if (alive && !set.soon_.empty()) set.post_resume();
      }
    } const last{*this, *alive};
    resume_posted_ = false;
    resume(*alive);
  });
  resume_posted_ = true;
}

// Those that wait now: what they make wait has its turn after others.
void readiness::resume(const bool& alive) {
  for (std::size_t n = soon_.size(); alive && n > 0; --n) {
    continuation next = std::move(soon_.front());
    soon_.pop_front();
    next();
  }
}

void readiness::tell(const epoll_event& e) {
  const auto number = static_cast<std::uint32_t>(e.data.u64);
  if (places_[number].who == nullptr || places_[number].tenant != e.data.u64 >> 32) return;
  watched& w = *places_[number].who;
  const bool over = (e.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
  const bool readable = over || (e.events & EPOLLIN) != 0;
  const bool writable = (e.events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0;
  if (readable) w.more_ = true;
  if (over) w.hung_up_ = true;
  // Else a socket would be announced each time its peer has read something.
  if ((e.events & EPOLLOUT) != 0 && w.awaits_writable_) {
    w.awaits_writable_ = false;
    control(EPOLL_CTL_MOD, w);
  }
  w.on_ready(readable, writable);
}

void readiness::remove(watched& w) {
  place& p = places_[w.slot_];
  p.who = nullptr;
  ++p.tenant;
  free_.push_back(w.slot_);  // never allocates: see join()
  w.set_ = nullptr;
  // A loop that has nothing else to wait for may end.
  if (--count_ == 0 && waiting_) set_.cancel();
}

bool watched::join(readiness& set, int fd, wants what) {
  leave();
  if (set.free_.empty()) {
    set.places_.emplace_back();
    set.free_.reserve(set.places_.capacity());
    set.free_.push_back(static_cast<std::uint32_t>(set.places_.size() - 1));
  }
  slot_ = set.free_.back();
  watched_fd_ = fd;
  awaits_writable_ = what == wants::writing;
  more_ = hung_up_ = false;
  if (!set.control(EPOLL_CTL_ADD, *this)) return false;
  set.free_.pop_back();
  set.places_[slot_].who = this;
  set_ = &set;
  ++set.count_;
  set.wait();
  return true;
}

void watched::await_writable() {
  if (set_ == nullptr) return;
  awaits_writable_ = true;
  set_->control(EPOLL_CTL_MOD, *this);
}

void watched::leave() {
  if (set_ == nullptr) return;
  set_->control(EPOLL_CTL_DEL, *this);
  set_->remove(*this);
}

void watched::leave_closing() {
  if (set_ != nullptr) set_->remove(*this);
}

}  // namespace authbroker
