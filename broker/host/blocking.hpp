// Threads for plugins whose check() may block: a lane for each backend.
#pragma once
#include <abk/plugin.h>

#include <memory>

#include "host/leg.hpp"
#include "host/pool.hpp"
#include "host/thread_lane.hpp"

namespace authbroker {

// One check() of one question, on this thread, from copies or borrowed views alike.
void run_check(backend_core&, const abk_question&, question_kind, std::string_view password, finding& out);
// The question as the ABI has it. Views into the stage_question.
abk_question to_question(const stage_question&, steady::time_point until);

class blocking_lane {
 public:
  blocking_lane(std::shared_ptr<backend_core> core, std::uint32_t threads_max)
      : core_(std::move(core)), threads_(std::make_shared<thread_lane>(threads_max, core_->rules.pool.queue)) {}
  // Ends the leg by its deadline, whatever the plugin does: a late answer is dropped. Called on the leg's worker.
  void submit(const leg_ptr&);
  // No new questions; threads end when they are done, and are not waited for.
  void retire() { threads_->retire(); }
  std::uint32_t busy() const { return threads_->busy(); }
  std::uint32_t waiting() const { return threads_->waiting(); }

 private:
  struct job;
  std::shared_ptr<backend_core> core_;
  std::shared_ptr<thread_lane> threads_;
};

}  // namespace authbroker
