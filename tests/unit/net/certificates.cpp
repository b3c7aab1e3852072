#include "unit/net/certificates.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <stdexcept>

#include "base/text.hpp"

namespace authbroker::testing {
namespace {

template <class T>
T* must(T* p) {
  if (p == nullptr) throw std::runtime_error("OpenSSL failed in the certificate factory");
  return p;
}
void must(int rc) {
  if (rc != 1) throw std::runtime_error("OpenSSL failed in the certificate factory");
}

std::shared_ptr<EVP_PKEY> new_key(int rsa_bits) {
  EVP_PKEY* const key = rsa_bits != 0 ? EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", static_cast<std::size_t>(rsa_bits))
                                      : EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");
  return {must(key), EVP_PKEY_free};
}

void add_extension(X509* cert, int nid, const std::string& value) {
  const std::unique_ptr<X509_EXTENSION, void (*)(X509_EXTENSION*)> e(must(X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str())), X509_EXTENSION_free);
  must(X509_add_ext(cert, e.get(), -1));
}

void add_names(X509* cert, const wish& w) {
  if (w.dns.empty() && w.addresses.empty()) return;
  const std::unique_ptr<GENERAL_NAMES, void (*)(GENERAL_NAMES*)> names(must(GENERAL_NAMES_new()), GENERAL_NAMES_free);
  for (const auto& text : w.dns) {
    ASN1_IA5STRING* const value = must(ASN1_IA5STRING_new());
    must(ASN1_STRING_set(value, text.data(), static_cast<int>(text.size())));
    GENERAL_NAME* const name = must(GENERAL_NAME_new());
    GENERAL_NAME_set0_value(name, GEN_DNS, value);
    sk_GENERAL_NAME_push(names.get(), name);
  }
  for (const auto& text : w.addresses) {
    GENERAL_NAME* const name = must(GENERAL_NAME_new());
    GENERAL_NAME_set0_value(name, GEN_IPADD, must(a2i_IPADDRESS(text.c_str())));
    sk_GENERAL_NAME_push(names.get(), name);
  }
  must(X509_add1_ext_i2d(cert, NID_subject_alt_name, names.get(), 0, 0));
}

certificate make(const wish& w, const certificate* issuer) {
  static std::atomic<long> serial{1};
  certificate c;
  c.key = new_key(w.rsa_bits);
  c.cert = {must(X509_new()), X509_free};
  X509* const x = c.cert.get();
  must(X509_set_version(x, X509_VERSION_3));
  must(ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial));
  X509_gmtime_adj(X509_getm_notBefore(x), w.from_seconds);
  X509_gmtime_adj(X509_getm_notAfter(x), w.until_seconds);
  must(X509_set_pubkey(x, c.key.get()));
  must(X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(w.common_name.data()),
                                  static_cast<int>(w.common_name.size()), -1, 0));
  must(X509_set_issuer_name(x, X509_get_subject_name(issuer != nullptr ? issuer->cert.get() : x)));
  add_extension(x, NID_basic_constraints, w.ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
  if (w.ca) add_extension(x, NID_key_usage, "critical,keyCertSign,cRLSign,digitalSignature");
  if (!w.ca && !w.purpose.empty()) add_extension(x, NID_ext_key_usage, w.purpose);
  if (w.padding != 0) add_extension(x, NID_netscape_comment, std::string(w.padding, 'x'));
  add_names(x, w);
  EVP_PKEY* const signer = issuer != nullptr ? issuer->key.get() : c.key.get();
  if (X509_sign(x, signer, w.sha1 ? EVP_sha1() : EVP_sha256()) == 0) throw std::runtime_error("cannot sign");
  if (issuer != nullptr && X509_NAME_cmp(X509_get_subject_name(issuer->cert.get()), X509_get_issuer_name(issuer->cert.get())) != 0) {
    c.above = issuer->above;
    c.above.insert(c.above.begin(), issuer->cert);
  }
  return c;
}

template <class F>
std::string written(F write) {
  const std::unique_ptr<BIO, int (*)(BIO*)> out(must(BIO_new(BIO_s_mem())), BIO_free);
  must(write(out.get()));
  char* text = nullptr;
  const long n = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<std::size_t>(n)};
}

wish authority(std::string name) {
  wish w;
  w.common_name = std::move(name);
  w.ca = true;
  return w;
}

}  // namespace

std::string certificate::pem() const {
  return written([this](BIO* out) { return PEM_write_bio_X509(out, cert.get()); });
}
std::string certificate::key_pem() const {
  return written([this](BIO* out) { return PEM_write_bio_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr); });
}
std::string certificate::pin() const {
  unsigned char* der = nullptr;
  const int n = i2d_PUBKEY(key.get(), &der);
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(der, static_cast<std::size_t>(n), digest);
  OPENSSL_free(der);
  return "sha256//" + base64_encode({reinterpret_cast<const char*>(digest), sizeof digest});
}

certificate self_signed(const wish& w) { return make(w, nullptr); }
certificate issue(const wish& w, const certificate& issuer) { return make(w, &issuer); }

const certificate& good_ca() {
  static const certificate ca = self_signed(authority("Good Test CA"));
  return ca;
}
const certificate& other_ca() {
  static const certificate ca = self_signed(authority("Other Test CA"));
  return ca;
}

temporary_file::temporary_file(const std::string& content, unsigned mode) {
  char name[] = "/tmp/ab.XXXXXX";
  if (::mkdtemp(name) == nullptr) throw std::runtime_error("mkdtemp");
  folder_ = name;
  path_ = folder_ + "/f";
  const int fd = ::open(path_.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  if (fd < 0 || ::write(fd, content.data(), content.size()) != static_cast<ssize_t>(content.size()) || ::fchmod(fd, mode) != 0)
    throw std::runtime_error("cannot write " + path_);
  ::close(fd);
}
temporary_file::~temporary_file() {
  ::unlink(path_.c_str());
  ::rmdir(folder_.c_str());
}

}  // namespace authbroker::testing
