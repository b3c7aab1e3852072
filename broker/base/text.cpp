#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/secret.hpp"
#include "base/text_buffer.hpp"

namespace authbroker {

unsigned classes_of(std::string_view s, const byte_classes& table) {
  unsigned all = 0;
#pragma GCC unroll 8
  for (const char c : s) all |= table[static_cast<unsigned char>(c)];
  return all;
}

std::string to_lower(std::string_view s) {
  std::string out(s);
  std::transform(out.begin(), out.end(), out.begin(), lower_ascii);
  return out;
}

bool equal_fold(std::string_view a, std::string_view b) {
  return a == b || std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower_ascii(x) == lower_ascii(y); });
}

std::string_view trim(std::string_view s) {
  while (!s.empty() && (s.front() == ' ' || s.front() == '\t')) s.remove_prefix(1);
  while (!s.empty() && (s.back() == ' ' || s.back() == '\t')) s.remove_suffix(1);
  return s;
}

namespace {

// The code point at the front of `s` and its length; length 0 if it is not well-formed.
struct code_point {
  std::uint32_t value;
  std::size_t bytes;
};
code_point decode(std::string_view s) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(s[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {first, 1};
  std::size_t n = 0;
  std::uint32_t value = 0;
  std::uint32_t least = 0;
  if (first >= 0xC2 && first <= 0xDF) n = 2, value = first & 0x1Fu, least = 0x80;
  else if (first >= 0xE0 && first <= 0xEF) n = 3, value = first & 0x0Fu, least = 0x800;
  else if (first >= 0xF0 && first <= 0xF4) n = 4, value = first & 0x07u, least = 0x10000;
  else return {0, 0};
  if (s.size() < n) return {0, 0};
  for (std::size_t i = 1; i < n; ++i) {
    if ((byte(i) & 0xC0u) != 0x80u) return {0, 0};
    value = value << 6 | (byte(i) & 0x3Fu);
  }
  if (value < least || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) return {0, 0};
  return {value, n};
}

constexpr std::string_view base64_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<signed char, 256> base64_values = [] {
  std::array<signed char, 256> values{};
  values.fill(-1);
  for (std::size_t i = 0; i < 64; ++i) values[static_cast<unsigned char>(base64_alphabet[i])] = static_cast<signed char>(i);
  return values;
}();

}  // namespace

bool printable_ascii(std::string_view s) {
  static constexpr byte_classes other = [] {
    byte_classes t{};
    for (std::size_t c = 0; c < 256; ++c) t[c] = c < 0x20 || c > 0x7E;
    return t;
  }();
  return classes_of(s, other) == 0;
}

bool valid_utf8(std::string_view s) {
  while (!s.empty()) {
    const code_point c = decode(s);
    if (c.bytes == 0) return false;
    s.remove_prefix(c.bytes);
  }
  return true;
}

bool has_control(std::string_view s) {
  while (!s.empty()) {
    const auto first = static_cast<unsigned char>(s[0]);
    if (first < 0x20 || first == 0x7F) return true;
    const code_point c = decode(s);
    if (c.bytes == 0) {
      if (first <= 0x9F) return true;  // a stray C1 byte
      s.remove_prefix(1);
      continue;
    }
    if (c.value >= 0x80 && c.value <= 0x9F) return true;
    s.remove_prefix(c.bytes);
  }
  return false;
}

void append_escaped(text_buffer& out, std::string_view s, std::size_t bytes_max) {
  static constexpr std::string_view hex = "0123456789abcdef";
  const bool cut = s.size() > bytes_max;
  s = s.substr(0, bytes_max);
  char* to = out.room(4 * s.size() + 3);
  if ((classes_of(s, log_bytes) & escaped_in_log) == 0) {
    to = text_buffer::copy_to(to, s);
  } else {
    for (const char ch : s) {
      const auto c = static_cast<unsigned char>(ch);
      if ((log_bytes[c] & escaped_in_log) == 0) {
        *to++ = ch;
        continue;
      }
      *to++ = '\\';
      if (c == '\\' || c == '"') {
        *to++ = ch;
      } else {
        *to++ = 'x';
        *to++ = hex[c >> 4];
        *to++ = hex[c & 15];
      }
    }
  }
  if (cut) to = text_buffer::copy_to(to, "...");
  out.wrote(to);
}

std::string escape_for_log(std::string_view s, std::size_t bytes_max) {
  text_buffer out;
  append_escaped(out, s, bytes_max);
  return std::string(out.view());
}

std::string clean_notice(std::string_view s, std::size_t chars_max) {
  if (printable_ascii(s)) return std::string(trim(s.substr(0, chars_max)));
  std::string out;
  for (std::size_t chars = 0; !s.empty() && chars < chars_max; ++chars) {
    const code_point c = decode(s);
    if (c.bytes == 0) {
      out += '?';
      s.remove_prefix(1);
      continue;
    }
    const bool control = c.value < 0x20 || (c.value >= 0x7F && c.value <= 0x9F);
    const bool invisible = (c.value >= 0x200B && c.value <= 0x200F) || (c.value >= 0x2028 && c.value <= 0x202E) ||
                           (c.value >= 0x2060 && c.value <= 0x206F) || c.value == 0xFEFF || c.value == 0x061C;
    if (control) out += ' ';
    else if (!invisible) out.append(s.substr(0, c.bytes));
    s.remove_prefix(c.bytes);
  }
  return std::string(trim(out));
}

std::string base64_encode(std::string_view in) {
  std::string out;
  out.reserve((in.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < in.size(); i += 3) {
    const auto byte = [&](std::size_t k) { return i + k < in.size() ? static_cast<unsigned char>(in[i + k]) : 0u; };
    const std::uint32_t group = byte(0) << 16 | byte(1) << 8 | byte(2);
    out += base64_alphabet[group >> 18];
    out += base64_alphabet[group >> 12 & 63];
    out += i + 1 < in.size() ? base64_alphabet[group >> 6 & 63] : '=';
    out += i + 2 < in.size() ? base64_alphabet[group & 63] : '=';
  }
  return out;
}

std::optional<std::size_t> base64_decode(std::string_view in, char* out) {
  if (in.size() % 4 != 0) return std::nullopt;
  std::size_t written = 0;
  for (std::size_t i = 0; i < in.size(); i += 4) {
    const bool last = i + 4 == in.size();
    const std::size_t padding = !last ? 0 : in[i + 3] != '=' ? 0 : in[i + 2] != '=' ? 1 : 2;
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 4; ++k) {
      const int value = k >= 4 - padding ? 0 : base64_values[static_cast<unsigned char>(in[i + k])];
      if (value < 0) return std::nullopt;
      group = group << 6 | static_cast<std::uint32_t>(value);
    }
    if ((padding == 1 && (group & 0xFF) != 0) || (padding == 2 && (group & 0xFFFF) != 0)) return std::nullopt;
    out[written++] = static_cast<char>(group >> 16);
    if (padding < 2) out[written++] = static_cast<char>(group >> 8 & 0xFF);
    if (padding < 1) out[written++] = static_cast<char>(group & 0xFF);
  }
  return written;
}

namespace {
struct unit {
  std::string_view name;
  std::uint64_t factor;
};
std::optional<std::uint64_t> parse_with_unit(std::string_view s, std::span<const unit> units, std::uint64_t most) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), number);
  if (error != std::errc{} || end == s.data()) return std::nullopt;
  const std::string_view name(end, static_cast<std::size_t>(s.data() + s.size() - end));
  for (const unit& u : units)
    if (u.name == name) return number > most / u.factor ? std::nullopt : std::optional(number * u.factor);
  return std::nullopt;
}
constexpr std::array<unit, 5> durations{{{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
constexpr std::array<unit, 4> sizes{{{"B", 1}, {"KiB", 1024}, {"MiB", 1024 * 1024}, {"GiB", 1024 * 1024 * 1024}}};
}  // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view s) {
  const auto ms = parse_with_unit(s, durations, std::uint64_t{3650} * 86'400'000);
  if (!ms) return std::nullopt;
  return std::chrono::milliseconds(static_cast<std::int64_t>(*ms));
}

std::optional<std::uint64_t> parse_size(std::string_view s) { return parse_with_unit(s, sizes, std::uint64_t{1} << 30); }

std::string format_duration(std::chrono::milliseconds d) {
  const auto ms = static_cast<std::uint64_t>(std::max<std::int64_t>(d.count(), 0));
  for (auto u = durations.rbegin(); u != durations.rend(); ++u)
    if (ms >= u->factor && ms % u->factor == 0) return std::to_string(ms / u->factor) + std::string(u->name);
  return std::to_string(ms) + "ms";
}

namespace {

// Is the needle at `at` a part of one of the names that stand there?
bool within_a_name(std::string_view text, std::size_t at, std::string_view needle, std::span<const std::string_view> names) {
  for (const std::string_view name : names)
    for (std::size_t o = name.find(needle); o != name.npos; o = name.find(needle, o + 1))
      if (at >= o && text.substr(at - o, name.size()) == name) return true;
  return false;
}

bool holds(std::string_view text, std::string_view needle, std::span<const std::string_view> names) {
  for (std::size_t at = text.find(needle); at != text.npos; at = text.find(needle, at + 1))
    if (!within_a_name(text, at, needle, names)) return true;
  return false;
}

// The most characters of the base64 alphabet in a row.
std::size_t longest_base64_run(std::string_view text) {
  std::size_t longest = 0, now = 0;
  for (const char c : text) {
    now = base64_values[static_cast<unsigned char>(c)] >= 0 ? now + 1 : 0;
    longest = std::max(longest, now);
  }
  return longest;
}

}  // namespace

bool tells_password(std::string_view text, std::string_view password, std::span<const std::string_view> names) {
  if (password.empty() || text.size() < std::min<std::size_t>(password.size(), 3)) return false;
  if (holds(text, password, names)) return true;
  if (password.size() < 3) return false;
  const std::size_t run = longest_base64_run(text);  // most texts are words, too short for any of the three
  // The characters of a base64 text that depend on the password alone, for each way it can lie on the 3-byte grid.
  bool found = false;
  for (std::size_t lead = 0; lead < 3 && !found; ++lead) {
    const std::size_t bytes = lead + password.size();
    const std::size_t from = lead == 0 ? 0 : lead + 1;
    const std::size_t to = bytes / 3 * 4 + (bytes % 3 == 0 ? 0 : bytes % 3);
    if (to <= from + 2 || run < to - from) continue;
    std::string padded(lead, '\0');
    padded += password;
    std::string coded = base64_encode(padded);
    found = holds(text, std::string_view(coded).substr(from, to - from), names);
    wipe(padded.data(), padded.size());
    wipe(coded.data(), coded.size());
  }
  return found;
}

}  // namespace authbroker
