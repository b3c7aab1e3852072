// A configured instance of a plugin, as the core sees it: one question in, one finding out.
#pragma once
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "core/backend.hpp"
#include "host/blocking.hpp"
#include "host/loader.hpp"
#include "host/pool.hpp"
#include "host/settings_reader.hpp"

namespace authbroker {

struct backend_status {
  std::string name, plugin, plugin_version;
  pool_status connections;
  std::uint32_t threads_busy = 0, threads_waiting = 0;
  std::uint64_t misbehaviour = 0;
  struct counts {
    std::uint64_t yes = 0, no = 0, unverifiable = 0, tempfail = 0;
  } counted;
};

class plugin_backend final : public backend {
 public:
  struct environment {
    logger* log = nullptr;
    const clock* time = nullptr;
    std::vector<worker*> workers;
    std::uint32_t blocking_share = 1;                        // threads of the blocking kind for this backend
    std::function<void(std::function<void()>)> on_main;      // runs something on the configuration's thread
    bool credentials_elsewhere = false;                      // only judging: see settings_reader
    std::function<void(const config_problem&)> warn;         // what works, but should be seen; may be empty
  };
  // Makes a backend of rules, or says everything that is wrong with its settings. Loads trust stores. [main]
  static std::shared_ptr<plugin_backend> make(const backend_rules&, const loaded_plugin&, const abk_host*, const environment&, std::vector<config_problem>& problems);
  ~plugin_backend() override;

  std::string_view name() const override { return core_->rules.name; }
  bool answers(question_kind) const override;
  std::uint32_t flags() const { return core_->api->flags; }  // ABK_LOCAL_LOGIN and so on
  // Outlives the task.
  task<void> ask(const stage_question&, steady::time_point start_by, steady::time_point until, finding& out) override;

  // No server is connected to from now on.
  void give_up() {
    if (pool_) pool_->retire();
  }
  void keep_warm() {
    if (pool_) pool_->keep_warm();
  }
  backend_status status() const;
  const backend_rules& rules() const { return core_->rules; }
  const std::string& plugin_file() const { return plugin_file_; }
  std::vector<fact_store::fact> facts() const { return core_->facts->all(); }
  // Expires when the plugin's backend is destroyed: after the last session and the last thread that used it.
  std::weak_ptr<const void> life() const { return core_; }
  // For `check-config --connect`: connects to one configured upstream, prepares, and asks what can be told without a name. The
  // finding is a tempfail if that fails; its attributes are what the plugin told. The connection is closed after it.
  bool converses() const { return pool_ != nullptr; }
  task<finding> connect_only(std::size_t upstream, trace* out, steady::time_point until);

 private:
  explicit plugin_backend(std::size_t workers) : counted_(workers) {}
  std::shared_ptr<pool> pool_for(std::string_view dynamic_host);
  task<void> cannot(question_kind, finding& out);
  task<void> check_here(const stage_question&, steady::time_point until, finding& out);
  task<void> check_elsewhere(const stage_question&, steady::time_point start_by, steady::time_point until, finding& out);
  task<void> run_legs(const stage_question&, steady::time_point start_by, steady::time_point until, finding& out);
  void count(const finding&);

  std::shared_ptr<backend_core> core_;
  std::string plugin_version_, plugin_file_;
  std::shared_ptr<pool> pool_;
  std::shared_ptr<blocking_lane> lane_;
  std::mutex mutex_;
  struct dynamic_pool {
    std::string host;
    std::shared_ptr<pool> its;
  };
  std::list<dynamic_pool> dynamic_;  // most recently used first; at most 64
  struct alignas(64) tally {  // one a worker, each in its own cache line
    std::atomic<std::uint64_t> yes{0}, no{0}, unverifiable{0}, tempfail{0};
  };
  std::vector<tally> counted_;
};

}  // namespace authbroker
