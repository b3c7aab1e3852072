#include "base/domain.hpp"

#include <idn2.h>

#include <algorithm>

#include "base/text.hpp"

namespace authbroker {
namespace {

constexpr byte_classes label_bytes = [] {
  byte_classes t{};
  for (const char c : std::string_view("abcdefghijklmnopqrstuvwxyz0123456789-_")) t[static_cast<unsigned char>(c)] = 1;
  return t;
}();

bool well_formed(std::string_view d) {
  if (d.empty() || d.size() > 253) return false;
  for (std::size_t begin = 0;; ) {
    std::size_t end = begin;
    while (end < d.size() && label_bytes[static_cast<unsigned char>(d[end])] != 0) ++end;
    if (end == begin || end - begin > 63 || d[begin] == '-' || d[end - 1] == '-') return false;
    if (end == d.size()) return true;
    if (d[end] != '.') return false;
    begin = end + 1;
  }
}

bool is_ascii(std::string_view s) {
  return std::all_of(s.begin(), s.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

}  // namespace

result<std::string> to_a_label(std::string_view domain) {
  std::string out = to_lower(domain);
  if (well_formed(out)) return found(std::move(out));
  if (!is_ascii(out)) {
    char* ascii = nullptr;
    const int rc = idn2_to_ascii_8z(out.c_str(), &ascii, IDN2_NONTRANSITIONAL);
    if (rc != IDN2_OK) return problem{"\"" + escape_for_log(domain) + "\" is no domain name: " + idn2_strerror(rc)};
    out = ascii;
    idn2_free(ascii);
    if (well_formed(out)) return found(std::move(out));
  }
  return problem{"\"" + escape_for_log(domain) + "\" is no domain name"};
}

bool domain_matches(std::string_view pattern, std::string_view domain) {
  if (pattern == "*") return true;
  if (pattern.starts_with("*.")) return domain.size() > pattern.size() - 1 && domain.ends_with(pattern.substr(1));
  return pattern == domain;
}

}  // namespace authbroker
