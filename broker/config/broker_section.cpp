// [broker] and [log].
#include <unistd.h>

#include <array>

#include "config/addresses.hpp"
#include "config/keys.hpp"
#include "config/sections.hpp"

namespace authbroker {

void read_broker(const section& broker, broker_config& out) {
  if (broker.text("user", out.user) && !out.user.empty() && !user_known(out.user)) broker.bad("user", "a user of this machine");
  std::vector<placed_text> dirs;
  if (broker.texts("plugin_dirs", dirs)) {
    out.plugin_dirs.clear();
    for (const placed_text& dir : dirs) {
      if (dir.text.empty()) broker.problem(dir.where, "plugin_dirs", "found \"\"; wanted: a directory");
      out.plugin_dirs.push_back(broker.all().path_from(dir.where, dir.text));
    }
    if (dirs.empty()) broker.bad("plugin_dirs", "at least one directory");
  }
  if (broker.path("state_dir", out.state_dir) && out.state_dir.empty()) broker.bad("state_dir", "a directory");
  broker.whole("workers", 0, 64, out.workers);
  broker.whole("blocking_threads", 1, 512, out.blocking_threads);
  broker.duration("request_timeout", "100ms", "120s", out.request_timeout);
  if (broker.path("admin_socket", out.admin_socket)) {
    if (out.admin_socket.empty() || out.admin_socket.find("/@") != std::string::npos) broker.bad("admin_socket", "the path of a socket");
    else if (std::string bad = check_socket_path(out.admin_socket); !bad.empty()) broker.problem(broker.where("admin_socket"), "admin_socket", std::move(bad));
  }
}

void read_log(const section& log, log_settings& out) {
  constexpr auto levels = std::to_array<std::string_view>({"debug", "info", "warning", "error"});
  constexpr auto level_values = std::to_array({level::debug, level::info, level::warning, level::error});
  log.word<level>("level", levels, level_values, out.least);
  constexpr auto formats = std::to_array<std::string_view>({"logfmt", "json"});
  constexpr auto format_values = std::to_array({log_format::logfmt, log_format::json});
  log.word<log_format>("format", formats, format_values, out.format);

  std::string target;
  if (!log.text("target", target)) return;
  if (target == "stderr") out.target = log_target::standard_error;
  else if (target == "journal") out.target = log_target::journal;
  else if (target == "syslog") out.target = log_target::syslog;
  else if (target.find('/') != std::string::npos && !target.ends_with('/')) {
    out.target = log_target::file;
    log.path("target", out.file);
  } else {
    log.bad("target", "\"stderr\", \"journal\", \"syslog\", or the path of a file, with a /");
  }
}

}  // namespace authbroker
