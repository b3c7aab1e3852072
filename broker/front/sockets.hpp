// Listening sockets: made so that nobody gets in between, and so that two brokers never share one.
#pragma once
#include <string>

#include "base/descriptor.hpp"
#include "base/result.hpp"
#include "core/listener_rules.hpp"

namespace authbroker {

// A listening Unix socket and the lock that makes it ours. Removes the file when destroyed, if it still is the one it made.
class unix_socket {
 public:
  unix_socket() = default;
  unix_socket(unix_socket&&) = default;
  unix_socket& operator=(unix_socket&&) = default;
  ~unix_socket() { remove(); }
  int get() const { return fd_.get(); }
  int release() { return fd_.release(); }
  // Takes the file away, so that new callers are refused, and closes the descriptor.
  void close() {
    remove();
    fd_.reset();
  }

  // Binds under a umask that lets nobody in, then sets owner and mode as the rules say. PATH.lock is held as long as this
  // lives: a second instance is refused. A socket file that a dead process of ours left is replaced; one that answers, one
  // of somebody else, or a file of another kind is a problem. Every directory above must belong to root or to us, and
  // be writable for nobody else (sticky ones of root's aside).
  static result<unix_socket> make(const std::string& path, std::uint32_t mode, const std::string& owner, const std::string& group);

 private:
  void remove();
  descriptor fd_, lock_;
  std::string path_;
  unsigned long long device_ = 0, inode_ = 0;
};

// A listening TCP socket on a loopback address; port 0 asks the kernel.
result<descriptor> make_tcp_socket(const socket_address&);

// "unix:/path" or "tcp:127.0.0.1:8089" of a bound socket.
std::string socket_label(int fd);

}  // namespace authbroker
