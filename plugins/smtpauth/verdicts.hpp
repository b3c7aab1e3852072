// The one place where a reply of the server becomes an answer. The table in verdicts.cpp is read from the top, the first row
// that fits decides, and its name goes into the log. Pure.
#pragma once
#include <abk/answer.hpp>
#include <smtp/replies.hpp>

#include <span>
#include <string_view>

namespace smtpauth {

// What the server knew when it replied.
enum class moment : std::uint8_t {
  start,     // AUTH and the mechanism, nothing of the account
  name,      // the name, nothing of the password
  password,  // the password, or something computed from it: the server has judged the credentials
};

struct circumstances {
  bool proven = true;   // the mechanism is through, and the server proved what the mechanism has it prove
  bool unread = false;  // something has come behind the reply
};

// Enhanced status codes; `credentials` are those that RFC 5248 and real servers give to a wrong password, or none at all.
enum class status : std::uint8_t { any, contradicts, x_7_13, x_7_14, x_7_139, credentials };
enum class words : std::uint8_t { any, cleartext_refused, too_frequent, trouble, for_programs, wrong, disabled, locked, expired };

struct row {
  moment at;
  std::uint16_t from, to;  // codes, both included
  status bears;
  words says;
  abk::verdict what;
  abk::reason why;
  std::string_view name;  // the rule is "<step>.<name>"
};
std::span<const row> table();

// The answer to a reply at `at`; `step` is the word for it in the rule's name, such as "auth-plain". The only function that can
// make a yes: from 235 with its CR LF at moment::password, when nothing contradicts it.
abk::answer judge(std::string_view step, moment at, const smtp::reply&, const circumstances&);

// True if the server refused the mechanism, before it knew anything of the password: the next one may be tried.
bool refuses_mechanism(moment at, const smtp::reply&);

}  // namespace smtpauth
