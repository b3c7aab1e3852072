// Deadlines of one worker, cheap enough for one a request: entries are kept in order, the loop's own timer is set only when
// an entry becomes the earliest, and cancelling costs no system call (the loop's timer then rings once for nothing).
#pragma once
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <memory>

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
  std::multimap<steady::time_point, timer*>::iterator at_;  // no later than due_
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
  std::size_t size() const { return entries_.size(); }

 private:
  friend class timer;
  void set();   // makes the loop's timer fire in time for the earliest entry
  void fire();
  std::multimap<steady::time_point, timer*> entries_;
  boost::asio::steady_timer clock_;
  steady::time_point set_for_ = steady::time_point::max();
  timer* firing_ = nullptr;             // whose callback runs now; null once that timer was destroyed or bound anew
  std::shared_ptr<bool> alive_;         // false once destroyed: the loop may still hold a handler of ours
};

}  // namespace authbroker
