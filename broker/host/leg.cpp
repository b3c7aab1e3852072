#include "host/leg.hpp"

#include "net/worker.hpp"

namespace authbroker {

void end_leg(leg& l) {
  l.is = leg::state::over;
  l.start_timer.disarm();
  l.deadline_timer.disarm();
  l.on_give_up = nullptr;
  // Not at once: no asker runs inside a plugin's call.
  if (l.on_over) l.home->sockets.resume_soon(std::move(l.on_over));
}

void end_leg(leg& l, finding f) {
  if (l.is == leg::state::over) return;
  if (f.upstream.empty()) f.upstream = l.upstream;
  *l.found = std::move(f);
  end_leg(l);
}

void give_up_leg(leg& l, finding f) {
  if (l.is == leg::state::over) return;
  if (const auto leave = std::move(l.on_give_up)) leave();
  f.password_sent = f.password_sent || l.password_sent;
  end_leg(l, std::move(f));
}

}  // namespace authbroker
