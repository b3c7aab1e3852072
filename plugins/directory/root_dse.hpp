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

// As attributes of an answer to ABK_PROBE: naming-context (the server's default one first), sasl-..., vendor, version, host,
// active-directory. At most 40; others and empty values are left out.
std::vector<std::pair<std::string, std::string>> tell_root(const search_entry&);

}  // namespace directory
