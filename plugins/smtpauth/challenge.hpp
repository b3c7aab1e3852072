// A server's challenge in base64. Pure.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace smtpauth {

// The longest challenge and the longest response, in base64 (RFC 4954).
inline constexpr std::size_t challenge_bytes_max = 12'288;

// The bytes that `text` stands for; nothing unless it is the one spelling that base64 has for them: no blanks, full padding, no
// bits left over. Empty text is an empty challenge.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace smtpauth
