#include "tool/check_config.hpp"

#include <algorithm>
#include <chrono>
#include <fstream>

#include "base/text.hpp"
#include "config/config.hpp"
#include "tool/child.hpp"
#include "tool/table.hpp"

namespace authbroker {
namespace {

constexpr auto child_patience = std::chrono::minutes(2);

std::string count(std::size_t n, const char* one) { return std::to_string(n) + ' ' + one + (n == 1 ? "" : "s"); }

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    if (end > at) lines.push_back(for_terminal(std::string_view(text).substr(at, end - at)));
    at = end + 1;
  }
  return lines;
}

constexpr std::string_view warning_mark = "warning: ";

// Lets authbrokerd judge the file: it does that as it would at its start, and loads the plugins.
void check_with(const std::string& daemon, const std::string& file, bool connect, check_outcome& to) {
  std::vector<std::string> words{daemon, "--check", "--config", file};
  if (connect) words.push_back("--connect");
  const child_result child = run_child(std::move(words), {}, child_error::captured, child_patience);
  if (!child.trouble.empty()) {
    to.problems.push_back(daemon + " --check: " + child.trouble);
    return;
  }
  to.plugins_checked = true;
  to.said = lines_of(child.out);
  to.unreachable = connect && child.status == 75;
  const bool good = child.status == 0 || to.unreachable;
  for (std::string& line : lines_of(child.error)) {
    if (line.starts_with(warning_mark)) to.warnings.push_back(line.substr(warning_mark.size()));
    else (good ? to.warnings : to.problems).push_back(std::move(line));
  }
  if (!good && to.problems.empty()) to.problems.push_back(daemon + " --check ended with status " + std::to_string(child.status));
}

}  // namespace

std::string admin_socket_in(const std::string& file) {
  if (load_outcome loaded = load_configuration(file); loaded.config) return loaded.config->broker.admin_socket;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    std::string_view rest = trim(line);
    constexpr std::string_view key = "admin_socket";
    if (!rest.starts_with(key)) continue;
    rest = trim(rest.substr(key.size()));
    if (!rest.starts_with('=')) continue;
    rest = trim(rest.substr(1));
    if (rest.size() < 2 || (rest[0] != '"' && rest[0] != '\'')) continue;
    const std::size_t end = rest.find(rest[0], 1);
    if (end != std::string_view::npos) return std::string(rest.substr(1, end - 1));
  }
  return {};
}

check_outcome check_config(const std::string& file, bool connect) {
  check_outcome outcome;
  const load_outcome loaded = load_configuration(file, {.credentials_elsewhere = !connect});
  if (loaded.config) {
    const configuration& config = *loaded.config;
    outcome.summary = count(config.listeners.size(), "listener") + ", " + count(config.backends.size(), "backend") + ", " + count(config.routes.size(), "route");
  }
  if (const std::string daemon = find_daemon(); !daemon.empty()) {
    check_with(daemon, file, connect, outcome);
  } else {
    for (const config_problem& p : loaded.problems) outcome.problems.push_back(to_string(p));
    if (loaded.config)
      for (const config_problem& w : loaded.config->warnings) outcome.warnings.push_back(to_string(w));
    if (connect && outcome.problems.empty()) outcome.problems.push_back("--connect needs authbrokerd, which was found neither in ../sbin nor in PATH");
  }
  outcome.ok = loaded.config && outcome.problems.empty();
  return outcome;
}

}  // namespace authbroker
