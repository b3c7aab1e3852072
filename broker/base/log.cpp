#include "base/log.hpp"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/uio.h>
#include <syslog.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <ctime>
#include <system_error>
#include <utility>

#include "base/text.hpp"

namespace authbroker {
namespace {

constexpr std::size_t waiting_bytes_max = std::size_t{1} << 20;
constexpr auto batch_time = std::chrono::milliseconds(20);

std::string_view level_name(level l) {
  switch (l) {
    case level::debug: return "debug";
    case level::info: return "info";
    case level::warning: return "warning";
    case level::error: return "error";
  }
  return "error";
}

int syslog_priority(char mark) {
  switch (mark) {
    case 'd': return LOG_DEBUG;
    case 'i': return LOG_INFO;
    case 'w': return LOG_WARNING;
    default: return LOG_ERR;
  }
}

// UTC with milliseconds. The part down to seconds is formatted once a second and thread.
constexpr std::size_t second_bytes = 19, time_bytes = second_bytes + 5;
char* write_time(char* to) {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  thread_local time_t last = 0;
  thread_local char text[second_bytes + 1];
  if (now.tv_sec != last) {
    tm utc{};
    gmtime_r(&now.tv_sec, &utc);
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    last = now.tv_sec;
  }
  const auto ms = static_cast<unsigned>(now.tv_nsec / 1'000'000);
  to = std::copy_n(text, second_bytes, to);
  *to++ = '.';
  *to++ = static_cast<char>('0' + ms / 100);
  *to++ = static_cast<char>('0' + ms / 10 % 10);
  *to++ = static_cast<char>('0' + ms % 10);
  *to++ = 'Z';
  return to;
}

constexpr auto put = text_buffer::copy_to;

// A text is a sentence, and the end of a sentence about a configuration says what to do. Everything else is a name or a number.
std::size_t bytes_max_of(std::string_view key) { return key == "text" ? 600 : 200; }

constexpr std::size_t bare_bytes_max = 200;

int open_target(const log_settings& s) {
  if (s.target != log_target::file) return 2;
  const int fd = open(s.file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
  if (fd < 0) throw std::system_error(errno, std::generic_category(), "cannot open the log file " + s.file);
  return fd;
}

}  // namespace

// The first byte of a waiting line is its level's letter; write_out() takes it off.
log_line::log_line(logger* to, level l, std::string_view event) : to_(to), json_(to != nullptr && to->format_.load(std::memory_order_relaxed) == log_format::json) {
  if (to_ == nullptr) return;
  const std::string_view called = level_name(l);
  char* at = text_.room(64 + time_bytes + event.size());
  *at++ = called[0];
  at = put(at, json_ ? "{\"ts\":\"" : "ts=");
  at = write_time(at);
  at = put(at, json_ ? "\",\"level\":\"" : " level=");
  at = put(at, called);
  at = put(at, json_ ? "\",\"event\":\"" : " event=");
  if (json_) {
    text_.wrote(at);
    append_escaped(text_, event, 200);
    at = put(text_.room(1), "\"");
  } else {
    at = put(at, event);
  }
  text_.wrote(at);
}

log_line& log_line::field(std::string_view key, std::string_view value) {
  if (to_ == nullptr) return *this;
  const std::size_t most = bytes_max_of(key);
  const std::string_view shown = value.substr(0, most);
  const unsigned odd = classes_of(shown, log_bytes);
  const bool quotes = json_ || odd != 0 || value.empty() || value.size() > bare_bytes_max;
  char* at = begin_field(key, shown.size());
  if (quotes) *at++ = '"';
  if ((odd & escaped_in_log) == 0 && shown.size() == value.size()) {
    at = put(at, value);
  } else if (!json_) {
    text_.wrote(at);
    append_escaped(text_, value, most);
    at = text_.room(1);
  } else {
    // \xNN is not JSON: the backslash of the escape is doubled, so that a reader gets the same text as from logfmt.
    const std::string escaped = escape_for_log(value, most);
    text_.wrote(at);
    at = text_.room(2 * escaped.size() + 1);
    for (const char c : escaped) {
      if (c == '\\' || c == '"') *at++ = '\\';
      *at++ = c;
    }
  }
  if (quotes) *at++ = '"';
  text_.wrote(at);
  return *this;
}

log_line& log_line::field(std::string_view key, std::int64_t value) {
  if (to_ == nullptr) return *this;
  constexpr std::size_t digits_max = 20;
  char* const at = begin_field(key, digits_max);
  text_.wrote(std::to_chars(at, at + digits_max, value).ptr);
  return *this;
}

// The one place that writes a key. There is room for the value and its quotes where it is to be written.
char* log_line::begin_field(std::string_view key, std::size_t value_bytes) {
  char* at = text_.room(key.size() + value_bytes + 6);
  if (json_) {
    at = put(at, ",\"");
    at = put(at, key);
    return put(at, "\":");
  }
  *at++ = ' ';
  at = put(at, key);
  *at++ = '=';
  return at;
}

log_line::~log_line() {
  if (to_ == nullptr) return;
  text_.append(json_ ? "}\n" : "\n");
  to_->submit(text_.view());
}

logger::logger(const log_settings& s) : least_(s.least), format_(s.format), target_(s.target), fd_(open_target(s)), own_fd_(s.target == log_target::file) {
  if (target_ == log_target::syslog) openlog("authbroker", LOG_PID | LOG_NDELAY, LOG_MAIL);
  writer_ = std::thread([this] { write_loop(); });
}

logger::~logger() {
  {
    const std::lock_guard hold(mutex_);
    stop_ = true;
  }
  wake_.notify_one();
  writer_.join();
  if (own_fd_) close(fd_);
}

void logger::reconfigure(const log_settings& s) {
  const int fd = open_target(s);
  flush();  // what was said before goes where it was meant to go
  const std::lock_guard hold(mutex_);
  if (s.target == log_target::syslog && target_ != log_target::syslog) openlog("authbroker", LOG_PID | LOG_NDELAY, LOG_MAIL);
  if (s.target == log_target::file && own_fd_) {
    dup3(fd, fd_, O_CLOEXEC);  // the writer may be using fd_ at this moment
    close(fd);
  } else if (s.target == log_target::file) {
    fd_ = fd;
    own_fd_ = true;
  }
  target_ = s.target;
  least_ = s.least;
  format_ = s.format;
}

void logger::give_to(unsigned uid, unsigned gid) {
  const std::lock_guard hold(mutex_);
  if (!own_fd_) return;
  [[maybe_unused]] const int rc = fchown(fd_, uid, gid);  // what fails here is told by the reload that cannot open the file
}

void logger::submit(std::string_view line) {
  bool asleep = false;
  {
    const std::lock_guard hold(mutex_);
    if (waiting_.size() + line.size() > waiting_bytes_max) {
      dropped_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    asleep = std::exchange(asleep_, false);
    waiting_ += line;
    ++submitted_;
  }
  if (asleep) wake_.notify_one();
}

void logger::flush() {
  std::unique_lock hold(mutex_);
  const std::uint64_t until = submitted_;
  hurry_ = true;
  wake_.notify_one();
  written_.wait_for(hold, std::chrono::seconds(2), [&] { return done_ >= until; });
}

void logger::write_loop() {
  std::string batch;
  std::unique_lock hold(mutex_);
  bool quiet = true;
  while (true) {
    if (quiet) {
      asleep_ = true;
      wake_.wait(hold, [&] { return stop_ || hurry_ || !waiting_.empty(); });
      asleep_ = false;
    }
    // A batch gathers: one wake-up for many lines. While lines keep coming, nobody has to wake this thread for them.
    if (!stop_) wake_.wait_for(hold, batch_time, [&] { return stop_ || hurry_; });
    quiet = waiting_.empty() && !stop_;
    if (quiet && !hurry_) continue;
    hurry_ = false;
    batch.swap(waiting_);
    const std::uint64_t upto = submitted_;
    const bool last = stop_;
    hold.unlock();
    if (const std::uint64_t lost = dropped(); lost != dropped_told_) {
      std::array<char, time_bytes> now;
      batch += "wts=";
      batch.append(now.data(), write_time(now.data()));
      batch += " level=warning event=log_lines_dropped count=" + std::to_string(lost - dropped_told_) + "\n";
      dropped_told_ = lost;
    }
    write_out(batch);
    batch.clear();
    hold.lock();
    done_ = upto;
    written_.notify_all();
    if (last && waiting_.empty()) return;
  }
}

void logger::write_out(std::string& lines) {
  log_target target{};
  int fd = -1;
  {
    const std::lock_guard hold(mutex_);
    target = target_;
    fd = target == log_target::file ? fd_ : 2;
  }
  if (target == log_target::nowhere) return;
  const bool torn = std::exchange(torn_, false);
  char* to = lines.data();  // what is to be written moves to the front: without its letter, each line has room before itself
  for (char *at = to, *const end = at + lines.size(); at != end;) {
    char* const behind = static_cast<char*>(std::memchr(at, '\n', static_cast<std::size_t>(end - at))) + 1;
    const char mark = *at++;
    const auto bytes = static_cast<int>(behind - at - 1);
    if (target == log_target::syslog) {
      ::syslog(syslog_priority(mark), "%.*s", bytes, at);
    } else if (target == log_target::journal) {
      sd_journal_send("MESSAGE=%.*s", bytes, at, "PRIORITY=%d", syslog_priority(mark), "SYSLOG_IDENTIFIER=authbroker", nullptr);
    } else {
      if (torn && to == lines.data()) *to++ = '\n';  // what was left of the last line must not become the beginning of this one
      std::memmove(to, at, static_cast<std::size_t>(behind - at));
      to += behind - at;
    }
    at = behind;
  }
  const std::string_view out(lines.data(), static_cast<std::size_t>(to - lines.data()));
  // A pipe that nobody reads must not hold the writer: what fits into it at once is written, what does not within a second is
  // dropped. (A pipe that is ready for writing takes PIPE_BUF bytes without blocking.)
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  for (std::string_view rest = out; !rest.empty();) {
    pollfd p{fd, POLLOUT, 0};
    const bool ready = poll(&p, 1, 100) > 0;
    const ssize_t n = ready ? write(fd, rest.data(), std::min<std::size_t>(rest.size(), PIPE_BUF)) : 0;
    if (n > 0) {
      rest.remove_prefix(static_cast<std::size_t>(n));
      continue;
    }
    if (n < 0 && errno == EINTR) continue;
    if ((n == 0 || errno == EAGAIN) && std::chrono::steady_clock::now() < give_up) continue;
    dropped_.fetch_add(static_cast<std::uint64_t>(std::count(rest.begin(), rest.end(), '\n')), std::memory_order_relaxed);
    torn_ = rest.size() < out.size() && out[out.size() - rest.size() - 1] != '\n';
    return;
  }
}

}  // namespace authbroker
