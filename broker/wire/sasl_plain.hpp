// SASL's PLAIN (RFC 4616) and the pieces of LOGIN, in base64 as line protocols carry them. What is decoded lives in wiped memory
// only; whether a name or password is one that may be asked about is judged where all of them are.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/secret.hpp"

namespace authbroker {

enum class sasl_state : std::uint8_t {
  good,
  not_base64,
  malformed,  // base64 of something else
  proxied,    // the name of somebody else to act as
  too_long,   // well-formed, with a name or password longer than we carry
};

struct sasl_plain {
  sasl_state state = sasl_state::malformed;
  std::string name;
  secret password;
};
// authzid NUL authcid NUL password. An authzid is empty or the same as authcid: nobody acts as somebody else here.
sasl_plain parse_sasl_plain(std::string_view base64);

struct sasl_name {
  sasl_state state = sasl_state::malformed;
  std::string name;
};
struct sasl_password {
  sasl_state state = sasl_state::malformed;
  secret password;
};
sasl_name parse_sasl_name(std::string_view base64);
sasl_password parse_sasl_password(std::string_view base64);

}  // namespace authbroker
