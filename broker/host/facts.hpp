// What plugins learnt about upstreams: bounded, least recently used first to go, gone after their time, lost on restart.
#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"

namespace authbroker {

class fact_store {
 public:
  explicit fact_store(const clock& time, std::size_t entries_max = 4096) : time_(time), entries_max_(entries_max) {}
  std::optional<std::string> get(const std::string& key);  // [any thread]
  bool empty() const { return count_.load(std::memory_order_relaxed) == 0; }  // [any thread]
  void put(const std::string& key, std::string value, std::chrono::seconds ttl);
  struct fact {
    std::string key, value;
    std::chrono::seconds left;
  };
  std::vector<fact> all() const;  // most recently used first, at most 1000

 private:
  struct entry {
    std::string key, value;
    std::chrono::steady_clock::time_point until;
  };
  const clock& time_;
  const std::size_t entries_max_;
  mutable std::mutex mutex_;
  std::list<entry> used_;  // front: most recently
  std::atomic<std::size_t> count_{0};  // a look at used_ without the mutex: most servers give nothing to learn
  std::unordered_map<std::string, std::list<entry>::iterator> at_;
};

}  // namespace authbroker
