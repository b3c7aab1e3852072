// What is remembered of servers, by which names, and for how long; and the address that nobody has.
#pragma once
#include <abk/answer.hpp>

#include <chrono>
#include <string>
#include <string_view>

#include "address.hpp"
#include "rules.hpp"

namespace vrfy {

inline constexpr std::chrono::hours a_day{24};
inline constexpr std::chrono::minutes ten_minutes{10};

// Of an upstream: it said 250 or 251 to a VRFY, so that its 550 means something.
inline constexpr std::string_view fact_works = "vrfy.works";
// Of an upstream, or of a domain there: VRFY tells nothing. The value is the code it said.
inline constexpr std::string_view fact_unsupported = "vrfy.unsupported";
// Of an upstream: when it may be asked about this address again, or be told our sender, as until() writes it. What greylists
// remember is the host that asks, its sender and the recipient; and each server of a service has a greylist of its own.
std::string fact_greylisted(std::string_view address);
inline constexpr std::string_view fact_sender_greylisted = "mail.greylisted";
// Of an upstream: what is left of the budget for addresses that it does not know, as budget::text() writes it; and that the log has
// heard of its end.
inline constexpr std::string_view fact_unknown = "vrfy.unknown-budget", fact_unknown_told = "vrfy.unknown-budget-told";
// Of a question: a session ended at it.
inline constexpr std::string_view fact_alone = "vrfy.ends-sessions";
// Of a domain at an upstream: an address that nobody has exists, does not exist, or could not be asked about.
constexpr std::string_view fact_accepts(method by) { return by == method::vrfy ? "vrfy.accepts-all" : "rcpt.accepts-all"; }
inline constexpr std::string_view accepts_yes = "yes", accepts_no = "no", accepts_later = "later";

// By the steady clock, from an unknown beginning.
std::chrono::milliseconds now();
std::chrono::hours hour();
double dice();  // 0 to 1

// A time from now, as text, and what is left of it; nothing, if the text is none. By the steady clock: a fact does not outlive
// the process.
std::string until(std::chrono::seconds from_now);
std::chrono::milliseconds time_left(std::string_view until);

// 24 random letters and digits in the same domain: nobody is called so.
mailbox decoy_beside(const mailbox&);

abk::answer accepts_all(bool by_vrfy);

}  // namespace vrfy
