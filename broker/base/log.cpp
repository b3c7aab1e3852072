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
void append_time(std::string& out) {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  thread_local time_t last = 0;
  thread_local char text[24];
  if (now.tv_sec != last) {
    tm utc{};
    gmtime_r(&now.tv_sec, &utc);
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    last = now.tv_sec;
  }
  const auto ms = static_cast<unsigned>(now.tv_nsec / 1'000'000);
  out += text;
  out += '.';
  out += static_cast<char>('0' + ms / 100);
  out += static_cast<char>('0' + ms / 10 % 10);
  out += static_cast<char>('0' + ms % 10);
  out += 'Z';
}

// True for bytes of values that need no quotes.
constexpr auto plain_bytes = [] {
  std::array<bool, 256> t{};
  for (std::size_t c = 0x21; c < 0x7f; ++c) t[c] = c != '"' && c != '\\' && c != '=';
  return t;
}();

bool plain(std::string_view value) {
  return !value.empty() && value.size() <= 200 && std::all_of(value.begin(), value.end(), [](char c) { return plain_bytes[static_cast<unsigned char>(c)]; });
}

// " key=", or what it is in JSON, in one piece.
void append_key(std::string& out, std::string_view before, std::string_view key, std::string_view behind) {
  std::array<char, 48> piece;
  if (before.size() + key.size() + behind.size() > piece.size()) {
    out.append(before).append(key).append(behind);
    return;
  }
  char* end = std::copy(before.begin(), before.end(), piece.data());
  end = std::copy(key.begin(), key.end(), end);
  end = std::copy(behind.begin(), behind.end(), end);
  out.append(piece.data(), static_cast<std::size_t>(end - piece.data()));
}

// A text is a sentence, and the end of a sentence about a configuration says what to do. Everything else is a name or a number.
std::size_t bytes_max_of(std::string_view key) { return key == "text" ? 600 : 200; }

int open_target(const log_settings& s) {
  if (s.target != log_target::file) return 2;
  const int fd = open(s.file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
  if (fd < 0) throw std::system_error(errno, std::generic_category(), "cannot open the log file " + s.file);
  return fd;
}

}  // namespace

// The first byte of a waiting line is its level's letter; write_out() takes it off.
log_line::log_line(logger* to, level l, std::string_view event) : to_(to), level_(l) {
  if (to_ == nullptr) return;
  text_.reserve(400);
  text_ += level_name(l)[0];
  if (to_->format_.load(std::memory_order_relaxed) == log_format::json) {
    text_ += "{\"ts\":\"";
    append_time(text_);
    text_ += "\",\"level\":\"";
    text_ += level_name(l);
    text_ += "\",\"event\":\"";
    text_ += escape_for_log(event);
    text_ += '"';
  } else {
    text_ += "ts=";
    append_time(text_);
    text_ += " level=";
    text_ += level_name(l);
    text_ += " event=";
    text_ += event;
  }
}

log_line& log_line::field(std::string_view key, std::string_view value) {
  if (to_ == nullptr) return *this;
  if (to_->format_.load(std::memory_order_relaxed) == log_format::json) {
    append_key(text_, ",\"", key, "\":\"");
    // \xNN is not JSON: the backslash of the escape is doubled, so that a reader gets the same text as from logfmt.
    if (plain(value)) {
      text_ += value;
    } else {
      for (const char c : escape_for_log(value, bytes_max_of(key))) {
        if (c == '\\' || c == '"') text_ += '\\';
        text_ += c;
      }
    }
    text_ += '"';
    return *this;
  }
  if (plain(value)) {
    append_key(text_, " ", key, "=");
    text_ += value;
  } else {
    append_key(text_, " ", key, "=\"");
    append_escaped(text_, value, bytes_max_of(key));
    text_ += '"';
  }
  return *this;
}

log_line& log_line::field(std::string_view key, std::int64_t value) {
  if (to_ == nullptr) return *this;
  const bool json = to_->format_.load(std::memory_order_relaxed) == log_format::json;
  append_key(text_, json ? ",\"" : " ", key, json ? "\":" : "=");
  std::array<char, 24> digits;
  const char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  text_.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
  return *this;
}

log_line::~log_line() {
  if (to_ == nullptr) return;
  if (to_->format_.load(std::memory_order_relaxed) == log_format::json) text_ += '}';
  text_ += '\n';
  to_->submit(level_, text_);
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

void logger::submit(level, std::string_view line) {
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
      batch += "wts=";
      append_time(batch);
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

void logger::write_out(std::string_view lines) {
  log_target target{};
  int fd = -1;
  {
    const std::lock_guard hold(mutex_);
    target = target_;
    fd = target == log_target::file ? fd_ : 2;
  }
  if (target == log_target::nowhere) return;
  std::string out;
  if (std::exchange(torn_, false)) out += '\n';  // what was left of the last line must not become the beginning of this one
  while (!lines.empty()) {
    const std::size_t end = lines.find('\n');
    const char mark = lines[0];
    const std::string_view line = lines.substr(1, end - 1);
    lines.remove_prefix(end + 1);
    if (target == log_target::syslog) {
      ::syslog(syslog_priority(mark), "%.*s", static_cast<int>(line.size()), line.data());
    } else if (target == log_target::journal) {
      sd_journal_send("MESSAGE=%.*s", static_cast<int>(line.size()), line.data(), "PRIORITY=%d", syslog_priority(mark),
                      "SYSLOG_IDENTIFIER=authbroker", nullptr);
    } else {
      out += line;
      out += '\n';
    }
  }
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
