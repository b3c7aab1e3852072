#include "front/peer.hpp"

#include <arpa/inet.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>

#include "wire/client_address.hpp"

namespace authbroker {
namespace {

std::optional<std::uint32_t> number(const std::string& text) {
  std::uint32_t n = 0;
  const auto [end, trouble] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (trouble != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return n;
}

std::optional<uid_t> user_id(const std::string& name) {
  if (const auto n = number(name)) return *n;
  const passwd* const found = getpwnam(name.c_str());
  if (found == nullptr) return std::nullopt;
  return found->pw_uid;
}

std::optional<gid_t> group_id(const std::string& name) {
  if (const auto n = number(name)) return *n;
  const group* const found = getgrnam(name.c_str());
  if (found == nullptr) return std::nullopt;
  return found->gr_gid;
}

// Only the file, since a directory service may be slow or, worse, wait for us.
std::vector<std::pair<uid_t, std::string>> local_names() {
  constexpr std::size_t names_max = 10'000;
  std::vector<std::pair<uid_t, std::string>> names;
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen("/etc/passwd", "re"), [](FILE* f) { return std::fclose(f); });
  if (!file) return names;
  while (const passwd* const entry = fgetpwent(file.get())) {
    if (names.size() == names_max) break;
    names.emplace_back(entry->pw_uid, entry->pw_name);
  }
  std::stable_sort(names.begin(), names.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  return names;
}

std::string describe(uid_t uid, const peer_rules& rules) {
  std::string text = "uid=" + std::to_string(uid);
  const auto at = std::lower_bound(rules.names.begin(), rules.names.end(), uid, [](const auto& entry, uid_t u) { return entry.first < u; });
  if (at != rules.names.end() && at->first == uid) text += "(" + at->second + ")";
  return text;
}

template <class T>
bool holds(const std::vector<T>& all, const T& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

bool in_one_of(int fd, const std::vector<gid_t>& groups) {
  std::vector<gid_t> of_peer(64);
  for (int tries = 0; tries < 2; ++tries) {
    auto bytes = static_cast<socklen_t>(of_peer.size() * sizeof(gid_t));
    const int failed = getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, of_peer.data(), &bytes);
    of_peer.resize(bytes / sizeof(gid_t));
    if (failed == 0) return std::any_of(of_peer.begin(), of_peer.end(), [&](gid_t g) { return holds(groups, g); });
    if (errno != ERANGE) return false;
  }
  return false;
}

}  // namespace

result<peer_rules> resolve_peers(const listener_rules& rules) {
  peer_rules out;
  const auto missing = [&](const char* what, const std::string& name, const char* key) {
    return problem(std::string(key) + ": there is no " + what + " \"" + name + "\" on this machine");
  };
  out.anybody = rules.peer_users.empty() && rules.peer_groups.empty();
  for (const std::string& name : rules.peer_users) {
    const auto id = user_id(name);
    if (!id) return missing("user", name, "peers.users");
    out.users.push_back(*id);
  }
  for (const std::string& name : rules.peer_groups) {
    const auto id = group_id(name);
    if (!id) return missing("group", name, "peers.groups");
    out.groups.push_back(*id);
  }
  out.trust_all = rules.trust_client_all;
  for (const std::string& who : rules.trust_client) {
    if (std::string address = normal_client(who); !address.empty()) {
      out.trusted_addresses.push_back(std::move(address));
      continue;
    }
    const auto id = user_id(who);
    if (!id) return missing("user", who, "trust_client");
    out.trusted_users.push_back(*id);
  }
  out.networks = rules.networks;
  if (rules.address.is_unix) out.names = local_names();
  return out;
}

result<peer> look_at_peer(int fd, bool is_unix, const peer_rules& rules) {
  peer who;
  if (is_unix) {
    ucred of{};
    socklen_t size = sizeof of;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &of, &size) != 0) return problem(std::strerror(errno));
    who.uid = of.uid;
    who.gid = of.gid;
    who.text = describe(of.uid, rules);
    return who;
  }
  sockaddr_storage from{};
  socklen_t size = sizeof from;
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&from), &size) != 0) return problem(std::strerror(errno));
  if (from.ss_family != AF_INET && from.ss_family != AF_INET6) return problem("neither a Unix nor an IP socket");
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* const bytes = from.ss_family == AF_INET ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in*>(&from)->sin_addr)
                                                      : &reinterpret_cast<const sockaddr_in6*>(&from)->sin6_addr;
  if (inet_ntop(from.ss_family, bytes, text.data(), text.size()) == nullptr) return problem(std::strerror(errno));
  who.is_unix = false;
  who.address = normal_client(text.data());
  who.text = who.address;
  return who;
}

bool admitted(int fd, const peer& who, const peer_rules& rules) {
  if (who.is_unix) return rules.anybody || holds(rules.users, who.uid) || holds(rules.groups, who.gid) || (!rules.groups.empty() && in_one_of(fd, rules.groups));
  std::array<std::uint8_t, 16> bytes{};
  const bool v6 = who.address.find(':') != std::string::npos;
  if (inet_pton(v6 ? AF_INET6 : AF_INET, who.address.c_str(), bytes.data()) != 1) return false;
  return std::any_of(rules.networks.begin(), rules.networks.end(), [&](const network& n) { return inside(n, bytes.data(), v6); });
}

bool trusted(const peer& who, const peer_rules& rules) {
  if (rules.trust_all) return true;
  return who.is_unix ? holds(rules.trusted_users, who.uid) : holds(rules.trusted_addresses, who.address);
}

bool inside(const network& n, const std::uint8_t* bytes, bool v6) {
  if (n.v6 != v6) return false;
  const unsigned whole = n.bits / 8, rest = n.bits % 8;
  if (std::memcmp(n.bytes, bytes, whole) != 0) return false;
  if (rest == 0) return true;
  const auto mask = static_cast<std::uint8_t>(0xff00U >> rest);
  return (n.bytes[whole] & mask) == (bytes[whole] & mask);
}

}  // namespace authbroker
