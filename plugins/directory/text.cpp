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

constexpr bool special_in_dn(char c) noexcept {
  switch (c) {
    case ',':
    case '+':
    case '"':
    case '\\':
    case '<':
    case '>':
    case ';':
    case '=': return true;
    default: return false;
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
  text_.reserve(raw.size());
  for (std::size_t i = 0; i < raw.size(); ++i) {
    const char c = raw[i];
    const auto byte = static_cast<unsigned char>(c);
    const bool edge = (c == ' ' && (i == 0 || i + 1 == raw.size())) || (c == '#' && i == 0);
    if (special_in_dn(c) || edge || byte < 0x20 || byte == 0x7f) hex(text_, byte);
    else text_.push_back(c);
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
