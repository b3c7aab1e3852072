// The one place where a reply of the server gets its meaning. The table in verdicts.cpp is read from the top, the first row that
// fits decides, and its name goes into the log. Pure.
#pragma once
#include <abk/answer.hpp>
#include <smtp/replies.hpp>

#include <chrono>
#include <span>
#include <string>
#include <string_view>

#include "rules.hpp"

namespace vrfy {

// What the reply answers.
enum class moment : std::uint8_t { rset, mail, vrfy, rcpt };

enum class outcome : std::uint8_t {
  go,            // of RSET and MAIL: as hoped
  exists,
  absent,
  unverifiable,  // this method cannot tell; the next one is asked, if there is one
  unsupported,   // the same, and VRFY will not tell of others either
  refused,       // the same, but without a next method it is a tempfail: it was about us
  tempfail,
  full,          // the transaction has too many recipients: asked again in a fresh one
  over,          // the server ends the session, or has had enough of it: asked again on a fresh connection
  nonsense       // not a reply that belongs here: nothing on this connection can be believed
};

struct judged {
  outcome what = outcome::nonsense;
  abk::reason why = abk::reason::upstream_nonsense;
  std::string_view name = "nonsense";  // the rule is "<moment>.<name>"
};

enum class status : std::uint8_t {
  any,
  none,         // the reply bears no enhanced status code
  no_mailbox,   // x.1.1, x.1.2, x.1.3, x.1.6, x.1.10
  no_recipient, // x.1.1, x.1.10
  odd_address,  // x.1.0
  any_mailbox,  // x.2.y, but for x.2.0
  disabled,     // x.2.1
  full,         // x.2.2
  odd_mailbox,  // x.2.0
  edge,         // x.4.1
  many,         // x.5.3
  no_utf8,      // x.6.7
  policy        // x.7.y
};
enum class words : std::uint8_t { any, greylisted, later, enough, recipients, policy, unknown, full, disabled };

struct row {
  moment at;
  preset only_for;  // preset::none: for all
  std::uint16_t from, to;  // codes, both included
  status bears;
  words says;
  outcome what;
  abk::reason why;
  std::string_view name;
};
std::span<const row> table();

// What a reply at `at` means; `asked` is the address it is about, whose own letters say nothing. The only function that can make
// an `exists`: from a whole reply 250 or 251 to VRFY or RCPT, each of its lines ended by CR LF, whose status code agrees.
judged judge(moment at, const smtp::reply&, preset like, std::string_view asked = {});

// The answer that a reply with this meaning makes. A 251's forward path is the canonical address, if it is one.
abk::answer answer_for(moment at, const judged&, const smtp::reply&);

std::string rule_of(moment at, std::string_view name);

// The status code, also as qmail writes it at the end of its text: "(#5.1.1)".
smtp::enhanced status_of(const smtp::reply&);

// When a greylisting server wants to be asked again: what its words say ("in 300 seconds", "5 minutes"), within 10 s and 1 h;
// 5 minutes if they do not say.
std::chrono::seconds greylisted_for(std::string_view text);

// The address in angle brackets that a text names first, without them; empty if there is none.
std::string_view named_in(std::string_view text);

}  // namespace vrfy
