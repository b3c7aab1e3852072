#include "address.hpp"

#include <idn2.h>

#include <algorithm>
#include <optional>

namespace vrfy {
namespace {

using abk::reason;

bool letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }
bool is_utf8(char c) { return static_cast<unsigned char>(c) >= 0x80; }
// RFC 5322's atext, and RFC 6531's.
bool is_atext(char c) { return letter_or_digit(c) || is_utf8(c) || std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos; }
// What a quoted string may hold, escaped or not.
bool is_quotable(char c) { return is_utf8(c) || (c >= 0x20 && c < 0x7f); }

// Dots at the ends or in a row may be missing their quotes: some providers give such addresses away, and Postfix asks without.
bool is_bare(std::string_view s) {
  return !s.empty() && std::all_of(s.begin(), s.end(), [](char c) { return c == '.' || is_atext(c); });
}
bool is_dot_string(std::string_view s) { return is_bare(s) && s.front() != '.' && s.back() != '.' && s.find("..") == s.npos; }

// What a local part means: its characters without quotes and escapes. Nothing: no grammar has it so.
std::optional<std::string> meaning(std::string_view local) {
  if (local.empty()) return {};
  if (local.front() != '"') return is_bare(local) ? std::optional<std::string>(local) : std::nullopt;
  if (local.size() < 3 || local.back() != '"') return {};
  local = local.substr(1, local.size() - 2);
  std::string out;
  for (std::size_t i = 0; i < local.size(); ++i) {
    if (local[i] == '"') return {};
    if (local[i] == '\\' && ++i == local.size()) return {};
    if (!is_quotable(local[i])) return {};
    out += local[i];
  }
  return out;
}

std::string written(std::string_view local) {
  if (is_dot_string(local)) return std::string(local);
  std::string out = "\"";
  for (const char c : local) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

bool is_host_name(std::string_view d) {
  for (std::size_t at = 0; at <= d.size();) {
    const std::size_t end = std::min(d.find('.', at), d.size());
    const std::string_view label = d.substr(at, end - at);
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
    if (!std::all_of(label.begin(), label.end(), [](char c) { return letter_or_digit(c) || c == '-' || c == '_'; })) return false;
    at = end + 1;
  }
  return true;
}

// A domain as an A-label, lower case. Empty: it is none.
std::string a_label(std::string_view typed) {
  std::string out(typed);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (std::any_of(out.begin(), out.end(), is_utf8)) {
    if (out.find('\0') != out.npos) return {};
    char* ascii = nullptr;
    if (idn2_to_ascii_8z(out.c_str(), &ascii, IDN2_NONTRANSITIONAL) != IDN2_OK) return {};
    out = ascii;
    idn2_free(ascii);
  }
  return is_host_name(out) ? out : std::string();
}

abk::answer refused(reason why, std::string rule, std::string text) { return abk::answer::unverifiable(why, std::move(rule), std::move(text)); }

}  // namespace

std::variant<mailbox, abk::answer> parse_address(std::string_view typed, bool bare_is_fine) {
  const std::size_t at = typed.rfind('@');
  const bool bare = at == typed.npos;
  if (bare && !bare_is_fine) return refused(reason::bad_name, "address.no-domain", "RCPT needs an address with a domain: does the route strip it?");
  const std::optional<std::string> local = meaning(typed.substr(0, at));
  if (!local) return refused(reason::bad_name, "address.local", "what stands before the '@' is no local part of RFC 5321; quotes are needed around blanks and the like");
  mailbox out;
  out.text = written(*local);
  if (out.text.size() > local_bytes_max) return refused(reason::too_long, "address.too-long", "SMTP carries local parts of at most 64 octets");
  out.utf8 = std::any_of(local->begin(), local->end(), is_utf8);
  if (bare) return out;
  out.domain = a_label(typed.substr(at + 1));
  if (out.domain.empty()) return refused(reason::bad_name, "address.domain", "what stands after the '@' is no domain that can be asked about");
  if (out.domain.size() > domain_bytes_max) return refused(reason::too_long, "address.too-long", "SMTP carries domains of at most 255 octets");
  out.text += '@';
  out.text += out.domain;
  if (out.text.size() > address_bytes_max) return refused(reason::too_long, "address.too-long", "SMTP carries addresses of at most 254 octets");
  return out;
}

}  // namespace vrfy
