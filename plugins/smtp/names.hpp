// The names that go into commands before any question. Pure, but for own_name().
#pragma once
#include <string>
#include <string_view>

namespace smtp {

// What is wrong with `name` as the argument of EHLO, or empty: a domain (letters, digits, hyphens and dots, at most 255 bytes) or
// an address literal such as "[192.0.2.1]" or "[IPv6:2001:db8::1]".
std::string helo_problem(std::string_view name);

// This host's name if it is a domain with a dot in it, else "[127.0.0.1]", which every server understands. Never blocks.
std::string own_name();

// An end user's address as XCLIENT's ADDR has it, "192.0.2.1" or "IPV6:2001:db8::1"; empty if it is no address.
std::string xclient_address(std::string_view address);

// `text` as an xtext (RFC 3461): '+', '=' and what is not printable ASCII as "+XX".
std::string xtext(std::string_view text);

}  // namespace smtp
