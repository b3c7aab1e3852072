// TLS sessions to resume, one per server and name. A session is copied on its way in and out: OpenSSL changes them while
// connections use them, and connections live on different workers.
#pragma once
#include <openssl/ssl.h>

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace authbroker {

class tls_sessions {
 public:
  static constexpr std::size_t keys_max = 64;
  static constexpr std::chrono::minutes age_max{60};
  using session = std::unique_ptr<SSL_SESSION, void (*)(SSL_SESSION*)>;

  // All: [any thread]. A session that cannot be copied is forgotten, never an error.
  void put(const std::string& key, SSL_SESSION*);
  session take_copy(const std::string& key);  // null: none that is worth offering
  void drop(const std::string& key);
  std::size_t size();

 private:
  struct entry {
    session what;
    std::chrono::steady_clock::time_point since;
  };
  std::mutex mutex_;
  std::map<std::string, entry> entries_;
};

}  // namespace authbroker
