// Builds contexts and connections. What a handshake came to is judged in tls_judge.cpp.
//
// Attack: everything the server sends. OpenSSL's own verification runs with chain, name and purpose set before the handshake,
// without a callback of ours that could turn a no into a yes; judge_finished() then looks again, on resumed sessions too.
#include "net/tls.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <climits>
#include <mutex>
#include <new>
#include <string_view>

#include "base/files.hpp"
#include "base/secret.hpp"
#include "base/text.hpp"
#include "net/tls_impl.hpp"

namespace authbroker {
namespace {

constexpr int chain_depth_max = 6;
constexpr long chain_bytes_max = 100 * 1024;
constexpr std::size_t pem_bytes_max = 256 * 1024;
constexpr char default_ca_file[] = "/etc/ssl/certs/ca-certificates.crt";

int note_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, [](void*, void* note, CRYPTO_EX_DATA*, int, long, void*) {
    delete static_cast<tls_note*>(note);
  });
  if (index < 0) throw std::bad_alloc();
  return index;
}

std::string openssl_problem() {
  const unsigned long error = ERR_get_error();
  ERR_clear_error();
  const char* const text = error != 0 ? ERR_reason_error_string(error) : nullptr;
  return text != nullptr ? text : "unknown error";
}

// "sha256//" + base64, base64, or hex with or without colons.
bool parse_pin(std::string_view text, spki_digest& out) {
  constexpr std::string_view prefix = "sha256//";
  if (text.starts_with(prefix)) text.remove_prefix(prefix.size());
  if (text.size() == 44) {
    char decoded[33];
    const auto n = base64_decode(text, decoded);
    if (!n || *n != out.size()) return false;
    std::copy_n(reinterpret_cast<const unsigned char*>(decoded), out.size(), out.begin());
    return true;
  }
  std::string hex;
  for (const char c : text)
    if (c != ':') hex.push_back(lower_ascii(c));
  if (hex.size() != 64) return false;
  const auto digit = [](char c) -> int {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
  };
  for (std::size_t i = 0; i < out.size(); ++i) {
    const int high = digit(hex[2 * i]), low = digit(hex[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    out[i] = static_cast<unsigned char>(high * 16 + low);
  }
  return true;
}

int version_of(const std::string& minimum) {
  if (minimum == "1.0") return TLS1_VERSION;
  if (minimum == "1.1") return TLS1_1_VERSION;
  if (minimum == "1.2") return TLS1_2_VERSION;
  if (minimum == "1.3") return TLS1_3_VERSION;
  return 0;
}

// Without it OpenSSL would ask for a pass phrase on the terminal.
int no_pass_phrase(char*, int, int, void*) { return 0; }

std::string use_client_certificate(SSL_CTX* ctx, const tls_settings& s) {
  using bio = std::unique_ptr<BIO, int (*)(BIO*)>;
  const bool together = s.client_key.empty();
  const std::string& key_file = together ? s.client_cert : s.client_key;
  auto key_pem = read_checked(key_file, file_rule::secret, pem_bytes_max);
  if (!key_pem) return key_pem.error().text;
  struct wiped {
    std::string& text;
    ~wiped() { wipe(text.data(), text.size()); }
  } const after{*key_pem};
  result<std::string> cert_pem = found(std::string());
  if (!together) cert_pem = read_checked(s.client_cert, file_rule::trusted, pem_bytes_max);
  if (!cert_pem) return cert_pem.error().text;
  const std::string& certs = together ? *key_pem : *cert_pem;

  const bio from(BIO_new_mem_buf(certs.data(), static_cast<int>(certs.size())), BIO_free);
  const bio key_from(BIO_new_mem_buf(key_pem->data(), static_cast<int>(key_pem->size())), BIO_free);
  if (!from || !key_from) throw std::bad_alloc();
  using cert_ptr = std::unique_ptr<X509, void (*)(X509*)>;
  const cert_ptr own(PEM_read_bio_X509_AUX(from.get(), nullptr, no_pass_phrase, nullptr), X509_free);
  if (!own) return s.client_cert + ": no certificate in PEM form: " + openssl_problem();
  if (SSL_CTX_use_certificate(ctx, own.get()) != 1) return s.client_cert + ": the certificate cannot be used: " + openssl_problem();
  for (int i = 0; i < chain_depth_max + 2; ++i) {
    const cert_ptr above(PEM_read_bio_X509(from.get(), nullptr, no_pass_phrase, nullptr), X509_free);
    if (!above) break;
    if (SSL_CTX_add1_chain_cert(ctx, above.get()) != 1) return s.client_cert + ": the chain cannot be used: " + openssl_problem();
  }
  ERR_clear_error();
  const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key(PEM_read_bio_PrivateKey(key_from.get(), nullptr, no_pass_phrase, nullptr), EVP_PKEY_free);
  if (!key) {
    ERR_clear_error();
    return key_file + ": no private key in PEM form that can be read without a pass phrase";
  }
  if (SSL_CTX_use_PrivateKey(ctx, key.get()) != 1 || SSL_CTX_check_private_key(ctx) != 1) {
    ERR_clear_error();
    return key_file + ": the private key does not belong to the certificate in " + s.client_cert;
  }
  return {};
}

// SSL_set_tlsext_host_name, without its macro's cast.
bool set_server_name(SSL* ssl, std::string name) {
  return SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data()) == 1;
}

int new_session(SSL* ssl, SSL_SESSION* session) {
  if (tls_note* const note = note_of(ssl)) {
    if (note->trusted) {
      note->owner->sessions.put(note->key, session);
    } else {
      SSL_SESSION_up_ref(session);
      note->waiting.reset(session);
    }
  }
  return 0;  // the reference stays OpenSSL's
}

}  // namespace

tls_note* note_of(const SSL* ssl) { return static_cast<tls_note*>(SSL_get_ex_data(ssl, note_index())); }

tls_context::tls_context(std::unique_ptr<impl> i) : impl_(std::move(i)) {}
tls_context::~tls_context() = default;

result<std::shared_ptr<tls_context>> tls_context::make(const tls_settings& s) {
  auto i = std::make_unique<impl>();
  i->verify = s.verify;
  i->minimum = s.minimum;
  const int least = version_of(s.minimum);
  if (least == 0) return problem("tls.minimum is \"" + escape_for_log(s.minimum) + "\"; wanted: \"1.0\", \"1.1\", \"1.2\" or \"1.3\"");
  for (const auto& text : s.pin_sha256) {
    spki_digest pin{};
    if (!parse_pin(text, pin))
      return problem("tls.pin_sha256: \"" + escape_for_log(text) + "\" is not the SHA-256 of a public key; wanted: 44 base64 characters or 64 hex digits");
    i->pins.push_back(pin);
  }

  ERR_clear_error();
  i->ctx.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* const ctx = i->ctx.get();
  if (ctx == nullptr) throw std::bad_alloc();
  // Everything is said here: /etc/ssl/openssl.cnf must not decide what we accept.
  SSL_CTX_clear_options(ctx, SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_LEGACY_SERVER_CONNECT | SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION);
  SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CLEANSE_PLAINTEXT);
  SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
  SSL_CTX_set_read_ahead(ctx, 1);
  const bool old_server = least < TLS1_2_VERSION;
  if (old_server) SSL_CTX_set_options(ctx, SSL_OP_LEGACY_SERVER_CONNECT);
  if (SSL_CTX_set_min_proto_version(ctx, least) != 1 || SSL_CTX_set_max_proto_version(ctx, 0) != 1 ||
      SSL_CTX_set_cipher_list(ctx, old_server ? "DEFAULT:@SECLEVEL=0" : "DEFAULT:@SECLEVEL=2") != 1)
    return problem("this OpenSSL cannot do TLS " + s.minimum + ": " + openssl_problem());
  SSL_CTX_set_security_level(ctx, old_server ? 0 : 2);
  SSL_CTX_set_max_cert_list(ctx, chain_bytes_max);
  SSL_CTX_set_verify_depth(ctx, chain_depth_max);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(ctx, new_session);
  SSL_CTX_set_default_passwd_cb(ctx, no_pass_phrase);

  if (s.verify) {
    auto store = trust_store(s.ca_file.empty() ? default_ca_file : s.ca_file);
    if (!store) return problem("tls.ca_file: " + store.error().text);
    i->trust = *store;
    SSL_CTX_set1_cert_store(ctx, i->trust.get());
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, nullptr);
    X509_VERIFY_PARAM* const rules = SSL_CTX_get0_param(ctx);
    if (X509_VERIFY_PARAM_set_purpose(rules, X509_PURPOSE_SSL_SERVER) != 1) throw std::bad_alloc();
    // An intermediate or a server's own certificate in ca_file is trusted as it stands there.
    if (X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_PARTIAL_CHAIN) != 1) throw std::bad_alloc();
  } else {
    SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, nullptr);
  }
  if (!s.client_cert.empty()) {
    if (auto wrong = use_client_certificate(ctx, s); !wrong.empty()) return problem("tls.client_cert: " + wrong);
  } else if (!s.client_key.empty()) {
    return problem("tls.client_key is set, but tls.client_cert is not");
  }
  return std::shared_ptr<tls_context>(new tls_context(std::move(i)));
}

SSL* tls_context::new_ssl(const std::string& name, const std::string& cache_key) {
  ERR_clear_error();
  std::unique_ptr<SSL, void (*)(SSL*)> ssl(SSL_new(impl_->ctx.get()), SSL_free);
  if (!ssl) throw std::bad_alloc();
  auto note = std::make_unique<tls_note>();
  note->owner = impl_.get();
  note->name = name;
  note->key = cache_key + '\n' + name;

  std::string address = name.substr(0, name.find('%'));  // a zone is for routing, not for certificates
  if (address.size() > 2 && address.front() == '[' && address.back() == ']') address = address.substr(1, address.size() - 2);
  boost::system::error_code not_literal;
  boost::asio::ip::make_address(address, not_literal);
  note->is_address = !not_literal;

  X509_VERIFY_PARAM* const rules = SSL_get0_param(ssl.get());
  X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  bool set = false;
  if (note->is_address) {
    note->name = address;
    set = X509_VERIFY_PARAM_set1_ip_asc(rules, address.c_str()) == 1;
  } else if (!name.empty() && name.size() <= 255 && name.find('\0') == std::string::npos) {
    set = X509_VERIFY_PARAM_set1_host(rules, name.data(), name.size()) == 1 && set_server_name(ssl.get(), name);
  }
  if (!set) {
    // For OpenSSL no name means: any name. This one is in no certificate.
    if (X509_VERIFY_PARAM_set1_host(rules, "name.invalid", 0) != 1) throw std::bad_alloc();
    note->name.clear();
  }
  SSL_set_connect_state(ssl.get());
  if (const auto again = impl_->sessions.take_copy(note->key)) SSL_set_session(ssl.get(), again.get());
  if (SSL_set_ex_data(ssl.get(), note_index(), note.get()) != 1) throw std::bad_alloc();
  note.release();
  ERR_clear_error();
  return ssl.release();
}

}  // namespace authbroker
