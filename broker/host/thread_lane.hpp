// A bounded set of threads with a bounded queue, for work that no event loop may do: calls that block, and computations that
// take long. Each backend has its own, so that a stuck one cannot take the threads of another.
#pragma once
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>

namespace authbroker {

class thread_lane : public std::enable_shared_from_this<thread_lane> {
 public:
  class task {
   public:
    virtual ~task() = default;
    virtual void run() = 0;  // on a thread of the lane; must not throw

   private:
    friend class thread_lane;
    bool started_ = false;
  };

  thread_lane(std::uint32_t threads_max, std::size_t queue_max) : threads_max_(threads_max), queue_max_(queue_max) {}

  // [any thread] Threads are started when they are needed. Unless it says `taken`, the task will never run.
  enum class outcome : std::uint8_t { taken, full, retired, no_thread };
  outcome submit(const std::shared_ptr<task>&);
  // [any thread] Takes the task out of the queue. False: it has begun, and goes on.
  bool withdraw(const std::shared_ptr<task>&);
  bool started(const task&) const;
  // Takes no more; threads end when they are done, and are not waited for.
  void retire();
  std::uint32_t busy() const;
  std::uint32_t waiting() const;

 private:
  void work();
  const std::uint32_t threads_max_;
  const std::size_t queue_max_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::shared_ptr<task>> queue_;
  std::uint32_t threads_ = 0, busy_ = 0;
  bool retired_ = false;
};

}  // namespace authbroker
