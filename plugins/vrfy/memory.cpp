#include "memory.hpp"

#include <abk/ext/facts.h>

#include <charconv>
#include <functional>
#include <random>

namespace vrfy {

using namespace std::chrono;

milliseconds now() { return duration_cast<milliseconds>(steady_clock::now().time_since_epoch()); }
hours hour() { return duration_cast<hours>(now()); }

double dice() {
  thread_local std::minstd_rand any{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(any);
}

// A key is short: a long address is in it as a number.
std::string fact_greylisted(std::string_view address) {
  std::string out = "greylisted ";
  if (out.size() + address.size() <= ABK_FACT_KEY_MAX) out += address;
  else out += '#' + std::to_string(std::hash<std::string_view>{}(address));
  return out;
}

std::string until(seconds from_now) { return std::to_string((now() + from_now).count()); }

milliseconds time_left(std::string_view until) {
  std::int64_t at = 0;
  const auto [end, trouble] = std::from_chars(until.data(), until.data() + until.size(), at);
  if (trouble != std::errc() || end != until.data() + until.size()) return milliseconds(0);
  return std::max(milliseconds(at) - now(), milliseconds(0));
}

mailbox decoy_beside(const mailbox& box) {
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz0123456789";
  std::random_device random;
  std::uniform_int_distribution<std::size_t> any(0, letters.size() - 1);
  mailbox out;
  for (int i = 0; i < 24; ++i) out.text += letters[any(random)];
  out.text += '@';
  out.text += box.domain;
  out.domain = box.domain;
  return out;
}

abk::answer accepts_all(bool by_vrfy) {
  return abk::answer::unverifiable(abk::reason::accepts_all, by_vrfy ? "vrfy.accepts-all" : "rcpt.accepts-all", "the server says of an address that nobody has that it exists");
}

}  // namespace vrfy
