// A person on the way from the search to the bind: what fits into the 4 KiB that the host hands over between connections.
#pragma once
#include "dialect.hpp"

namespace directory {

inline constexpr std::size_t carry_bytes_max = 4096;

// Addresses and attributes that do not fit are left out (and the addresses are not complete then); nothing if even the DN and
// the mailbox do not fit, or the DN is longer than dn_bytes_max.
std::optional<std::string> to_carry(const person&);
// Nothing unless to_carry() wrote it.
std::optional<person> from_carry(std::string_view);

}  // namespace directory
