// Attack  whoever can rename a directory above a file can replace the file, so every directory up to the root is judged; the
//         file itself is judged through the open descriptor, so that it cannot be exchanged between the look and the read.
#include "base/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace authbroker {
namespace {

std::string mode_text(mode_t mode) {
  char text[8];
  std::snprintf(text, sizeof text, "%04o", static_cast<unsigned>(mode & 07777));
  return text;
}

std::string judge(const std::string& path, const struct stat& s, bool directory, file_rule rule) {
  if (s.st_uid != 0 && s.st_uid != geteuid())
    return path + " is owned by uid " + std::to_string(s.st_uid) + "; wanted: " + (geteuid() == 0 ? std::string("root, as whom this runs") : "root or uid " + std::to_string(geteuid())) + " (chown it)";
  const bool sticky_root = directory && s.st_uid == 0 && (s.st_mode & S_ISVTX) != 0;
  if ((s.st_mode & 022) != 0 && !sticky_root)
    return path + " has mode " + mode_text(s.st_mode) + ", which lets others change it; wanted: chmod go-w " + path;
  if (!directory && rule == file_rule::secret && (s.st_mode & 007) != 0)
    return path + " has mode " + mode_text(s.st_mode) + ", which lets everybody read a secret; wanted: chmod o-rwx " + path;
  return {};
}

}  // namespace

result<int> open_checked(const std::string& path, file_rule rule) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (fd < 0) return problem{"cannot open " + path + ": " + std::strerror(errno)};
  const auto fail = [fd](std::string text) {
    close(fd);
    return problem{std::move(text)};
  };
  struct stat s {};
  if (fstat(fd, &s) != 0) return fail("cannot look at " + path + ": " + std::strerror(errno));
  if (!S_ISREG(s.st_mode)) return fail(path + " is not an ordinary file");
  if (std::string bad = judge(path, s, false, rule); !bad.empty()) return fail(std::move(bad));
  // The real path of what was opened, symbolic links resolved.
  char real[PATH_MAX];
  const ssize_t n = readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), real, sizeof real - 1);
  if (n <= 0) return fail("cannot find the real path of " + path + ": " + std::strerror(errno));
  std::string dir(real, static_cast<std::size_t>(n));
  while (dir.size() > 1) {
    const std::size_t slash = dir.rfind('/');
    if (slash == std::string::npos) return fail(path + " is not reachable by an absolute path");
    dir.resize(slash == 0 ? 1 : slash);
    if (stat(dir.c_str(), &s) != 0) return fail("cannot look at " + dir + ": " + std::strerror(errno));
    if (std::string bad = judge(dir, s, true, file_rule::trusted); !bad.empty()) return fail("the directory " + std::move(bad));
  }
  return fd;
}

result<std::string> read_checked(const std::string& path, file_rule rule, std::size_t bytes_max) {
  const result<int> fd = open_checked(path, rule);
  if (!fd) return fd.error();
  std::string out;
  char part[8192];
  while (true) {
    const ssize_t n = read(*fd, part, sizeof part);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      const int e = errno;
      close(*fd);
      return problem{"cannot read " + path + ": " + std::strerror(e)};
    }
    if (n == 0) break;
    if (out.size() + static_cast<std::size_t>(n) > bytes_max) {
      close(*fd);
      return problem{path + " is longer than " + std::to_string(bytes_max) + " bytes"};
    }
    out.append(part, static_cast<std::size_t>(n));
  }
  close(*fd);
  wipe(part, sizeof part);
  return found(std::move(out));
}

namespace {
result<secret> to_secret(const std::string& path, result<std::string> text) {
  if (!text) return text.error();
  std::string_view bytes = *text;
  if (bytes.ends_with('\n')) bytes.remove_suffix(1);
  if (bytes.ends_with('\r')) bytes.remove_suffix(1);
  const bool empty = bytes.empty();
  const bool nul = bytes.find('\0') != std::string_view::npos;
  const bool lines = bytes.find('\n') != std::string_view::npos;
  secret out;
  if (!nul && !lines) out = secret(bytes);
  wipe(text->data(), text->size());
  if (empty) return problem{path + " is empty; wanted: the secret on one line"};
  if (nul || lines) return problem{path + " holds more than one line, or a NUL; wanted: the secret on one line"};
  return out;
}
}  // namespace

result<secret> read_secret_file(const std::string& path) {
  return to_secret(path, read_checked(path, file_rule::secret, password_bytes_max));
}

result<secret> read_credential(const std::string& name) {
  const char* dir = std::getenv("CREDENTIALS_DIRECTORY");
  if (dir == nullptr) return problem{"the credential \"" + name + "\" is asked for, but systemd passed no credentials (LoadCredential=" + name + ":/path in the unit)"};
  if (name.empty() || name.find('/') != std::string::npos || name == "." || name == "..") return problem{"\"" + name + "\" is no name of a credential"};
  const std::string path = std::string(dir) + "/" + name;
  // systemd's directory is a ramfs of our own user; the file's mode is enough of a check.
  return to_secret(path, read_checked(path, file_rule::secret, password_bytes_max));
}

}  // namespace authbroker
