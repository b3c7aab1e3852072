// The one place where a reply of the server becomes an answer. The table in verdicts.cpp is read from the top, the first row
// that fits decides, and its name goes into the log. Pure.
#pragma once
#include <abk/answer.hpp>

#include <span>
#include <string_view>

#include "replies.hpp"
#include "rules.hpp"

namespace pop3 {

// What the reply answers.
enum class moment : std::uint8_t {
  greeting,
  capa,
  stls,
  name,      // USER, or the name in AUTH LOGIN: the password has not been sent
  start,     // AUTH without an initial response: nothing of the account has been sent
  password,  // PASS, the last line of AUTH, or APOP: the server has judged the credentials
};

// The circumstances that some rows ask for.
struct circumstances {
  preset like = preset::none;
  in_use busy = in_use::accept;
  capabilities can;
  bool unoffered = false;  // the server has CAPA, and did not list what was tried
};

enum class code : std::uint8_t { any, none, some, auth, sys, sys_temp, in_use, login_delay };
enum class words : std::uint8_t { any, busy, cleartext_refused, alert, too_frequent, spaced, mailbox_locked, trouble };
enum class when : std::uint8_t { always, auth_code_promised, not_offered, in_use_accepted };

struct row {
  moment at;
  preset only_for;  // preset::none: for all
  code bears;
  words says;
  when holds;
  abk::verdict what;
  abk::reason why;
  std::string_view name;  // the rule is "<step>.<name>"
};
std::span<const row> table();

// The answer to a reply at `at`; `step` is the word for it in the rule's name, such as "pass". The only function that can make
// a yes: from "+OK" with its CR LF at moment::password, or from the rows of the table that say so.
abk::answer judge(std::string_view step, moment at, const reply&, const circumstances&);

}  // namespace pop3
