#include "base/domain.hpp"

#include <idn2.h>

#include <algorithm>

#include "base/text.hpp"

namespace authbroker {
namespace {

bool ordinary(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; }

bool well_formed(std::string_view d) {
  if (d.empty() || d.size() > 253) return false;
  while (true) {
    const std::size_t dot = d.find('.');
    const std::string_view label = d.substr(0, dot);
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
    if (!std::all_of(label.begin(), label.end(), ordinary)) return false;
    if (dot == std::string_view::npos) return true;
    d.remove_prefix(dot + 1);
  }
}

}  // namespace

result<std::string> to_a_label(std::string_view domain) {
  std::string out = to_lower(domain);
  if (std::any_of(domain.begin(), domain.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; })) {
    char* ascii = nullptr;
    const int rc = idn2_to_ascii_8z(out.c_str(), &ascii, IDN2_NONTRANSITIONAL);
    if (rc != IDN2_OK) return problem{"\"" + escape_for_log(domain) + "\" is no domain name: " + idn2_strerror(rc)};
    out = ascii;
    idn2_free(ascii);
  }
  if (!well_formed(out)) return problem{"\"" + escape_for_log(domain) + "\" is no domain name"};
  return found(std::move(out));
}

bool domain_matches(std::string_view pattern, std::string_view domain) {
  if (pattern == "*") return true;
  if (pattern.starts_with("*.")) return domain.size() > pattern.size() - 1 && domain.ends_with(pattern.substr(1));
  return pattern == domain;
}

}  // namespace authbroker
