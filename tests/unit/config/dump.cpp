#include "unit/config/dump.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace authbroker::test {
namespace {

std::string text(const std::vector<std::string>& list) {
  std::string out;
  for (const std::string& s : list) out += s + "|";
  return out;
}
std::string text(std::chrono::milliseconds d) { return std::to_string(d.count()); }
std::string text(bool b) { return b ? "true" : "false"; }

using values = std::map<std::string, std::string>;

void dump_listener(const listener_rules& l, values& out) {
  const auto set = [&out](const std::string& key, std::string value) { out["listener." + key] = std::move(value); };
  set("name", l.name);
  set("protocol", std::string(name(l.protocol)));
  set("address", l.address.is_unix ? l.address.path : l.address.host + ":" + std::to_string(l.address.port));
  set("mode", std::to_string(l.mode));
  set("owner", l.owner);
  set("group", l.group);
  set("peers.users", text(l.peer_users));
  set("peers.groups", text(l.peer_groups));
  std::string networks;
  for (const network& n : l.networks) networks += (n.v6 ? "6:" : "4:") + std::to_string(n.bytes[0]) + "/" + std::to_string(n.bits) + " ";
  set("networks", networks);
  set("token", l.token ? std::string(l.token->reveal()) : "none");
  std::string allow;
  for (const permission p : l.allow) allow += std::to_string(static_cast<int>(p));
  set("allow", allow);
  set("trust_client", text(l.trust_client_all) + text(l.trust_client));
  set("default_domain", l.default_domain);
  set("reveal", text(l.reveal));
  set("unverifiable", std::to_string(static_cast<int>(l.unverifiable)));
  set("tempfail", text(l.tempfail_code));
  std::string maps, replies;
  for (const auto& [called, kind] : l.tables.maps) maps += called + "=" + std::string(name(kind)) + " ";
  set("maps", maps);
  for (const auto& kind : l.tables.replies)
    for (const table_reply& r : kind) replies += std::to_string(static_cast<int>(r.what)) + r.text + "|";
  set("values", replies);
  set("limits.connections", std::to_string(l.limits.connections));
  set("limits.idle", text(l.limits.idle));
  set("limits.request", std::to_string(l.limits.request_bytes));
  set("limits.headers", std::to_string(l.limits.header_bytes));
  set("limits.in_flight", std::to_string(l.limits.in_flight));
}

void dump_backend(const backend_rules& b, values& out) {
  const auto set = [&out](const std::string& key, std::string value) { out["backend." + key] = std::move(value); };
  set("name", b.name);
  set("plugin", b.plugin);
  std::string upstream;
  for (const upstream_rules& u : b.upstream) upstream += u.scheme + " " + u.label() + (u.srv ? " srv" : "") + "|";
  set("upstream", upstream);
  set("cleartext", text(b.cleartext));
  set("pool.connections", std::to_string(b.pool.connections));
  set("pool.idle", text(b.pool.idle));
  set("pool.queue", std::to_string(b.pool.queue));
  set("pool.warm", std::to_string(b.pool.warm));
  set("timeouts.connect", text(b.timeouts.connect));
  set("timeouts.reply", text(b.timeouts.reply));
  set("breaker.failures", std::to_string(b.breaker.failures));
  set("breaker.reopen", text(b.breaker.reopen));
  set("breaker.service_account", text(b.breaker.service_account));
  set("tls.minimum", b.tls.minimum + text(b.tls.minimum_13));
  set("tls.verify", text(b.tls.verify));
  set("tls.ca_file", b.tls.ca_file);
  set("tls.server_name", b.tls.server_name);
  set("tls.pin_sha256", text(b.tls.pin_sha256));
  set("tls.client_cert", b.tls.client_cert);
  set("tls.client_key", b.tls.client_key);
  std::string settings;
  for (const auto& [key, value] : std::get<setting::table>(b.settings.value)) settings += key + " " + std::string(type_name(value)) + "|";
  set("settings", settings);
}

void dump_route(const route_rules& r, values& out) {
  const auto set = [&out](const std::string& key, std::string value) { out["route." + key] = std::move(value); };
  set("domains", text(r.domains));
  set("login", text(r.login));
  set("mailbox", text(r.mailbox));
  set("addresses", text(r.addresses));
  set("combine", r.combine == combine_mode::failover ? "failover" : "search");
  set("login_name", r.login_name);
  set("ambiguous_names", text(r.ambiguous_names));
  set("canonical_domain", r.canonical_domain);
  set("delimiter", r.delimiter);
  set("case", text(r.keep_case));
  set("allow_chars", r.allow_chars);
  set("help_url", r.help_url);
  set("dynamic.separator", std::string(r.dynamic.separator == '\0' ? "" : std::string(1, r.dynamic.separator)));
  set("dynamic.allowed", text(r.dynamic.allowed));
  set("login_cache.accept", text(r.login_cache_accept));
  set("mailbox_cache.positive", text(r.mailbox_cache.positive));
  set("mailbox_cache.positive_refresh", text(r.mailbox_cache.positive_refresh));
  set("mailbox_cache.negative", text(r.mailbox_cache.negative));
  set("mailbox_cache.negative_refresh", text(r.mailbox_cache.negative_refresh));
  set("nginx_mail.imap", r.nginx_mail.imap);
  set("nginx_mail.pop3", r.nginx_mail.pop3);
  set("nginx_mail.smtp", r.nginx_mail.smtp);
}

std::string key_of(const std::string& line) {
  const std::size_t end = line.find_first_of(" =");
  return line.substr(0, end);
}

// One table of the smallest configuration, less what `extra` says itself.
std::string table(const std::string& head, const std::vector<std::string>& lines, const std::string& extra) {
  std::string out = head + "\n";
  std::istringstream in(extra);
  std::string rest;
  std::vector<std::string> replaced;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("-")) replaced.push_back(line.substr(1));
    else rest += line + "\n", replaced.push_back(key_of(line));
  }
  for (const std::string& line : lines)
    if (std::find(replaced.begin(), replaced.end(), key_of(line)) == replaced.end()) out += line + "\n";
  return out + rest;
}

}  // namespace

std::map<std::string, std::string> dump(const configuration& c) {
  values out;
  out["broker.user"] = c.broker.user;
  out["broker.plugin_dirs"] = text(c.broker.plugin_dirs);
  out["broker.state_dir"] = c.broker.state_dir;
  out["broker.workers"] = std::to_string(c.broker.workers);
  out["broker.blocking_threads"] = std::to_string(c.broker.blocking_threads);
  out["broker.request_timeout"] = text(c.broker.request_timeout);
  out["broker.admin_socket"] = c.broker.admin_socket;
  out["log.target"] = std::to_string(static_cast<int>(c.log.target)) + c.log.file;
  out["log.level"] = std::to_string(static_cast<int>(c.log.least));
  out["log.format"] = std::to_string(static_cast<int>(c.log.format));
  dump_listener(c.listeners.at(0), out);
  dump_backend(c.backends.at(0), out);
  dump_route(c.routes.at(0), out);
  return out;
}

std::vector<std::string> difference(const configuration& a, const configuration& b) {
  const values left = dump(a), right = dump(b);
  std::vector<std::string> out;
  for (const auto& [key, value] : left)
    if (right.at(key) != value) out.push_back(key);
  return out;
}

std::string small(const std::string& section, const std::string& extra) {
  const auto for_section = [&](const std::string& name) { return section == name ? extra : std::string{}; };
  // A table below one of the lists must follow its own list's head.
  const auto below = [&](const std::string& name) { return section.starts_with(name + ".") ? "[" + section + "]\n" + extra + "\n" : std::string{}; };
  std::string out = for_section("").empty() ? "" : for_section("") + "\n";
  for (const std::string name : {"broker", "log"})
    if (section == name) out += "[" + name + "]\n" + extra + "\n";
  out += table("[[listener]]", {"name = \"portal\"", "address = \"unix:/tmp/http.sock\""}, for_section("listener")) + below("listener");
  out += table("[[backend]]", {"name = \"mail1\"", "plugin = \"pop3\"", "upstream = [\"pop3s://mail.example.com\"]"}, for_section("backend")) + below("backend");
  return out + table("[[route]]", {"domains = [\"example.com\"]", "login = [\"mail1\"]"}, for_section("route")) + below("route");
}

configuration loaded(const std::string& text) {
  load_outcome out = parse_configuration(text, "test.toml", "/nowhere");
  for (const config_problem& p : out.problems) ADD_FAILURE() << to_string(p) << "\nin\n" << text;
  if (!out.config) throw std::runtime_error("no configuration");
  return std::move(*out.config);
}

std::string problems(const std::string& text) {
  const load_outcome out = parse_configuration(text, "test.toml", "/nowhere");
  std::string lines;
  for (config_problem p : out.problems) {
    p.where = {};
    lines += (lines.empty() ? "" : "\n") + to_string(p);
  }
  EXPECT_EQ(out.problems.empty(), out.config.has_value());
  return lines.empty() ? "load: no problem" : lines;
}

std::string warnings(const std::string& text) {
  std::string lines;
  for (config_problem p : loaded(text).warnings) {
    p.where = {};
    lines += (lines.empty() ? "" : "\n") + to_string(p);
  }
  return lines;
}

}  // namespace authbroker::test
