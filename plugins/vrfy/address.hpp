// Addresses as SMTP's commands bear them. Pure. What a caller typed is parsed to a local part and a domain and written anew, so
// that nothing in it can be read as a part of the command; what is no such address is refused, and nothing is sent.
#pragma once
#include <abk/answer.hpp>

#include <string>
#include <string_view>
#include <variant>

namespace vrfy {

// An address, ready to be pasted. `text` has no CR, LF, NUL, and no '>' outside a quoted string.
struct mailbox {
  std::string text;    // "ann@example.com", "\"ann smith\"@xn--exmple-cua.test"; "ann" if it has no domain
  std::string domain;  // as an A-label, lower case; empty: it has none
  bool utf8 = false;   // the local part needs SMTPUTF8
};

// RFC 5321, 4.5.3.1, without the brackets of a path.
inline constexpr std::size_t local_bytes_max = 64;
inline constexpr std::size_t domain_bytes_max = 253;
inline constexpr std::size_t address_bytes_max = 254;

// The address, or why it cannot be asked about: unverifiable bad_name or too_long. A domain is needed unless `bare_is_fine`.
// Domains that are not ASCII are converted; address literals ("ann@[192.0.2.1]") and source routes are refused.
std::variant<mailbox, abk::answer> parse_address(std::string_view typed, bool bare_is_fine = false);

}  // namespace vrfy
