// Inside tls_context; for tls.cpp and tls_judge.cpp only.
#pragma once
#include <array>
#include <string>
#include <vector>

#include "net/tls.hpp"
#include "net/tls_sessions.hpp"
#include "net/tls_trust.hpp"

namespace authbroker {

using spki_digest = std::array<unsigned char, 32>;

struct tls_context::impl {
  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> ctx{nullptr, SSL_CTX_free};
  std::shared_ptr<X509_STORE> trust;
  std::vector<spki_digest> pins;
  bool verify = true;
  std::string minimum;
  tls_sessions sessions;
};

// What we know about one SSL; hangs on it and is freed with it.
struct tls_note {
  tls_context::impl* owner = nullptr;
  std::string name;
  std::string key;
  bool is_address = false;
  bool trusted = false;  // judge_finished() said yes: only then sessions are kept
  tls_sessions::session waiting{nullptr, SSL_SESSION_free};  // came before that
};
tls_note* note_of(const SSL*);

}  // namespace authbroker
