// Who is at the other end of a connection, as the kernel knows it.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "core/listener_rules.hpp"

namespace authbroker {

struct peer {
  bool is_unix = true;
  uid_t uid = 0;
  gid_t gid = 0;
  std::string address;  // tcp: "127.0.0.1"
  std::string text;     // for logs: "uid=33(www-data)" or "127.0.0.1"
};

// Who may connect, and whom to believe about the client's address: a listener's names, resolved.
struct peer_rules {
  bool anybody = true;               // whoever the file mode lets in
  std::vector<uid_t> users;
  std::vector<gid_t> groups;
  std::vector<network> networks;
  bool trust_all = false;
  std::vector<uid_t> trusted_users;
  std::vector<std::string> trusted_addresses;
  std::vector<std::pair<uid_t, std::string>> names;  // of /etc/passwd, sorted: for logs
};

// Asks the system's databases, which may take time: at start and at reload only, on no worker. The problem names the user
// or group that does not exist and the key that has it.
result<peer_rules> resolve_peers(const listener_rules&);

// Of a connected socket. A peer that the kernel cannot name is a problem. One system call. [any thread]
result<peer> look_at_peer(int fd, bool is_unix, const peer_rules&);

// Decides on user and groups (the main one and, if need be, the others), or on the address: never on the process.
bool admitted(int fd, const peer&, const peer_rules&);
bool trusted(const peer&, const peer_rules&);

// True if the binary address (4 or 16 bytes) lies in `n`.
bool inside(const network& n, const std::uint8_t* bytes, bool v6);

}  // namespace authbroker
