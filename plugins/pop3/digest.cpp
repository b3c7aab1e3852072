#include "digest.hpp"

#include <openssl/evp.h>

#include <array>
#include <memory>

namespace pop3 {

std::optional<abk::secret_text> apop_digest(std::string_view timestamp, abk::secret_view password) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> md(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  std::array<unsigned char, EVP_MAX_MD_SIZE> sum{};
  unsigned int n = 0;
  if (!md || EVP_DigestInit_ex(md.get(), EVP_md5(), nullptr) != 1) return {};
  if (EVP_DigestUpdate(md.get(), timestamp.data(), timestamp.size()) != 1) return {};
  if (EVP_DigestUpdate(md.get(), password.reveal().data(), password.size()) != 1) return {};
  if (EVP_DigestFinal_ex(md.get(), sum.data(), &n) != 1 || n != 16) return {};
  constexpr std::string_view digits = "0123456789abcdef";
  abk::secret_text out(32);
  for (unsigned int i = 0; i < n; ++i) {
    out.append(digits[sum[i] >> 4]);
    out.append(digits[sum[i] & 15]);
  }
  abk::wipe(sum.data(), sum.size());
  return out;
}

}  // namespace pop3
