// Certificates made to order, in memory: a CA and every kind of leaf that a client must tell apart.
#pragma once
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <vector>

namespace authbroker::testing {

struct wish {
  std::string common_name = "good.example";
  std::vector<std::string> dns;       // may hold NUL bytes
  std::vector<std::string> addresses; // SAN iPAddress
  long from_seconds = -3600, until_seconds = 86400;
  bool ca = false;
  std::string purpose = "serverAuth"; // extendedKeyUsage; "" for none
  int rsa_bits = 0;                   // 0: EC P-256
  bool sha1 = false;
  std::size_t padding = 0;            // bytes of comment, to make it big
};

struct certificate {
  std::shared_ptr<X509> cert;
  std::shared_ptr<EVP_PKEY> key;
  std::vector<std::shared_ptr<X509>> above;  // the intermediates, nearest first, without the root
  std::string pem() const;                   // of the certificate alone
  std::string key_pem() const;
  std::string pin() const;                   // "sha256//..."
};

certificate self_signed(const wish&);
certificate issue(const wish&, const certificate& issuer);

// The authority that the tests trust, and another that they do not.
const certificate& good_ca();
const certificate& other_ca();

// A file in a folder of its own, gone with the object.
class temporary_file {
 public:
  explicit temporary_file(const std::string& content, unsigned mode = 0600);
  ~temporary_file();
  temporary_file(const temporary_file&) = delete;
  temporary_file& operator=(const temporary_file&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string folder_, path_;
};

}  // namespace authbroker::testing
