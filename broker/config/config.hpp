// The configuration as typed values. Everything here has been checked; nothing here does anything.
#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/settings.hpp"
#include "core/backend_rules.hpp"
#include "core/listener_rules.hpp"
#include "core/route_rules.hpp"

namespace authbroker {

// Debian's two places; before them PREFIX/lib/authbroker/plugins, if it is there, for a program in PREFIX/bin or PREFIX/sbin: a
// prefix that was moved brings the plugins that were built with it.
std::vector<std::string> default_plugin_dirs();

struct broker_config {
  std::string user;
  std::vector<std::string> plugin_dirs = default_plugin_dirs();
  std::string state_dir = "/var/lib/authbroker";
  std::uint32_t workers = 0;
  std::uint32_t blocking_threads = 16;
  std::chrono::milliseconds request_timeout{8'000};
  std::string admin_socket = "/run/authbroker/admin.sock";
};

struct configuration {
  std::string file;
  broker_config broker;
  log_settings log;
  std::vector<listener_rules> listeners;
  std::vector<backend_rules> backends;
  std::vector<route_rules> routes;   // in file order
  std::vector<config_problem> warnings;  // "works, but": shown by check-config and logged at start
  std::map<std::string, place, std::less<>> places;  // of the written keys of [broker], [log] and [[listener]]s: "listener.portal.address"

  // Where `key` is written, else `otherwise`.
  place place_of(std::string_view key, const place& otherwise = {}) const {
    const auto at = places.find(key);
    return at == places.end() ? otherwise : at->second;
  }
};

// What of a configuration with problems can still be judged by loading plugins.
struct sound_part {
  broker_config broker;
  std::vector<backend_rules> backends;  // those without a problem of their own
  std::vector<backend_rules> others;    // of these, perhaps, a name and a plugin
};

// Either a configuration, or every problem found (at least one).
struct load_outcome {
  std::optional<configuration> config;
  std::vector<config_problem> problems;
  sound_part rest;  // with problems only
  std::vector<config_problem> warnings;  // likewise: one of them may be the cause, as an include that matches nothing
};

struct load_options {
  // Credentials that only the unit will be given ($CREDENTIALS_DIRECTORY is not set here) are a warning, and a stand-in is read.
  bool credentials_elsewhere = false;
};
// Reads `path` and what it includes. Reads files, resolves secrets; opens no socket and loads no plugin. Never throws for
// anything a file can contain.
load_outcome load_configuration(const std::string& path, load_options = {});
// The same from memory, for tests, fuzzing and documentation blocks: relative paths are relative to `base_dir`.
load_outcome parse_configuration(std::string_view text, const std::string& name, const std::string& base_dir);

}  // namespace authbroker
