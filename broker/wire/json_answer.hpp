// An answer as the JSON that callers get.
#pragma once
#include <string>

#include "base/answer.hpp"

namespace authbroker {

class json_writer;

// Appends one object. Members that are always there: verdict, reason (null for none), identity, login_name, mailbox,
// addresses, addresses_state, route, backend, upstream, cached, age_ms, client_believed, id, elapsed_ms, text.
// Where there is something to say: attributes (each name with a list of its values), kind, password_expires_in (seconds),
// grace_logins, notice, retry_after_ms, help_url, truncated. Texts for operators are never among them.
void append_json_answer(std::string& out, const answer&);

// The same members into an object that the caller has begun and ends.
void write_answer_members(json_writer&, const answer&);

}  // namespace authbroker
