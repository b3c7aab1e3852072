// What a handshake came to, in words for an operator: whose certificate, what is wrong with it, what to do.
#include <openssl/err.h>
#include <openssl/sha.h>
#include <openssl/sslerr.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <ctime>

#include "base/text.hpp"
#include "net/tls.hpp"
#include "net/tls_impl.hpp"

namespace authbroker {
namespace {

std::string printed(X509_NAME* name) {
  const std::unique_ptr<BIO, int (*)(BIO*)> out(BIO_new(BIO_s_mem()), BIO_free);
  if (!out || name == nullptr || X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253) < 0) return "?";
  char* text = nullptr;
  const long n = BIO_get_mem_data(out.get(), &text);
  if (n <= 0) return "an empty subject";
  return escape_for_log({text, static_cast<std::size_t>(n)}, 160);  // RFC 2253 printing is ASCII already
}

std::string day(const ASN1_TIME* at) {
  std::tm when{};
  char text[32];
  if (ASN1_TIME_to_tm(at, &when) != 1 || std::strftime(text, sizeof text, "%Y-%m-%d", &when) == 0) return "?";
  return text;
}

// The names the certificate is good for: at most five, each cut.
std::string names_in(const X509* cert) {
  using names_ptr = std::unique_ptr<GENERAL_NAMES, void (*)(GENERAL_NAMES*)>;
  const names_ptr names(static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(cert, NID_subject_alt_name, nullptr, nullptr)), GENERAL_NAMES_free);
  std::string all;
  int shown = 0;
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* const one = sk_GENERAL_NAME_value(names.get(), i);
    std::string text;
    if (one->type == GEN_DNS) {
      const ASN1_STRING* const s = one->d.dNSName;
      text = escape_for_log({reinterpret_cast<const char*>(ASN1_STRING_get0_data(s)), static_cast<std::size_t>(ASN1_STRING_length(s))}, 64);
    } else if (one->type == GEN_IPADD) {
      const ASN1_STRING* const s = one->d.iPAddress;
      const unsigned char* const b = ASN1_STRING_get0_data(s);
      const int n = ASN1_STRING_length(s);
      for (int k = 0; k < n && k < 16; ++k) {
        char part[8];
        std::snprintf(part, sizeof part, n == 4 ? "%s%u" : "%s%02x", k == 0 || (n != 4 && k % 2 == 1) ? "" : (n == 4 ? "." : ":"), static_cast<unsigned>(b[k]));
        text += part;
      }
    } else {
      continue;
    }
    if (++shown > 5) return all + ", ...";
    all += (all.empty() ? "" : ", ") + text;
  }
  return all.empty() ? "no name at all (the common name does not count)" : all;
}

X509* sent_certificate(SSL* ssl) {
  if (X509* const peer = SSL_get0_peer_certificate(ssl)) return peer;
  STACK_OF(X509)* const chain = SSL_get_peer_cert_chain(ssl);  // set before verification, so there after a failed one too
  return chain != nullptr && sk_X509_num(chain) > 0 ? sk_X509_value(chain, 0) : nullptr;
}

std::string subject_of(SSL* ssl) {
  const X509* const cert = sent_certificate(ssl);
  return cert != nullptr ? " (" + printed(X509_get_subject_name(cert)) + ")" : std::string();
}

std::string pin_of(const X509* cert, spki_digest& digest) {
  unsigned char* der = nullptr;
  const int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);
  if (n <= 0) return {};
  SHA256(der, static_cast<std::size_t>(n), digest.data());
  OPENSSL_free(der);
  return "sha256//" + base64_encode({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

tls_context::failure wrong_name(SSL* ssl, const tls_note& note) {
  const X509* const cert = sent_certificate(ssl);
  std::string text = note.name.empty() ? "no server name to check the certificate against" : "the certificate is not for " + escape_for_log(note.name, 100);
  if (cert != nullptr) text += ": it names " + names_in(cert) + subject_of(ssl);
  return {reason::tls_name, text + "; use a name that it holds in the upstream's URL, or set tls.server_name"};
}

tls_context::failure unverified(SSL* ssl, long code, const tls_note& note) {
  if (code == X509_V_ERR_HOSTNAME_MISMATCH || code == X509_V_ERR_IP_ADDRESS_MISMATCH) return wrong_name(ssl, note);
  X509* const cert = sent_certificate(ssl);
  std::string text = X509_verify_cert_error_string(code);
  std::string hint;
  if (code == X509_V_ERR_CERT_HAS_EXPIRED && cert != nullptr && X509_cmp_current_time(X509_get0_notAfter(cert)) < 0)
    text += " on " + day(X509_get0_notAfter(cert));
  else if (code == X509_V_ERR_CERT_NOT_YET_VALID && cert != nullptr && X509_cmp_current_time(X509_get0_notBefore(cert)) > 0)
    text += ": valid from " + day(X509_get0_notBefore(cert)) + "; is the clock right?";
  else if (code == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT)
    hint = "; if that is intended, put the certificate into tls.ca_file or its key into tls.pin_sha256";
  else if (code == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY || code == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN ||
           code == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE || code == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT)
    hint = cert != nullptr ? "; it was issued by " + printed(X509_get_issuer_name(cert)) + ": put that CA into tls.ca_file, and have the server send its intermediates"
                           : std::string("; put its CA into tls.ca_file");
  return {reason::tls_untrusted, text + subject_of(ssl) + hint};
}

}  // namespace

tls_context::failure tls_context::judge_failed(SSL* ssl, int ssl_error) const {
  const int system_error = errno;
  const tls_note* const note = note_of(ssl);
  const unsigned long first = ERR_peek_error();
  const char* const words = first != 0 ? ERR_reason_error_string(first) : nullptr;
  const int why = ERR_GET_REASON(first);
  ERR_clear_error();
  impl_->sessions.drop(note->key);
  const std::string said = words != nullptr ? words : "unknown error";

  if (ssl_error == SSL_ERROR_SYSCALL || first == 0) {
    if (system_error == ECONNRESET || system_error == EPIPE) return {reason::upstream_down, "connection reset during the TLS handshake"};
    return {reason::upstream_down, "closed during the TLS handshake"};
  }
  if (ERR_GET_LIB(first) != ERR_LIB_SSL) return {reason::tls_untrusted, "TLS handshake failed: " + said + subject_of(ssl)};
  if (why == SSL_R_CERTIFICATE_VERIFY_FAILED) {
    const long code = SSL_get_verify_result(ssl);
    if (code != X509_V_OK) return unverified(ssl, code, *note);
    return {reason::tls_untrusted, "the certificate could not be verified" + subject_of(ssl)};
  }
  const std::string minimum = "; the least version accepted here is TLS " + impl_->minimum + " (tls.minimum)";
  switch (why) {
    case SSL_R_UNEXPECTED_EOF_WHILE_READING: return {reason::upstream_down, "closed during the TLS handshake"};
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
    case SSL_R_RECORD_LENGTH_MISMATCH:
    case SSL_R_BAD_RECORD_TYPE:
      return {reason::upstream_nonsense, "what came is not TLS (" + said + "); is this a TLS port?"};
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_UNSUPPORTED_SSL_VERSION:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
      return {reason::tls_untrusted, "no common TLS version: " + said + minimum};
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
    case SSL_R_TLSV1_ALERT_INSUFFICIENT_SECURITY:
      return {reason::tls_untrusted, "the server broke off: no cipher or version in common, or it wants a client certificate (" + said + ")" + minimum};
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
      return {reason::tls_untrusted, "the server refused our client certificate, or the lack of one (" + said + "); see tls.client_cert"};
    case SSL_R_TLSV1_UNRECOGNIZED_NAME:
      return {reason::tls_name, "the server does not know the name " + escape_for_log(note->name, 100) + " (" + said + ")"};
    case SSL_R_UNSAFE_LEGACY_RENEGOTIATION_DISABLED:
      return {reason::tls_untrusted, "the server is too old for secure renegotiation (RFC 5746)" + minimum};
    default:
      return {reason::tls_untrusted, "TLS handshake failed: " + said + subject_of(ssl)};
  }
}

tls_context::failure tls_context::judge_finished(SSL* ssl) const {
  tls_note* const note = note_of(ssl);
  failure f;
  X509* const cert = SSL_get0_peer_certificate(ssl);
  spki_digest key{};
  const auto host_flags = X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT;
  if (note == nullptr || note->name.empty()) {
    f = note == nullptr ? failure{reason::internal, "not our connection"} : wrong_name(ssl, *note);
  } else if (cert == nullptr) {
    f = {reason::tls_untrusted, "the server showed no certificate"};
  } else if (impl_->verify && SSL_get_verify_result(ssl) != X509_V_OK) {
    f = unverified(ssl, SSL_get_verify_result(ssl), *note);
  } else if (impl_->verify && note->is_address && X509_check_ip_asc(cert, note->name.c_str(), 0) != 1) {
    f = wrong_name(ssl, *note);
  } else if (impl_->verify && !note->is_address && X509_check_host(cert, note->name.data(), note->name.size(), host_flags, nullptr) != 1) {
    f = wrong_name(ssl, *note);
  } else if (impl_->verify && X509_cmp_current_time(X509_get0_notAfter(cert)) <= 0) {
    f = unverified(ssl, X509_V_ERR_CERT_HAS_EXPIRED, *note);
  } else if (STACK_OF(X509)* const chain = SSL_get0_verified_chain(ssl);
             impl_->verify && chain != nullptr && sk_X509_num(chain) > 1 && X509_check_ca(cert) == 1) {
    f = {reason::tls_untrusted, "the server's certificate is a CA's own (CA:TRUE) and not a server's" + subject_of(ssl)};
  } else if (!impl_->pins.empty()) {
    const std::string pin = pin_of(cert, key);
    if (pin.empty() || std::find(impl_->pins.begin(), impl_->pins.end(), key) == impl_->pins.end())
      f = {reason::tls_untrusted, "the server's key is not among tls.pin_sha256" + subject_of(ssl) + ": it is " + pin};
  }
  ERR_clear_error();
  if (note == nullptr) return f;
  if (f.why != reason::none) {
    impl_->sessions.drop(note->key);
    return f;
  }
  note->trusted = true;
  if (note->waiting) impl_->sessions.put(note->key, note->waiting.get());
  note->waiting.reset();
  return f;
}

std::string tls_trouble(int system_error) {
  const unsigned long first = ERR_get_error();
  ERR_clear_error();
  if (first == 0) return system_error == ECONNRESET || system_error == EPIPE ? "connection reset" : "connection lost";
  const int why = ERR_GET_REASON(first);
  if (ERR_GET_LIB(first) == ERR_LIB_SSL && why == SSL_R_UNEXPECTED_EOF_WHILE_READING) return "cut without close_notify";
  const char* const words = ERR_reason_error_string(first);
  std::string text = std::string("TLS: ") + (words != nullptr ? words : "unknown error");
  if (ERR_GET_LIB(first) == ERR_LIB_SSL && why == SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED) text += "; see tls.client_cert";
  return text;
}

std::string describe_tls(SSL* ssl) {
  std::string text = std::string(SSL_get_version(ssl)) + ' ' + SSL_get_cipher_name(ssl);
  if (X509* const cert = SSL_get0_peer_certificate(ssl)) {
    spki_digest digest{};
    text += ", " + printed(X509_get_subject_name(cert)) + ", until " + day(X509_get0_notAfter(cert));
    text += ", for " + names_in(cert) + ", issued by " + printed(X509_get_issuer_name(cert)) + ", key " + pin_of(cert, digest);
    ERR_clear_error();
  }
  if (SSL_session_reused(ssl) == 1) text += ", resumed";
  return text;
}

}  // namespace authbroker
