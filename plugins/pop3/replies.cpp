#include "replies.hpp"

#include <abk/words.hpp>

#include <algorithm>

namespace pop3 {
namespace {

using abk::next_word;
using abk::same_word;

constexpr std::size_t timestamp_bytes_max = 512;

// What may stand in a msg-id besides '@': an atom's characters and dots, and what real servers put there (Dovecot's base64).
bool id_char(char c) {
  if (c < 0x21 || c > 0x7e) return false;
  return std::string_view("<>()[]\\,;:\"@").find(c) == std::string_view::npos;
}

// At most a day.
std::uint32_t seconds(std::string_view digits) {
  std::uint32_t out = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9' || out > 86'400) break;
    out = out * 10 + static_cast<std::uint32_t>(c - '0');
  }
  return std::min<std::uint32_t>(out, 86'400);
}

}  // namespace

reply parse_reply(std::string_view line) {
  reply out;
  if (line.empty() || line.back() != '\n') return out;
  line.remove_suffix(1);
  if (!line.empty() && line.back() == '\r') {
    line.remove_suffix(1);
    out.crlf = true;
  }
  if (line == "+OK" || line.starts_with("+OK ")) {
    out.what = status::ok;
    out.text = line.substr(std::min<std::size_t>(4, line.size()));
  } else if (line == "-ERR" || line.starts_with("-ERR ")) {
    out.what = status::err;
    out.text = line.substr(std::min<std::size_t>(5, line.size()));
  } else if (line.starts_with("+ ")) {
    out.what = status::challenge;
    out.text = line.substr(2);
    return out;
  }
  // A bracket that is not closed is text. One that is closed is a code, whatever is in it: an unknown code means "not the
  // credentials", which is the careful reading.
  if (out.text.starts_with('[')) {
    const std::size_t end = out.text.find(']');
    if (end != std::string_view::npos) {
      out.code = out.text.substr(1, end - 1);
      out.text.remove_prefix(end + 1);
      if (out.text.starts_with(' ')) out.text.remove_prefix(1);
      if (out.code.empty()) out.code = "[]";
    }
  }
  return out;
}

bool code_is(std::string_view code, std::string_view wanted) {
  return code.size() >= wanted.size() && same_word(code.substr(0, wanted.size()), wanted) && (code.size() == wanted.size() || code[wanted.size()] == '/');
}

std::string_view apop_timestamp(std::string_view greeting) {
  const std::size_t open = greeting.find('<');
  if (open == std::string_view::npos || greeting.find('<', open + 1) != std::string_view::npos) return {};
  const std::size_t close = greeting.find('>', open);
  if (close == std::string_view::npos || greeting.find('>', close + 1) != std::string_view::npos) return {};
  const std::string_view stamp = greeting.substr(open, close + 1 - open);
  if (stamp.size() > timestamp_bytes_max) return {};
  const std::string_view id = stamp.substr(1, stamp.size() - 2);
  const std::size_t at = id.find('@');
  if (at == std::string_view::npos || at == 0 || at + 1 == id.size()) return {};
  const std::string_view left = id.substr(0, at);
  const std::string_view right = id.substr(at + 1);
  if (!std::all_of(left.begin(), left.end(), id_char) || !std::all_of(right.begin(), right.end(), id_char)) return {};
  return stamp;
}

void add_capability(capabilities& to, std::string_view line) {
  const std::string_view name = next_word(line);
  if (same_word(name, "USER")) to.user = true;
  if (same_word(name, "STLS")) to.stls = true;
  if (same_word(name, "AUTH-RESP-CODE")) to.auth_resp_code = true;
  if (same_word(name, "SASL")) add_mechanisms(to, line);
  if (same_word(name, "LOGIN-DELAY")) to.login_delay_s = seconds(next_word(line));
}

void add_mechanisms(capabilities& to, std::string_view line) {
  for (std::string_view mechanism = next_word(line); !mechanism.empty(); mechanism = next_word(line)) {
    if (same_word(mechanism, "PLAIN")) to.plain = true;
    if (same_word(mechanism, "LOGIN")) to.login = true;
  }
}

std::string remembered(const capabilities& can) {
  std::string out = "AUTH-RESP-CODE";
  if (can.user) out += " USER";
  if (can.plain) out += " PLAIN";
  if (can.login) out += " LOGIN";
  if (can.login_delay_s > 0) out += " LOGIN-DELAY=" + std::to_string(can.login_delay_s);
  return out;
}

capabilities recalled(std::string_view text) {
  constexpr std::string_view delay = "LOGIN-DELAY=";
  capabilities out;
  for (std::string_view word = next_word(text); !word.empty(); word = next_word(text)) {
    if (word == "AUTH-RESP-CODE") out.auth_resp_code = true;
    else if (word == "USER") out.user = true;
    else if (word == "PLAIN") out.plain = true;
    else if (word == "LOGIN") out.login = true;
    else if (word.starts_with(delay)) out.login_delay_s = seconds(word.substr(delay.size()));
    else return {};
  }
  if (!out.auth_resp_code) return {};
  out.known = true;
  return out;
}

}  // namespace pop3
