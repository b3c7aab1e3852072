// One request to the daemon's admin socket, and its reply.
//
// Fails   with a sentence for the operator: what was tried, what happened, what to look at.
// Bounds  the whole exchange ends within `patience`; a reply is at most 16 MiB.
// Secrets the caller owns the body and wipes it; nothing here copies it into memory that lasts.
#pragma once
#include <chrono>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace authbroker {

struct admin_reply {
  int status = 0;  // HTTP's
  std::string body;
};

inline constexpr std::size_t admin_reply_bytes_max = 16 * 1024 * 1024;

// `target` is sent as it is: percent-encode what comes from a user. An empty body with POST is sent as one.
result<admin_reply> ask_daemon(const std::string& socket_path, std::string_view method, std::string_view target, std::string_view body,
                               std::chrono::milliseconds patience);

std::string percent_encode(std::string_view);

// The reply's head and body out of the bytes of a whole connection. Pure: ask_daemon() reads, this judges.
result<admin_reply> parse_admin_reply(std::string_view bytes);
// How many bytes the reply will have in all once its head is complete; 0 while that cannot be told.
std::size_t admin_reply_size(std::string_view bytes_so_far);

}  // namespace authbroker
