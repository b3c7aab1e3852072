// Small pure functions on bytes.
#pragma once
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <span>
#include <string_view>

namespace authbroker {

class text_buffer;

// What each byte is to somebody: the bits are his. What all bytes of a text are, or-ed together, is a question without a branch
// a byte.
using byte_classes = std::array<std::uint8_t, 256>;
unsigned classes_of(std::string_view, const byte_classes&);

constexpr char lower_ascii(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
std::string to_lower(std::string_view);
bool equal_fold(std::string_view, std::string_view);  // ASCII case folded
std::string_view trim(std::string_view);              // spaces and tabs

// Nothing but U+0020 to U+007E, of which most names and texts are: none of what is looked for below.
bool printable_ascii(std::string_view);
// Well-formed UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF.
bool valid_utf8(std::string_view);
// Holds a byte below 0x20, 0x7F, or a C1 control (U+0080..U+009F, in UTF-8 or alone).
bool has_control(std::string_view);

// One line, printable ASCII: every other byte as \xNN, a backslash doubled, quotes as \", cut at `bytes_max` of input.
std::string escape_for_log(std::string_view, std::size_t bytes_max = 200);
void append_escaped(text_buffer& out, std::string_view, std::size_t bytes_max);  // the same, at the end of `out`
// The bytes that are escaped there, and those that would end a value without quotes.
inline constexpr std::uint8_t escaped_in_log = 1, quoted_in_log = 2;
inline constexpr byte_classes log_bytes = [] {
  byte_classes t{};
  for (std::size_t c = 0; c < 256; ++c) t[c] = c < 0x20 || c > 0x7E || c == '\\' || c == '"' ? escaped_in_log : 0;
  t[' '] = t['='] = quoted_in_log;
  return t;
}();
// Text of an upstream for a user's eyes: valid UTF-8 or '?', controls and bidi marks out, at most `chars_max` code points.
std::string clean_notice(std::string_view, std::size_t chars_max = 200);

std::string base64_encode(std::string_view);
// Strict: canonical form only; nullopt for white space, wrong padding, other alphabets or non-zero trailing bits.
// Writes to `out`, which must have room for 3/4 of the input; returns the bytes written. The caller wipes.
std::optional<std::size_t> base64_decode(std::string_view in, char* out);

// "300ms", "5s", "10m", "2h", "31d". Nullopt for everything else: no sign, no fraction, no bare number; at most 10 years.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view);
// "64KiB", "1MiB", "4096B". At most 1 GiB.
std::optional<std::uint64_t> parse_size(std::string_view);
std::string format_duration(std::chrono::milliseconds);

// True if `text` holds the password, or its base64 at any of the three alignments, other than as a part of one of `names`
// (those that were asked about): such a text must not be shown. With the password alone made illegible, what stands around it
// would tell what it was: the names and the configuration are no secrets.
bool tells_password(std::string_view text, std::string_view password, std::span<const std::string_view> names);
inline constexpr std::string_view text_withheld = "(withheld: it holds what was typed as the password)";

}  // namespace authbroker
