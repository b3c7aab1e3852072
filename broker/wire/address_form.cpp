// Attack  the local part is a sender's. As a table's value it is read as a list of addresses: x,root@example.com must not
//         become two of them.
#include "wire/address_form.hpp"

#include <algorithm>
#include <optional>

#include "base/text.hpp"

namespace authbroker {
namespace {

bool letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }
bool is_utf8(char c) { return static_cast<unsigned char>(c) >= 0x80; }
// RFC 5322's atext with RFC 6531's, and the dot between.
bool needs_no_quotes(char c) {
  return letter_or_digit(c) || is_utf8(c) || std::string_view("!#$%&'*+-/=?^_`{|}~.").find(c) != std::string_view::npos;
}

bool is_plain(std::string_view local) { return !local.empty() && std::all_of(local.begin(), local.end(), needs_no_quotes); }
bool is_dot_string(std::string_view local) {
  return is_plain(local) && local.front() != '.' && local.back() != '.' && local.find("..") == std::string_view::npos;
}

// What a quoted string means; nullopt if it is none.
std::optional<std::string> unquoted(std::string_view local) {
  if (local.size() < 3 || local.front() != '"' || local.back() != '"') return {};
  local = local.substr(1, local.size() - 2);
  std::string out;
  for (std::size_t i = 0; i < local.size(); ++i) {
    if (local[i] == '"') return {};
    if (local[i] == '\\' && ++i == local.size()) return {};
    out += local[i];
  }
  return out;
}

}  // namespace

std::string quoted_address(std::string_view typed) {
  const std::size_t at = typed.rfind('@');
  if (at == std::string_view::npos || at == 0 || has_control(typed)) return std::string(typed);
  const std::string_view local = typed.substr(0, at);
  if (is_plain(local)) return std::string(typed);
  const std::optional<std::string> inside = unquoted(local);
  const std::string_view meaning = inside ? std::string_view(*inside) : local;
  std::string out;
  out.reserve(typed.size() + 2);
  if (is_dot_string(meaning)) {
    out += meaning;
  } else {
    out += '"';
    for (const char c : meaning) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    out += '"';
  }
  return out += typed.substr(at);
}

bool stands_alone(std::string_view address) {
  const std::size_t at = address.rfind('@');
  if (at == std::string_view::npos || has_control(address)) return false;
  const std::string_view local = address.substr(0, at), domain = address.substr(at + 1);
  const bool host = !domain.empty() && std::all_of(domain.begin(), domain.end(), [](char c) { return letter_or_digit(c) || is_utf8(c) || c == '-' || c == '.' || c == '_'; });
  return host && (is_plain(local) || unquoted(local));
}

}  // namespace authbroker
