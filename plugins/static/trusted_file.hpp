// Reads a file that only its owner may have changed, and notices when it has.
#pragma once
#include <sys/stat.h>

#include <string>
#include <string_view>

namespace static_users {

// What tells one state of a file from the next without reading it.
struct fingerprint {
  dev_t device = 0;
  ino_t inode = 0;
  off_t size = -1;
  timespec changed{};  // ctime, which nobody can set back
  bool operator==(const fingerprint& o) const {
    return device == o.device && inode == o.inode && size == o.size && changed.tv_sec == o.changed.tv_sec && changed.tv_nsec == o.changed.tv_nsec;
  }
};

// False if the file cannot be looked at. One system call.
bool look(const std::string& path, fingerprint& out);

enum class read_state { done, unsettled, refused };
// Reads the whole file. `refused`: why is in `fault` (missing, others may change or read it, too long). `unsettled`: it changed
// while it was read; ask again later.
read_state read_trusted(const std::string& path, std::size_t bytes_max, std::string& out, fingerprint& seen, std::string& fault);

}  // namespace static_users
