#include "wire/tcp_table.hpp"

#include <optional>

namespace authbroker {
namespace {

constexpr std::string_view hex_digits = "0123456789ABCDEF";

// Printable ASCII other than the space.
bool stands_for_itself(char c) { return c > ' ' && static_cast<unsigned char>(c) < 0x7f; }

std::optional<unsigned> digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  return std::nullopt;
}

// False: a '%' without two digits behind it, or a byte that should have been encoded.
bool decode(std::string_view in, std::string& out) {
  out.reserve(in.size());
  for (std::size_t i = 0; i < in.size(); ++i) {
    if (in[i] != '%') {
      if (!stands_for_itself(in[i])) return false;
      out += in[i];
      continue;
    }
    if (in.size() - i < 3) return false;
    const auto high = digit(in[i + 1]), low = digit(in[i + 2]);
    if (!high || !low) return false;
    out += static_cast<char>(*high << 4 | *low);
    i += 2;
  }
  return true;
}

void encode(std::string& out, std::string_view in) {
  for (const char c : in) {
    if (stands_for_itself(c) && c != '%') {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += hex_digits[byte >> 4];
    out += hex_digits[byte & 0xf];
  }
}

}  // namespace

tcp_table_outcome parse_tcp_table(std::string_view in, std::size_t line_bytes_max) {
  tcp_table_outcome out;
  const std::size_t end = in.substr(0, line_bytes_max).find('\n');
  if (end == std::string_view::npos) {
    if (in.size() >= line_bytes_max) out.what = progress::malformed;
    return out;
  }
  out.what = progress::message;
  out.used = end + 1;
  const std::string_view line = in.substr(0, end);
  constexpr std::string_view get = "get ";
  out.is_get = line.starts_with(get) && decode(line.substr(get.size()), out.key);
  if (!out.is_get) out.key.clear();
  return out;
}

void append_tcp_table(std::string& out, tcp_table_status s, std::string_view text) {
  const std::size_t start = out.size();
  const auto write = [&out](tcp_table_status as, std::string_view with) {
    out += std::to_string(static_cast<unsigned>(as));
    out += ' ';
    encode(out, with);
    out += '\n';
  };
  if (!text.empty() && text.size() < tcp_table_line_bytes_max) write(s, text);
  if (out.size() != start && out.size() - start <= tcp_table_line_bytes_max) return;
  out.resize(start);
  write(tcp_table_status::temporary, "no value that can be said");
}

std::string encode_tcp_table(std::string_view key) {
  std::string out = "get ";
  encode(out, key);
  out += '\n';
  return out;
}

}  // namespace authbroker
