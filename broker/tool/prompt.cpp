#include "tool/prompt.hpp"

#include <fcntl.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <iterator>
#include <system_error>

namespace authbroker {
namespace {

volatile std::sig_atomic_t caught = 0;
extern "C" void note_signal(int number) { caught = number; }

constexpr std::array<int, 7> watched{SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU};

// Notes signals as long as it lives. They stay blocked but for the moments of waiting: one that came between a look at
// `caught` and a read() would else be slept through.
class watched_signals {
 public:
  watched_signals() {
    struct sigaction action {};
    action.sa_handler = note_signal;
    sigemptyset(&action.sa_mask);
    sigset_t blocked;
    sigemptyset(&blocked);
    for (const int number : watched) sigaddset(&blocked, number);
    ::sigprocmask(SIG_BLOCK, &blocked, &mask_before_);
    for (std::size_t i = 0; i < watched.size(); ++i) ::sigaction(watched[i], &action, &before_[i]);
  }
  ~watched_signals() {
    for (std::size_t i = 0; i < watched.size(); ++i) ::sigaction(watched[i], &before_[i], nullptr);
    ::sigprocmask(SIG_SETMASK, &mask_before_, nullptr);
  }
  // True when there is something to read; false when a signal came first.
  bool wait_readable(int fd) const {
    for (;;) {
      pollfd entry{fd, POLLIN, 0};
      const int n = ::ppoll(&entry, 1, nullptr, &mask_before_);
      if (caught != 0) return false;
      if (n > 0 || (n < 0 && errno != EINTR)) return true;
    }
  }
  watched_signals(const watched_signals&) = delete;
  watched_signals& operator=(const watched_signals&) = delete;

 private:
  std::array<struct sigaction, watched.size()> before_{};
  sigset_t mask_before_{};
};

class silent_terminal {
 public:
  explicit silent_terminal(int fd) : fd_(fd) {
    if (::tcgetattr(fd_, &before_) != 0) return;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    changed_ = ::tcsetattr(fd_, TCSAFLUSH, &quiet) == 0;
  }
  ~silent_terminal() {
    if (changed_) ::tcsetattr(fd_, TCSAFLUSH, &before_);
  }
  silent_terminal(const silent_terminal&) = delete;
  silent_terminal& operator=(const silent_terminal&) = delete;
  bool is_silent() const { return changed_; }

 private:
  int fd_;
  termios before_{};
  bool changed_ = false;
};

struct line_buffer {
  char bytes[password_bytes_max + 1];
  std::size_t size = 0;
  ~line_buffer() { wipe(bytes, sizeof bytes); }
};

enum class read_end { line, interrupted, too_long, failed };

// `signals`: what may interrupt, or null.
read_end read_line(int fd, line_buffer& into, const watched_signals* signals) {
  into.size = 0;
  for (;;) {
    if (signals && !signals->wait_readable(fd)) return read_end::interrupted;
    char c = 0;
    const ssize_t n = ::read(fd, &c, 1);
    if (n < 0) {
      if (errno != EINTR) return read_end::failed;
      continue;
    }
    if (n == 0 || c == '\n') return read_end::line;
    if (into.size == password_bytes_max) return read_end::too_long;
    into.bytes[into.size++] = c;
  }
}

problem too_long() { return problem("the password is longer than " + std::to_string(password_bytes_max) + " bytes"); }

}  // namespace

result<secret> ask_for_password(const std::string& question) {
  const int fd = ::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  if (fd < 0) return problem("there is no terminal to ask for the password; use --password-stdin");
  struct closer {
    int fd;
    ~closer() { ::close(fd); }
  } const guard{fd};

  for (;;) {
    line_buffer line;
    read_end end = read_end::failed;
    {
      caught = 0;
      const watched_signals signals;
      const silent_terminal terminal(fd);
      if (!terminal.is_silent()) return problem("the terminal's echo cannot be switched off; use --password-stdin");
      (void)!::write(fd, question.data(), question.size());
      end = read_line(fd, line, &signals);
      (void)!::write(fd, "\n", 1);
    }
    // The echo is back and the handlers are what they were: now the signal does what it always does.
    if (end == read_end::interrupted) {
      ::kill(::getpid(), caught);
      continue;  // stopped and continued
    }
    if (end == read_end::too_long) return too_long();
    if (end == read_end::failed) return problem("cannot read from the terminal: " + std::generic_category().message(errno));
    return secret(std::string_view(line.bytes, line.size));
  }
}

result<secret> read_password_from_stdin() {
  line_buffer line;
  const read_end end = read_line(STDIN_FILENO, line, nullptr);
  if (end == read_end::too_long) return too_long();
  if (end != read_end::line) return problem("cannot read the password from standard input: " + std::generic_category().message(errno));
  return secret(std::string_view(line.bytes, line.size));
}

}  // namespace authbroker
