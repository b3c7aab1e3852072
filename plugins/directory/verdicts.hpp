// The one place where a directory's result becomes an answer: a table for binds of users, one for searches, one for binds of
// the service account. Read from the top; the first row that fits decides, and its name goes into the log. Pure.
#pragma once
#include <abk/answer.hpp>

#include "messages.hpp"

namespace directory {

inline constexpr result_code any_code{-1};

// What the password policy control says, or Netscape's two.
enum class says : std::uint8_t { anything, nothing, locked, expired, must_change, grace, expiring, unreadable };
// What is to be seen in the result besides.
enum class sees : std::uint8_t {
  anything,
  subcode,      // Active Directory's number in the text of a 49
  any_subcode,  // some such number
  inactivated,  // 389-DS: an account that was switched off
  locked,       // 389-DS: too many wrong passwords
  parent,       // the matched DN is the parent of the name: the place is right, the entry is not there
};

struct bind_row {
  result_code code;
  says policy;
  sees besides;
  std::uint32_t number;  // sees::subcode only
  abk::verdict what;
  abk::reason why;
  std::string_view name;  // the rule is "bind.<name>"
};
// The rows that all directories share.
std::span<const bind_row> bind_table();

// A bind's result, out of its message. Borrows from it.
struct bind_reply {
  const bind_result& said;
  std::span<const control> controls;
  std::string_view name;  // bound as
};

// The answer to a user's bind. The only function that can make a yes of a login: from result 0 that bears nothing besides
// (no referral, no SASL credentials, no control but a readable one about the password), by a row that says so. The message id
// is the caller's to compare. `own` is looked at before the table.
abk::answer judge_bind(const bind_reply&, std::span<const bind_row> own);

struct search_row {
  result_code code;
  abk::reason why;
  std::string_view name;    // the rule is "search.<name>"
  std::string_view advice;  // for operators
};
std::span<const search_row> search_table();
// Why a search that did not end with success leaves the question open. Always a tempfail.
abk::answer judge_search(const result&, std::string_view base, bool anonymous);

// The same of a search that asked a group. The rule is "group.<row>", and "group.none" where the group is not there.
abk::answer judge_group_search(const result&, std::string_view group, bool anonymous);

// Why the service account cannot be used: nothing if its bind was a success. Always a tempfail.
std::optional<abk::answer> judge_service_bind(const bind_reply&);

// The result in words, for operators: code, name, text, referrals, and what the policy control says.
std::string in_words(const result&);
std::string in_words(const password_policy&);

}  // namespace directory
