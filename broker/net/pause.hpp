// co_await pause(queue, at): this chain goes on at that time. Not ended by a stop_signal: for short times.
#pragma once
#include "base/task.hpp"
#include "net/timer_queue.hpp"

namespace authbroker {

class pause {
 public:
  pause(timer_queue& queue, steady::time_point at) : queue_(queue), at_(at) {}
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> awaiting) {
    timer_.bind(queue_, [this] {
      continuation go = std::move(next_);
      go();
    });
    timer_.arm(at_);
    next_ = continuation(awaiting);
  }
  void await_resume() const noexcept {}

 private:
  timer_queue& queue_;
  steady::time_point at_;
  continuation next_;
  timer timer_;
};

}  // namespace authbroker
