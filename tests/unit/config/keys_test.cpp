// Each key, alone: written with its default it changes nothing; changed, it changes itself and nothing else.
#include "config/keys.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "unit/config/dump.hpp"

namespace authbroker::test {
namespace {

using testing::ElementsAre;

struct change {
  std::string_view key;
  std::string section, lines;
  // Where the change shows; empty: under the key's own name.
  std::string shows = {};
};

const std::vector<change>& changes() {
  static const std::vector<change> all{
      {"broker.user", "broker", "user = \"root\""},
      {"broker.plugin_dirs", "broker", "plugin_dirs = [\"/opt/p\"]"},
      {"broker.state_dir", "broker", "state_dir = \"/srv/state\""},
      {"broker.workers", "broker", "workers = 3"},
      {"broker.blocking_threads", "broker", "blocking_threads = 2"},
      {"broker.request_timeout", "broker", "request_timeout = \"300ms\""},
      {"broker.admin_socket", "broker", "admin_socket = \"/tmp/a.sock\""},
      {"log.target", "log", "target = \"/var/log/authbroker.log\""},
      {"log.level", "log", "level = \"debug\""},
      {"log.format", "log", "format = \"json\""},
      {"listener.name", "listener", "name = \"other\""},
      {"listener.protocol", "listener", "protocol = \"saslauthd\""},
      {"listener.address", "listener", "address = \"tcp:127.0.0.1:8089\""},
      {"listener.mode", "listener", "mode = \"0600\""},
      {"listener.owner", "listener", "owner = \"root\""},
      {"listener.group", "listener", "group = \"root\""},
      {"listener.peers.users", "listener", "peers = { users = [\"root\"] }"},
      {"listener.peers.groups", "listener", "peers = { groups = [\"0\"] }"},
      {"listener.networks", "listener", "networks = [\"127.0.0.1\"]"},
      {"listener.allow", "listener", "allow = [\"status\"]"},
      {"listener.trust_client", "listener", "trust_client = [\"root\", \"::1\"]"},
      {"listener.default_domain", "listener", "default_domain = \"Example.NET\""},
      {"listener.reveal", "listener", "reveal = true"},
      {"listener.unverifiable", "listener", "unverifiable = \"tempfail\""},
      {"listener.tempfail", "listener", "tempfail = \"code\""},
      {"listener.maps", "listener", "protocol = \"socketmap\"\nmaps = { rcpt = \"mailbox\" }", "listener.maps listener.protocol"},
      {"listener.values", "listener", "protocol = \"policy\"\nvalues = { policy = { absent = \"REJECT 5.1.1 Nobody\" } }", "listener.protocol listener.values"},
      {"listener.limits.connections", "listener", "limits = { connections = 5 }"},
      {"listener.limits.idle", "listener", "limits = { idle = \"5s\" }"},
      {"listener.limits.request", "listener", "limits = { request = \"16KiB\" }"},
      {"listener.limits.headers", "listener", "limits = { headers = \"4KiB\" }"},
      {"listener.limits.in_flight", "listener", "limits = { in_flight = 7 }"},
      {"backend.plugin", "backend", "plugin = \"mine\""},
      {"backend.upstream", "backend", "upstream = [\"pop3+starttls://mail.example.com\", \"pop3s://[2001:db8::1]:1995\"]"},
      {"backend.cleartext", "backend", "cleartext = true"},
      {"backend.pool.connections", "backend", "pool = { connections = 3 }"},
      {"backend.pool.idle", "backend", "pool = { idle = \"0s\" }"},
      {"backend.pool.queue", "backend", "pool = { queue = 1 }"},
      {"backend.pool.warm", "backend", "pool = { warm = 8 }"},
      {"backend.timeouts.connect", "backend", "timeouts = { connect = \"1s\" }"},
      {"backend.timeouts.reply", "backend", "timeouts = { reply = \"1s\" }"},
      {"backend.breaker.failures", "backend", "breaker = { failures = 1 }"},
      {"backend.breaker.reopen", "backend", "breaker = { reopen = \"1m\" }"},
      {"backend.breaker.service_account", "backend", "breaker = { service_account = \"5m\" }"},
      {"backend.tls.minimum", "backend.tls", "minimum = \"1.3\""},
      {"backend.tls.server_name", "backend.tls", "server_name = \"Mail.Example.ORG\""},
      {"backend.tls.pin_sha256", "backend.tls", "pin_sha256 = [\"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\"]"},
      {"backend.settings", "backend.settings", "preset = \"imail\"\nnested.deep = [1, 2]"},
      {"route.domains", "route", "domains = [\"B\xC3\xBC" "cher.example\"]"},
      {"route.login", "route", "-login\nmailbox = [\"mail1\"]", "route.login route.mailbox"},
      {"route.mailbox", "route", "mailbox = [\"mail1\"]"},
      {"route.addresses", "route", "addresses = [\"mail1\"]"},
      {"route.combine", "route", "combine = \"search\""},
      {"route.strip_domain", "route", "strip_domain = true", "route.login_name"},
      {"route.login_name", "route", "login_name = \"CORP\\\\{local}\""},
      {"route.ambiguous_names", "route", "ambiguous_names = true"},
      {"route.canonical_domain", "route", "canonical_domain = \"Example.COM\""},
      {"route.delimiter", "route", "delimiter = \"+\""},
      {"route.case", "route", "case = \"keep\""},
      {"route.allow_chars", "route", "allow_chars = \"#/\""},
      {"route.help_url", "route", "help_url = \"https://example.com/help\""},
      {"route.dynamic.separator", "route", "dynamic = { separator = \"#\", allowed = [\"*.isp.example\"] }", "route.dynamic.allowed route.dynamic.separator"},
      {"route.dynamic.allowed", "route", "dynamic = { separator = \"#\", allowed = [\"Mail.isp.example\"] }", "route.dynamic.allowed route.dynamic.separator"},
      {"route.login_cache.accept", "route", "login_cache = { accept = \"10m\" }"},
      {"route.mailbox_cache.positive", "route", "mailbox_cache = { positive = \"10d\" }"},
      {"route.mailbox_cache.positive_refresh", "route", "mailbox_cache = { positive_refresh = \"1d\" }"},
      {"route.mailbox_cache.negative", "route", "mailbox_cache = { negative = \"1d\" }"},
      {"route.mailbox_cache.negative_refresh", "route", "mailbox_cache = { negative_refresh = \"5m\" }"},
      {"route.nginx_mail.imap", "route", "nginx_mail = { imap = \"127.0.0.1:1143\" }"},
      {"route.nginx_mail.pop3", "route", "nginx_mail = { pop3 = \"[::1]:1110\" }"},
      {"route.nginx_mail.smtp", "route", "nginx_mail = { smtp = \"10.0.0.1:25\" }"},
  };
  return all;
}

// Keys that need files, other keys, or change what the others refer to: each has a test of its own below or in files_test.cpp.
const std::set<std::string_view> elsewhere{"include", "listener.token.file", "listener.token.credential", "listener.token", "backend.name", "backend.tls.verify",
                                           "backend.tls.ca_file", "backend.tls.client_cert", "backend.tls.client_key", "route.domains.file"};

TEST(Keys, EachChangesItselfAndNothingElse) {
  const configuration base = loaded(small());
  for (const change& c : changes()) {
    SCOPED_TRACE(c.key);
    std::string differs;
    for (const std::string& key : difference(base, loaded(small(c.section, c.lines)))) differs += (differs.empty() ? "" : " ") + key;
    EXPECT_EQ(differs, c.shows.empty() ? std::string(c.key) : c.shows);
  }
}

TEST(Keys, EachIsTested) {
  for (const key_info& k : key_table()) {
    if (k.type == key_type::table && k.path != "backend.settings") continue;
    const bool here = std::any_of(changes().begin(), changes().end(), [&k](const change& c) { return c.key == k.path; });
    EXPECT_NE(here, elsewhere.contains(k.path)) << k.path << " has no test, or two";
  }
  for (const change& c : changes()) EXPECT_NE(find_key(c.key), nullptr) << c.key;
  for (const std::string_view key : elsewhere) EXPECT_NE(find_key(key), nullptr) << key;
}

TEST(Keys, ThereAreAtMostHundredAndTwentyAndEachIsDescribed) {
  EXPECT_LE(key_table().size(), 120u);
  std::set<std::string_view> seen;
  for (const key_info& k : key_table()) {
    EXPECT_TRUE(seen.insert(k.path).second) << k.path << " is there twice";
    EXPECT_FALSE(k.about.empty()) << k.path;
    EXPECT_TRUE(k.about.ends_with('.')) << k.path;
    const std::size_t dot = k.path.rfind('.');
    EXPECT_TRUE(dot == std::string_view::npos || seen.contains(k.path.substr(0, dot))) << k.path << " stands before its parent";
  }
}

TEST(Keys, TheirDefaultsWrittenOutChangeNothing) {
  const configuration base = loaded(small());
  for (const key_info& k : key_table()) {
    if (k.fallback.empty() || k.path == "backend.upstream" || k.path == "route.login") continue;  // these two are written in the smallest one
    SCOPED_TRACE(k.path);
    std::string section(k.path.substr(0, k.path.find('.')));
    std::string key(k.path.substr(std::min(k.path.size(), section.size() + 1)));
    if (key.empty()) key = section, section.clear();
    EXPECT_THAT(difference(base, loaded(small(section, key + " = " + std::string(k.fallback)))), ElementsAre());
  }
}

TEST(Keys, Q_09_VerifyOffNeedsAPinOrCleartext) {
  const std::string pin = "\npin_sha256 = [\"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\"]";
  EXPECT_FALSE(loaded(small("backend.tls", "verify = false" + pin)).backends[0].tls.verify);
  EXPECT_FALSE(loaded(small("backend", "cleartext = true\ntls.verify = false")).backends[0].tls.verify);
  EXPECT_TRUE(loaded(small()).backends[0].tls.verify);
}

TEST(Keys, ABackendsNameIsWhatRoutesSay) {
  const std::string text = "[[listener]]\nname='l'\naddress='unix:/tmp/s'\n[[backend]]\nname='other'\nplugin='static'\n[[route]]\ndomains=['*']\nlogin=['other']\n";
  EXPECT_EQ(loaded(text).backends[0].name, "other");
}

TEST(Keys, DirectoriesAreAskedAgainAfterAMinute) {
  const std::string text = "[[listener]]\nname='l'\naddress='unix:/tmp/s'\n[[backend]]\nname='b'\nplugin='static'\n[[route]]\ndomains=['*']\nmailbox=['b']\n";
  EXPECT_EQ(loaded(text).routes[0].mailbox_cache.negative_refresh, std::chrono::minutes(1));
  EXPECT_EQ(loaded(text + "mailbox_cache = { negative_refresh = '3h' }").routes[0].mailbox_cache.negative_refresh, std::chrono::hours(3));
  EXPECT_EQ(loaded(small("route", "mailbox = [\"mail1\"]")).routes[0].mailbox_cache.negative_refresh, std::chrono::hours(3));
}

TEST(Keys, ALoginCacheOfZeroIsToldFromNone) {
  EXPECT_FALSE(loaded(small()).routes[0].login_cache_given);
  EXPECT_TRUE(loaded(small("route", "login_cache = { accept = \"0s\" }")).routes[0].login_cache_given);
}

TEST(Keys, SettingsGoThroughUntouchedWithTheirPlaces) {
  const configuration c = loaded(small("backend.settings", "preset = \"imail\"\ncount = 3"));
  const auto& table = std::get<setting::table>(c.backends[0].settings.value);
  EXPECT_EQ(std::get<std::string>(table.at("preset").value), "imail");
  EXPECT_EQ(std::get<std::int64_t>(table.at("count").value), 3);
  EXPECT_EQ(table.at("count").where.line, 10u);
  EXPECT_EQ(table.at("count").where.column, 9u);
  EXPECT_FALSE(table.at("count").read);
}

TEST(Nearest, FindsWhatWasMeant) {
  const std::vector<std::string_view> words{"address", "allow", "mode", "name"};
  EXPECT_EQ(nearest("adress", words), "address");
  EXPECT_EQ(nearest("nmae", words), "name");
  EXPECT_EQ(nearest("ALLOW", words), "allow");
  EXPECT_EQ(nearest("zzzzzz", words), "");
  EXPECT_EQ(nearest("", words), "");
  EXPECT_EQ(nearest(std::string(5000, 'a'), words), "");
}

}  // namespace
}  // namespace authbroker::test
