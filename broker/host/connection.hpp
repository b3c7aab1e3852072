// One upstream connection and the plugin session that speaks on it: opens, prepares, answers questions, tidies up, closes.
// A state machine of callbacks on one worker. It owns the session; every call into the plugin is made here and guarded.
//
//   opening -> preparing -> ready <-> busy -> tidying -> closed
//
// Fails   towards tempfail: whatever ends a connection ends its unanswered questions with tempfail and a reason, and marks
//         them password_sent if a secret range was ever queued for them.
// Attack  the peer is hostile even inside TLS: input is capped, time is capped, an answer given stays given, and nothing that
//         was received before TLS is there after it.
#pragma once
#include <abk/ext/facts.h>
#include <abk/plugin.h>

#include <memory>
#include <string>
#include <vector>

#include "host/leg.hpp"
#include "host/pool.hpp"
#include "net/channel.hpp"

namespace authbroker {

class connection : public std::enable_shared_from_this<connection> {
 public:
  connection(std::shared_ptr<pool> owner, worker& home, std::uint32_t role);
  ~connection();
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  // Tries the pool's upstreams in order, as far as their breakers are closed, or only upstream `probe` if that is not
  // negative. Reports to the pool: connection_ready() or connection_failed(). `for_leg`: whose transcript the stages go to,
  // and whom alone it may serve.
  void open(steady::time_point until, int probe, leg_ptr for_leg);
  // Only when ready() says so.
  void begin(leg_ptr);
  bool ready() const { return !closing_ && (state_ == state::ready || (state_ == state::busy && live() < questions_max())); }
  bool idle() const { return state_ == state::ready; }
  bool counted_idle = false;  // the pool's note
  const leg_ptr& reserved() const { return reserved_; }
  std::uint32_t role() const { return role_; }
  bool probing() const { return probing_; }
  bool served() const { return next_id_ > 1; }  // a question was asked on it
  // It leads to a replica that was only the second choice, breaker.reopen has passed, and a better one is worth trying again. A
  // connection that always has questions would keep them there for ever.
  bool outstayed();
  // Ends it now; unanswered questions get tempfail shutting_down.
  void close_now();
  // Ends it now, idle as it is, with the plugin's last words.
  void dismiss();
  // Ends it now if nobody waits for an answer on it, else when that is given.
  void retire();
  void yield();  // the same, of a busy connection whose permit somebody else shall have

  static bool facts_get(abk_io*, std::uint32_t id, std::uint32_t scope, abk_str key, char* value, std::size_t* len);
  static void facts_put(abk_io*, std::uint32_t id, std::uint32_t scope, abk_str key, abk_str value, std::uint32_t ttl_s);

 private:
  enum class state { fresh, opening, preparing, ready, busy, tidying, closed };
  struct question {
    std::uint32_t id = 0;
    leg_ptr asked;
    bool secret_sent = false;
    bool heard = false;   // bytes came since it began
    bool was_idle = false;  // the connection had been lying ready: it may be stale
    steady::time_point began;
  };

  void leave_opening();
  void try_next_upstream();
  void connect_to(const upstream_rules&, steady::time_point until);
  void look_up(const char* service);
  void looked_up(const char* service, const services&);
  void look_up_too_late();
  void opened(const open_outcome&);
  void upstream_failed(reason, std::string text, bool try_others);
  void start_session();
  // These may end the connection: whoever calls them keeps it alive.
  void take_step(std::uint32_t step);
  void became_ready();
  void pump();
  struct computation;
  void compute();
  void computed(const std::shared_ptr<computation>&);
  void leave_computing();
  void receive();
  void flush(bool last = false);
  void flush_soon();
  void start_tls();
  void prepared();
  void timed_out();
  void lost(reason, std::string text);
  void misbehaved(const char* what);
  void end(reason, const std::string& text);
  void settle(question&, finding);
  void settle(question&);
  void give_up(const leg*);
  void reap();
  std::size_t live() const;
  std::uint32_t questions_max() const;
  question* find(std::uint32_t id);
  leg* tracer() const;
  void trace_bytes(std::string_view direction, std::string_view bytes, const abk_range* secrets, std::size_t count);
  std::string fact_key(std::uint32_t id, std::uint32_t scope, abk_str key);
  void arm(std::chrono::milliseconds);

  static connection& self(abk_io* io) { return *static_cast<connection*>(io->host); }
  static void io_consume(abk_io*, std::size_t n);
  static void io_send(abk_io*, const void*, std::size_t n, const abk_range*, std::size_t);
  static void io_finish(abk_io*, std::uint32_t id, const abk_answer*);
  static void io_next(abk_io*, std::uint32_t id, std::uint32_t role, abk_str carry);
  static void io_note(abk_io*, std::uint32_t id, abk_str what, abk_str text);
  template <class Call>
  bool guarded(const char* what, Call call);

  std::shared_ptr<pool> pool_;
  worker& home_;
  const std::uint32_t role_;
  state state_ = state::fresh;
  bool closing_ = false;      // no further questions; close when those under way are done
  bool in_plugin_ = false;
  bool counted_ = false;      // the pool counts it among those that are opening
  bool failed_prepare_ = false;
  bool heard_ = false;        // bytes came from the upstream that is being tried
  finding prepare_finding_;

  std::vector<std::size_t> candidates_;  // upstreams still to try
  std::vector<std::size_t> held_;        // targets of SRV records that must not be given up by the pool; once ready, the one in use
  std::unique_ptr<resolver::lookup> lookup_;
  unsigned lookup_number_ = 0;           // of the look-up under way, or past
  std::string failures_of_lookup_;
  std::size_t upstream_ = 0;
  bool probing_ = false, for_the_account_ = false;
  steady::time_point open_until_;
  steady::time_point cut_at_, prepare_until_;  // of the upstream being tried
  leg_ptr reserved_;
  finding first_failure_;
  bool any_failure_ = false;

  std::unique_ptr<channel> stream_;
  abk_session* session_ = nullptr;
  abk_io io_{};
  std::shared_ptr<computation> computing_;  // the plugin's compute() is under way: nothing else of the session may be called
  std::string trouble_;  // why the stream ended, if not in order
  std::string in_;
  std::size_t in_at_ = 0;
  std::string out_;
  bool flush_posted_ = false;
  std::vector<question> questions_;
  std::uint32_t next_id_ = 1;
  timer timer_;
  std::chrono::steady_clock::time_point ready_since_;
  steady::time_point second_choice_until_;
};

// Calls into the plugin. False: it threw.
template <class Call>
bool connection::guarded(const char* what, Call call) {
  in_plugin_ = true;
  io_.watched = tracer() != nullptr;
  bool fine = true;
  try {
    call();
  } catch (const std::exception& e) {
    pool_->core().misbehaved(std::string(what) + "() threw: " + e.what());
    fine = false;
  } catch (...) {
    pool_->core().misbehaved(std::string(what) + "() threw");
    fine = false;
  }
  in_plugin_ = false;
  return fine;
}

}  // namespace authbroker
