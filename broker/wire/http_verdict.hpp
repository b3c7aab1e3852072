// Which HTTP status says which verdict. The status says the same as the body, so that a caller who looks only at the status
// lets nobody in by mistake.
#pragma once
#include <chrono>
#include <string_view>

#include "base/answer.hpp"

namespace authbroker {

// login: 200 accept; 401 reject, no_route; 503 the rest. mailbox: 200 exists, unverifiable; 404 absent, no_route; 503 the
// rest. A verdict of the other question is a defect, and 503.
unsigned http_status(question_kind asked, verdict);

// Whole seconds for Retry-After: what the upstream asked for, rounded up, else 5 to 9, spread over answers by their id so
// that callers do not come back all at once.
unsigned retry_after_seconds(const answer&);

// What a wire that strangers can read may say: with `reveal` the reason itself, without it wrong_password for every reason
// that would tell whether the account exists.
reason told_reason(reason, bool reveal);

}  // namespace authbroker
