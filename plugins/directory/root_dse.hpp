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

// Asks for the controls that it knows. Nobody need be bound for it.
search_request what_the_server_knows();
// Says so: an entry that tells of no control at all, or not of all, is one that not everybody may read.
bool lacks_control(const search_entry&, std::string_view oid) noexcept;

// As attributes of an answer to ABK_PROBE: naming-context (the server's default one first), sasl-..., vendor, version, host,
// active-directory. At most 40; others and empty values are left out.
std::vector<std::pair<std::string, std::string>> tell_root(const search_entry&);

}  // namespace directory
