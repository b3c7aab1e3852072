#include "names.hpp"

#include <arpa/inet.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace smtp {
namespace {

bool letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

bool is_address(int family, std::string_view text) {
  std::array<char, 64> copy{};
  std::array<unsigned char, 16> out{};
  if (text.size() >= copy.size() || text.find('\0') != text.npos) return false;
  std::copy(text.begin(), text.end(), copy.begin());
  return inet_pton(family, copy.data(), out.data()) == 1;
}

bool is_literal(std::string_view inside) {
  constexpr std::string_view tag = "IPv6:";
  if (inside.starts_with(tag)) return is_address(AF_INET6, inside.substr(tag.size()));
  return is_address(AF_INET, inside);
}

bool is_domain(std::string_view name) {
  if (name.empty() || name.size() > 255) return false;
  for (std::size_t at = 0; at <= name.size();) {
    const std::size_t end = std::min(name.find('.', at), name.size());
    const std::string_view label = name.substr(at, end - at);
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
    if (!std::all_of(label.begin(), label.end(), [](char c) { return letter_or_digit(c) || c == '-'; })) return false;
    at = end + 1;
  }
  return true;
}

}  // namespace

std::string helo_problem(std::string_view name) {
  const bool literal = name.size() > 2 && name.front() == '[' && name.back() == ']';
  if (literal ? is_literal(name.substr(1, name.size() - 2)) : is_domain(name)) return {};
  return "\"" + std::string(name) + "\"; wanted: a domain, such as \"broker.example.com\", or an address literal, such as \"[192.0.2.1]\"";
}

std::string own_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) name[0] = '\0';
  const std::string found = name.data();
  return found.find('.') != found.npos && is_domain(found) ? found : "[127.0.0.1]";
}

std::string xclient_address(std::string_view address) {
  if (is_address(AF_INET, address)) return std::string(address);
  if (is_address(AF_INET6, address)) return "IPV6:" + std::string(address);
  return {};
}

std::string xtext(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte < 0x7f && c != '+' && c != '=') {
      out += c;
    } else {
      out += '+';
      out += digits[byte >> 4];
      out += digits[byte & 15];
    }
  }
  return out;
}

}  // namespace smtp
