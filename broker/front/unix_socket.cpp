#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "front/sockets.hpp"

namespace authbroker {
namespace {

constexpr int backlog = 1024;

problem trouble(const std::string& path, const char* what) { return problem(path + ": " + what + ": " + std::strerror(errno)); }

std::string mode_text(mode_t mode) {
  constexpr std::string_view octal = "01234567";
  std::string out = "0";
  for (unsigned shift = 9; shift != 0;) {
    shift -= 3;
    out += octal[mode >> shift & 7U];
  }
  return out;
}

// Whoever may write a directory may put another socket in our place, and collect passwords.
result<void> judge_directories(const std::string& path) {
  const std::string parent = path.substr(0, path.rfind('/'));
  const std::unique_ptr<char, void (*)(void*)> real(realpath(parent.empty() ? "/" : parent.c_str(), nullptr), std::free);
  if (!real) return problem(path + ": the directory: " + std::strerror(errno) + "; wanted: mkdir " + parent + ", owned by root or by uid " + std::to_string(geteuid()) + ", or RuntimeDirectory= in the unit");
  for (std::string dir = real.get();;) {
    struct stat is {};
    if (stat(dir.c_str(), &is) != 0) return trouble(dir, "stat");
    if (is.st_uid != 0 && is.st_uid != geteuid())
      return problem(path + ": the directory " + dir + " belongs to uid " + std::to_string(is.st_uid) +
                     ", who could replace the socket; wanted: owned by root or by uid " + std::to_string(geteuid()));
    const bool sticky = is.st_uid == 0 && (is.st_mode & S_ISVTX) != 0;
    if ((is.st_mode & (S_IWGRP | S_IWOTH)) != 0 && !sticky)
      return problem(path + ": the directory " + dir + " has mode " + mode_text(is.st_mode) +
                     ", so others could replace the socket; mend it with: chmod go-w " + dir);
    if (dir == "/") return {};
    dir.resize(dir.rfind('/'));
    if (dir.empty()) dir = "/";
  }
}

sockaddr_un address_of(const std::string& path) {
  sockaddr_un a{};
  a.sun_family = AF_UNIX;
  std::memcpy(a.sun_path, path.data(), path.size());
  return a;
}

// The classic: somebody started the daemon by hand as root, and its user finds root's files; or the directory is another's.
problem no_access(const std::string& path) {
  const std::string dir = path.substr(0, std::max<std::size_t>(path.rfind('/'), 1)), us = "uid " + std::to_string(geteuid());
  struct stat is {};
  if (lstat(path.c_str(), &is) == 0)
    return problem(path + " belongs to uid " + std::to_string(is.st_uid) + ", and we are " + us + "; wanted: rm " + path + ", once no other authbroker runs (a start by hand as another user leaves it)");
  return problem(path + ": the directory " + dir + " is not writable for " + us + ", as whom the daemon runs; wanted: chown " + dir + ", or RuntimeDirectory= in the unit");
}

// Nothing is there, or a socket of ours that nobody listens on, which is removed.
result<void> clear_the_way(const std::string& path) {
  struct stat is {};
  if (lstat(path.c_str(), &is) != 0) return errno == ENOENT ? result<void>() : trouble(path, "stat");
  if (!S_ISSOCK(is.st_mode)) return problem(path + ": something that is no socket is in the way; remove it, or choose another address");
  if (is.st_uid != geteuid() && is.st_uid != 0 && geteuid() != 0)
    return problem(path + ": a socket of uid " + std::to_string(is.st_uid) + " is in the way; remove it, or choose another address");
  const descriptor probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!probe) return trouble(path, "socket");
  const sockaddr_un a = address_of(path);
  if (connect(probe.get(), reinterpret_cast<const sockaddr*>(&a), sizeof a) == 0 || errno == EAGAIN)
    return problem(path + ": another process listens here; stop it, or choose another address");
  if (errno != ECONNREFUSED) return trouble(path, "whether somebody listens here cannot be told");
  if (unlink(path.c_str()) != 0) return trouble(path, "remove");
  return {};
}

result<descriptor> lock(const std::string& path) {
  descriptor held(open((path + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!held && errno == EACCES) return no_access(path + ".lock");
  if (!held) return trouble(path + ".lock", "open");
  if (flock(held.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return trouble(path + ".lock", "lock");
    return problem(path + ": another authbroker has this socket; stop it first, or give this one another address");
  }
  return held;
}

template <class Id>
bool number(const std::string& text, Id& out) {
  Id n = 0;
  const auto [end, trouble] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (trouble != std::errc() || end != text.data() + text.size()) return false;
  out = n;
  return true;
}

result<void> set_owner(const std::string& path, const std::string& owner, const std::string& group) {
  if (owner.empty() && group.empty()) return {};
  auto uid = static_cast<uid_t>(-1);
  auto gid = static_cast<gid_t>(-1);
  if (!owner.empty() && !number(owner, uid)) {
    const passwd* const found = getpwnam(owner.c_str());
    if (found == nullptr) return problem(path + ": owner: there is no user \"" + owner + "\" on this machine");
    uid = found->pw_uid;
  }
  if (!group.empty() && !number(group, gid)) {
    const ::group* const found = getgrnam(group.c_str());
    if (found == nullptr) return problem(path + ": group: there is no group \"" + group + "\" on this machine");
    gid = found->gr_gid;
  }
  if (lchown(path.c_str(), uid, gid) != 0) return trouble(path, "chown (only root, or a member of the group, can)");
  return {};
}

}  // namespace

result<unix_socket> unix_socket::make(const std::string& path, std::uint32_t mode, const std::string& owner, const std::string& group) {
  if (path.empty() || path.front() != '/') return problem("\"" + path + "\": a socket's path must be absolute");
  if (path.size() >= sizeof(sockaddr_un{}.sun_path)) return problem(path + ": a socket's path has at most 107 bytes");
  if (auto safe = judge_directories(path); !safe) return safe.error();
  unix_socket made;
  auto held = lock(path);
  if (!held) return held.error();
  made.lock_ = std::move(*held);
  if (auto clear = clear_the_way(path); !clear) return clear.error();
  made.fd_ = descriptor(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!made.fd_) return trouble(path, "socket");
  const sockaddr_un a = address_of(path);
  const mode_t before = umask(0177);
  const int bound = bind(made.fd_.get(), reinterpret_cast<const sockaddr*>(&a), sizeof a);
  umask(before);
  if (bound != 0) return errno == EACCES ? no_access(path) : trouble(path, "bind");
  struct stat is {};
  if (lstat(path.c_str(), &is) != 0) return trouble(path, "stat");
  made.path_ = path;
  made.device_ = is.st_dev;
  made.inode_ = is.st_ino;
  // First the owner: the mode must not let the old one's group in, not even for a moment.
  if (auto owned = set_owner(path, owner, group); !owned) return owned.error();
  if (chmod(path.c_str(), static_cast<mode_t>(mode & 0777U)) != 0) return trouble(path, "chmod");
  if (listen(made.fd_.get(), backlog) != 0) return trouble(path, "listen");
  return made;
}

void unix_socket::remove() {
  if (path_.empty()) return;
  struct stat is {};
  if (lstat(path_.c_str(), &is) == 0 && is.st_dev == device_ && is.st_ino == inode_) unlink(path_.c_str());
  path_.clear();
}

}  // namespace authbroker
