#include "known.hpp"

#include <functional>
#include <random>

namespace vrfy {
namespace {

constexpr std::uint64_t hour_mask = 0xffff;
constexpr std::uint64_t lately = 7 * 24;  // hours

std::uint64_t dice() {
  std::random_device random;
  return static_cast<std::uint64_t>(random()) << 32 | random();
}

// Spreads what the hash left close together (the end of MurmurHash3).
std::uint64_t mixed(std::uint64_t x) {
  x = (x ^ x >> 33) * 0xff51afd7ed558ccdU;
  x = (x ^ x >> 33) * 0xc4ceb9fe1a85ec53U;
  return x ^ x >> 33;
}

std::uint64_t hour_of(std::chrono::hours now) { return static_cast<std::uint64_t>(now.count()) & hour_mask; }

}  // namespace

known_names::known_names(std::size_t places) : places_(places), secret_(dice()), at_(std::make_unique<std::atomic<std::uint64_t>[]>(places)) {}

known_names::where known_names::find(std::string_view address) const {
  const std::uint64_t hash = mixed(std::hash<std::string_view>{}(address) ^ secret_);
  return {&at_[static_cast<std::size_t>(hash % places_)], mixed(hash) | (hour_mask + 1)};  // never 0
}

bool known_names::existed(std::string_view address, std::chrono::hours now) const {
  const where at = find(address);
  const std::uint64_t is = at.place->load(std::memory_order_relaxed);
  return ((is ^ at.who) & ~hour_mask) == 0 && ((hour_of(now) - is) & hour_mask) <= lately;
}

void known_names::exists(std::string_view address, std::chrono::hours now) {
  const where at = find(address);
  const std::uint64_t is = (at.who & ~hour_mask) | hour_of(now);
  // Most are known already: a line of memory that nobody writes is shared by all threads.
  if (at.place->load(std::memory_order_relaxed) != is) at.place->store(is, std::memory_order_relaxed);
}

void known_names::absent(std::string_view address) {
  const where at = find(address);
  const std::uint64_t is = at.place->load(std::memory_order_relaxed);
  if (((is ^ at.who) & ~hour_mask) == 0) at.place->store(0, std::memory_order_relaxed);
}

}  // namespace vrfy
