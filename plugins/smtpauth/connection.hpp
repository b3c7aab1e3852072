// A connection to an SMTP server: an opening, then logins by AUTH. A login that succeeds is the last one; mail is never sent.
#pragma once
#include <abk/talk.hpp>
#include <smtp/opening.hpp>

#include "plan.hpp"
#include "rules.hpp"
#include "verdicts.hpp"

namespace smtpauth {

// The roles of this backend's connections.
inline constexpr std::uint32_t first_role = 0;
inline constexpr std::uint32_t again_role = 1;  // for a login that found a kept connection closing; serves one

class connection final : public abk::conversation {
 public:
  connection(const rules& r, std::uint32_t role) : rules_(r), role_(role), opening_(r.manners) {}
  abk::part<void> prepare(abk::channel) override;
  abk::part<abk::after> answer(const abk::question&, abk::channel) override;
  void farewell(abk::channel up) override { up.command({"QUIT"}); }

 private:
  // Nothing: the question was handed on to another connection (handed_on_), or the next mechanism may be tried (refused_).
  using perhaps = std::optional<abk::answer>;

  abk::part<perhaps> log_in(const abk::question&, abk::channel);
  abk::part<perhaps> by_plan(const abk::question&, abk::channel, plan);
  abk::part<perhaps> by_plain(const abk::question&, abk::channel, bool initial_response);
  abk::part<perhaps> by_login(const abk::question&, abk::channel);
  abk::part<perhaps> by_library(const abk::question&, abk::channel, mechanism);
  abk::part<bool> handed_on(abk::channel);
  perhaps verdict_of(std::string_view step, moment, abk::channel, bool proven = true);
  abk::answer cancelled(abk::channel, abk::answer);
  perhaps next_mechanism(abk::answer why);
  bool is_challenge() const;
  bool may_stay(const abk::answer&, abk::channel) const;
  void tell(abk::answer&) const;
  std::string server_name() const;

  const rules& rules_;  // the backend's: outlives every connection
  std::uint32_t role_;
  smtp::opening opening_;
  smtp::reply said_;               // the last reply
  std::uint32_t logins_ = 0;       // that were refused on this connection
  abk::answer refused_;            // what to say if no mechanism is left after one that could not be used
  bool handed_on_ = false;
  bool in_exchange_ = false;       // AUTH has begun and not ended: only "*" would be read as a command
};

}  // namespace smtpauth
