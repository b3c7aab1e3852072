// The Authorization field of HTTP's Basic scheme.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/secret.hpp"

namespace authbroker {

enum class basic_state : std::uint8_t {
  absent,     // empty, or another scheme
  malformed,  // Basic, but no canonical base64 of "name:password"
  too_long,   // well-formed, with a name or password longer than we carry
  present,
};

struct basic_credentials {
  basic_state state = basic_state::absent;
  std::string name;
  secret password;
};

// The scheme's case does not matter; one or more spaces follow it; the first colon divides, so that a password may hold
// colons. The decoded bytes live in wiped memory only. Name and password may still be empty or hold control characters:
// that is judged where names and passwords are judged.
basic_credentials parse_basic(std::string_view authorization);

}  // namespace authbroker
