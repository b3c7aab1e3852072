// What a [[listener]] says: values only.
#pragma once
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.hpp"
#include "base/settings.hpp"
#include "core/table_rules.hpp"

namespace authbroker {

struct limits_rules {
  std::uint32_t connections = 1000;
  std::chrono::milliseconds idle{60'000};
  std::uint32_t request_bytes = 8 * 1024;   // a body, or a whole request of a protocol without bodies
  std::uint32_t header_bytes = 32 * 1024;
  std::uint32_t in_flight = 256;
};

struct socket_address {       // "unix:/path" or "tcp:127.0.0.1:8089"
  bool is_unix = true;
  std::string path;           // at most 107 bytes
  std::string host;           // a loopback literal
  std::uint16_t port = 0;
};

struct network {              // "127.0.0.0/8", "::1"
  bool v6 = false;
  std::uint8_t bytes[16] = {};
  unsigned bits = 0;
};

enum class listener_protocol : std::uint8_t { http, saslauthd, dovecot_auth, dovecot_userdb, socketmap, policy, tcp_table };
// As configurations and the status write them, in the order of the enumeration.
inline constexpr auto listener_protocol_words = std::to_array<std::string_view>({"http", "saslauthd", "dovecot-auth", "dovecot-userdb", "socketmap", "policy", "tcp-table"});
constexpr std::string_view name(listener_protocol p) { return listener_protocol_words[static_cast<std::size_t>(p)]; }
enum class permission : std::uint8_t { login, mailbox, status, metrics };
enum class unverifiable_as : std::uint8_t { exists, absent, tempfail };

struct listener_rules {
  std::string name;
  place where;
  listener_protocol protocol = listener_protocol::http;
  socket_address address;
  std::uint32_t mode = 0660;
  std::string owner, group;                       // "" leaves it
  std::vector<std::string> peer_users, peer_groups;  // names or numbers; both empty: whoever the mode lets in
  std::vector<network> networks;                  // tcp: who may connect; default 127.0.0.0/8 and ::1
  std::optional<secret> token;                    // tcp: "Authorization: Bearer" or "X-Authbroker-Token"
  std::vector<permission> allow{permission::login, permission::mailbox};
  bool trust_client_all = false;
  std::vector<std::string> trust_client;          // user names or IP addresses
  std::string default_domain;
  bool reveal = false;
  unverifiable_as unverifiable = unverifiable_as::exists;
  bool tempfail_code = false;                     // dovecot-auth: tempfail = "code"
  table_rules tables;                             // socketmap, policy, tcp-table
  limits_rules limits;
};

}  // namespace authbroker
