// A server's challenge in base64. Pure.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace smtpauth {

// The longest challenge and the longest response, in base64 (RFC 4954).
inline constexpr std::size_t challenge_bytes_max = 12'288;

// The bytes that `text` stands for; nothing unless it is the one spelling that base64 has for them: no blanks, full padding, no
// bits left over. Empty text is an empty challenge.
std::optional<std::string> decode_base64(std::string_view text);

// SCRAM has the client repeat a hash as often as the server says. 20,000 times take a processor some
// fifty milliseconds, which a server must not be able to ask for without end; RFC 7677 asks for 15,000, servers mostly for 4,096.
inline constexpr std::uint32_t scram_iterations_max = 20'000;
// True if a server's first message of SCRAM asks for more, or does not say how many.
bool too_costly(std::string_view server_first);

// True if a message of DIGEST-MD5 has the form of its place: the first is a challenge, the second the server's proof and nothing
// else. The library (2.1.28) crashes where a proof comes first.
bool digest_in_order(std::string_view message, bool first);

}  // namespace smtpauth
