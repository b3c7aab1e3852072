// [[route]].
#include <algorithm>
#include <array>

#include "base/domain.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "config/addresses.hpp"
#include "config/keys.hpp"
#include "config/sections.hpp"

namespace authbroker {
namespace {

constexpr std::size_t domains_max = 100'000;
constexpr std::string_view domain_forms = "a domain, \"*.suffix\" or \"*\"";

// "" if it is no pattern.
std::string to_pattern(std::string_view text) {
  if (text == "*") return "*";
  const bool suffix = text.starts_with("*.");
  auto name = to_a_label(suffix ? text.substr(2) : text);
  if (!name) return {};
  return suffix ? "*." + *name : *name;
}

bool is_separator(std::string_view s) {
  return s.size() == 1 && s[0] > ' ' && s[0] < 0x7F && std::string_view("@.-_*").find(s[0]) == std::string_view::npos &&
         !(s[0] >= '0' && s[0] <= '9') && !(lower_ascii(s[0]) >= 'a' && lower_ascii(s[0]) <= 'z');
}

// One domain a line; '#' starts a comment. Places are lines of that file.
std::vector<placed_text> read_domain_file(const section& route, const section& domains) {
  std::string path;
  if (domains.find("file") == nullptr) domains.missing("file", "the path of a file of domains");
  if (!domains.path("file", path)) return {};
  const auto text = read_checked(path, file_rule::trusted, std::size_t{4} << 20);
  if (!text) {
    domains.problem(domains.where("file"), "file", text.error().text);
    return {};
  }
  std::vector<placed_text> out;
  unsigned number = 0;
  std::string_view rest = *text;
  while (!rest.empty()) {
    ++number;
    const std::size_t end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    line = line.substr(0, line.find('#'));
    if (line.ends_with('\r')) line.remove_suffix(1);
    line = trim(line);
    if (!line.empty()) out.push_back({std::string(line), {path, number, 1}});
  }
  if (out.empty()) route.problem(domains.where("file"), "domains.file", "found no domain in " + path + "; wanted: one a line");
  return out;
}

void read_domains(const section& route, route_rules& out) {
  const setting* const written = route.find("domains");
  const bool dynamic = route.find("dynamic") != nullptr;
  if (written == nullptr) {
    if (!dynamic) route.missing("domains", "a list of domains, or { file = \"...\" }");
    return;
  }
  std::vector<placed_text> domains;
  if (std::holds_alternative<setting::table>(written->value)) {
    domains = read_domain_file(route, route.sub("domains"));
  } else {
    const std::size_t before = route.all().problems.size();
    const bool read = std::holds_alternative<setting::list>(written->value) && route.texts("domains", domains);
    if (!read && route.all().problems.size() == before) route.bad("domains", "a list of domains, or { file = \"...\" }");
    if (read && domains.empty() && !dynamic) route.bad("domains", "at least one domain");
  }
  if (domains.size() > domains_max) {
    route.problem(written->where, "domains", "found " + std::to_string(domains.size()) + " domains; wanted: at most " + std::to_string(domains_max));
    domains.resize(domains_max);
  }
  for (const placed_text& domain : domains) {
    std::string pattern = to_pattern(domain.text);
    if (pattern.empty())
      route.problem(domain.where, "domains", "found \"" + escape_for_log(domain.text, 80) + "\"; wanted: " + std::string(domain_forms));
    else
      out.domains.push_back(std::move(pattern));
  }
  if (!domains.empty()) out.name = domains.front().text;
}

void read_backends(const section& route, route_rules& out) {
  const std::size_t before = route.all().problems.size();
  route.texts("login", out.login);
  route.texts("mailbox", out.mailbox);
  route.texts("addresses", out.addresses);
  if (route.all().problems.size() != before || !out.login.empty() || !out.mailbox.empty()) return;
  if (route.find("login") == nullptr && route.find("mailbox") == nullptr) route.missing("login", "login or mailbox: a list of backends");
  else route.problem(route.where("login"), "login", "found no backend for login nor mailbox; wanted: at least one");
}

void read_login_name(const section& route, route_rules& out) {
  bool strip = false;
  route.boolean("strip_domain", strip);
  if (strip) out.login_name = "{local}";
  if (std::string text; route.text("login_name", text)) {
    const auto use = check_template(text);
    if (!use) route.problem(route.where("login_name"), "login_name", use.error().text);
    else if (route.find("strip_domain") != nullptr && strip != (text == "{local}"))
      route.bad("login_name", std::string("one of login_name and strip_domain: strip_domain = ") + (strip ? "true means \"{local}\"" : "false means \"{address}\""));
    else out.login_name = text;
  }
  route.boolean("ambiguous_names", out.ambiguous_names);
  if (std::string domain; route.text("canonical_domain", domain) && !domain.empty()) {
    if (auto a_label = to_a_label(domain)) out.canonical_domain = std::move(*a_label);
    else route.bad("canonical_domain", "a domain name");
  }
  if (route.text("delimiter", out.delimiter) && !out.delimiter.empty() && out.delimiter != "_" && out.delimiter != "-" && !is_separator(out.delimiter))
    route.bad("delimiter", "one character, such as \"+\"");
  constexpr auto words = std::to_array<std::string_view>({"fold", "keep"});
  constexpr auto values = std::to_array({false, true});
  route.word<bool>("case", words, values, out.keep_case);
  if (route.text("allow_chars", out.allow_chars) && out.allow_chars.find_first_not_of("#~/") != std::string::npos)
    route.bad("allow_chars", "some of the characters # ~ /");
}

void read_dynamic(const section& route, route_rules& out) {
  if (route.find("dynamic") == nullptr) return;
  const section dynamic = route.sub("dynamic");
  if (dynamic.find("separator") == nullptr) dynamic.missing("separator", "one character, such as \"#\"");
  if (std::string text; dynamic.text("separator", text)) {
    if (is_separator(text)) out.dynamic.separator = text[0];
    else dynamic.bad("separator", "one character that no name holds, such as \"#\"");
  }
  if (dynamic.find("allowed") == nullptr) return dynamic.missing("allowed", "a list of hosts or \"*.suffix\"");
  std::vector<placed_text> hosts;
  if (dynamic.texts("allowed", hosts) && hosts.empty()) dynamic.bad("allowed", "at least one host or \"*.suffix\"");
  for (const placed_text& host : hosts) {
    std::string pattern = host.text == "*" ? "" : to_pattern(host.text);
    // A suffix of one label would let a whole top-level domain choose where passwords go.
    const bool wide = pattern.starts_with("*.") && pattern.find('.', 2) == std::string::npos;
    if (pattern.empty() || wide)
      dynamic.problem(host.where, "allowed", "found \"" + escape_for_log(host.text, 80) + "\"; wanted: a host name, or \"*.suffix\" of at least two labels");
    else
      out.dynamic.allowed.push_back(std::move(pattern));
  }
  if (out.name.empty() && !hosts.empty()) out.name = std::string(1, out.dynamic.separator == '\0' ? '#' : out.dynamic.separator) + hosts.front().text;
}

void read_caches(const section& route, route_rules& out) {
  const section login = route.sub("login_cache");
  out.login_cache_given = login.duration("accept", "0s", "1d", out.login_cache_accept);
  const section mailbox = route.sub("mailbox_cache");
  mailbox_cache_rules& cache = out.mailbox_cache;
  mailbox.duration("positive", "0s", "365d", cache.positive);
  mailbox.duration("negative", "0s", "365d", cache.negative);
  // A refresh time that is not written follows a shorter life.
  if (!mailbox.duration("positive_refresh", "0s", "365d", cache.positive_refresh)) cache.positive_refresh = std::min(cache.positive_refresh, cache.positive);
  else if (cache.positive_refresh > cache.positive) mailbox.bad("positive_refresh", "at most positive, which is \"" + format_duration(cache.positive) + "\"");
  if (!mailbox.duration("negative_refresh", "0s", "365d", cache.negative_refresh)) cache.negative_refresh = std::min(cache.negative_refresh, cache.negative);
  else if (cache.negative_refresh > cache.negative) mailbox.bad("negative_refresh", "at most negative, which is \"" + format_duration(cache.negative) + "\"");
}

void read_endpoints(const section& route, route_rules& out) {
  const section nginx = route.sub("nginx_mail");
  const auto read = [&nginx](std::string_view key, std::string& to) {
    if (nginx.text(key, to) && !to.empty() && !is_endpoint(to)) nginx.bad(key, "an IP address and a port, such as \"127.0.0.1:1143\"");
  };
  read("imap", out.nginx_mail.imap);
  read("pop3", out.nginx_mail.pop3);
  read("smtp", out.nginx_mail.smtp);
}

// What is read and checked, but asked for by nothing yet.
void warn_not_yet(const section& route, const route_rules& out) {
  const auto warn = [&route](std::string_view key, std::string_view why) { route.warning(route.where(key), key, "has no effect in this version: " + std::string(why)); };
  const mailbox_cache_rules usual;
  if (out.login_cache_accept.count() != 0) warn("login_cache", "nothing is cached yet");
  if (const mailbox_cache_rules& c = out.mailbox_cache;
      c.positive != usual.positive || c.positive_refresh != usual.positive_refresh || c.negative != usual.negative || c.negative_refresh != usual.negative_refresh)
    warn("mailbox_cache", "nothing is cached yet");
}

}  // namespace

route_rules read_route(const section& route) {
  route_rules out;
  out.where = route.at();
  read_domains(route, out);
  read_backends(route, out);
  constexpr auto words = std::to_array<std::string_view>({"failover", "search"});
  constexpr auto values = std::to_array({combine_mode::failover, combine_mode::search});
  route.word<combine_mode>("combine", words, values, out.combine);
  read_login_name(route, out);
  if (std::string url; route.text("help_url", url) && !url.empty()) {
    if ((url.starts_with("https://") || url.starts_with("http://") || url.starts_with("mailto:")) && url.size() <= 500 && url.find_first_of(" \"<>\\") == std::string::npos) out.help_url = url;
    else route.bad("help_url", "a URL that starts with https://, http:// or mailto:");
  }
  read_dynamic(route, out);
  read_caches(route, out);
  read_endpoints(route, out);
  warn_not_yet(route, out);
  return out;
}

}  // namespace authbroker
