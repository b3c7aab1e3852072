#include "host/thread_lane.hpp"

#include <system_error>
#include <thread>

namespace authbroker {

thread_lane::outcome thread_lane::submit(const std::shared_ptr<task>& t) {
  bool more_threads = false;
  {
    const std::lock_guard hold(mutex_);
    if (retired_) return outcome::retired;
    if (queue_.size() >= queue_max_) return outcome::full;
    queue_.push_back(t);
    more_threads = busy_ + queue_.size() > threads_ && threads_ < threads_max_;
    if (more_threads) ++threads_;
  }
  if (more_threads) {
    try {
      std::thread([self = shared_from_this()] { self->work(); }).detach();
    } catch (const std::system_error&) {  // no thread to be had: without any, nobody would ever take the task
      const std::lock_guard hold(mutex_);
      if (--threads_ == 0 && std::erase(queue_, t) != 0) return outcome::no_thread;
    }
  }
  wake_.notify_one();
  return outcome::taken;
}

bool thread_lane::withdraw(const std::shared_ptr<task>& t) {
  const std::lock_guard hold(mutex_);
  std::erase(queue_, t);
  return !t->started_;
}

bool thread_lane::started(const task& t) const {
  const std::lock_guard hold(mutex_);
  return t.started_;
}

void thread_lane::work() {
  std::unique_lock hold(mutex_);
  while (true) {
    wake_.wait(hold, [&] { return retired_ || !queue_.empty(); });
    if (queue_.empty()) break;
    std::shared_ptr<task> t = std::move(queue_.front());
    queue_.pop_front();
    t->started_ = true;
    ++busy_;
    hold.unlock();
    t->run();
    t.reset();
    hold.lock();
    --busy_;
  }
  --threads_;
}

void thread_lane::retire() {
  {
    const std::lock_guard hold(mutex_);
    retired_ = true;
  }
  wake_.notify_all();
}

std::uint32_t thread_lane::busy() const {
  const std::lock_guard hold(mutex_);
  return busy_;
}

std::uint32_t thread_lane::waiting() const {
  const std::lock_guard hold(mutex_);
  return static_cast<std::uint32_t>(queue_.size());
}

}  // namespace authbroker
