// The protocol of saslauthd's socket: one request of four counted strings, one counted reply. Counts are 16 bits, big end
// first. Newer client libraries send a fifth string, the client's address; released ones never do, so it is taken when it
// is there already, and never waited for.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "wire/parsed.hpp"

namespace authbroker {

struct saslauthd_limits {
  std::size_t field_bytes_max = 1024;
};

// Views into the parsed bytes. Login and realm are apart, as the client library split them.
struct saslauthd_request {
  std::string_view login, password, service, realm;
  std::string_view client;  // "203.0.113.7;4711" or ""
};

struct saslauthd_outcome {
  progress what = progress::need_more;
  std::size_t used = 0;         // of a message
  saslauthd_request request;
};
// Pure; costs nothing. A count above the limit is malformed at once, before its bytes have come.
saslauthd_outcome parse_saslauthd(std::string_view in, saslauthd_limits = {});

// The address that was typed: login and realm are joined again, unless the login has an '@' of its own, beside which a realm
// is only the application's default.
std::string saslauthd_address(std::string_view login, std::string_view realm);

// The replies. There is none for "cannot tell now": the connection is closed instead.
inline constexpr std::string_view saslauthd_yes{"\0\2OK", 4};
inline constexpr std::string_view saslauthd_no{"\0\2NO", 4};

// The inverse of the parser, for tests and clients. Every field must be shorter than 64 KiB.
std::string encode_saslauthd(const saslauthd_request&);

}  // namespace authbroker
