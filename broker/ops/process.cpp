#include "ops/process.hpp"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>

extern char** environ;

namespace authbroker {

void forbid_tracing() {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // their leak check traces the process
  prctl(PR_SET_DUMPABLE, 0);
#endif
}

void harden_process() {
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  forbid_tracing();
  umask(077);
  for (const char* name : {"LD_PRELOAD", "LD_LIBRARY_PATH", "SASL_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "OPENSSL_CONF", "LDAPCONF", "LDAPRC"}) unsetenv(name);
  setenv("LDAPNOINIT", "1", 1);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGUSR1, SIG_IGN);
  signal(SIGUSR2, SIG_IGN);
  // As many descriptors as the system lets us have: each caller and each upstream is one.
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
}

result<void> become_user(const std::string& user) {
  if (user.empty()) return {};
  errno = 0;
  const passwd* who = getpwnam(user.c_str());
  if (who == nullptr) return problem{"broker.user: there is no user \"" + user + "\"; wanted: useradd --system " + user + ", or another name"};
  if (geteuid() == who->pw_uid) return {};
  if (geteuid() != 0) return problem{"broker.user is \"" + user + "\", but only root can become another user: start as root, or as that user, or leave the key out"};
  if (initgroups(user.c_str(), who->pw_gid) != 0 || setresgid(who->pw_gid, who->pw_gid, who->pw_gid) != 0 || setresuid(who->pw_uid, who->pw_uid, who->pw_uid) != 0)
    return problem{"cannot become user \"" + user + "\": " + std::strerror(errno)};
  forbid_tracing();
  return {};
}

std::optional<std::pair<unsigned, unsigned>> owner_of(const std::string& user) {
  const passwd* who = user.empty() ? nullptr : getpwnam(user.c_str());
  if (who == nullptr || geteuid() != 0) return std::nullopt;
  return std::pair(static_cast<unsigned>(who->pw_uid), static_cast<unsigned>(who->pw_gid));
}

std::map<std::string, int> inherited_sockets() {
  std::map<std::string, int> out;
  char** names = nullptr;
  const int n = sd_listen_fds_with_names(1, &names);
  for (int i = 0; i < n; ++i) {
    const int fd = SD_LISTEN_FDS_START + i;
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    out.emplace(names != nullptr && names[i] != nullptr ? names[i] : "", fd);
    if (names != nullptr) free(names[i]);
  }
  free(names);
  return out;
}

std::string use_what_is_there(log_settings& s) {
  const char* const socket = s.target == log_target::journal ? "/run/systemd/journal/socket" : s.target == log_target::syslog ? "/dev/log" : nullptr;
  if (socket == nullptr || access(socket, F_OK) == 0) return {};
  s.target = log_target::standard_error;
  return std::string("there is no ") + socket + ", so the log goes to standard error; wanted: \"stderr\", or a file";
}

void tell_systemd(const std::string& state) { sd_notify(0, state.c_str()); }

std::chrono::microseconds watchdog_interval() {
  std::uint64_t usec = 0;
  return std::chrono::microseconds(sd_watchdog_enabled(0, &usec) > 0 ? usec / 2 : 0);
}

std::size_t resident_bytes() {
  std::ifstream in("/proc/self/statm");
  std::size_t all = 0, resident = 0;
  in >> all >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

// ---------------------------------------------------------------- the trial

struct config_trial::impl : std::enable_shared_from_this<impl> {
  explicit impl(boost::asio::io_context& io) : out(io), exit(io), limit(io) {}
  boost::asio::posix::stream_descriptor out;   // what the child says
  boost::asio::posix::stream_descriptor exit;  // its pidfd
  boost::asio::steady_timer limit;
  std::function<void(std::vector<std::string>)> done;
  pid_t child = -1;
  std::string said;
  char part[4096];
  bool timed_out = false;
  bool ended = false, all_said = false;
  int status = 0;

  void read() {
    out.async_read_some(boost::asio::buffer(part), [self = shared_from_this()](boost::system::error_code ec, std::size_t n) {
      if (ec) {
        self->all_said = true;
        return self->finish();
      }
      if (self->said.size() < 256 * 1024) self->said.append(self->part, n);
      self->read();
    });
  }
  void wait() {
    exit.async_wait(boost::asio::posix::stream_descriptor::wait_read, [self = shared_from_this()](boost::system::error_code ec) {
      if (ec || self->child < 0) return;
      waitpid(self->child, &self->status, 0);
      self->child = -1;
      self->ended = true;
      self->finish();
    });
  }
  void finish() {
    if (!ended || !all_said || !done) return;
    limit.cancel();
    // Lines "@ where" say what is being entered; the others are problems.
    std::vector<std::string> problems;
    std::string where = "the configuration";
    std::string_view rest = said;
    while (!rest.empty()) {
      const std::size_t end = rest.find('\n');
      const std::string_view line = rest.substr(0, end);
      if (line.starts_with("@ ")) where = line.substr(2);
      else if (!line.empty() && !line.starts_with("warning: ")) problems.emplace_back(line);
      if (end == std::string_view::npos) break;
      rest.remove_prefix(end + 1);
    }
    if (timed_out) {
      problems = {"the trial run took over 10 s, in " + where + ": refused"};
    } else if (WIFSIGNALED(status)) {
      problems = {"the trial run died of signal " + std::to_string(WTERMSIG(status)) + " (" + strsignal(WTERMSIG(status)) + "), in " + where + ": refused"};
    } else if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
      problems.clear();
    } else if (problems.empty()) {
      problems = {"the trial run ended with status " + std::to_string(WEXITSTATUS(status)) + " in " + where};
    }
    auto call = std::move(done);
    done = nullptr;
    call(std::move(problems));
  }
};

config_trial::config_trial(boost::asio::io_context& io, const std::string& file, std::function<void(std::vector<std::string>)> done) : impl_(std::make_shared<impl>(io)) {
  impl_->done = std::move(done);
  int pipe_fds[2] = {-1, -1};
  const auto fail = [&](const char* what) {
    const std::string text = std::string(what) + ": " + std::strerror(errno);
    boost::asio::post(io, [i = impl_, text] {
      if (i->done) i->done({text});
      i->done = nullptr;
    });
  };
  if (pipe2(pipe_fds, O_CLOEXEC) != 0) {
    fail("no pipe for the trial run");
    return;
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, pipe_fds[1], 1);
  posix_spawn_file_actions_adddup2(&actions, pipe_fds[1], 2);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  std::string self = "/proc/self/exe", config = "--config", name = file, check = "--check", progress = "--progress";
  char* words[] = {self.data(), config.data(), name.data(), check.data(), progress.data(), nullptr};
  char real[4096];
  const ssize_t n = readlink("/proc/self/exe", real, sizeof real - 1);
  const std::string program = n > 0 ? std::string(real, static_cast<std::size_t>(n)) : self;
  const int rc = posix_spawn(&impl_->child, program.c_str(), &actions, nullptr, words, environ);
  posix_spawn_file_actions_destroy(&actions);
  close(pipe_fds[1]);
  if (rc != 0) {
    close(pipe_fds[0]);
    errno = rc;
    fail("the trial run cannot be started");
    return;
  }
  impl_->out.assign(pipe_fds[0]);
  impl_->exit.assign(static_cast<int>(syscall(SYS_pidfd_open, impl_->child, 0)));
  impl_->limit.expires_after(trial_time_max);
  impl_->limit.async_wait([i = impl_](boost::system::error_code ec) {
    if (ec || i->child < 0) return;
    i->timed_out = true;
    kill(i->child, SIGKILL);
  });
  impl_->read();
  impl_->wait();
}

config_trial::~config_trial() {
  impl_->done = nullptr;
  if (impl_->child > 0) {
    kill(impl_->child, SIGKILL);
    waitpid(impl_->child, nullptr, 0);
    impl_->child = -1;
  }
  boost::system::error_code ignored;
  impl_->out.close(ignored);
  impl_->exit.close(ignored);
  impl_->limit.cancel();
}

}  // namespace authbroker
