#include "net/tls_trust.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/sha.h>

#include <array>
#include <map>
#include <mutex>
#include <new>

#include "base/files.hpp"

namespace authbroker {
namespace {

constexpr std::size_t bundle_bytes_max = 8 * 1024 * 1024;
using digest = std::array<unsigned char, SHA256_DIGEST_LENGTH>;

struct shelf {
  std::mutex mutex;
  std::map<digest, std::weak_ptr<X509_STORE>> stores;
};

shelf& the_shelf() {
  static shelf one;
  return one;
}

result<std::shared_ptr<X509_STORE>> load(const std::string& pem, const std::string& file) {
  std::shared_ptr<X509_STORE> store(X509_STORE_new(), X509_STORE_free);
  const std::unique_ptr<BIO, int (*)(BIO*)> in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
  if (!store || !in) throw std::bad_alloc();
  std::size_t count = 0;
  ERR_clear_error();
  for (;;) {
    const std::unique_ptr<X509, void (*)(X509*)> cert(PEM_read_bio_X509_AUX(in.get(), nullptr, nullptr, nullptr), X509_free);
    if (!cert) break;
    if (X509_STORE_add_cert(store.get(), cert.get()) != 1) return problem(file + ": certificate " + std::to_string(count + 1) + " cannot be used");
    ++count;
  }
  const unsigned long error = ERR_peek_last_error();
  ERR_clear_error();
  if (ERR_GET_LIB(error) != ERR_LIB_PEM || ERR_GET_REASON(error) != PEM_R_NO_START_LINE)
    return problem(file + ": certificate " + std::to_string(count + 1) + " is damaged");
  if (count == 0) return problem(file + ": holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)");
  return store;
}

}  // namespace

result<std::shared_ptr<X509_STORE>> trust_store(const std::string& file) {
  const auto pem = read_checked(file, file_rule::trusted, bundle_bytes_max);
  if (!pem) return pem.error();
  digest key{};
  SHA256(reinterpret_cast<const unsigned char*>(pem->data()), pem->size(), key.data());
  auto& s = the_shelf();
  const std::lock_guard lock(s.mutex);
  std::erase_if(s.stores, [](const auto& e) { return e.second.expired(); });
  if (const auto at = s.stores.find(key); at != s.stores.end())
    if (auto same = at->second.lock()) return same;
  auto fresh = load(*pem, file);
  if (fresh) s.stores[key] = *fresh;
  return fresh;
}

}  // namespace authbroker
