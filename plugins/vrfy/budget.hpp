// How many addresses that a server does not know it may be asked about: servers count refusals, and shut out a host that has too
// many of them, as they do with people who try names from a list. A bucket for each upstream: each refusal takes one out, and they
// come back with time. Once it is empty nobody new is asked about until some have come back, at a moment that nobody can foresee.
//
// The text is what all connections to one upstream share (a fact). Two threads that spend in the same microsecond may count one
// refusal instead of two. Pure: the time and the dice come from the caller.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace vrfy {

struct allowance {
  std::int64_t burst = 1000;       // refusals that a full bucket is good for; 0: no bound
  std::int64_t per_minute = 300;   // that come back
  bool bounded() const { return burst > 0; }
};
inline constexpr std::int64_t burst_max = 1'000'000, per_minute_max = 1'000'000;

class budget {
 public:
  // `known`: what text() wrote, perhaps long ago; anything else is a full bucket.
  budget(const allowance&, std::string_view known, std::chrono::milliseconds now);
  // How long nobody new may be asked about; 0: not at all.
  std::chrono::milliseconds wait() const;
  // One was refused. `dice`, 0 to 1, is how unforeseeable the end of the wait is that begins with the last one. True: it begins.
  bool spend(double dice);
  // After so long the bucket is full again, and the text need not be kept.
  std::chrono::seconds until_full() const;
  std::string text() const;

 private:
  std::chrono::milliseconds time_for(std::int64_t thousandths) const;
  allowance rate_;
  std::int64_t left_, now_, shut_until_ = 0;  // thousandths of a refusal; ms
};

}  // namespace vrfy
