#include "text.hpp"

#include <charconv>

namespace directory {
namespace {

constexpr std::string_view digits = "0123456789abcdef";

void hex(std::string& out, unsigned char byte) {
  out.push_back('\\');
  out.push_back(digits[byte >> 4]);
  out.push_back(digits[byte & 15]);
}

// The special characters, and controls.
constexpr bool special_in_dn(char c) noexcept {
  switch (c) {
    case ',':
    case '+':
    case '"':
    case '\\':
    case '<':
    case '>':
    case ';':
    case '=':
    case '\x7f': return true;
    default: return static_cast<unsigned char>(c) < 0x20;
  }
}

constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

}  // namespace

filter_value::filter_value(std::string_view raw) {
  for (const char c : raw) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte >= 0x7f || c == '*' || c == '(' || c == ')' || c == '\\') hex(text_, byte);
    else text_.push_back(c);
  }
}

dn_value::dn_value(std::string_view raw) {
  const auto odd = [raw](std::size_t i) {
    const char c = raw[i];
    return special_in_dn(c) || (c == ' ' && (i == 0 || i + 1 == raw.size())) || (c == '#' && i == 0);
  };
  for (std::size_t i = 0, plain = 0; i < raw.size(); plain = ++i) {
    while (i < raw.size() && !odd(i)) ++i;
    text_.append(raw.substr(plain, i - plain));
    if (i < raw.size()) hex(text_, static_cast<unsigned char>(raw[i]));
  }
}

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

bool same_word(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (lower(a[i]) != lower(b[i])) return false;
  return true;
}

std::optional<std::uint32_t> ad_subcode(std::string_view diagnostic) noexcept {
  constexpr std::string_view before = ", data ";
  constexpr std::string_view after = ", v";
  for (std::size_t at = diagnostic.rfind(before); at != std::string_view::npos;
       at = at == 0 ? std::string_view::npos : diagnostic.rfind(before, at - 1)) {
    const std::string_view rest = diagnostic.substr(at + before.size());
    const std::size_t n = rest.find(',');
    if (n == std::string_view::npos || n == 0 || n > 8 || !rest.substr(n).starts_with(after)) continue;
    std::uint32_t code = 0;
    const auto [end, trouble] = std::from_chars(rest.data(), rest.data() + n, code, 16);
    if (trouble == std::errc() && end == rest.data() + n) return code;
  }
  return {};
}

}  // namespace directory
