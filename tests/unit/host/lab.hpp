// Workers, a line server that can misbehave, and a plugin of ten lines for it: what the host's tests run on.
//
//   server: "HI"            client: "NAME ann"     server: "OK"       client: "KEY secret"     server: "YES" or "NO"
#pragma once
#include <abk/plugin.h>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "host/plugin_backend.hpp"
#include "unit/loopback_port.hpp"

namespace authbroker::lab {

// Workers that run until the object goes.
class crew {
 public:
  explicit crew(unsigned n, const std::string& name_servers = {});
  ~crew();
  std::vector<worker*> workers() const;
  // Runs the coroutine on worker `w` and waits for it.
  finding ask(backend& b, const stage_question& q, std::chrono::milliseconds within, unsigned w = 0, std::chrono::milliseconds start_within = std::chrono::milliseconds(0));
  // Waits until everything posted to the workers so far has run.
  void settle();

 private:
  std::vector<std::unique_ptr<worker>> workers_;
  std::vector<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work_;
  std::vector<std::thread> threads_;
};

// A server on 127.0.0.1; each connection has a thread. What it does is decided line by line.
class line_server {
 public:
  // Given a line, what to answer; "" says nothing; "!" hangs up; "!TEXT" says TEXT and hangs up. The first "line" of a
  // connection is "CONNECT".
  using behaviour = std::function<std::string(const std::string& line)>;
  explicit line_server(behaviour b, loopback::bound_socket where = loopback::bind());
  ~line_server();
  std::uint16_t port() const { return port_; }
  upstream_rules upstream() const;
  int connections() const { return connections_; }
  int heard(const std::string& line) const;
  // Without being asked, on every connection.
  void talk(const std::string& text);

 private:
  void serve(int fd);
  behaviour says_;
  int listening_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> connections_{0};
  std::atomic<bool> stop_{false};
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
  std::vector<int> fds_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};
line_server::behaviour honest(const std::string& password = "secret");

// The plugin. `reusable`: READY instead of CLOSE after an answer.
const abk_plugin* line_plugin(bool reusable);
// Sends "ASK" and takes any line for a yes; eight questions at a time, but two for each connection in all.
const abk_plugin* pair_plugin();
// check() that does what the test says, on whatever thread.
const abk_plugin* check_plugin(std::function<void(const abk_question&, abk_check&)> deed, bool inline_kind = false);

struct made {
  std::shared_ptr<plugin_backend> backend;
  std::vector<config_problem> problems;
};
backend_rules rules_for(std::vector<upstream_rules> upstreams);
made make(crew&, logger&, const abk_plugin*, const backend_rules&, std::uint32_t blocking_share = 2);

// True once `what` holds; ten seconds at most.
bool eventually(const std::function<bool()>& what);

stage_question login(const secret& password, std::string_view name = "ann");

}  // namespace authbroker::lab
