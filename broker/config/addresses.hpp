// The small grammars inside texts: upstream URLs, listener addresses, networks, host names, templates. Pure, strict, and the
// same for every key that uses them. A problem's text is "found ...; wanted: ...".
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "core/backend_rules.hpp"
#include "core/listener_rules.hpp"

namespace authbroker {

// "pop3+starttls://mail.example.com:110". Host: a name (returned as an A-label) or an address, IPv6 in brackets, no zone. No
// user, path, query or fragment, no trailing dot (OpenSSL would check no name at all for an empty one).
result<upstream_rules> parse_upstream(std::string_view url);
// "pop3" of "pop3+starttls" and "pop3s": replicas must have one in common. "" for the schemes of other plugins.
std::string_view scheme_family(std::string_view scheme);
// The schemes of a family, for "wanted: ...": "pop3", "pop3s" or "pop3+starttls", each in quotes.
std::string schemes_of(std::string_view family);

// A host name as an A-label, or an IP address in its canonical form. Refuses what could be read in two ways ("010.1").
result<std::string> parse_host(std::string_view host);
// Canonical text of an IPv4 or IPv6 address (no brackets, no zone); nullopt if it is none.
std::optional<std::string> canonical_ip(std::string_view text);

// "unix:/run/x.sock" or "tcp:127.0.0.1:8089". The path is not made absolute here; its length is for check_socket_path.
result<socket_address> parse_listener_address(std::string_view text);
// "" if a socket can be made at this path, else what is wrong.
std::string check_socket_path(std::string_view path);

// "127.0.0.0/8", "::1"; bits beyond the mask must be zero.
result<network> parse_network(std::string_view text);

// "127.0.0.1:143", "[::1]:143": an address and a port, for nginx.
bool is_endpoint(std::string_view text);

// What a login_name template uses. A problem for unknown names, stray braces and templates without {local} and {address}.
struct template_use {
  bool address = false, local = false, domain = false;
};
result<template_use> check_template(std::string_view text);

}  // namespace authbroker
