#include "trusted_file.hpp"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cerrno>

namespace static_users {
namespace {

fingerprint fingerprint_of(const struct stat& s) { return {s.st_dev, s.st_ino, s.st_size, s.st_ctim}; }

std::string error_text(int e) {
  char room[128];
  return strerror_r(e, room, sizeof room);
}

std::string mode_text(mode_t mode) {
  char text[8];
  snprintf(text, sizeof text, "%04o", static_cast<unsigned>(mode & 07777));
  return text;
}

// "" if the file or directory is root's or ours and nobody else can change it.
std::string judge(const std::string& path, const struct stat& s, bool directory) {
  if (s.st_uid != 0 && s.st_uid != geteuid()) return path + " is owned by uid " + std::to_string(s.st_uid) + "; wanted: root or uid " + std::to_string(geteuid());
  const bool sticky = directory && s.st_uid == 0 && (s.st_mode & S_ISVTX) != 0;
  if ((s.st_mode & 022) != 0 && !sticky) return path + " has mode " + mode_text(s.st_mode) + ", which lets others change it; wanted: chmod go-w " + path;
  if (!directory && (s.st_mode & 007) != 0) return path + " has mode " + mode_text(s.st_mode) + ", which lets everybody read password hashes; wanted: chmod o-rwx " + path;
  return {};
}

// Whoever can rename a directory above a file can replace the file.
std::string judge_directories(int fd, const std::string& path) {
  char real[PATH_MAX];
  const ssize_t n = readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), real, sizeof real - 1);
  if (n <= 0) return "the real path of " + path + " cannot be found: " + error_text(errno);
  std::string dir(real, static_cast<std::size_t>(n));
  while (dir.size() > 1) {
    const std::size_t slash = dir.rfind('/');
    if (slash == std::string::npos) return path + " has no absolute path";
    dir.resize(slash == 0 ? 1 : slash);
    struct stat s {};
    if (stat(dir.c_str(), &s) != 0) return "cannot look at " + dir + ": " + error_text(errno);
    if (std::string bad = judge(dir, s, true); !bad.empty()) return "the directory " + bad;
  }
  return {};
}

read_state read_open(int fd, const std::string& path, std::size_t bytes_max, std::string& out, fingerprint& seen, std::string& fault) {
  const auto refuse = [&fault](std::string why) {
    fault = std::move(why);
    return read_state::refused;
  };
  struct stat s {};
  if (fstat(fd, &s) != 0) return refuse("cannot look at " + path + ": " + error_text(errno));
  seen = fingerprint_of(s);
  if (!S_ISREG(s.st_mode)) return refuse(path + " is not an ordinary file");
  if (std::string bad = judge(path, s, false); !bad.empty()) return refuse(std::move(bad));
  if (std::string bad = judge_directories(fd, path); !bad.empty()) return refuse(std::move(bad));
  out.clear();
  char part[16384];
  while (true) {
    const ssize_t n = read(fd, part, sizeof part);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return refuse("cannot read " + path + ": " + error_text(errno));
    if (n == 0) break;
    if (out.size() + static_cast<std::size_t>(n) > bytes_max) return refuse(path + " is longer than " + std::to_string(bytes_max) + " bytes");
    out.append(part, static_cast<std::size_t>(n));
  }
  struct stat after {};
  fingerprint then;
  const bool same = fstat(fd, &after) == 0 && fingerprint_of(after) == seen && look(path, then) && then == seen;
  return same ? read_state::done : read_state::unsettled;
}

}  // namespace

bool look(const std::string& path, fingerprint& out) {
  struct stat s {};
  if (stat(path.c_str(), &s) != 0) return false;
  out = fingerprint_of(s);
  return true;
}

read_state read_trusted(const std::string& path, std::size_t bytes_max, std::string& out, fingerprint& seen, std::string& fault) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (fd < 0) {
    fault = "cannot open " + path + ": " + error_text(errno);
    return read_state::refused;
  }
  const read_state state = read_open(fd, path, bytes_max, out, seen, fault);
  close(fd);
  return state;
}

}  // namespace static_users
