// Names: what a caller typed, checked once, and what becomes of it. Pure.
#pragma once
#include <concepts>
#include <string>
#include <string_view>

#include "base/verdict.hpp"

namespace authbroker {

inline constexpr std::size_t address_bytes_max = 320;  // 64 + "@" + 255, RFC 5321

// A name that is safe to paste into any line protocol: 1 to 320 bytes, valid UTF-8, no control characters, no space at either
// end, and if it has an '@', something on both sides of the last one. Made by check_name() only, of whose text it holds views.
struct checked_name {
  std::string_view typed;
  std::string_view local;         // before the last '@'; all of it if there is none
  std::string_view domain_typed;  // after the last '@'; "" if there is none
  std::string domain;             // the same as a lower-case A-label
};

enum class name_fault {
  none,
  too_long,
  not_carried,   // perhaps an address somewhere, but not one that we pass on
  bad_domain,    // the same, because of what follows the last '@': but a dynamic route's "ann@corp.example#host" is such a name
  no_grammar,    // no grammar allows it: empty, "@example.org", "ann@"
};
struct name_check {
  name_fault fault = name_fault::none;
  checked_name name;
};
name_check check_name(std::string_view typed);
template <std::same_as<std::string> T>
name_check check_name(T&&) = delete;  // a temporary would end before the views of it

// The verdict that a faulty name gets without anybody being asked.
struct local_verdict {
  verdict what;
  reason why;
};
local_verdict refuse_name(question_kind, name_fault);

// What is wrong with a login's password before anybody is asked: empty_password, too_long, bad_password (control characters
// other than TAB, or NUL), or none.
reason check_password(std::string_view password);

// '#', '~' and '/' in a login name are a language of their own on some servers (CommuniGate's mailbox#account): true if the
// local part has one that `allowed` does not list.
bool has_path_characters(std::string_view local, std::string_view allowed);

// The canonical full address: local part folded to ASCII lower case unless keep_case, domain replaced by canonical_domain.
std::string make_identity(const checked_name&, std::string_view canonical_domain, bool keep_case);

// "{address}", "{local}@internal.example": text with three place-holders, already checked by the configuration. What is put
// in is data: it is not looked at again.
std::string expand_template(std::string_view pattern, std::string_view address, std::string_view local, std::string_view domain);

}  // namespace authbroker
