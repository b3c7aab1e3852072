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
  if (armed_ && queue_->heap_[place_].at <= at) return;
  disarm();
  queue_->add(*this, at);
  armed_ = true;
  if (place_ == 0) queue_->set();
}

void timer::disarm() noexcept {
  if (!armed_) return;
  armed_ = false;
  queue_->remove(place_);
}

void timer_queue::settle(std::size_t place, const entry& e) noexcept {
  const auto move = [this](std::size_t to, const entry& what) {
    heap_[to] = what;
    what.who->place_ = to;
  };
  for (; place > 0 && e.before(heap_[(place - 1) / 2]); place = (place - 1) / 2) move(place, heap_[(place - 1) / 2]);
  for (std::size_t child = 2 * place + 1; child < heap_.size(); child = 2 * place + 1) {
    if (child + 1 < heap_.size() && heap_[child + 1].before(heap_[child])) ++child;
    if (!heap_[child].before(e)) break;
    move(place, heap_[child]);
    place = child;
  }
  move(place, e);
}

void timer_queue::add(timer& who, steady::time_point at) {
  heap_.push_back({at, ++armings_, &who});
  settle(heap_.size() - 1, entry(heap_.back()));
}

void timer_queue::remove(std::size_t place) noexcept {
  const entry last = heap_.back();
  heap_.pop_back();
  if (place < heap_.size()) settle(place, last);
}

timer_queue::timer_queue(boost::asio::io_context& io) : clock_(io), alive_(std::make_shared<bool>(true)) {}

timer_queue::~timer_queue() { *alive_ = false; }

void timer_queue::set() {
  if (heap_.empty()) return;
  const auto earliest = heap_.front().at;
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

  // Only what was armed on entry: a callback that arms for "now" must not keep the loop here.
  const std::uint64_t upto = armings_;
  while (*last.alive && !heap_.empty() && heap_.front().at <= now && heap_.front().number <= upto) {
    timer* const t = heap_.front().who;
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
