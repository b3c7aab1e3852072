#include "wire/json_writer.hpp"

#include <charconv>

#include "base/text.hpp"

namespace authbroker {
namespace {

// The bytes that do not stand for themselves in a string.
constexpr byte_classes odd_bytes = [] {
  byte_classes t{};
  for (std::size_t c = 0; c < 256; ++c) t[c] = c < 0x20 || c > 0x7e || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&';
  return t;
}();

constexpr auto put = text_buffer::copy_to;

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

char* write_escape(char* to, unsigned code_unit) {
  constexpr std::string_view hex = "0123456789abcdef";
  to = put(to, "\\u");
  for (unsigned shift = 16; shift != 0;) {
    shift -= 4;
    *to++ = hex[code_unit >> shift & 0xfU];
  }
  return to;
}

constexpr std::size_t odd_bytes_max = 6;  // that come of one byte

// Writes what stands for the byte or the sequence at `i`, which goes behind it.
char* write_odd(char* to, std::string_view text, std::size_t& i) {
  const unsigned c = byte(text, i++);
  switch (c) {
    case '"': return put(to, "\\\"");
    case '\\': return put(to, "\\\\");
    case '\n': return put(to, "\\n");
    case '\r': return put(to, "\\r");
    case '\t': return put(to, "\\t");
    default: break;
  }
  if (c < 0x80) return write_escape(to, c);
  const std::size_t n = sequence(text, i - 1);
  if (n == 0) return put(to, "\xef\xbf\xbd");
  const std::string_view s = text.substr(i - 1, n);
  i += n - 1;
  if (s == "\xe2\x80\xa8" || s == "\xe2\x80\xa9") return write_escape(to, s.back() == '\xa8' ? 0x2028 : 0x2029);
  return put(to, s);
}

}  // namespace

void append_json_string(text_buffer& out, std::string_view text) {
  char* to = out.room(text.size() + 2);
  *to++ = '"';
  if (classes_of(text, odd_bytes) == 0) {
    to = put(to, text);
  } else {
    for (std::size_t i = 0; i < text.size();) {
      out.wrote(to);
      to = out.room(text.size() - i + odd_bytes_max + 1);  // for what follows if it is plain, this character, and the quote
      if (odd_bytes[static_cast<unsigned char>(text[i])] == 0)
        *to++ = text[i++];
      else
        to = write_odd(to, text, i);
    }
  }
  *to++ = '"';
  out.wrote(to);
}

json_writer& json_writer::open(char c) {
  char* const to = separate(1);
  *to = c;
  text_.wrote(to + 1);
  comma_ = false;
  ++depth_;
  return *this;
}

json_writer& json_writer::close(char c) {
  text_.append({&c, 1});
  comma_ = true;
  if (--depth_ == 0) {
    out_ += text_.view();
    text_.clear();
    comma_ = false;
  }
  return *this;
}

json_writer& json_writer::key(std::string_view name) {
  char* to = separate(name.size() + 3);
  *to++ = '"';
  to = put(to, name);
  *to++ = '"';
  *to++ = ':';
  text_.wrote(to);
  comma_ = false;
  return *this;
}

json_writer& json_writer::value(std::string_view text) {
  text_.wrote(separate(0));
  append_json_string(text_, text);
  return *this;
}

json_writer& json_writer::value(std::int64_t n) {
  constexpr std::size_t digits_max = 20;
  char* const to = separate(digits_max);
  text_.wrote(std::to_chars(to, to + digits_max, n).ptr);
  return *this;
}

json_writer& json_writer::word(std::string_view w) {
  text_.wrote(put(separate(w.size()), w));
  return *this;
}

json_writer& json_writer::colon() {
  text_.append(":");
  comma_ = false;
  return *this;
}

}  // namespace authbroker
