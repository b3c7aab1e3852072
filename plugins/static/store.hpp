// The table that questions are answered from, and its renewal when the file changes.
//
// A question sees one whole table, old or new: tables are immutable and exchanged by one pointer. A new file with a mistake
// changes nothing but the log. A file that is being written in place is left alone until it has been quiet for a while; one
// that was put in its place by rename is taken at once.
#pragma once
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "trusted_file.hpp"
#include "users.hpp"

namespace static_users {

class store {
 public:
  // `report(event, detail)` is called when a changed file was taken ("file_reread") or not ("file_refused"); [any].
  using reporter = std::function<void(const char* event, const std::string& detail)>;
  explicit store(std::string path, reporter report) : path_(std::move(path)), report_(std::move(report)) {}
  ~store();
  store(const store&) = delete;
  store& operator=(const store&) = delete;

  // The first reading: false, with "file:line: what" texts, if the file cannot serve.
  bool open(std::vector<std::string>& faults);

  std::shared_ptr<const user_table> now() const;
  // Looks at the file, and reads it here and now if it has changed. May block on the disk. [pool]
  void renew();
  // The same for an event loop: a small file is read here, which takes less than a millisecond once a change; a larger one by
  // a thread of its own, and until it is done the old table answers. Otherwise one stat(), some microseconds. [any]
  void renew_soon();

  static constexpr off_t small_bytes = off_t{64} << 10;
  static constexpr auto quiet_time = std::chrono::milliseconds(250);

 private:
  bool changed(fingerprint& there) const;  // since it was last read or refused; `there` is how it is now
  void read_again();
  void remember(const fingerprint&);

  const std::string path_;
  const reporter report_;
  mutable std::mutex mutex_;  // guards what follows; held for copies only
  std::shared_ptr<const user_table> table_;
  fingerprint seen_;          // of the last text that was judged, right or wrong
  std::size_t text_hash_ = 0;
  std::string last_complaint_;  // so that it is logged once
  std::atomic<bool> reading_ = false;
  std::mutex thread_mutex_;
  std::thread reader_;
};

// Reads and judges: an empty pointer comes with faults.
std::shared_ptr<const user_table> load_users(const std::string& path, const std::string& text, std::vector<std::string>& faults);

}  // namespace static_users
