#include "budget.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace vrfy {

using std::chrono::milliseconds;

namespace {

constexpr std::int64_t one = 1000;          // left_ counts thousandths
constexpr std::int64_t longest = 31LL * 24 * 3600 * 1000;  // ms; no sum of these overflows
constexpr double unforeseeable_ms = 5000;

// "left now shut": three numbers and nothing else.
bool read(std::string_view text, std::array<std::int64_t, 3>& out) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (i > 0) {
      if (!text.starts_with(' ')) return false;
      text.remove_prefix(1);
    }
    const auto [end, trouble] = std::from_chars(text.data(), text.data() + text.size(), out[i]);
    if (trouble != std::errc()) return false;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  }
  return text.empty();
}

}  // namespace

budget::budget(const allowance& rate, std::string_view known, milliseconds now) : rate_(rate), left_(rate.burst * one), now_(now.count()) {
  std::array<std::int64_t, 3> was{};
  if (!read(known, was) || was[1] < 0 || was[1] > now_ || was[2] > now_ + longest) return;
  const std::int64_t passed = std::min(now_ - was[1], longest);
  // A minute's worth of debt at most (spend): no flood shuts the door for long.
  left_ = std::clamp(was[0], -rate_.per_minute * one, rate_.burst * one);
  left_ = std::min(left_ + passed * rate_.per_minute * one / 60'000, rate_.burst * one);
  shut_until_ = was[2];
}

milliseconds budget::time_for(std::int64_t thousandths) const {
  return milliseconds(std::max<std::int64_t>(0, (thousandths * 60'000 + rate_.per_minute * one - 1) / (rate_.per_minute * one)));
}

milliseconds budget::wait() const {
  const milliseconds shut(std::max<std::int64_t>(0, shut_until_ - now_));
  return left_ >= one ? shut : std::max(shut, time_for(one - left_));
}

bool budget::spend(double dice) {
  const bool was_open = wait().count() == 0;
  left_ = std::max(left_ - one, -rate_.per_minute * one);
  if (left_ >= one || !was_open) return false;
  shut_until_ = now_ + time_for(one - left_).count() + static_cast<std::int64_t>(std::clamp(dice, 0.0, 1.0) * unforeseeable_ms);
  return true;
}

std::chrono::seconds budget::until_full() const { return std::chrono::duration_cast<std::chrono::seconds>(std::max(time_for(rate_.burst * one - left_), wait())) + std::chrono::seconds(1); }

std::string budget::text() const { return std::to_string(left_) + ' ' + std::to_string(now_) + ' ' + std::to_string(shut_until_); }

}  // namespace vrfy
