// Which files may be believed. A configuration, a secret or a plugin that others can change is not ours.
#pragma once
#include <string>

#include "base/result.hpp"
#include "base/secret.hpp"

namespace authbroker {

enum class file_rule {
  trusted,  // owned by root or by us, not writable for group or others, and neither is any directory above it (sticky
            // directories owned by root, such as /tmp, are fine); a symbolic link is judged by where it leads
  secret,   // trusted, and not readable for others
};

// Opens for reading, checks what was opened (not the name), and returns the descriptor, which the caller closes.
// The problem names the file, the owner or mode found, and the chmod or chown that mends it.
result<int> open_checked(const std::string& path, file_rule);

// Reads a whole checked file of at most `bytes_max` bytes.
result<std::string> read_checked(const std::string& path, file_rule, std::size_t bytes_max);

// A secret file: one trailing newline is not part of the secret; empty is a problem.
result<secret> read_secret_file(const std::string& path);
// $CREDENTIALS_DIRECTORY/name, as systemd's LoadCredential= provides; names with '/' are refused.
result<secret> read_credential(const std::string& name);

}  // namespace authbroker
