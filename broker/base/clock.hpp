// Where time comes from. Whatever waits, expires or measures asks a clock, so that a test can pass an hour in no time.
#pragma once
#include <chrono>

namespace authbroker {

class clock {
 public:
  virtual ~clock() = default;
  // Never goes backwards; unrelated to the calendar. [any thread]
  virtual std::chrono::steady_clock::time_point now() const = 0;
};

class wall_clock final : public clock {
 public:
  std::chrono::steady_clock::time_point now() const override { return std::chrono::steady_clock::now(); }
};

// Moves only when told. For tests.
class stopped_clock final : public clock {
 public:
  std::chrono::steady_clock::time_point now() const override { return now_; }
  void advance(std::chrono::milliseconds by) { now_ += by; }

 private:
  std::chrono::steady_clock::time_point now_{};
};

}  // namespace authbroker
