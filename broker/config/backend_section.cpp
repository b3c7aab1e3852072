// [[backend]].
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/files.hpp"
#include "base/text.hpp"
#include "config/addresses.hpp"
#include "config/keys.hpp"
#include "config/sections.hpp"

namespace authbroker {
namespace {

// What a plugin of the project can talk; plugins of others may use any scheme.
std::string_view family_of_plugin(std::string_view plugin) {
  if (plugin == "pop3" || plugin == "imap" || plugin == "ldap") return plugin;
  if (plugin == "smtpauth" || plugin == "vrfy") return "smtp";
  if (plugin == "exchange") return "ldap";
  return {};
}

void read_plugin(const section& backend, backend_rules& out) {
  if (backend.find("plugin") == nullptr) return backend.missing("plugin", "the name of a plugin, such as \"pop3\"");
  if (!backend.text("plugin", out.plugin)) return;
  if (!is_name(out.plugin) || out.plugin[0] == '.') backend.bad("plugin", "a plugin's name, which is its file's without \".so\"");
}

void read_upstreams(const section& backend, backend_rules& out) {
  std::vector<placed_text> urls;
  if (!backend.texts("upstream", urls)) return;
  for (const placed_text& url : urls) {
    auto upstream = parse_upstream(url.text);
    if (!upstream) {
      backend.problem(url.where, "upstream", upstream.error().text);
      continue;
    }
    const std::string_view family = scheme_family(upstream->scheme);
    const std::string_view wanted = family_of_plugin(out.plugin);
    if (!wanted.empty() && family != wanted)
      backend.problem(url.where, "upstream", "found the scheme \"" + upstream->scheme + "\"; wanted: " + schemes_of(wanted) + ", which the plugin \"" + out.plugin + "\" speaks");
    else if (!out.upstream.empty() && family != scheme_family(out.upstream.front().scheme))
      backend.problem(url.where, "upstream", "found the scheme \"" + upstream->scheme + "\" beside \"" + out.upstream.front().scheme + "\"; wanted: replicas of one service");
    if (upstream->tls == tls_use::none && !out.cleartext)
      backend.problem(url.where, "upstream", "found \"" + upstream->scheme + "\", which sends passwords unencrypted; wanted: a scheme with TLS (" + upstream->scheme +
                                                 "+starttls, or the one for TLS from the start), or cleartext = true");
    out.upstream.push_back(std::move(*upstream));
  }
}

// Also as curl writes it, and as it is shown where a server's key is not among the pins.
constexpr std::string_view pin_prefix = "sha256//";

bool is_pin(std::string_view text) {
  char bytes[33];
  return text.size() == 44 && base64_decode(text, bytes) == 32u;
}

// A path whose file must be there and be believable now, so that a reload finds out before it happens.
void read_file(const section& tls, std::string_view key, file_rule rule, std::string& out) {
  if (!tls.path(key, out) || out.empty()) return;
  const auto fd = open_checked(out, rule);
  if (!fd) return tls.problem(tls.where(key), key, fd.error().text);
  close(*fd);
}

void read_tls(const section& backend, backend_rules& out) {
  const section tls = backend.sub("tls");
  constexpr auto versions = std::to_array<std::string_view>({"1.0", "1.1", "1.2", "1.3"});
  std::string_view minimum = out.tls.minimum;
  if (tls.word<std::string_view>("minimum", versions, versions, minimum)) {
    out.tls.minimum = std::string(minimum);
    out.tls.minimum_13 = minimum == "1.3";
    if (minimum < "1.2" && !out.cleartext) tls.bad("minimum", "\"1.2\" or \"1.3\"; older versions need cleartext = true");
  }
  tls.boolean("verify", out.tls.verify);
  read_file(tls, "ca_file", file_rule::trusted, out.tls.ca_file);
  read_file(tls, "client_cert", file_rule::trusted, out.tls.client_cert);
  read_file(tls, "client_key", file_rule::secret, out.tls.client_key);
  if (out.tls.client_cert.empty() != out.tls.client_key.empty()) {
    const std::string_view there = out.tls.client_cert.empty() ? "client_key" : "client_cert";
    tls.bad(there, "client_cert and client_key together");
  }
  if (std::string name; tls.text("server_name", name) && !name.empty()) {
    if (auto host = parse_host(name)) out.tls.server_name = std::move(*host);
    else tls.problem(tls.where("server_name"), "server_name", host.error().text);
  }
  std::vector<placed_text> pins;
  tls.texts("pin_sha256", pins);
  for (placed_text& pin : pins) {
    if (pin.text.starts_with(pin_prefix)) pin.text.erase(0, pin_prefix.size());
    if (is_pin(pin.text)) out.tls.pin_sha256.push_back(std::move(pin.text));
    else tls.problem(pin.where, "pin_sha256", "found \"" + escape_for_log(pin.text, 80) + "\"; wanted: the base64 of a SHA-256, 44 characters");
  }
  if (!out.tls.verify && out.tls.pin_sha256.empty() && !out.cleartext)
    tls.bad("verify", "true, or a pin_sha256, or cleartext = true: without any, everybody can pose as the upstream");
}

// What works, but an administrator should see at every start.
void warn_weak(const section& backend, const backend_rules& out) {
  const auto plain = std::find_if(out.upstream.begin(), out.upstream.end(), [](const upstream_rules& u) { return u.tls == tls_use::none; });
  const bool some_tls = std::any_of(out.upstream.begin(), out.upstream.end(), [](const upstream_rules& u) { return u.tls != tls_use::none; });
  if (plain != out.upstream.end()) backend.warning(backend.where("upstream"), "upstream", "what is asked, passwords included, travels unencrypted to " + plain->label());
  if (some_tls && !out.tls.verify && out.tls.pin_sha256.empty())
    backend.warning(backend.where("tls"), "tls.verify", "certificates are not checked: whoever stands between can read passwords");
  if (some_tls && out.tls.minimum < "1.2") backend.warning(backend.where("tls"), "tls.minimum", "TLS " + out.tls.minimum + " is broken");
  if (!some_tls && !out.upstream.empty() && backend.find("tls") != nullptr)
    backend.warning(backend.where("tls"), "tls", "has no effect: no upstream of this backend uses TLS");
  if (out.cleartext && plain == out.upstream.end() && out.tls.verify && out.tls.minimum >= "1.2")
    backend.warning(backend.where("cleartext"), "cleartext", "is not needed here; wanted: false, so that a later change cannot send passwords unencrypted");
}

}  // namespace

backend_rules read_backend(const section& backend) {
  backend_rules out;
  out.where = backend.at();
  if (backend.find("name") == nullptr) backend.missing("name", "what routes are to call this backend");
  else if (backend.text("name", out.name) && !is_name(out.name)) backend.bad("name", "1 to 64 letters, digits, dots, hyphens and underscores");
  read_plugin(backend, out);
  backend.boolean("cleartext", out.cleartext);
  read_upstreams(backend, out);
  const section pool = backend.sub("pool");
  pool.whole("connections", 1, 1000, out.pool.connections);
  pool.duration("idle", "0s", "1h", out.pool.idle);
  pool.whole("queue", 1, 100'000, out.pool.queue);
  if (pool.whole("warm", 0, 1000, out.pool.warm) && out.pool.warm > out.pool.connections)
    pool.bad("warm", "at most pool.connections, which is " + std::to_string(out.pool.connections));
  const section timeouts = backend.sub("timeouts");
  timeouts.duration("connect", "10ms", "120s", out.timeouts.connect);
  timeouts.duration("reply", "10ms", "120s", out.timeouts.reply);
  const section breaker = backend.sub("breaker");
  breaker.whole("failures", 1, 1000, out.breaker.failures);
  breaker.duration("reopen", "250ms", "1h", out.breaker.reopen);
  breaker.duration("service_account", "250ms", "24h", out.breaker.service_account);
  read_tls(backend, out);
  if (const setting* settings = backend.find("settings")) {
    if (!std::holds_alternative<setting::table>(settings->value)) backend.bad("settings", "a table: [backend.settings]");
    out.settings = *settings;
  } else {
    out.settings = setting{setting::table{}, backend.at(), false};
  }
  warn_weak(backend, out);
  return out;
}

}  // namespace authbroker
