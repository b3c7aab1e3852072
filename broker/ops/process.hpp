// The process and the system around it: hardening, another user, systemd's sockets and messages, and the trial run of a
// configuration in a child.
#pragma once
#include <boost/asio/io_context.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/result.hpp"

namespace authbroker {

// No core dumps, no tracing by the same user, no new privileges, files of ours closed to others, no library of an environment
// variable's choice. Before anything secret is read.
void harden_process();
// harden_process(), again: changing the user makes a process traceable.
void forbid_tracing();

// Becomes `user`, with that user's groups. Only root can; an ordinary user who is that user already is fine.
result<void> become_user(const std::string& user);

// The ids of `user`; nullopt for "" and for a user that does not exist.
std::optional<std::pair<unsigned, unsigned>> owner_of(const std::string& user);

// Listening sockets that systemd passed, by FileDescriptorName= (the listener's name, or "admin"). Marks them close-on-exec.
std::map<std::string, int> inherited_sockets();

// Where the journal or syslog is asked for and nobody listens to either (a container), the log goes to standard error instead.
// Returns a sentence about it, "" if all is well.
std::string use_what_is_there(log_settings&);

// "READY=1" and so on; does nothing without systemd.
void tell_systemd(const std::string& state);
// How often WATCHDOG=1 is wanted; 0: never.
std::chrono::microseconds watchdog_interval();

// Bytes of memory that are resident now.
std::size_t resident_bytes();

// Runs `authbrokerd --check` on a configuration, in a child, so that a plugin that crashes or hangs takes only that with it.
class config_trial {
 public:
  // Calls `done` once with the problems, none if the configuration is good. Destroying it kills the child.
  config_trial(boost::asio::io_context&, const std::string& file, std::function<void(std::vector<std::string>)> done);
  ~config_trial();

 private:
  struct impl;
  std::shared_ptr<impl> impl_;
};
inline constexpr auto trial_time_max = std::chrono::seconds(10);

}  // namespace authbroker
