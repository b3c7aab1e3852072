// Words of text protocols, which know no letter case, and what refusals say to people when no code says it to programs. Pure.
#pragma once
#include <algorithm>
#include <initializer_list>
#include <string_view>

namespace abk {

namespace detail {
constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
constexpr bool same_letter(char a, char b) noexcept { return lower(a) == lower(b); }
}  // namespace detail

// Letter case, of ASCII, does not matter in these.
inline bool same_word(std::string_view a, std::string_view b) noexcept { return std::equal(a.begin(), a.end(), b.begin(), b.end(), detail::same_letter); }
inline bool begins_with(std::string_view text, std::string_view part) noexcept { return same_word(text.substr(0, part.size()), part); }
inline bool contains(std::string_view text, std::string_view part) noexcept {
  return std::search(text.begin(), text.end(), part.begin(), part.end(), detail::same_letter) != text.end();
}
inline bool contains_one_of(std::string_view text, std::initializer_list<std::string_view> parts) noexcept {
  return std::any_of(parts.begin(), parts.end(), [text](std::string_view part) { return contains(text, part); });
}

// Takes the next word off the front of `line`; words are separated by spaces and tabs. Empty: there is none.
inline std::string_view next_word(std::string_view& line) noexcept {
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  const std::string_view word = line.substr(0, line.find_first_of(" \t"));
  line.remove_prefix(word.size());
  return word;
}

// True for what may go into a protocol line as an IP address.
inline bool an_address(std::string_view text) noexcept {
  return !text.empty() && text.size() <= 45 && text.find_first_not_of("0123456789abcdefABCDEF:.") == text.npos;
}

// ---- what refusals say. A match never makes a yes or a no: it keeps a refusal from being read as one of credentials.

// A server that has no room for us now.
inline bool says_busy(std::string_view text) noexcept {
  return contains_one_of(text, {"too many", "busy", "try again", "try later", "retry", "maximum", "limit", "overload", "temporar"});
}
// Trouble that is never about a password, from servers that have no codes to say so.
inline bool says_trouble(std::string_view text) noexcept {
  return contains_one_of(text, {"temporar", "try again later", "try later", "internal error", "server error", "system error", "unavailable", "overload",
                                "too many connections", "shutting down", "autologout", "idle too long", "timed out", "timeout"});
}
// The server takes no password over a connection that is not encrypted.
inline bool says_cleartext_refused(std::string_view text) noexcept {
  return (contains_one_of(text, {"plaintext", "plain text", "cleartext", "clear text", "unencrypted", "non-secure"}) &&
          contains_one_of(text, {"disallow", "not allow", "not permit", "disable", "forbid", "refuse", "denied", "require"})) ||
         (contains_one_of(text, {"tls", "ssl", "encrypt", "secure connection"}) &&
          contains_one_of(text, {"require", "must", "only valid", "only available", "need", "before"})) ||
         contains_one_of(text, {"must use tls", "must use ssl", "use ssl/tls", "tls required", "ssl required", "encryption required", "must issue a stls", "stls first"});
}
// This account may not log in that often (CommuniGate).
inline bool says_too_frequent(std::string_view text) noexcept {
  return contains_one_of(text, {"too frequent", "too often", "login frequency", "logins are limited", "login rate"});
}

}  // namespace abk
