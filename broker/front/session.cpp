#include "front/session.hpp"

namespace authbroker {

void session::work() {
  if (working_) return;  // called from within on_bytes(), whose caller goes on: pipelined requests are no recursion
  working_ = true;
  while (!ended() && !busy_ && !bidding_farewell() && !input().empty())
    if (!on_bytes()) break;
  working_ = false;
  if (ended() || bidding_farewell()) return;
  if (!busy_ && end_of_input()) return close();  // nothing more can come, and what came is no request
  if (!busy_ && input().empty() && draining()) return close();
  if (busy_ && !is_watched()) return read_on_later();
  read_on();
}

void session::expect_more() {
  if (more_expected_) return;
  more_expected_ = true;
  limit(steady::now() + times().request);
}

void session::begin() {
  busy_ = asking_ = true;
  more_expected_ = false;
  limit(steady::time_point::max());
}

void session::on_end() {
  if (!busy_) work();
}

void session::finish(ending how, steady::time_point at) {
  asking_ = false;
  if (ended()) return;
  ending_ = how;
  if (at != steady::time_point{} && at > steady::now()) {
    waiting_for_floor_ = true;
    limit(at);
    return;
  }
  flush();
}

void session::on_blocked() {
  if (!limited()) limit(steady::now() + times().reply);
}

void session::on_flushed() {
  busy_ = false;
  on_served();
  if (ending_ != ending::none) return say_farewell(ending_ == ending::clean);
  limit_idle();
  home().touch(*this);
  work();
}

void session::on_drain() {
  if (!busy_ && input().empty()) close();
}

void session::on_close() {
  if (!asking_) return;
  home().shared().counts.vanished.fetch_add(1, std::memory_order_relaxed);
  stop_.request();
}

void session::on_deadline() {
  if (!waiting_for_floor_) return close();
  waiting_for_floor_ = false;
  limit(steady::time_point::max());
  flush();
}

}  // namespace authbroker
