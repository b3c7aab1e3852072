// A password into what the file of the static backend holds.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.hpp"

namespace authbroker {

// "yescrypt", "bcrypt", "sha512crypt" ...: what this machine's crypt(3) makes, strongest first.
std::vector<std::string_view> hash_schemes();

// Hashes with a fresh salt; "" for the scheme means yescrypt. `cost` is the scheme's own measure; 0 is the library's default, and
// 12 for bcrypt, whose default (5) is of another time. Throws std::invalid_argument for an unknown scheme, a cost that it does
// not have, an empty password, and one that the scheme would silently cut; std::runtime_error if the machine's crypt(3) lacks the
// scheme. Takes tens of milliseconds and megabytes, which is the point.
std::string make_entry_hash(const secret& password, std::string_view scheme, std::uint32_t cost = 0);

}  // namespace authbroker
