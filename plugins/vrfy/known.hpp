// Addresses that existed lately: they are asked about also when the budget for unknown ones is spent. Bounded: one that meets the
// place of another takes it. Nothing of the address is kept but a number made with a secret of this process. [any]
#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>

namespace vrfy {

class known_names {
 public:
  explicit known_names(std::size_t places = 16384);
  bool existed(std::string_view address, std::chrono::hours now) const;
  void exists(std::string_view address, std::chrono::hours now);
  void absent(std::string_view address);

 private:
  // The upper 48 bits tell who, the lower 16 the hour; 0: a free place.
  struct where {
    std::atomic<std::uint64_t>* place;
    std::uint64_t who;
  };
  where find(std::string_view address) const;
  const std::size_t places_;
  const std::uint64_t secret_;
  std::unique_ptr<std::atomic<std::uint64_t>[]> at_;
};

}  // namespace vrfy
