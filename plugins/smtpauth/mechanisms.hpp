// The SASL mechanisms that a login can use, and what is peculiar to each. Pure.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace smtpauth {

enum class mechanism : std::uint8_t { scram_sha_256, scram_sha_1, digest_md5, cram_md5, ntlm, plain, login };
inline constexpr std::array every_mechanism{mechanism::scram_sha_256, mechanism::scram_sha_1, mechanism::digest_md5, mechanism::cram_md5,
                                            mechanism::ntlm, mechanism::plain, mechanism::login};

// As SASL spells it, "SCRAM-SHA-256"; all of them are in upper case.
std::string_view name_of(mechanism);
// The word for it in the names of rules and attributes: "scram-sha-256".
std::string word_of(mechanism);

// Computed by the SASL library; the others are two lines of base64 and need none.
bool needs_library(mechanism);
// The client begins, with its name and without anything of the password, so that this may go with the AUTH command.
bool speaks_first(mechanism);
// The server's first challenge is not looked at: NTLM's is a text for people (MS-SMTPNTLM).
bool ignores_first_challenge(mechanism);

}  // namespace smtpauth
