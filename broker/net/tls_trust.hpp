// Trust stores, shared by content: Debian's bundle costs 15 ms and a few MiB, and most backends use the same one.
#pragma once
#include <openssl/x509.h>

#include <memory>
#include <string>

#include "base/result.hpp"

namespace authbroker {

// Reads the PEM certificates of `file`. Two calls with equal bytes give the same store while somebody holds it. The file must
// not be writable for others, must hold at least one certificate, and none that cannot be read. [any thread]
result<std::shared_ptr<X509_STORE>> trust_store(const std::string& file);

}  // namespace authbroker
