// Is an upstream worth trying? Only failures to connect, to encrypt or to prepare count, never anything after a question
// began: a wrong password must not make a server look dead. Pure: time is handed in. One breaker an upstream, for all workers;
// the owner locks.
#pragma once
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/answer.hpp"

namespace authbroker {

class breaker {
 public:
  using milliseconds = std::chrono::milliseconds;
  static constexpr milliseconds first_probe{250};
  // An account of ours that the upstream refuses is tried so rarely that it is not locked there: directories lock after some
  // five failures within ten or thirty minutes. The pause grows fourfold up to this, unless it is longer to begin with.
  static constexpr milliseconds account_most{900'000};

  // `second_opinion`: the first probe of a refused account is made at once, of another server. The pauses are as long as if it
  // had been waited for.
  breaker(std::uint32_t failures, milliseconds reopen, milliseconds service_account, bool second_opinion = false)
      : failures_max_(failures), reopen_(std::max(reopen, first_probe)), account_first_(std::max(service_account, first_probe)),
        account_probe_(second_opinion ? first_probe : account_first_) {}

  bool closed() const { return failures_ < failures_max_; }
  // True once for each probe that is due while it is open: the caller then tries to connect and prepare, without a question.
  bool take_probe(steady::time_point now) {
    if (closed() || now < next_probe_) return false;
    next_probe_ = now + wait_;
    wait_ = last_reason_ == reason::service_account ? longer(wait_) : std::min(wait_ * 2, reopen_);
    return true;
  }
  steady::time_point next_probe() const { return next_probe_; }

  // True if this opened it.
  bool failed(steady::time_point now, reason why, std::string text) {
    const bool account = why == reason::service_account;  // nobody can log in: one refusal is enough, also after other failures
    if (account && (closed() || last_reason_ != why)) failures_ = failures_max_ - 1;
    if (!account && !closed() && last_reason_ == reason::service_account) {  // an outage by now, which ends as others do
      wait_ = std::min(first_probe * 2, reopen_);
      next_probe_ = now + first_probe;
    }
    last_reason_ = why;
    last_text_ = std::move(text);
    if (failures_ == 0) since_ = now;
    tried_ = true;
    if (failures_ < 1'000'000) ++failures_;
    if (failures_ != failures_max_) return false;
    wait_ = account ? longer(account_first_) : std::min(first_probe * 2, reopen_);
    next_probe_ = now + (account ? account_probe_ : first_probe);
    since_ = now;
    return true;
  }
  // True if this closed it.
  bool succeeded(steady::time_point now) {
    const bool was_open = !closed();
    if (failures_ != 0 || !tried_) since_ = now;
    tried_ = true;
    failures_ = 0;
    return was_open;
  }

  std::uint32_t failures() const { return failures_; }
  reason last_reason() const { return last_reason_; }
  const std::string& last_text() const { return last_text_; }
  // Since when it is as state() says: of the first failure in a row, of the one that opened it, or of the first success.
  steady::time_point since() const { return since_; }
  std::string_view state() const { return !tried_ ? "untried" : failures_ == 0 ? "up" : closed() ? "failing" : "down"; }

 private:
  milliseconds longer(milliseconds account_pause) const { return std::min(account_pause * 4, std::max(account_most, account_first_)); }

  std::uint32_t failures_max_;
  milliseconds reopen_, account_first_, account_probe_;
  std::uint32_t failures_ = 0;
  bool tried_ = false;
  milliseconds wait_ = first_probe;
  steady::time_point next_probe_{};
  steady::time_point since_ = steady::now();
  reason last_reason_ = reason::upstream_down;
  std::string last_text_;
};

}  // namespace authbroker
