// Bytes to a Unix socket and back, within a time.
#pragma once
#include <chrono>
#include <string>
#include <string_view>

namespace authbroker {

using patience = std::chrono::steady_clock::time_point;

struct conversation_result {
  std::string bytes;    // all that came
  std::string trouble;  // "" if the peer ended it after the whole request was sent
};

// Sends all of `request`, and reads until the peer ends the connection, `bytes_max` came or `until` is over. Blocks the
// calling thread, and nothing else: no signal is raised or handled, no descriptor outlives the call or an exec, and none of
// the standard ones is taken where a host has closed them.
conversation_result converse(std::string_view path, std::string_view request, std::size_t bytes_max, patience until);

}  // namespace authbroker
