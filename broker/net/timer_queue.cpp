#include "net/timer_queue.hpp"

#include <utility>

namespace authbroker {

timer::~timer() {
  disarm();
  if (running_) queue_->firing_ = nullptr;
}

void timer::bind(timer_queue& queue, std::function<void()> fire) {
  disarm();
  if (running_) queue_->firing_ = nullptr;
  running_ = false;
  queue_ = &queue;
  fire_ = std::move(fire);
}

void timer::arm(steady::time_point at) {
  due_ = at;
  // Most deadlines are moved on, and never reached: the entry stays where it is, rings there, and is put right then.
  if (armed_ && at_->first <= at) return;
  disarm();
  at_ = queue_->entries_.emplace(at, this);
  armed_ = true;
  if (at_ == queue_->entries_.begin()) queue_->set();
}

void timer::disarm() noexcept {
  if (!armed_) return;
  armed_ = false;
  queue_->entries_.erase(at_);
}

timer_queue::timer_queue(boost::asio::io_context& io) : clock_(io), alive_(std::make_shared<bool>(true)) {}

timer_queue::~timer_queue() { *alive_ = false; }

void timer_queue::set() {
  if (entries_.empty()) return;
  const auto earliest = entries_.begin()->first;
  if (earliest >= set_for_) return;
  set_for_ = earliest;
  clock_.expires_at(earliest);  // ends an earlier wait with operation_aborted
  clock_.async_wait([this, alive = alive_](const boost::system::error_code& ec) {
    if (!ec && *alive) fire();
  });
}

void timer_queue::fire() {
  // An earlier wait may have rung just as set() replaced it: then nothing is due, and the newer wait is still to come.
  const auto now = steady::now();
  if (set_for_ <= now) set_for_ = steady::time_point::max();
  // The loop's timer must be set again even if a callback throws.
  struct set_again {
    timer_queue& queue;
    std::shared_ptr<bool> alive;
    ~set_again() {
      if (*alive) queue.set();
    }
  } const last{*this, alive_};

  // Only what was due on entry: a callback that arms for "now" must not keep the loop here.
  std::size_t due = 0;
  for (auto e = entries_.begin(); e != entries_.end() && e->first <= now; ++e) ++due;
  for (; due > 0 && *last.alive && !entries_.empty() && entries_.begin()->first <= now; --due) {
    timer* const t = entries_.begin()->second;
    t->disarm();
    if (t->due_ > now) {
      t->arm(t->due_);
      continue;
    }
    // The function is moved out while it runs, so that it may destroy its timer, and moved back if the timer still wants it.
    std::function<void()> run = std::move(t->fire_);
    t->fire_ = nullptr;
    firing_ = t;
    t->running_ = true;
    struct give_back {
      timer_queue& queue;
      timer* self;
      std::function<void()>& run;
      std::shared_ptr<bool> alive;
      ~give_back() {
        if (!*alive || queue.firing_ != self) return;
        queue.firing_ = nullptr;
        self->running_ = false;
        self->fire_ = std::move(run);
      }
    } const back{*this, t, run, last.alive};
    run();
  }
}

}  // namespace authbroker
