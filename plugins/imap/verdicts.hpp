// The one place where a reply of the server becomes an answer. The table in verdicts.cpp is read from the top, the first row
// that fits decides, and its name goes into the log. Pure.
#pragma once
#include <abk/answer.hpp>

#include <span>
#include <string_view>

#include "replies.hpp"
#include "rules.hpp"

namespace imap {

// What the reply answers.
enum class moment : std::uint8_t {
  greeting,
  capability,
  starttls,
  start,     // ID, AUTHENTICATE without an initial response, a literal's announcement: the password has not been sent
  password,  // the end of LOGIN or AUTHENTICATE: the server has judged the credentials
};

// The circumstances that some rows ask for.
struct circumstances {
  preset like = preset::none;
  in_use busy = in_use::accept;
  bool from_memory = false;  // what the server can do was remembered, not said by it on this connection
  std::string_view alert;    // what the server wants its user to read, heard during the login
};

enum class code : std::uint8_t { any, none, some, named };
enum class words : std::uint8_t { any, busy, cleartext_refused, too_frequent, credentials, sessions_of_user, trouble };
enum class when : std::uint8_t { always, in_use_accepted, from_memory };

struct row {
  moment at;
  state says;
  preset only_for;  // preset::none: for all
  code bears;
  std::string_view named;  // with code::named: which
  words text;
  when holds;
  abk::verdict what;
  abk::reason why;
  std::string_view name;  // the rule is "<step>.<name>"
};
std::span<const row> table();

// The answer to a reply at `at`; `step` is the word for it in the rule's name, such as "login". The only function that can make
// a yes: from the tagged OK with its CR LF at moment::password, or from the rows of the table that say so. The tag has been
// looked at before.
abk::answer judge(std::string_view step, moment at, const reply&, const circumstances&);

}  // namespace imap
