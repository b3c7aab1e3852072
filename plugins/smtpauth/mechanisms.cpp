#include "mechanisms.hpp"

namespace smtpauth {

std::string_view name_of(mechanism m) {
  switch (m) {
    case mechanism::scram_sha_256: return "SCRAM-SHA-256";
    case mechanism::scram_sha_1: return "SCRAM-SHA-1";
    case mechanism::digest_md5: return "DIGEST-MD5";
    case mechanism::cram_md5: return "CRAM-MD5";
    case mechanism::ntlm: return "NTLM";
    case mechanism::plain: return "PLAIN";
    case mechanism::login: return "LOGIN";
  }
  return {};
}

std::string word_of(mechanism m) {
  std::string out(name_of(m));
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

bool needs_library(mechanism m) { return m != mechanism::plain && m != mechanism::login; }
bool speaks_first(mechanism m) { return m == mechanism::scram_sha_256 || m == mechanism::scram_sha_1; }
bool ignores_first_challenge(mechanism m) { return m == mechanism::ntlm; }

}  // namespace smtpauth
