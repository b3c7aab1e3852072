// Threads for plugins whose check() may block. Each backend has a lane of its own with a bounded queue and a share of the
// threads, so that a stuck backend cannot take the threads of another.
#pragma once
#include <abk/plugin.h>

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>

#include "host/leg.hpp"
#include "host/pool.hpp"

namespace authbroker {

// One check() of one question, on this thread, from copies or borrowed views alike.
finding run_check(backend_core&, const abk_question&, question_kind, std::string_view password);
// The question as the ABI has it. Views into the stage_question.
abk_question to_question(const stage_question&, steady::time_point until);

class blocking_lane : public std::enable_shared_from_this<blocking_lane> {
 public:
  blocking_lane(std::shared_ptr<backend_core> core, std::uint32_t threads_max) : core_(std::move(core)), threads_max_(threads_max) {}
  // Ends the leg by its deadline, whatever the plugin does: a late answer is dropped. Called on the leg's worker.
  void submit(const leg_ptr&);
  // No new questions; threads end when they are done, and are not waited for.
  void retire();
  std::uint32_t busy() const;
  std::uint32_t waiting() const;

 private:
  struct job;
  void work();
  void run(job&);
  std::shared_ptr<backend_core> core_;
  const std::uint32_t threads_max_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::shared_ptr<job>> queue_;
  std::uint32_t threads_ = 0, busy_ = 0;
  bool retired_ = false;
};

}  // namespace authbroker
