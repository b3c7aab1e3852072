// The one place that knows OpenSSL's rules: what is trusted, which name must be in the certificate, pins, client certificates,
// minimum version, resumption.
#pragma once
#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/verdict.hpp"

namespace authbroker {

struct tls_settings {
  std::string minimum = "1.2";   // "1.0", "1.1" (only where the configuration allows it), "1.2", "1.3"
  bool verify = true;            // false: no chain and no name; then only the pins decide, or nothing if there are none
  std::string ca_file;           // "": /etc/ssl/certs/ca-certificates.crt
  // SHA-256 of the server's own public key (SubjectPublicKeyInfo): base64, "sha256//" before it allowed, or 64 hex digits. One
  // must match. The key of a CA above it does not count.
  std::vector<std::string> pin_sha256;
  std::string client_cert, client_key;  // PEM files; the chain may follow; no key file: the key is in client_cert
};

// What a backend with TLS shares among all its connections, on all workers. Immutable but for the session cache (64 servers,
// one session each, an hour at most), which is keyed by upstream label + server name and locked. Trust stores are shared
// between contexts by file content.
class tls_context {
 public:
  // Reads the files (trust only if `verify`). The problem names the file or the key and what is wanted. Costs 15 ms for
  // Debian's bundle the first time. [any thread]
  static result<std::shared_ptr<tls_context>> make(const tls_settings&);
  ~tls_context();

  // A client handshake's SSL for `name` (a DNS name or an IP literal), with SNI for names, the host check set, and a session
  // to resume if there is one for `cache_key`. Never returns null without throwing std::bad_alloc. The caller frees it, before
  // this context. An empty name never passes. [any thread]
  SSL* new_ssl(const std::string& name, const std::string& cache_key);

  // After a failed or finished handshake: the reason and an operator's text. After a finished one: checks pins (resumed
  // sessions too) and returns reason::none, or tls_untrusted, or tls_name. Nothing may be sent before it said none.
  struct failure {
    reason why = reason::none;
    std::string text;
  };
  failure judge_failed(SSL*, int ssl_error) const;
  failure judge_finished(SSL*) const;

  struct impl;

 private:
  explicit tls_context(std::unique_ptr<impl>);
  std::unique_ptr<impl> impl_;
};

// "TLSv1.3 TLS_AES_256_GCM_SHA384, CN=mail.example.com, until 2027-01-31, for mail.example.com, issued by CN=Example CA, key
// sha256//BASE64, resumed": for a transcript. Costs some 10 us.
std::string describe_tls(SSL*);

// Why a read or write within TLS failed: takes OpenSSL's error queue of this thread, and errno as it was. A server that wants
// a client certificate says so only here (TLS 1.3).
std::string tls_trouble(int system_error);

}  // namespace authbroker
