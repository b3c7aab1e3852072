// One question on its way through one connection role. Lives on the worker that asked; the pool and the connection refer to
// it weakly or for as long as they hold it, and never touch it after done() or give_up().
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "base/task.hpp"
#include "core/backend.hpp"
#include "net/timer_queue.hpp"

namespace authbroker {

struct worker;

struct leg {
  // What is asked. The stage_question's views live until the leg is over.
  const stage_question* asked = nullptr;
  worker* home = nullptr;
  std::uint32_t role = 0;
  std::string carry;
  int only_upstream = -1;        // a leg after one that sent a secret: never to another replica
  bool may_see_password = true;
  steady::time_point start_by, until;

  // How it stands.
  enum class state { waiting, running, over };
  state is = state::waiting;
  steady::time_point queued{};   // when it began to wait for a connection
  bool retried = false;          // was moved from a stale connection to a fresh one: once at most
  std::string upstream;

  // What came of it: a finding, which lies with the asker, or the next leg.
  finding* found = nullptr;
  bool password_sent = false;    // by whom it was taken from
  bool goes_on = false;
  std::uint32_t next_role = 0;
  std::string next_carry;
  int next_upstream = -1;

  continuation on_over;              // of whoever asks: called once, by the worker's loop, not from within a plugin
  std::function<void()> on_give_up;  // set by who holds it, for as long as it does: takes it out of there
  timer start_timer, deadline_timer; // armed only until it is over, and so while it lives

  trace* out() const { return is == state::over ? nullptr : asked->out; }
  void note(std::string_view what, std::string text) const {
    if (trace* t = out()) t->add(what, std::move(text));
  }
  std::string_view password() const { return asked->password == nullptr ? std::string_view() : asked->password->reveal(); }
};

using leg_ptr = std::shared_ptr<leg>;
// Ends a leg: nothing happens if it is over already. For whoever holds it at the moment.
void end_leg(leg&, finding);
// The same of one that is not over, when `found` holds what was found.
void end_leg(leg&);
// Takes a leg away from whoever holds it, and ends it. For deadlines and for callers that are gone.
void give_up_leg(leg&, finding);

}  // namespace authbroker
