#include <algorithm>

#include "base/text.hpp"
#include "config/config.hpp"
#include "core/identity.hpp"
#include "ops/probe.hpp"
#include "ops/probe_draft.hpp"

namespace authbroker {
namespace {

// A setting as an administrator types it: TOML where it looks like TOML, else text.
bool looks_like_toml(std::string_view v) {
  if (v.empty()) return false;
  if (v == "true" || v == "false" || v.starts_with('"') || v.starts_with('\'') || v.starts_with('[') || v.starts_with('{')) return true;
  return std::all_of(v.begin(), v.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace


result<probe_request> parse_probe_request(std::string_view text) {
  probe_request out;
  for (;;) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return problem{"the request has no end"};
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    if (line.empty()) break;
    const std::size_t sign = line.find('=');
    const std::string_view key = line.substr(0, sign);
    const std::string value(sign == std::string_view::npos ? std::string_view() : line.substr(sign + 1));
    if (has_control(value)) return problem{"a control character in " + std::string(key)};
    if (key == "url") out.url = value;
    else if (key == "plugin") out.plugin = value;
    else if (key == "address") out.address = value;
    else if (key == "domain") out.domain = value;
    else if (key == "ca") out.ca_file = value;
    else if (key == "pin") out.pin = value.starts_with("sha256//") ? value.substr(8) : value;
    else if (key == "server-name") out.server_name = value;
    else if (key == "cleartext") out.cleartext = value == "yes";
    else if (key == "quiet") out.quiet = value == "yes";
    else if (key == "plugin-dir") out.plugin_dirs.push_back(value);
    else if (key == "set") {
      const std::size_t at = value.find('=');
      if (at == std::string::npos || at == 0) return problem{"--set " + value + ": wanted: KEY=VALUE"};
      const std::string setting = value.substr(at + 1);
      out.settings.emplace_back(value.substr(0, at), looks_like_toml(setting) ? setting : toml_text(setting));
    } else {
      return problem{"an unknown key in the request: " + escape_for_log(key, 40)};
    }
  }
  if (text.size() > password_bytes_max) return problem{"the password is longer than " + std::to_string(password_bytes_max) + " bytes"};
  out.password = secret(text);
  if (out.plugin_dirs.empty()) out.plugin_dirs = broker_config().plugin_dirs;
  if (out.url.empty()) return problem{"no URL"};
  if (!out.address.empty()) {
    const name_check who = check_name(out.address);
    if (who.fault != name_fault::none) return problem{"\"" + escape_for_log(out.address, 80) + "\" is no address that can be asked about"};
    if (out.domain.empty()) out.domain = who.name.domain;
  }
  if (!out.domain.empty()) {
    const std::string somebody = "nobody@" + out.domain;
    const name_check who = check_name(somebody);
    if (who.fault != name_fault::none || out.domain.find('@') != std::string::npos) return problem{"\"" + escape_for_log(out.domain, 80) + "\" is no domain"};
    out.domain = who.name.domain;
  }
  if (!out.password.empty() && check_password(out.password.reveal()) != reason::none) return problem{"the password has a character that no protocol can carry"};
  return out;
}

}  // namespace authbroker
