#include "tool/check_config.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <system_error>

#include "base/text.hpp"
#include "config/config.hpp"
#include "tool/table.hpp"

extern char** environ;

namespace authbroker {
namespace {

constexpr std::size_t child_output_bytes_max = 1024 * 1024;
constexpr auto child_patience = std::chrono::minutes(2);

std::string count(std::size_t n, const char* one) { return std::to_string(n) + ' ' + one + (n == 1 ? "" : "s"); }

struct pipe_ends {
  int read = -1, write = -1;
  pipe_ends() {
    int fds[2];
    if (::pipe2(fds, O_CLOEXEC) == 0) {
      read = fds[0];
      write = fds[1];
    }
  }
  void close_write() {
    if (write >= 0) ::close(write);
    write = -1;
  }
  ~pipe_ends() {
    close_write();
    if (read >= 0) ::close(read);
  }
  pipe_ends(const pipe_ends&) = delete;
  pipe_ends& operator=(const pipe_ends&) = delete;
};

struct child_result {
  int status = -1;     // exit status; -1: killed, or never ran
  std::string out, error;
  std::string trouble; // why there is no exit status
};

// Reads both pipes to their ends. False once the time is over.
bool drain(pipe_ends& out, pipe_ends& error, child_result& into) {
  const auto until = std::chrono::steady_clock::now() + child_patience;
  pollfd entries[2] = {{out.read, POLLIN, 0}, {error.read, POLLIN, 0}};
  std::string* texts[2] = {&into.out, &into.error};
  while (entries[0].fd >= 0 || entries[1].fd >= 0) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count();
    if (left <= 0) return false;
    if (::poll(entries, 2, static_cast<int>(left)) < 0 && errno != EINTR) return false;
    for (std::size_t i = 0; i < 2; ++i) {
      if (entries[i].fd < 0 || entries[i].revents == 0) continue;
      char chunk[4096];
      const ssize_t n = ::read(entries[i].fd, chunk, sizeof chunk);
      if (n <= 0) {
        entries[i].fd = -1;
      } else if (texts[i]->size() < child_output_bytes_max) {
        texts[i]->append(chunk, static_cast<std::size_t>(n));
      }
    }
  }
  return true;
}

child_result run(std::vector<std::string> words) {
  child_result result;
  pipe_ends out, error;
  if (out.read < 0 || error.read < 0) {
    result.trouble = "no pipe: " + std::generic_category().message(errno);
    return result;
  }
  std::vector<char*> argv;
  for (std::string& w : words) argv.push_back(w.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, out.write, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, error.write, STDERR_FILENO);
  pid_t pid = -1;
  const int failed = ::posix_spawn(&pid, words[0].c_str(), &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) {
    result.trouble = std::generic_category().message(failed);
    return result;
  }
  out.close_write();
  error.close_write();
  if (!drain(out, error, result)) {
    ::kill(pid, SIGKILL);
    result.trouble = "still running after two minutes";
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (!result.trouble.empty()) return result;
  if (WIFEXITED(status)) {
    result.status = WEXITSTATUS(status);
  } else {
    result.trouble = "ended by signal " + std::to_string(WTERMSIG(status));
  }
  return result;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    if (end > at) lines.push_back(for_terminal(std::string_view(text).substr(at, end - at)));
    at = end + 1;
  }
  return lines;
}

bool may_run(const std::string& path) { return ::access(path.c_str(), X_OK) == 0; }

// Lets authbrokerd load the plugins and judge their settings.
void check_plugins(const std::string& file, bool connect, check_outcome& to) {
  const std::string daemon = find_daemon();
  if (daemon.empty()) return;
  std::vector<std::string> words{daemon, "--check", "--config", file};
  if (connect) words.push_back("--connect");
  const child_result child = run(std::move(words));
  if (!child.trouble.empty()) {
    to.problems.push_back(daemon + " --check: " + child.trouble);
    return;
  }
  to.plugins_checked = true;
  std::vector<std::string> lines = lines_of(child.error);
  to.said = lines_of(child.out);
  to.unreachable = connect && child.status == 75;
  if (child.status == 0 || to.unreachable) {
    to.warnings = lines.empty() ? to.warnings : lines;  // the child has seen the same file: its warnings are ours and more
    return;
  }
  if (lines.empty()) lines.push_back(daemon + " --check ended with status " + std::to_string(child.status));
  to.problems.insert(to.problems.end(), lines.begin(), lines.end());
}

}  // namespace

std::string find_daemon() {
  char self[4096];
  const ssize_t n = ::readlink("/proc/self/exe", self, sizeof self);
  if (n > 0 && static_cast<std::size_t>(n) < sizeof self) {
    std::string path(self, static_cast<std::size_t>(n));
    path.erase(path.rfind('/'));
    path.erase(std::min(path.rfind('/'), path.size()));
    path += "/sbin/authbrokerd";
    if (may_run(path)) return path;
  }
  const char* search = std::getenv("PATH");
  for (std::string_view rest = search ? search : ""; !rest.empty();) {
    const std::size_t end = std::min(rest.find(':'), rest.size());
    const std::string path = std::string(rest.substr(0, end)) + "/authbrokerd";
    // A relative entry would run whatever lies in the current directory.
    if (path[0] == '/' && may_run(path)) return path;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return {};
}

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
  const load_outcome loaded = load_configuration(file);
  for (const config_problem& p : loaded.problems) outcome.problems.push_back(to_string(p));
  if (loaded.config) {
    const configuration& config = *loaded.config;
    for (const config_problem& w : config.warnings) outcome.warnings.push_back(to_string(w));
    outcome.summary = count(config.listeners.size(), "listener") + ", " + count(config.backends.size(), "backend") + ", " + count(config.routes.size(), "route");
    if (outcome.problems.empty()) check_plugins(file, connect, outcome);
    if (connect && !outcome.plugins_checked && outcome.problems.empty()) outcome.problems.push_back("--connect needs authbrokerd, which was found neither in ../sbin nor in PATH");
  }
  outcome.ok = loaded.config && outcome.problems.empty();
  return outcome;
}

}  // namespace authbroker
