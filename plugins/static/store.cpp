#include "store.hpp"

#include <time.h>

#include "password.hpp"

namespace static_users {
namespace {

std::chrono::milliseconds age_of(const fingerprint& f) {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return std::chrono::milliseconds((now.tv_sec - f.changed.tv_sec) * 1000 + (now.tv_nsec - f.changed.tv_nsec) / 1'000'000);
}
// A clock that was set back must not keep a file waiting for ever.
bool younger(const fingerprint& f, std::chrono::milliseconds limit) {
  const auto age = age_of(f);
  return age >= std::chrono::milliseconds(-1000) && age < limit;
}

}  // namespace

std::shared_ptr<const user_table> load_users(const std::string& path, const std::string& text, std::vector<std::string>& faults) {
  auto table = std::make_shared<user_table>();
  std::vector<complaint> complaints;
  parse_users(text, *table, complaints);
  if (complaints.empty())
    for (const person& p : table->people()) {
      const std::string fault = p.hash.empty() ? "" : hash_fault(p.hash);
      if (!fault.empty() && complaints.size() < complaints_max)
        complaints.push_back({p.line, "found " + fault + "; wanted: another one, such as \"authbroker hash-password\" makes"});
    }
  for (const complaint& c : complaints) faults.push_back(path + ":" + std::to_string(c.line) + ": " + c.what);
  return complaints.empty() ? table : nullptr;
}

bool store::open(std::vector<std::string>& faults) {
  std::string text, fault;
  fingerprint seen;
  // An editor may be at it: a few tries are enough for every writer but one that never stops.
  read_state state = read_state::unsettled;
  for (int attempt = 0; attempt < 10 && state == read_state::unsettled; ++attempt) state = read_trusted(path_, file_bytes_max, text, seen, fault);
  if (state != read_state::done) {
    faults.push_back(state == read_state::refused ? fault : path_ + " changes all the time");
    return false;
  }
  auto table = load_users(path_, text, faults);
  if (!table) return false;
  stand_in_hash();
  const std::lock_guard hold(mutex_);
  table_ = std::move(table);
  text_hash_ = std::hash<std::string>{}(text);
  remember(seen);
  return true;
}

// A change within one tick of the file system's clock would go unseen: a young file is read once more.
void store::remember(const fingerprint& f) {
  seen_ = f;
  if (younger(f, quiet_time)) seen_.size = -1;
}

store::~store() {
  const std::lock_guard hold(thread_mutex_);
  if (reader_.joinable()) reader_.join();
}

std::shared_ptr<const user_table> store::now() const {
  const std::lock_guard hold(mutex_);
  return table_;
}

bool store::changed(fingerprint& there) const {
  // A missing file is noticed by the reading, which says so once.
  if (!look(path_, there)) there = fingerprint{};
  const std::lock_guard hold(mutex_);
  return !(there == seen_) || there.size < 0;
}

void store::renew() {
  fingerprint there;
  if (!changed(there) || reading_.exchange(true)) return;
  read_again();
  reading_ = false;
}

void store::renew_soon() {
  fingerprint there;
  if (!changed(there) || reading_.exchange(true)) return;
  if (there.size <= small_bytes) {
    read_again();
    reading_ = false;
    return;
  }
  const std::lock_guard hold(thread_mutex_);
  try {
    if (reader_.joinable()) reader_.join();  // it has ended, or is about to: `reading_` was false
    reader_ = std::thread([this] {
      read_again();
      reading_ = false;
    });
  } catch (...) {  // no thread to be had: the next question tries again
    reading_ = false;
  }
}

void store::read_again() {
  try {
    std::string text, fault;
    fingerprint seen;
    fingerprint before;
    std::size_t hash_before = 0;
    {
      const std::lock_guard hold(mutex_);
      before = seen_;
      hash_before = text_hash_;
    }
    fingerprint there;
    // seen_.size is -1 for a young file, but its device and inode are right.
    const bool in_place = look(path_, there) && there.device == before.device && there.inode == before.inode;
    if (in_place && younger(there, quiet_time)) return;
    const read_state state = read_trusted(path_, file_bytes_max, text, seen, fault);
    if (state == read_state::unsettled) return;
    std::vector<std::string> faults;
    std::shared_ptr<const user_table> table;
    const std::size_t hash = std::hash<std::string>{}(text);
    if (state == read_state::refused) faults.push_back(fault);
    // Half a file must not make half of the people unknown: what is written anew ends with the end of a line.
    else if (text.empty() || text.back() != '\n')
      faults.push_back(path_ + (text.empty() ? " is empty" : " ends within a line") + "; taken for half a file, the old content serves");
    else if (hash != hash_before) table = load_users(path_, text, faults);
    const std::size_t people = table ? table->size() : 0;
    const std::string complaint = faults.empty() ? "" : faults.front();
    bool told = false;
    {
      const std::lock_guard hold(mutex_);
      if (table) table_ = table;
      // A file that cannot be read at all is tried again each time, since what mends it may not touch the file.
      if (state == read_state::done) {
        text_hash_ = hash;
        remember(seen);
        if (hash == hash_before && faults.empty()) return;
      } else {
        seen_ = fingerprint{};
      }
      told = complaint == last_complaint_;
      last_complaint_ = complaint;
    }
    if (table) report_("file_reread", std::to_string(people) + " people");
    else if (!told) report_("file_refused", complaint);
  } catch (...) {  // no memory: the old table serves, and the next question tries again
  }
}

}  // namespace static_users
