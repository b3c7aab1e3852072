// A password into what the file of the static backend holds.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.hpp"

namespace authbroker {

// "yescrypt", "bcrypt", "sha512crypt" ...: what this machine's crypt(3) makes, strongest first.
std::vector<std::string_view> hash_schemes();

// Hashes with a fresh salt at the library's default cost; "" for the scheme means yescrypt. Throws std::invalid_argument for an
// unknown scheme, an empty password, and one that the scheme would silently cut; std::runtime_error if the machine's crypt(3)
// lacks the scheme. Takes tens of milliseconds and megabytes, which is the point.
std::string make_entry_hash(const secret& password, std::string_view scheme);

}  // namespace authbroker
