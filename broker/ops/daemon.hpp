// The running daemon: workers, listeners, the generation in use, signals, reload and drain. Its functions are for the main
// thread unless they say otherwise.
#pragma once
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "front/listener.hpp"
#include "ops/generation.hpp"
#include "ops/process.hpp"

namespace authbroker {

class admin_service;

// Runs things on the main thread, from wherever, as long as there is one: a stuck plugin's thread may outlive the daemon.
class main_queue {
 public:
  explicit main_queue(boost::asio::io_context& io) : io_(&io) {}
  void run(std::function<void()> what) {
    const std::lock_guard hold(mutex_);
    if (io_ != nullptr) boost::asio::post(*io_, std::move(what));
  }
  void close() {
    const std::lock_guard hold(mutex_);
    io_ = nullptr;
  }

 private:
  std::mutex mutex_;
  boost::asio::io_context* io_;
};

struct reload_outcome {
  std::uint64_t generation = 0;
  std::vector<std::string> problems;  // none: it is in use
  std::vector<std::string> warnings;  // what deserves a look all the same
};

class daemon final : public status_source {
 public:
  daemon(configuration config, logger& log);
  ~daemon() override;

  // Backends, then sockets, then the user, then threads. The problems, one a line, if it cannot start.
  std::vector<std::string> start();
  // Until SIGTERM, SIGINT or drain(): serves. Returns the process's exit status.
  int run();

  // [any thread] `done` is called on the main thread.
  void reload(std::function<void(const reload_outcome&)> done);
  void drain();

  // [any thread]
  std::shared_ptr<const generation> current() const;
  std::string status_json() override;
  std::string status_text() override;
  std::string metrics() override { return {}; }
  plugin_set& plugins() { return plugins_; }
  dispatcher& broker() { return dispatcher_; }
  logger& log() { return log_; }

 private:
  void try_reload();
  void open_log_again();
  // Into the log, and to whoever asked for the reload.
  void note(level, std::string_view event, std::string text);
  void trial_done(std::vector<std::string> problems);
  std::vector<std::string> take(configuration fresh);
  static std::string make_terms_check(const listener_rules&);
  void sweep_leaving(std::chrono::milliseconds left);
  result<std::unique_ptr<listener>> open_listener(listener_rules rules);
  void wait_for_signals();
  void wait_for_sessions();
  void watch();
  void end_reload(std::vector<std::string> problems);
  listener_rules admin_rules(const configuration&) const;
  plugin_backend::environment environment();
  std::uint32_t sessions() const;

  logger& log_;
  wall_clock time_;
  boost::asio::io_context main_{1};
  const std::shared_ptr<main_queue> to_main_ = std::make_shared<main_queue>(main_);
  boost::asio::signal_set signals_;
  boost::asio::steady_timer drain_timer_, watchdog_timer_, leaving_timer_;
  std::vector<std::unique_ptr<worker>> workers_;
  std::vector<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work_;
  std::vector<std::thread> threads_;
  plugin_set plugins_;
  dispatcher dispatcher_;
  std::unique_ptr<configuration> first_;
  mutable std::mutex mutex_;  // guards now_ and listeners_ for the status page; only the main thread writes
  std::shared_ptr<const generation> now_;
  std::map<std::string, std::unique_ptr<listener>> listeners_;
  std::vector<std::unique_ptr<listener>> leaving_;  // closed by a reload, until their sessions have ended
  std::unique_ptr<listener> admin_;
  std::shared_ptr<admin_service> admin_service_;
  std::map<std::string, int> inherited_;
  std::string file_, file_admin_;
  std::uint64_t generations_ = 0;
  std::unique_ptr<config_trial> trial_;
  bool reload_again_ = false;
  std::vector<std::string> notes_;  // of the start, or of the reload under way
  std::vector<std::function<void(const reload_outcome&)>> waiting_;
  bool draining_ = false;
  steady::time_point drain_until_;
  const steady::time_point started_ = steady::now();
  std::vector<std::shared_ptr<std::atomic<std::uint64_t>>> beats_;
  std::uint64_t beat_ = 0;
};

}  // namespace authbroker
