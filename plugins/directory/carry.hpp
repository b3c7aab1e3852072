// A person on the way from the search to the bind: what fits into the 4 KiB that the host hands over between connections.
#pragma once
#include "dialect.hpp"

namespace directory {

inline constexpr std::size_t carry_bytes_max = 4096;

// Attributes first, then addresses; what does not fit is left out, and the person says so. Nothing if even the DN and the mailbox do
// not fit, or the DN is longer than dn_bytes_max.
std::optional<std::string> to_carry(const person&);
// Nothing unless to_carry() wrote it.
std::optional<person> from_carry(std::string_view);

}  // namespace directory
