// [broker] and [log].
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "config/addresses.hpp"
#include "config/keys.hpp"
#include "config/sections.hpp"

namespace authbroker {

std::vector<std::string> default_plugin_dirs() {
  std::vector<std::string> out{"/usr/lib/authbroker/plugins", "/usr/local/lib/authbroker/plugins"};
  char self[4096];
  const ssize_t n = readlink("/proc/self/exe", self, sizeof self);
  std::string_view prefix(self, n > 0 && static_cast<std::size_t>(n) < sizeof self ? static_cast<std::size_t>(n) : 0);
  for (int up = 0; up < 2; ++up) prefix = prefix.substr(0, std::min(prefix.rfind('/'), prefix.size()));
  const std::string beside = std::string(prefix) + "/lib/authbroker/plugins";
  struct stat s {};
  if (!prefix.empty() && std::find(out.begin(), out.end(), beside) == out.end() && stat(beside.c_str(), &s) == 0 && S_ISDIR(s.st_mode)) out.insert(out.begin(), beside);
  return out;
}

void read_broker(const section& broker, broker_config& out) {
  if (broker.text("user", out.user) && !out.user.empty() && getpwnam(out.user.c_str()) == nullptr) broker.bad("user", "the name of a user of this machine");
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
    const std::string dir = out.file.substr(0, std::max<std::size_t>(out.file.rfind('/'), 1));
    struct stat s {};
    if (stat(dir.c_str(), &s) != 0 || !S_ISDIR(s.st_mode))
      log.warning(log.where("target"), "target", "the directory " + dir + " does not exist (yet), and the daemon cannot start without it; wanted: mkdir, or LogsDirectory= in the unit");
  } else {
    log.bad("target", "\"stderr\", \"journal\", \"syslog\", or the path of a file, with a /");
  }
}

}  // namespace authbroker
