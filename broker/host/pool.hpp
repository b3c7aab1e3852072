// The connections of one backend role to one set of replicas, over all workers: one cap, one queue, breakers, warm ones.
//
// A question waits in one FIFO until a connection on its own worker can take it. Connections never move between workers; what
// moves is the permit to have one. Everything but the shared part (the FIFO, the permits, the breakers: under one mutex, held
// for nanoseconds) is touched only by the worker it belongs to.
#pragma once
#include <abk/plugin.h>

#include <array>
#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "core/backend_rules.hpp"
#include "host/breaker.hpp"
#include "host/facts.hpp"
#include "host/leg.hpp"
#include "host/thread_lane.hpp"
#include "net/resolver.hpp"
#include "net/tls.hpp"
#include "net/worker.hpp"

namespace authbroker {

class connection;

// What all pools and connections of one [[backend]] share. Destroyed (on the configuration's thread) after its last session.
struct backend_core {
  backend_rules rules;
  const abk_backend* api = nullptr;
  std::shared_ptr<tls_context> tls;  // null without TLS
  logger* log = nullptr;
  std::vector<worker*> workers;
  std::unique_ptr<fact_store> facts;
  std::shared_ptr<thread_lane> computing;  // for the step COMPUTE
  std::atomic<std::uint64_t> misbehaviour{0};
  std::function<void(backend_core&)> dispose;  // destroys api on the right thread

  ~backend_core();
  // Logs it. After twenty, the backend is disabled until the configuration is loaded again.
  void misbehaved(std::string_view what);
  bool disabled() const { return misbehaviour.load(std::memory_order_relaxed) >= 20; }
};

struct upstream_status {
  std::string label, url;    // "mail1.example.com:110", "pop3+starttls://mail1.example.com:110"
  std::string state;         // "untried", "up", "failing" or "down": only the last is not asked at the moment
  bool open = false;         // the breaker: true means "not asked at the moment"
  std::uint32_t failures = 0, failures_max = 0;
  std::string last_text;
  std::chrono::milliseconds for_time{0};
};
struct pool_status {
  std::uint32_t connections = 0, idle = 0, waiting = 0;
  std::vector<upstream_status> upstreams;
};

class pool : public std::enable_shared_from_this<pool> {
 public:
  pool(std::shared_ptr<backend_core> core, std::vector<upstream_rules> upstreams, bool refuse_local, std::uint32_t connections_max);
  ~pool();

  // Takes a leg in; it ends by itself (end_leg) in time. Called on the leg's worker.
  void submit(leg_ptr);
  // Opens what pool.warm asks for, on each worker; and goes on doing so. [any thread]
  void keep_warm();
  // Closes idle connections now and busy ones when they are done; takes no more questions. [any thread]
  void retire();
  pool_status status() const;

  // ---- for connections, on their worker
  backend_core& core() { return *core_; }
  const std::shared_ptr<backend_core>& core_shared() const { return core_; }
  // Upstreams have numbers: the configured ones from 0 on; then the servers that SRV records name ("targets"), which are good
  // only while held.
  std::size_t configured() const { return configured_; }
  bool is_target(std::size_t upstream) const { return upstream >= configured_; }
  const upstream_rules& upstream(std::size_t u) const { return places_[u].rules; }
  const std::string& label(std::size_t u) const { return places_[u].label; }  // of these rules
  bool refuse_local() const { return refuse_local_; }
  bool usable(std::size_t upstream);  // its breaker is closed
  // Is an upstream worth trying that comes before this one: a configured one, or a target of a better priority that the same
  // SRV records name?
  bool better_usable(std::size_t upstream);
  finding breaker_finding();          // what a question gets when no configured upstream is usable
  finding finding_of(std::size_t upstream);  // the same of one whose breaker is open
  // The numbers of these targets of the SRV upstream `parent`, in their order, held; one is left out if all places are in use.
  std::vector<std::size_t> hold_targets(std::size_t parent, const std::vector<service_target>&);
  bool hold_target(std::size_t upstream);  // false: it is none, and needs no release
  void release_targets(const std::vector<std::size_t>&);
  // Which upstreams a new connection tries, in their order. `probe`: an upstream, or one of the two below.
  static constexpr int for_questions = -1, for_the_account = -2;
  std::vector<std::size_t> candidates(int probe);
  std::size_t account_refused_by();  // the last that did
  void upstream_failed(std::size_t upstream, worker&, std::uint32_t role, reason, const std::string& text);
  void upstream_works(std::size_t upstream);
  void account_works(std::uint32_t role);  // a connection of this role is prepared
  void connection_ready(connection&, bool fresh);
  void connection_has_room(connection&);  // busy, and could take another question
  void connection_drains();  // it takes no more questions: who waits for one needs another connection
  void login_took(steady::duration, steady::time_point now);
  void connection_idle_ended(connection&);  // it was idle and is not any more
  void connection_failed(connection&, const finding&, bool all_waiting);
  void opening_ended(connection&);     // however it ended; not told for reserved ones
  void connection_closed(connection&);
  void requeue(leg_ptr);

 private:
  static constexpr std::uint32_t roles_max = 4;
  struct local_part {  // one a worker: what every question writes to, no two of them share
    std::vector<std::shared_ptr<connection>> all;
    std::array<std::atomic<std::uint32_t>, roles_max> opening{};  // on the way, and not reserved for one leg; others look at it
    std::array<std::atomic<std::uint32_t>, roles_max> open{};     // all there are
    std::atomic<std::uint32_t> idle{0};
    // What an accept takes once it has a connection, lately, and when that was measured. Servers delay their refusals.
    std::chrono::microseconds login_takes{0};
    steady::time_point login_measured{};
    timer warm_timer, patience_timer, account_timer;
    std::vector<std::unique_ptr<timer>> probe_timers;
    bool warm = false;
  };
  static constexpr std::size_t targets_max = 2 * addresses_tried_max;  // of one SRV upstream: those named now, and those before
  static constexpr std::chrono::minutes target_life{5};                // a target that was not named for so long is forgotten
  static constexpr std::size_t no_parent = static_cast<std::size_t>(-1);
  struct place_of_upstream {
    upstream_rules rules;  // port 0: no target is here
    breaker guard;
    std::size_t parent = no_parent;  // of a target: the SRV upstream that named it
    std::string label = rules.label();
    std::uint32_t holders = 0;
    std::uint16_t priority = 0;
    steady::time_point named{};      // of a target: when it was last; of an SRV upstream: when it last named any
  };
  bool any_closed() const;       // under the mutex
  bool any_worth_a_try() const;  // the same without
  finding not_asked(const place_of_upstream&, const breaker&) const;
  bool forgotten(const place_of_upstream&, steady::time_point now) const;
  bool take_permit(bool beyond_the_cap = false);
  void give_permit();
  void serve(worker&);
  void open_one(worker&, std::uint32_t role, steady::time_point until, int probe, leg_ptr reserved);
  leg_ptr next_waiting(worker&, std::uint32_t role);
  std::size_t waiting_on(worker&, std::uint32_t role) const;
  void fail_waiting(worker&, const finding&);
  void limit_wait(const leg_ptr&);
  bool too_late(const leg&) const;
  const leg* first_without(steady::time_point now) const;
  void look_again_later(worker&);
  bool yields(const connection&);
  void forget(const leg*);
  void make_room();
  std::uint32_t idle() const;
  void warm_up(worker&);
  void warm_up_later(worker&);
  void probe(std::size_t upstream, worker&);
  void account_refused(std::size_t upstream, worker&, std::uint32_t role, const std::string& text, bool anew);
  void probe_account(worker&);
  local_part& local(worker& w) { return *locals_[w.index]; }

  std::shared_ptr<backend_core> core_;
  const std::size_t configured_;
  const bool refuse_local_;
  const std::uint32_t connections_max_;
  std::vector<std::unique_ptr<local_part>> locals_;

  mutable std::mutex mutex_;
  std::uint32_t permits_used_ = 0;
  std::deque<leg_ptr> waiting_;
  std::atomic<bool> nobody_waits_{true};  // a look at waiting_ without the mutex
  steady::time_point yielded_{};
  // Never grows or shrinks. The rules of a configured upstream never change, those of a target only while nobody holds it, so
  // that they are read without the mutex.
  std::vector<place_of_upstream> places_;
  // Of the account of ours, which all replicas know, and whose failures they add up: when one refuses it that did not before, none
  // is connected to, and one probe at a time goes to them in turn; the first of these at once, since it may be that one alone.
  breaker account_;
  std::uint32_t account_role_ = 0;
  std::size_t account_refused_by_ = 0, account_turn_ = 0;
  std::atomic<bool> retired_{false};
};

}  // namespace authbroker
