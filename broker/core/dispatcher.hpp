// The broker itself: identify, route, rewrite, ask, fold, answer. One dispatcher serves all workers.
#pragma once
#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "core/asker.hpp"
#include "core/route_table.hpp"

namespace authbroker {

// Everything of one configuration that answers questions. Immutable; a request keeps the one it began with.
struct snapshot {
  std::uint64_t generation = 0;
  std::chrono::milliseconds request_timeout{8000};
  std::vector<std::shared_ptr<backend>> backends;
  std::unique_ptr<const route_table> routes;
};

// What `authbroker why ID` shows: recent decisions, as they were logged.
class decision_memory {
 public:
  void remember(std::string_view id, std::string_view line);
  std::string find(std::string_view id) const;  // "" if unknown or forgotten

 private:
  static constexpr std::size_t kept = 1024;
  struct entry {
    std::string id, line;
  };
  mutable std::mutex mutex_;
  std::array<entry, kept> entries_;
  std::size_t next_ = 0;
};

class dispatcher final : public asker {
 public:
  dispatcher(logger& log, std::string id_prefix) : log_(log), id_prefix_(std::move(id_prefix)) {}

  task<void> ask(const query&, answer&, trace* out) override;
  std::optional<bool> serves(std::string_view domain) const override;

  // Requests in flight finish on the old snapshot. [any thread]
  void replace(std::shared_ptr<const snapshot> with);
  std::shared_ptr<const snapshot> current() const;
  // From now on every question is answered tempfail shutting_down. [any thread]
  void stop() { stopping_.store(true, std::memory_order_relaxed); }

  const decision_memory& decisions() const { return decisions_; }
  struct counts {
    std::array<std::atomic<std::uint64_t>, 7> by_verdict{};
  };
  const counts& counted() const { return counts_; }

 private:
  task<void> find_out(const snapshot&, const query&, answer&, steady::time_point until, trace*);
  static task<void> ask_stages(const route&, const std::vector<std::shared_ptr<backend>>&, const stage_question&, steady::time_point until,
                               finding& out, std::string& backend_name);
  static task<void> ask_in_turn(const route&, const std::vector<std::shared_ptr<backend>>&, const stage_question&, steady::time_point until,
                                finding& out, std::string& backend_name);
  static task<void> ask_one(backend&, const stage_question&, steady::time_point start_by, steady::time_point until, finding& out);
  static task<void> add_companion(const route&, const stage_question&, answer&, steady::time_point until);
  void finish(const query&, answer&, steady::time_point began);

  logger& log_;
  std::string id_prefix_;
  std::atomic<std::uint64_t> next_id_ = 1;
  std::atomic<bool> stopping_ = false;
  mutable std::mutex mutex_;
  std::shared_ptr<const snapshot> now_;
  decision_memory decisions_;
  counts counts_;
};

}  // namespace authbroker
