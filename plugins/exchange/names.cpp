#include "names.hpp"

#include <directory/spelling.hpp>

namespace exchange {
namespace {

// A controller takes "á" and "ａ" for "a", and blanks in a row for one.
bool one_form(std::string_view name) { return directory::ascii(name) && directory::plainly_spelled(name); }

}  // namespace

std::optional<std::string> upn(std::string_view login_name) {
  const std::size_t at = login_name.find('@');
  if (at == login_name.npos || at == 0 || at + 1 == login_name.size() || at != login_name.rfind('@')) return {};
  if (login_name.find_first_of("\\/=,;{}\" ") != login_name.npos || !one_form(login_name)) return {};
  return std::string(login_name);
}

std::optional<std::string> down_level(std::string_view netbios_domain, std::string_view local) {
  // What the accounts database itself forbids in names.
  if (local.empty() || local.find_first_of("\"/\\[]:;|=,+*?<>@") != local.npos || !one_form(local)) return {};
  return std::string(netbios_domain) + '\\' + std::string(local);
}

}  // namespace exchange
