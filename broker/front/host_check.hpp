// Is a Host field one that only a program on this machine would send?
#pragma once
#include <string_view>

namespace authbroker {

// An IP literal or "localhost", with or without a port. A web page that has its own name point at 127.0.0.1 sends that name.
bool local_host_field(std::string_view host);

// Compares in time that depends on the lengths only.
bool equal_secretly(std::string_view, std::string_view);

}  // namespace authbroker
