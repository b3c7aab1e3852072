#include "challenge.hpp"

#include <abk/words.hpp>

#include <algorithm>

namespace smtpauth {
namespace {

int value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  if (c == '/') return 63;
  return -1;
}

}  // namespace

std::optional<std::string> decode_base64(std::string_view text) {
  if (text.size() % 4 != 0 || text.size() > challenge_bytes_max) return {};
  std::string out;
  out.reserve(text.size() / 4 * 3);
  while (!text.empty()) {
    const bool last = text.size() == 4;
    const std::size_t digits = last && text[3] == '=' ? (text[2] == '=' ? 2U : 3U) : 4U;
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      const int v = i < digits ? value(text[i]) : 0;
      if (v < 0) return {};
      group = group << 6 | static_cast<std::uint32_t>(v);
    }
    if (digits < 4 && (group & (digits == 2 ? 0xffffU : 0xffU)) != 0) return {};
    for (std::size_t i = 0; i + 1 < digits; ++i) out += static_cast<char>(group >> (16 - 8 * i) & 0xffU);
    text.remove_prefix(4);
  }
  return out;
}

bool too_costly(std::string_view server_first) {
  while (!server_first.empty()) {
    const std::string_view field = server_first.substr(0, server_first.find(','));
    server_first.remove_prefix(std::min(field.size() + 1, server_first.size()));
    if (!field.starts_with("i=")) continue;
    std::uint32_t n = 0;
    for (const char c : field.substr(2)) {
      if (c < '0' || c > '9') return true;
      n = n * 10 + static_cast<std::uint32_t>(c - '0');
      if (n > scram_iterations_max) return true;
    }
    return n == 0;
  }
  return true;
}

bool digest_in_order(std::string_view message, bool first) {
  constexpr std::string_view proof = "rspauth=";
  if (first) return !message.empty() && !abk::begins_with(message, proof);
  if (!message.starts_with(proof)) return false;
  message.remove_prefix(proof.size());
  return message.size() == 32 && message.find_first_not_of("0123456789abcdef") == message.npos;
}

}  // namespace smtpauth
