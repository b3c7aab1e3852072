#include "tool/child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <system_error>

extern char** environ;

namespace authbroker {
namespace {

constexpr std::size_t output_bytes_max = 1024 * 1024;

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

// The child's standard input: a socket, since writing to one whose reader has gone raises no signal.
struct input_ends {
  int ours = -1, its = -1;
  explicit input_ends(bool wanted) {
    int fds[2];
    if (wanted && ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0) {
      ours = fds[0];
      its = fds[1];
      // The kernel keeps all of it, so that nobody waits.
      const int room = 256 * 1024;
      ::setsockopt(ours, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    }
  }
  void close_its() {
    if (its >= 0) ::close(its);
    its = -1;
  }
  void send_all(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t n = ::send(ours, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) break;  // the child is gone: its status says why
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    ::shutdown(ours, SHUT_WR);
  }
  ~input_ends() {
    close_its();
    if (ours >= 0) ::close(ours);
  }
  input_ends(const input_ends&) = delete;
  input_ends& operator=(const input_ends&) = delete;
};

// Reads both pipes to their ends. False once the time is over.
bool drain(pipe_ends& out, pipe_ends& error, child_result& into, std::chrono::milliseconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
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
      } else if (texts[i]->size() < output_bytes_max) {
        texts[i]->append(chunk, static_cast<std::size_t>(n));
      }
    }
  }
  return true;
}

bool may_run(const std::string& path) { return ::access(path.c_str(), X_OK) == 0; }

}  // namespace

child_result run_child(std::vector<std::string> words, std::string_view input, child_error errors, std::chrono::milliseconds patience) {
  child_result result;
  pipe_ends out, error;
  input_ends in(!input.empty());
  if (out.read < 0 || error.read < 0 || (!input.empty() && in.ours < 0)) {
    result.trouble = "no pipe: " + std::generic_category().message(errno);
    return result;
  }
  std::vector<char*> argv;
  for (std::string& w : words) argv.push_back(w.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  if (in.its >= 0) posix_spawn_file_actions_adddup2(&actions, in.its, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out.write, STDOUT_FILENO);
  if (errors == child_error::captured) posix_spawn_file_actions_adddup2(&actions, error.write, STDERR_FILENO);
  pid_t pid = -1;
  const int failed = ::posix_spawn(&pid, words[0].c_str(), &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) {
    result.trouble = std::generic_category().message(failed);
    return result;
  }
  out.close_write();
  error.close_write();
  in.close_its();
  if (!input.empty()) in.send_all(input);
  if (!drain(out, error, result, patience)) {
    ::kill(pid, SIGKILL);
    result.trouble = "still running after " + std::to_string(std::chrono::duration_cast<std::chrono::seconds>(patience).count()) + " s";
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

}  // namespace authbroker
