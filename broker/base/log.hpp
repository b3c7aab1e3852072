// Lines for operators: an event and fields. A line is built where it happens, without a lock, and written by a thread of the
// logger's own, many lines at a time, so that neither a slow disk nor a blocked journal delays an answer: what does not fit
// into a megabyte of waiting lines is dropped and counted, and the count is logged.
//
//   log.line(level::warning, "backend_down").field("backend", name).field("after_failures", 5);
//
// Every value is escaped and cut at 200 bytes. There is no overload for secrets.
#pragma once
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "base/text_buffer.hpp"

namespace authbroker {

enum class level : std::uint8_t { debug, info, warning, error };
enum class log_format : std::uint8_t { logfmt, json };
enum class log_target : std::uint8_t { standard_error, journal, syslog, file, nowhere };

struct log_settings {
  log_target target = log_target::standard_error;
  std::string file;
  level least = level::info;
  log_format format = log_format::logfmt;
};

class logger;

class log_line {
 public:
  log_line(log_line&&) = delete;
  log_line& field(std::string_view key, std::string_view value);
  log_line& field(std::string_view key, std::int64_t value);
  log_line& field_if(std::string_view key, std::string_view value) { return value.empty() ? *this : field(key, value); }
  // The line so far, as it will be written. Empty below the level.
  std::string_view text() const { return to_ == nullptr ? std::string_view() : text_.view().substr(1); }
  ~log_line();

 private:
  friend class logger;
  log_line(logger* to, level, std::string_view event);
  char* begin_field(std::string_view key, std::size_t value_bytes);
  logger* to_;  // nullptr: below the level
  bool json_;   // as the line was begun, whatever a reload says meanwhile
  text_buffer text_;
};

class logger {
 public:
  // Opens the target and starts the writer. Throws std::system_error if a file cannot be opened for appending.
  explicit logger(const log_settings&);
  ~logger();  // writes what is waiting, for at most a second
  logger(const logger&) = delete;
  logger& operator=(const logger&) = delete;

  log_line line(level l, std::string_view event) { return {l >= least_.load(std::memory_order_relaxed) ? this : nullptr, l, event}; }
  bool wants(level l) const { return l >= least_.load(std::memory_order_relaxed); }
  // For a reload: opens the new target, or the same file again (rotation); on failure throws and changes nothing.
  void reconfigure(const log_settings&);
  // Makes the log file (if there is one) another user's, before the process becomes that user.
  void give_to(unsigned uid, unsigned gid);
  std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }
  // Returns once everything logged before the call has been written. For tests and for the end.
  void flush();

 private:
  friend class log_line;
  void submit(std::string_view line);
  void write_loop();
  void write_out(std::string& lines);  // uses up what `lines` holds

  std::atomic<level> least_;
  std::atomic<log_format> format_;
  std::mutex mutex_;
  std::condition_variable wake_, written_;
  log_target target_;
  int fd_ = 2;
  bool own_fd_ = false;
  std::string waiting_;
  std::uint64_t submitted_ = 0, done_ = 0;
  bool asleep_ = false;  // the writer waits without a time, and somebody has to wake it
  bool hurry_ = false;   // somebody waits for what is there to be written
  bool stop_ = false;
  std::atomic<std::uint64_t> dropped_ = 0;
  std::uint64_t dropped_told_ = 0;
  bool torn_ = false;  // the last line written lacks its end [writer]
  std::thread writer_;
};

}  // namespace authbroker
