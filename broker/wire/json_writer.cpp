#include "wire/json_writer.hpp"

#include <array>
#include <charconv>

namespace authbroker {
namespace {

// True for bytes that stand for themselves in a string.
constexpr auto plain_bytes = [] {
  std::array<bool, 256> t{};
  for (std::size_t c = 0x20; c < 0x7f; ++c) t[c] = c != '"' && c != '\\' && c != '<' && c != '>' && c != '&';
  return t;
}();

unsigned byte(std::string_view text, std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; }

// The length of the well-formed UTF-8 sequence at `i`, which is not ASCII; 0 if there is none.
std::size_t sequence(std::string_view text, std::size_t i) {
  const unsigned a = byte(text, i), b = byte(text, i + 1);
  const auto tail = [&](std::size_t k) { return (byte(text, i + k) & 0xc0U) == 0x80U; };
  if (a >= 0xc2 && a <= 0xdf) return tail(1) ? 2 : 0;
  if (a >= 0xe0 && a <= 0xef) {
    if ((a == 0xe0 && b < 0xa0) || (a == 0xed && b > 0x9f)) return 0;
    return tail(1) && tail(2) ? 3 : 0;
  }
  if (a >= 0xf0 && a <= 0xf4) {
    if ((a == 0xf0 && b < 0x90) || (a == 0xf4 && b > 0x8f)) return 0;
    return tail(1) && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

void append_escape(std::string& out, unsigned code_unit) {
  constexpr std::string_view hex = "0123456789abcdef";
  out += "\\u";
  for (unsigned shift = 16; shift != 0;) {
    shift -= 4;
    out += hex[code_unit >> shift & 0xfU];
  }
}

void append_odd(std::string& out, std::string_view text, std::size_t& i) {
  const unsigned c = byte(text, i);
  switch (c) {
    case '"': out += "\\\""; break;
    case '\\': out += "\\\\"; break;
    case '\n': out += "\\n"; break;
    case '\r': out += "\\r"; break;
    case '\t': out += "\\t"; break;
    default:
      if (c < 0x80) {
        append_escape(out, c);
      } else if (const std::size_t n = sequence(text, i); n == 0) {
        out += "\xef\xbf\xbd";
      } else if (const std::string_view s = text.substr(i, n); s == "\xe2\x80\xa8" || s == "\xe2\x80\xa9") {
        append_escape(out, s.back() == '\xa8' ? 0x2028 : 0x2029);
        i += n - 1;
      } else {
        out += s;
        i += n - 1;
      }
  }
  ++i;
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  std::size_t i = 0;
  while (i < text.size()) {
    const std::size_t begin = i;
    while (i < text.size() && plain_bytes[static_cast<unsigned char>(text[i])]) ++i;
    out.append(text, begin, i - begin);
    if (i < text.size()) append_odd(out, text, i);
  }
  out += '"';
}

void json_writer::separate() {
  if (comma_) out_ += ',';
  comma_ = true;
}

json_writer& json_writer::open(char c) {
  separate();
  out_ += c;
  comma_ = false;
  return *this;
}

json_writer& json_writer::close(char c) {
  out_ += c;
  comma_ = true;
  return *this;
}

json_writer& json_writer::key(std::string_view name) {
  out_.append(comma_ ? ",\"" : "\"").append(name).append("\":");
  comma_ = false;
  return *this;
}

json_writer& json_writer::value(std::string_view text) {
  separate();
  append_json_string(out_, text);
  return *this;
}

json_writer& json_writer::value(std::int64_t n) {
  separate();
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), n).ptr;
  out_.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
  return *this;
}

json_writer& json_writer::value(bool b) {
  separate();
  out_ += b ? "true" : "false";
  return *this;
}

json_writer& json_writer::null() {
  separate();
  out_ += "null";
  return *this;
}

json_writer& json_writer::colon() {
  out_ += ':';
  comma_ = false;
  return *this;
}

}  // namespace authbroker
