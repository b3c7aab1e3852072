// Deadlines of one worker, cheap enough for some a request: entries are kept in a heap, most are put at its end and taken out
// there, the loop's own timer is set only when an entry becomes the earliest, and cancelling costs no system call (the loop's
// timer then rings once for nothing).
#pragma once
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/answer.hpp"

namespace authbroker {

class timer_queue;

// One deadline. Fires at most once per arm(); destroying or disarming it means it never fires. It may be destroyed within
// its own callback. Belongs to the worker of its queue.
class timer {
 public:
  timer() = default;
  timer(timer_queue& queue, std::function<void()> fire) : queue_(&queue), fire_(std::move(fire)) {}
  ~timer();
  timer(const timer&) = delete;
  timer& operator=(const timer&) = delete;
  void bind(timer_queue& queue, std::function<void()> fire);
  void arm(steady::time_point at);  // replaces an earlier arm()
  void disarm() noexcept;
  bool armed() const { return armed_; }

 private:
  friend class timer_queue;
  timer_queue* queue_ = nullptr;
  std::function<void()> fire_;
  std::size_t place_ = 0;  // of its entry, whose time is no later than due_
  steady::time_point due_;
  bool armed_ = false;
  bool running_ = false;
};

// Outlives every armed timer. Worker thread only.
class timer_queue {
 public:
  explicit timer_queue(boost::asio::io_context&);
  ~timer_queue();
  timer_queue(const timer_queue&) = delete;
  timer_queue& operator=(const timer_queue&) = delete;
  std::size_t size() const { return heap_.size(); }

 private:
  friend class timer;
  struct entry {
    steady::time_point at;
    std::uint64_t number;  // which arming it was
    timer* who;
    bool before(const entry& other) const { return at != other.at ? at < other.at : number < other.number; }
  };
  void add(timer&, steady::time_point at);
  void remove(std::size_t place) noexcept;
  void settle(std::size_t place, const entry&) noexcept;  // at that place, or where it belongs from there
  void set();   // makes the loop's timer fire in time for the earliest entry
  void fire();
  std::vector<entry> heap_;  // the children of n are 2n+1 and 2n+2, and none comes before its parent
  std::uint64_t armings_ = 0;
  boost::asio::steady_timer clock_;
  steady::time_point set_for_ = steady::time_point::max();
  timer* firing_ = nullptr;             // whose callback runs now; null once that timer was destroyed or bound anew
  std::shared_ptr<bool> alive_;         // false once destroyed: the loop may still hold a handler of ours
};

}  // namespace authbroker
