// The socketmap protocol of Sendmail and Postfix: a netstring "map key" asks, a netstring "STATUS text" answers, one after the
// other on one connection.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "wire/parsed.hpp"

namespace authbroker {

struct socketmap_limits {
  std::size_t request_bytes_max = 10'000;  // without the frame; Postfix sends no longer ones either
};

// Views into the parsed bytes. The map's name ends at the first space; the key is the rest, and may hold spaces.
struct socketmap_request {
  std::string_view map, key;
};

struct socketmap_outcome {
  progress what = progress::need_more;
  std::size_t used = 0;     // of a message
  bool has_key = false;     // false: a frame without any space, which is no look-up
  socketmap_request request;
};
// Pure; costs nothing.
socketmap_outcome parse_socketmap(std::string_view in, socketmap_limits = {});

// The replies. `not_found` keeps its space, which Postfix wants; TEMP is tried again later. The protocol has a PERM too, which
// is never said: Postfix takes it for a broken configuration and defers, but rules of Sendmail's take it for a no.
enum class socketmap_status : unsigned char { ok, not_found, temp };

// The longest text that is ever written: both clients take a multiple of it.
inline constexpr std::size_t socketmap_text_bytes_max = 2048;
// Appends a reply. `text` is a value or for the log; an "OK" without a value crashes one client and means "not found" to the
// other, so that, and a text that is too long, is written as TEMP.
void append_socketmap(std::string& out, socketmap_status, std::string_view text);

// The inverse of the parser, for tests and clients.
std::string encode_socketmap(const socketmap_request&);

}  // namespace authbroker
