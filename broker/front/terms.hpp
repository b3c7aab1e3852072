// What a listener's sessions work under. Rules are immutable: a reload makes new ones, and a request keeps those it began with.
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "core/asker.hpp"
#include "core/listener_rules.hpp"
#include "front/http_service.hpp"
#include "front/peer.hpp"
#include "front/status_source.hpp"
#include "net/worker.hpp"

namespace authbroker {

// Times that no configuration changes; tests do.
struct front_times {
  std::chrono::milliseconds request{10'000};  // from its first byte a request must be complete
  std::chrono::milliseconds reply{10'000};    // a reply must have been taken
  std::chrono::milliseconds farewell{2'000};  // what a caller who sends on after an error may still say
  // A login's no waits until this long after the question began, so that a name that nobody knows takes as long as a
  // password that nobody has. Tempfails and yeses wait for nothing.
  std::chrono::milliseconds floor{50};
};

// What the daemon lends every listener. All of it outlives the listeners and their sessions.
struct front_parts {
  std::vector<worker*> workers;     // at least one; the first accepts
  logger* log = nullptr;
  asker* who = nullptr;             // null only for a listener with a service of its own
  status_source* status = nullptr;  // null: no status pages
  front_times times;
  int saturated_percent = 95;       // a worker that computes, or waits for a processor, so much of the time hands connections on to another
};

struct listener_terms {
  listener_rules rules;
  peer_rules peers;
};

// The problem is resolve_peers()'s.
result<std::shared_ptr<const listener_terms>> make_terms(listener_rules);

struct listener_counts {
  std::atomic<std::uint32_t> connections{0};  // open now
  std::atomic<std::uint32_t> refused{0};      // of those: that are only told so
  std::atomic<std::uint32_t> in_flight{0};    // questions being asked now
  std::atomic<std::uint64_t> accepted{0};
  std::atomic<std::uint64_t> not_admitted{0};
  std::atomic<std::uint64_t> starved{0};       // times that the system had no descriptor left for the next connection
  std::atomic<std::uint64_t> over_limit{0};   // connections closed, or idle ones ended, for the limit's sake
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> malformed{0};
  std::atomic<std::uint64_t> vanished{0};     // callers that hung up while they waited
  std::atomic<std::uint64_t> overloaded{0};   // questions not asked: limits.in_flight
};

class branch;

// What all sessions of one listener share, on all workers. Lives until the last of them has ended.
struct listener_shared {
  front_parts parts;
  std::shared_ptr<http_service> service;  // http listeners
  std::vector<std::weak_ptr<branch>> branches;  // one a worker; set before the first connection, and not changed
  listener_counts counts;
  std::atomic<std::uint32_t> next_connection{1};  // for protocols that number them
  std::atomic<std::int64_t> complained_at{0};  // seconds of the steady clock: see complain()

  // At most one line of these a second and listener, whatever callers do. Returns true if it is this one's turn.
  bool complain();
  // Counts and tells that a request is not taken; `error` is a word for why.
  void refused(const listener_rules&, const peer&, std::string_view error);
};

// One question's place among limits.in_flight. False when there is none left: then nothing may be asked.
class in_flight_place {
 public:
  in_flight_place(listener_shared&, const listener_terms&);
  ~in_flight_place();
  in_flight_place(const in_flight_place&) = delete;
  in_flight_place& operator=(const in_flight_place&) = delete;
  explicit operator bool() const { return taken_; }

 private:
  listener_shared& shared_;
  bool taken_;
};

// Makes a fresh query a question of this peer's, with all that does not depend on the wire. The kind is login.
void begin_query(query&, const peer&, const listener_terms&);
// What a caller says about the end user's address: a bare IP address, anything else counts as nothing said. The only place
// where it is decided whether that is believed.
void report_client(query&, std::string_view reported, const peer&, const listener_terms&);
bool may_ask(question_kind, const listener_rules&);

// The answer to a mailbox question on wires that know no "unverifiable".
enum class mailbox_word : std::uint8_t { tempfail, exists, absent, no_route };
mailbox_word two_valued(verdict, unverifiable_as);

// For the log: as what an answer is told on wires that know a yes, a no and nothing else. They live for ever.
wire_words& login_words();  // logins: whom no route takes hears a no
wire_words& mailbox_words(unverifiable_as);  // mailboxes, of the table "userdb"
wire_words& recipient_words();               // recipients of mail: whom nobody can verify is let through

// An answer of the listener's own, for questions that nobody is asked.
answer own_answer(verdict, reason, const query&);

// When an answer may be sent; see front_times::floor. {} means at once.
steady::time_point not_before(question_kind, verdict, steady::time_point began, std::chrono::milliseconds floor);

}  // namespace authbroker
