// Netstrings: a decimal length, ':', that many bytes, ','. Nothing else: no sign, no space, no leading zero.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "wire/parsed.hpp"

namespace authbroker {

struct netstring_outcome {
  progress what = progress::need_more;
  std::size_t used = 0;      // of a message: its frame
  std::string_view payload;  // a view into the parsed bytes
};
// Pure; costs nothing. A length above the limit is malformed at once, before its bytes have come, and so is a seventh digit.
netstring_outcome parse_netstring(std::string_view in, std::size_t payload_bytes_max);

void append_netstring(std::string& out, std::string_view payload);

}  // namespace authbroker
