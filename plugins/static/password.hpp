// One password against one hash of crypt(3).
#pragma once
#include <string>
#include <string_view>

namespace static_users {

enum class outcome {
  wrong,
  right,
  too_long,  // the scheme would look at its first bytes only, or cannot take so many
  broken,    // crypt(3) could not work: no memory, a scheme that this machine lacks
};

// Costs what the hash's scheme costs: milliseconds, and megabytes for yescrypt. Every copy of the password is wiped. [any]
outcome check_password(std::string_view password, const std::string& hash) noexcept;

// "" if this machine's crypt(3) can check such a hash, else why not.
std::string hash_fault(const std::string& hash);

// What is hashed against for an unknown name when the file has no hash at all.
const std::string& stand_in_hash();

}  // namespace static_users
