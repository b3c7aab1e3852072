#include "net/tls_sessions.hpp"

#include <algorithm>
#include <utility>

namespace authbroker {

void tls_sessions::put(const std::string& key, SSL_SESSION* s) {
  if (SSL_SESSION_is_resumable(s) != 1) return;
  session copy(SSL_SESSION_dup(s), SSL_SESSION_free);
  if (!copy) return;
  const auto now = std::chrono::steady_clock::now();
  const std::lock_guard lock(mutex_);
  if (entries_.size() >= keys_max && !entries_.contains(key))
    entries_.erase(std::min_element(entries_.begin(), entries_.end(),
                                    [](const auto& a, const auto& b) { return a.second.since < b.second.since; }));
  entries_.insert_or_assign(key, entry{std::move(copy), now});
}

tls_sessions::session tls_sessions::take_copy(const std::string& key) {
  session none(nullptr, SSL_SESSION_free);
  const std::lock_guard lock(mutex_);
  const auto at = entries_.find(key);
  if (at == entries_.end()) return none;
  if (std::chrono::steady_clock::now() - at->second.since > age_max) {
    entries_.erase(at);
    return none;
  }
  return {SSL_SESSION_dup(at->second.what.get()), SSL_SESSION_free};
}

void tls_sessions::drop(const std::string& key) {
  const std::lock_guard lock(mutex_);
  entries_.erase(key);
}

std::size_t tls_sessions::size() {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

}  // namespace authbroker
