#include "wire/dovecot_line.hpp"

#include <charconv>

namespace authbroker {
namespace {

constexpr char escape = '\001';

}  // namespace

dovecot_line take_dovecot_line(std::string_view in, std::size_t bytes_max) {
  dovecot_line out;
  const std::size_t end = in.substr(0, bytes_max).find('\n');
  if (end == std::string_view::npos) {
    if (in.size() >= bytes_max) out.what = progress::malformed;
    return out;
  }
  out.what = progress::message;
  out.used = end + 1;
  out.text = in.substr(0, end);
  return out;
}

bool dovecot_fields::next(std::string_view& out) {
  if (!more_) return false;
  const std::size_t tab = rest_.find('\t');
  out = rest_.substr(0, tab);
  more_ = tab != std::string_view::npos;
  rest_.remove_prefix(more_ ? tab + 1 : rest_.size());
  return true;
}

std::optional<std::uint32_t> dovecot_number(std::string_view text) {
  if (text.empty() || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  std::uint32_t value = 0;
  const auto [end, trouble] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (trouble != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool read_dovecot_id(dovecot_fields& fields, std::uint32_t& id) {
  std::string_view text;
  if (!fields.next(text)) return false;
  const auto value = dovecot_number(text);
  if (!value || *value == 0) return false;
  id = *value;
  return true;
}

bool read_dovecot_version(dovecot_fields& fields, std::uint32_t& major, std::uint32_t& minor) {
  std::string_view first, second;
  if (!fields.next(first) || !fields.next(second)) return false;
  const auto a = dovecot_number(first), b = dovecot_number(second);
  if (!a || !b) return false;
  major = *a;
  minor = *b;
  return true;
}

std::optional<std::string_view> dovecot_value(std::string_view field, std::string_view name) {
  if (field.size() <= name.size() || field[name.size()] != '=' || !field.starts_with(name)) return std::nullopt;
  return field.substr(name.size() + 1);
}

void begin_dovecot_reply(std::string& out, std::string_view word, std::uint32_t id) {
  char room[10];
  const auto end = std::to_chars(room, room + sizeof room, id).ptr;
  out += word;
  out += '\t';
  out.append(room, static_cast<std::size_t>(end - room));
}

void append_dovecot_text(std::string& out, std::string_view text) {
  for (const char c : text) {
    char stands_for = 0;
    switch (c) {
      case '\0': stands_for = '0'; break;
      case escape: stands_for = '1'; break;
      case '\t': stands_for = 't'; break;
      case '\r': stands_for = 'r'; break;
      case '\n': stands_for = 'n'; break;
      default: out += c; continue;
    }
    out += escape;
    out += stands_for;
  }
}

std::string dovecot_text(std::string_view escaped) {
  std::string out;
  out.reserve(escaped.size());
  for (std::size_t i = 0; i < escaped.size(); ++i) {
    if (escaped[i] != escape) {
      out += escaped[i];
      continue;
    }
    if (++i == escaped.size()) break;
    switch (escaped[i]) {
      case '0': out += '\0'; break;
      case '1': out += escape; break;
      case 't': out += '\t'; break;
      case 'r': out += '\r'; break;
      case 'n': out += '\n'; break;
      default: out += escaped[i];
    }
  }
  return out;
}

}  // namespace authbroker
