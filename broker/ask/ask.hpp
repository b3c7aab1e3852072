// One question to a running broker over its HTTP socket, for programs and modules that are not the broker: blocking, without
// threads, signal handlers, globals or exceptions.
#pragma once
#include <chrono>
#include <string>
#include <string_view>

#include "ask/heard.hpp"
#include "ask/question.hpp"

namespace authbroker {

inline constexpr std::string_view default_socket = "/run/authbroker/http.sock";
// A broker answers within its request_timeout, 8 s unless told otherwise.
inline constexpr std::chrono::milliseconds default_timeout{10'000};

// Connects to the Unix socket at `path`, asks, and returns what was heard within `timeout`. The broker is told to answer a
// little earlier, so that its own word on what is wrong arrives. Whatever goes wrong is a tempfail with `trouble`; a yes and a
// no come from a complete answer only. The password is copied once, into memory that is wiped. [any thread]
heard ask(question, std::string_view path, std::chrono::milliseconds timeout) noexcept;

// What every asker's options have: a whole number of seconds from 1 to 600; and the domain put behind a name that has none.
bool read_timeout(std::string_view text, std::chrono::milliseconds& out) noexcept;
std::string address_of(std::string_view name, std::string_view domain);

}  // namespace authbroker
