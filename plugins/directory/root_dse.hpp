// What a directory says of itself, in the entry with the empty name (RFC 4512, 5.1). Pure.
#pragma once
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "messages.hpp"

namespace directory {

// The attributes to ask for: servers give them by name only.
std::span<const std::string> root_attributes();

// Asks for what it supports. Nobody need be bound for it.
search_request what_the_server_knows();
// Does it say, by telling of other controls, that it does not know the one of the password policy? Only an OpenLDAP from 2.5 on is
// believed, known by its transactions: older ones know the control and hide it (up to 2.4.50), and others do not mind it.
bool lacks_policy(const search_entry&) noexcept;

// As attributes of an answer to ABK_PROBE: naming-context (the server's default one first), sasl-..., vendor, version, host,
// active-directory. At most 40; others and empty values are left out.
std::vector<std::pair<std::string, std::string>> tell_root(const search_entry&);

}  // namespace directory
