#include "ops/probe_draft.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "config/addresses.hpp"

namespace authbroker {
namespace {

struct usual_place {
  std::string_view scheme;
  std::uint16_t port;
  std::string_view plugin;
};
// What is encrypted from the start first: there nobody can cut STARTTLS out. Mailboxes are asked for at port 25, where mail for
// them comes in; the other two want a login first.
constexpr auto usual_places = std::to_array<usual_place>({
    {"pop3s", 995, "pop3"},
    {"pop3+starttls", 110, "pop3"},
    {"imaps", 993, "imap"},
    {"imap+starttls", 143, "imap"},
    {"smtps", 465, "smtpauth"},
    {"smtp+starttls", 587, "smtpauth"},
    {"smtp+starttls", 25, "vrfy"},
    {"ldaps", 636, "ldap"},
    {"ldap+starttls", 389, "ldap"},
});

struct plugin_of_family {
  std::string_view family, plugin;
};
constexpr auto plugins_of_families = std::to_array<plugin_of_family>({
    {"pop3", "pop3"},
    {"imap", "imap"},
    {"smtp", "smtpauth"},
    {"smtp", "vrfy"},
    {"ldap", "ldap"},
});

std::string_view scheme_of(std::string_view url) { return url.substr(0, url.find("://")); }

std::string bracketed(std::string_view host) {
  const bool bare_v6 = host.find(':') != std::string_view::npos && !host.starts_with('[') && canonical_ip(host);
  return bare_v6 ? "[" + std::string(host) + "]" : std::string(host);
}

}  // namespace

bool is_directory(const backend_draft& d) { return scheme_family(scheme_of(d.url)) == "ldap"; }

// ---------------------------------------------------------------- what to try

std::vector<place_to_try> places_for(std::string_view url, std::string_view plugin) {
  std::vector<place_to_try> out;
  if (url.find("://") != std::string_view::npos) {
    if (!plugin.empty()) return {{std::string(url), std::string(plugin)}};
    const std::string_view family = scheme_family(to_lower(scheme_of(url)));
    for (const plugin_of_family& p : plugins_of_families)
      if (!family.empty() && p.family == family) out.push_back({std::string(url), std::string(p.plugin)});
    return out;
  }
  const auto speaks = [plugin](const usual_place& p) {
    if (plugin.empty() || plugin == p.plugin) return true;
    const std::string_view family = scheme_family(p.scheme);
    return (plugin == "exchange" && family == "ldap") || (plugin == "vrfy" && family == "smtp" && p.port == 25);
  };
  for (const usual_place& p : usual_places)
    if (speaks(p)) out.push_back({std::string(p.scheme) + "://" + bracketed(url) + ":" + std::to_string(p.port), std::string(plugin.empty() ? p.plugin : plugin)});
  return out;
}

std::string without_starttls(std::string_view url) {
  constexpr std::string_view mark = "+starttls://";
  const std::size_t at = url.find(mark);
  if (at == std::string_view::npos) return {};
  return std::string(url.substr(0, at)) + "://" + std::string(url.substr(at + mark.size()));
}

std::vector<std::vector<std::pair<std::string, std::string>>> mailbox_ways(const probed_server& s) {
  const auto& given = s.draft.settings;
  const bool chosen = std::any_of(given.begin(), given.end(), [](const auto& one) { return one.first == "methods"; });
  if (s.draft.plugin != "vrfy" || chosen) return {given};
  std::vector<std::vector<std::pair<std::string, std::string>>> out;
  for (const char* method : {"[\"vrfy\"]", "[\"rcpt\"]"}) {
    out.push_back(given);
    out.back().emplace_back("methods", method);
  }
  return out;
}

directory_guess guess_directory(const probed_server& s) {
  if (!is_directory(s.draft)) return {};
  directory_guess out;
  std::string base;
  bool active_directory = false;
  for (const auto& [name, value] : s.attributes) {
    // Some list what they keep for themselves first; people are below a domain, mostly.
    const bool domain = name == "naming-context" && to_lower(value).starts_with("dc=");
    if (name == "naming-context" && (base.empty() || (domain && !to_lower(base).starts_with("dc=")))) base = value;
    if (name == "active-directory" && value == "yes") active_directory = true;
  }
  if (active_directory) {
    // Its searches take an account; a login with the principal name does not.
    out.plugin = "exchange";
    out.settings = {{"bind_as", "\"upn\""}};
  } else if (!base.empty()) {
    out.plugin = "ldap";
    out.settings = {{"base", toml_text(base)}};
  }
  return out;
}

// ---------------------------------------------------------------- TOML

std::string name_for(std::string_view host, std::string_view plugin) {
  const bool address = canonical_ip(host).has_value();
  std::string out = address ? "upstream" : to_lower(host.substr(0, host.find('.')));
  std::erase_if(out, [](char c) { return !((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'); });
  if (out.empty() || out[0] == '-') out = "upstream";
  return out.substr(0, 40) + "-" + std::string(plugin.substr(0, 23));
}

std::string toml_text(std::string_view text) {
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7F) {
      out += "\\u00";
      out += digits[byte >> 4];
      out += digits[byte & 15];
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string to_toml(const backend_draft& d) {
  std::string out = "[[backend]]\nname = " + toml_text(d.name) + "\nplugin = " + toml_text(d.plugin) + "\nupstream = [" + toml_text(d.url) + "]\n";
  if (d.cleartext) out += "cleartext = true\n";
  if (d.reply.count() > 0) out += "timeouts = { reply = \"" + std::to_string(d.reply.count()) + "s\" }\n";
  std::string tls;
  const auto add = [&tls](std::string_view key, const std::string& value) { tls.append(tls.empty() ? " " : ", ").append(key).append(" = ").append(value); };
  if (!d.verify) add("verify", "false");
  if (!d.ca_file.empty()) add("ca_file", toml_text(d.ca_file));
  if (!d.server_name.empty()) add("server_name", toml_text(d.server_name));
  if (!d.pin.empty()) add("pin_sha256", "[" + toml_text(d.pin) + "]");
  if (!tls.empty()) out += "tls = {" + tls + " }\n";
  if (!d.settings.empty()) out += "[backend.settings]\n";
  for (const auto& [key, value] : d.settings) out += key + " = " + value + "\n";
  return out;
}

std::string trial_configuration(const backend_draft& d, std::span<const std::string> plugin_dirs) {
  std::string dirs;
  for (const std::string& dir : plugin_dirs) dirs += (dirs.empty() ? "" : ", ") + toml_text(dir);
  return "[broker]\nplugin_dirs = [" + dirs + "]\n[[listener]]\nname = \"none\"\nprotocol = \"http\"\naddress = \"unix:/run/authbroker/none.sock\"\n" + to_toml(d) +
         "[[route]]\ndomains = [\"*\"]\nlogin = [" + toml_text(d.name) + "]\n";
}

}  // namespace authbroker
