// Any bytes as a configuration: a configuration that keeps the laws, or complaints that say something, and never an exception.
#include "base/text.hpp"
#include "config/config.hpp"
#include "oracle.hpp"

using namespace authbroker;

namespace {

void judge(const configuration& c) {
  must(!c.listeners.empty() && !c.backends.empty() && !c.routes.empty());
  must(c.broker.request_timeout.count() >= 100 && c.broker.blocking_threads >= 1);
  for (const listener_rules& l : c.listeners) {
    must(l.address.is_unix ? !l.address.path.empty() && l.address.path.size() <= 107 : l.address.host == "::1" || l.address.host.starts_with("127."));
    must(l.limits.connections > 0 && l.limits.in_flight > 0 && l.limits.request_bytes > 0 && l.limits.header_bytes > 0 && l.limits.idle.count() > 0);
  }
  for (const backend_rules& b : c.backends) {
    must(!b.name.empty() && !b.plugin.empty() && b.plugin.find('/') == std::string::npos);
    must(b.cleartext || b.tls.verify || !b.tls.pin_sha256.empty());
    for (const upstream_rules& u : b.upstream) must(!u.host.empty() && !u.host.ends_with('.') && u.port != 0 && (u.tls != tls_use::none || b.cleartext));
    must(b.pool.connections > 0 && b.timeouts.connect.count() > 0 && b.timeouts.reply.count() > 0);
  }
  for (const route_rules& r : c.routes) {
    must(!r.login.empty() || !r.mailbox.empty());
    must(!r.domains.empty() || r.dynamic.separator != '\0');
    must(r.dynamic.separator == '\0' || !r.dynamic.allowed.empty());
    if (r.login_name == "{local}" && r.dynamic.separator == '\0') must(r.ambiguous_names || !r.canonical_domain.empty() || (r.domains.size() == 1 && r.domains[0][0] != '*'));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t n) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), n);
  // A pattern of many stars would search this machine's disk for a long time.
  if (text.find("include") != std::string_view::npos) return 0;
  const load_outcome out = parse_configuration(text, "fuzz.toml", "/nowhere");
  must(out.config.has_value() == out.problems.empty());
  for (const config_problem& p : out.problems) must(!p.what.empty() && !has_control(p.what));
  if (out.config) judge(*out.config);
  return 0;
}
