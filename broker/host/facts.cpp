#include "host/facts.hpp"

#include <algorithm>

namespace authbroker {

std::optional<std::string> fact_store::get(const std::string& key) {
  const std::lock_guard hold(mutex_);
  const auto it = at_.find(key);
  if (it == at_.end()) return std::nullopt;
  if (it->second->until <= time_.now()) {
    used_.erase(it->second);
    at_.erase(it);
    count_ = used_.size();
    return std::nullopt;
  }
  used_.splice(used_.begin(), used_, it->second);
  return it->second->value;
}

void fact_store::put(const std::string& key, std::string value, std::chrono::seconds ttl) {
  const std::lock_guard hold(mutex_);
  if (const auto it = at_.find(key); it != at_.end()) {
    used_.erase(it->second);
    at_.erase(it);
    count_ = used_.size();
  }
  if (ttl.count() <= 0) return;  // the way to forget
  used_.push_front({key, std::move(value), time_.now() + ttl});
  at_.emplace(key, used_.begin());
  if (used_.size() > entries_max_) {
    at_.erase(used_.back().key);
    used_.pop_back();
  }
  count_ = used_.size();
}

std::vector<fact_store::fact> fact_store::all() const {
  const std::lock_guard hold(mutex_);
  std::vector<fact> out;
  const auto now = time_.now();
  for (const entry& e : used_) {
    if (out.size() == 1000) break;
    if (e.until > now) out.push_back({e.key, e.value, std::chrono::duration_cast<std::chrono::seconds>(e.until - now)});
  }
  return out;
}

}  // namespace authbroker
