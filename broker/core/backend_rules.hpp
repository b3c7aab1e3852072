// What a [[backend]] says: values only.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/settings.hpp"

namespace authbroker {

enum class tls_use : std::uint8_t { none, implicit, starttls };

struct upstream_rules {
  std::string scheme;         // "pop3+starttls"
  std::string host;           // a name (A-label), or an IP literal without brackets
  std::uint16_t port = 0;     // the scheme's default is filled in
  tls_use tls = tls_use::none;
  bool srv = false;           // srv+ldap...
  // "mail1.example.com:995", or "srv:example.com" for what only SRV records turn into servers.
  std::string label() const { return srv ? "srv:" + host : (host.find(':') != std::string::npos ? "[" + host + "]" : host) + ":" + std::to_string(port); }
};

struct tls_rules {
  bool minimum_13 = false;    // else 1.2
  std::string minimum = "1.2";  // "1.0" and "1.1" only with cleartext = true
  bool verify = true;
  std::string ca_file;        // "": Debian's bundle
  std::string server_name;    // "": the URL's host
  std::vector<std::string> pin_sha256;  // base64 of the SHA-256 of a SubjectPublicKeyInfo
  std::string client_cert, client_key;
};

struct backend_rules {
  std::string name;
  place where;
  std::string plugin;
  std::vector<upstream_rules> upstream;
  bool cleartext = false;
  struct {
    std::uint32_t connections = 8;
    std::chrono::milliseconds idle{30'000};
    std::uint32_t queue = 256;
    std::uint32_t warm = 0;
  } pool;
  struct {
    std::chrono::milliseconds connect{2'000};
    std::chrono::milliseconds reply{5'000};
  } timeouts;
  struct {
    std::uint32_t failures = 5;
    std::chrono::milliseconds reopen{10'000};
    std::chrono::milliseconds service_account{60'000};
  } breaker;
  tls_rules tls;
  setting settings;           // a table, perhaps empty
};

}  // namespace authbroker
