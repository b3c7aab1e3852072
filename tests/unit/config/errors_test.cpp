// What is refused, with the exact words; and what is allowed, but worth a warning.
#include <gtest/gtest.h>

#include "unit/config/dump.hpp"

namespace authbroker::test {
namespace {

struct row {
  std::string section, lines, message;
};

const std::vector<row>& rows() {
  static const std::string schemes =
      "\"pop3\", \"pop3s\", \"pop3+starttls\", \"imap\", \"imaps\", \"imap+starttls\", \"smtp\", \"smtps\", \"smtp+starttls\", \"ldap\", \"ldaps\", "
      "\"ldap+starttls\", \"srv+ldap\", \"srv+ldaps\", \"srv+ldap+starttls\", \"tcp\", \"tls\" or \"tcp+starttls\"";
  static const std::string duration = "; wanted: a duration from ", units = " (ms, s, m, h or d)";
  static const std::vector<row> all{
      // Q-01: unknown keys, everywhere
      {"", "brokr = 1", "brokr: is not a key here; did you mean \"broker\"?"},
      {"broker", "wrokers = 1", "broker.wrokers: is not a key here; did you mean \"workers\"?"},
      {"log", "colour = true", "log.colour: is not a key here"},
      {"listener", "adress2 = 1", "listener.portal.adress2: is not a key here; did you mean \"address\"?"},
      {"listener", "limits = { connection = 5 }", "listener.portal.limits.connection: is not a key here; did you mean \"connections\"?"},
      {"listener", "peers = { user = [\"root\"] }", "listener.portal.peers.user: is not a key here; did you mean \"users\"?"},
      {"backend", "verfiy = false", "backend.mail1.verfiy: is not a key here; the plugin's own go below [backend.settings]"},
      {"backend.tls", "bind_dn = \"cn=reader\"", "backend.mail1.tls.bind_dn: is not a key here; the plugin's own go below [backend.settings]"},
      {"backend.tls", "verfiy = false", "backend.mail1.tls.verfiy: is not a key here; did you mean \"verify\"?"},
      {"route", "strip_domains = true", "route.example.com.strip_domains: is not a key here; did you mean \"strip_domain\"?"},
      {"route", "mailbox_cache = { postive = \"1d\" }", "route.example.com.mailbox_cache.postive: is not a key here; did you mean \"positive\"?"},

      // Q-02: types and ranges
      {"broker", "workers = \"2\"", "broker.workers: found \"2\"; wanted: a whole number from 0 to 64"},
      {"broker", "workers = -1", "broker.workers: found -1; wanted: a whole number from 0 to 64"},
      {"broker", "workers = 1000000000000000000", "broker.workers: found 1000000000000000000; wanted: a whole number from 0 to 64"},
      {"broker", "workers = 2.0", "broker.workers: found a fraction; wanted: a whole number from 0 to 64"},
      {"broker", "workers = nan", "broker.workers: found a fraction; wanted: a whole number from 0 to 64"},
      {"broker", "blocking_threads = 0", "broker.blocking_threads: found 0; wanted: a whole number from 1 to 512"},
      {"broker", "request_timeout = \"0s\"", "broker.request_timeout: found \"0s\"" + duration + "\"100ms\" to \"120s\"" + units},
      {"broker", "request_timeout = \"121s\"", "broker.request_timeout: found \"121s\"" + duration + "\"100ms\" to \"120s\"" + units},
      {"broker", "request_timeout = 8", "broker.request_timeout: found 8" + duration + "\"100ms\" to \"120s\"" + units},
      {"broker", "request_timeout = \"8\"", "broker.request_timeout: found \"8\"" + duration + "\"100ms\" to \"120s\"" + units},
      {"broker", "request_timeout = \"-8s\"", "broker.request_timeout: found \"-8s\"" + duration + "\"100ms\" to \"120s\"" + units},
      {"broker", "request_timeout = 2026-11-21", "broker.request_timeout: found a date or time; wanted: text in quotes, such as \"10m\" for a duration"},
      {"broker", "user = 33", "broker.user: found 33; wanted: text in quotes"},
      {"broker", "user = \"no-such-user-here\"", "broker.user: found \"no-such-user-here\"; wanted: the name of a user of this machine"},
      {"broker", "user = \"0\"", "broker.user: found \"0\"; wanted: the name of a user of this machine"},
      {"broker", "user = \"a\\u0000b\"", "broker.user: found \"a\\x00b\"; wanted: text without control characters"},
      {"broker", "plugin_dirs = \"/usr/lib\"", "broker.plugin_dirs: found \"/usr/lib\"; wanted: a list of texts, such as [\"...\"]"},
      {"broker", "plugin_dirs = []", "broker.plugin_dirs: found a list; wanted: at least one directory"},
      {"broker", "plugin_dirs = [\"/a\", \"/a\"]", "broker.plugin_dirs: found \"/a\" twice; wanted: once"},
      {"broker", "plugin_dirs = [1]", "broker.plugin_dirs: found 1; wanted: text in quotes, without control characters"},
      {"broker", "state_dir = \"\"", "broker.state_dir: found \"\"; wanted: a directory"},
      {"broker", "admin_socket = \"\"", "broker.admin_socket: found \"\"; wanted: the path of a socket"},
      {"broker", "admin_socket = \"/" + std::string(107, 'a') + "\"", "broker.admin_socket: found a path of 108 bytes; wanted: at most 107, which is all that the kernel takes"},
      {"", "broker = 3", "broker: found 3; wanted: a table, such as { ... }"},
      {"log", "target = \"stdout\"", "log.target: found \"stdout\"; wanted: \"stderr\", \"journal\", \"syslog\", or the path of a file, with a /"},
      {"log", "level = \"verbose\"", "log.level: found \"verbose\"; wanted: \"debug\", \"info\", \"warning\" or \"error\""},
      {"log", "format = \"xml\"", "log.format: found \"xml\"; wanted: \"logfmt\" or \"json\""},

      // listeners
      {"listener", "-name", "listener[1].name: is missing; wanted: what the log is to call this listener"},
      {"listener", "name = \"a b\"", "listener.a b.name: found \"a b\"; wanted: 1 to 64 letters, digits, dots, hyphens and underscores"},
      {"listener", "protocol = \"htpp\"", "listener.portal.protocol: found \"htpp\"; wanted: \"http\", \"saslauthd\", \"dovecot-auth\", \"dovecot-userdb\", \"socketmap\", \"policy\" or \"tcp-table\""},
      {"listener", "-address", "listener.portal.address: is missing; wanted: \"unix:/path\" or \"tcp:127.0.0.1:8089\""},
      {"listener", "address = \"/tmp/x\"", "listener.portal.address: found \"/tmp/x\"; wanted: \"unix:/path\" or \"tcp:127.0.0.1:8089\""},
      {"listener", "address = \"unix:\"", "listener.portal.address: found \"unix:\"; wanted: \"unix:/path\" or \"tcp:127.0.0.1:8089\""},
      {"listener", "address = \"unix:@abstract\"", "listener.portal.address: found \"unix:@abstract\"; wanted: a path in the file system: abstract sockets have no file mode"},  // J-15
      {"listener", "address = \"unix:/" + std::string(107, 'a') + "\"", "listener.portal.address: found a path of 108 bytes; wanted: at most 107, which is all that the kernel takes"},  // J-06
      {"listener", "address = \"unix:/tmp/\"", "listener.portal.address: found \"/tmp/\"; wanted: the path of a socket, not of a directory"},
      {"listener", "address = \"tcp:0.0.0.0:80\"", "listener.portal.address: found \"tcp:0.0.0.0:80\"; wanted: a loopback address (127.0.0.0/8 or [::1]): passwords do not travel over networks in the clear"},  // J-14
      {"listener", "address = \"tcp:[::]:80\"", "listener.portal.address: found \"tcp:[::]:80\"; wanted: a loopback address (127.0.0.0/8 or [::1]): passwords do not travel over networks in the clear"},
      {"listener", "address = \"tcp:[::ffff:127.0.0.1]:80\"", "listener.portal.address: found \"tcp:[::ffff:127.0.0.1]:80\"; wanted: a loopback address (127.0.0.0/8 or [::1]): passwords do not travel over networks in the clear"},
      {"listener", "address = \"tcp:localhost:80\"", "listener.portal.address: found \"tcp:localhost:80\"; wanted: \"unix:/path\" or \"tcp:127.0.0.1:8089\""},
      {"listener", "address = \"tcp:127.0.0.1\"", "listener.portal.address: found \"tcp:127.0.0.1\"; wanted: \"unix:/path\" or \"tcp:127.0.0.1:8089\""},
      {"listener", "address = \"tcp:127.0.0.1:0\"", "listener.portal.address: found \"tcp:127.0.0.1:0\"; wanted: \"unix:/path\" or \"tcp:127.0.0.1:8089\""},
      {"listener", "address = \"tcp:127.0.0.1:65536\"", "listener.portal.address: found \"tcp:127.0.0.1:65536\"; wanted: \"unix:/path\" or \"tcp:127.0.0.1:8089\""},
      {"listener", "address = \"tcp:[fe80::1%eth0]:80\"", "listener.portal.address: found \"tcp:[fe80::1%eth0]:80\"; wanted: \"unix:/path\" or \"tcp:127.0.0.1:8089\""},  // T-09
      {"listener", "mode = \"660\\u0020\"", "listener.portal.mode: found \"660 \"; wanted: an octal file mode in quotes, such as \"0660\""},
      {"listener", "mode = 432", "listener.portal.mode: found 432; wanted: text in quotes"},
      {"listener", "mode = \"0980\"", "listener.portal.mode: found \"0980\"; wanted: an octal file mode in quotes, such as \"0660\""},
      {"listener", "mode = \"4777\"", "listener.portal.mode: found \"4777\"; wanted: an octal file mode in quotes, such as \"0660\""},
      {"listener", "networks = [\"127.0.0.1/8\"]", "listener.portal.networks: found \"127.0.0.1/8\"; wanted: zeroes after the first 8 bits"},
      {"listener", "networks = [\"127.0.0.0/33\"]", "listener.portal.networks: found \"127.0.0.0/33\"; wanted: a network such as \"127.0.0.0/8\", or an address"},
      {"listener", "networks = [\"localhost\"]", "listener.portal.networks: found \"localhost\"; wanted: a network such as \"127.0.0.0/8\", or an address"},
      {"listener", "token = { fil = \"/x\" }", "listener.portal.token.fil: is not a key here; did you mean \"file\"?"},
      {"listener", "token = 5", "listener.portal.token: found a whole number; wanted: { file = \"/path\" } or { credential = \"name\" }"},
      {"listener", "token = { file = \"/nowhere/token\" }", "listener.portal.token: cannot open /nowhere/token: No such file or directory"},
      {"listener", "group = \"no-such-group\"", "listener.portal.group: found \"no-such-group\", a group that this machine does not know; wanted: a group's name or number (is its package installed?)"},
      {"listener", "owner = \"no-such-user\"", "listener.portal.owner: found \"no-such-user\", a user that this machine does not know; wanted: a user's name or number"},
      {"listener", "peers = { users = [\"no-such-user\"] }", "listener.portal.peers.users: found \"no-such-user\", a user that this machine does not know; wanted: a user's name or number"},
      {"listener", "peers = { groups = [\"no-such-group\"] }", "listener.portal.peers.groups: found \"no-such-group\", a group that this machine does not know; wanted: a group's name or number (is its package installed?)"},
      {"listener", "trust_client = [\"no-such-user\"]", "listener.portal.trust_client: found \"no-such-user\", a user that this machine does not know; wanted: a user's name or number"},
      {"listener", "allow = []", "listener.portal.allow: found an empty list; wanted: at least one of \"login\", \"mailbox\", \"status\" or \"metrics\""},
      {"listener", "allow = [\"auth\"]", "listener.portal.allow: found \"auth\"; wanted: \"login\", \"mailbox\", \"status\" or \"metrics\""},
      {"listener", "trust_client = \"yes\"", "listener.portal.trust_client: found \"yes\"; wanted: true, false, or a list of users and IP addresses"},
      {"listener", "trust_client = [\"10.0.0.0/8\"]", "listener.portal.trust_client: found \"10.0.0.0/8\"; wanted: a user or an IP address"},
      {"listener", "default_domain = \"a..b\"", "listener.portal.default_domain: found \"a..b\"; wanted: a domain name"},
      {"listener", "reveal = \"true\"", "listener.portal.reveal: found \"true\"; wanted: true or false, without quotes"},
      {"listener", "unverifiable = \"yes\"", "listener.portal.unverifiable: found \"yes\"; wanted: \"exists\", \"absent\" or \"tempfail\""},
      {"listener", "tempfail = \"drop\"", "listener.portal.tempfail: found \"drop\"; wanted: \"close\" or \"code\""},
      {"listener", "limits = { connections = 0 }", "listener.portal.limits.connections: found 0; wanted: a whole number from 1 to 100000"},
      {"listener", "limits = { idle = \"0s\" }", "listener.portal.limits.idle: found \"0s\"" + duration + "\"100ms\" to \"1d\"" + units},
      {"listener", "limits = { request = \"8K\" }", "listener.portal.limits.request: found \"8K\"; wanted: a size from \"256B\" to \"1MiB\" (B, KiB or MiB)"},
      {"listener", "limits = { headers = \"2MiB\" }", "listener.portal.limits.headers: found \"2MiB\"; wanted: a size from \"1KiB\" to \"1MiB\" (B, KiB or MiB)"},
      {"listener", "limits = 5", "listener.portal.limits: found 5; wanted: a table, such as { ... }"},

      // backends
      {"backend", "-plugin", "backend.mail1.plugin: is missing; wanted: the name of a plugin, such as \"pop3\""},
      {"backend", "plugin = \"../evil\"", "backend.mail1.plugin: found \"../evil\"; wanted: a plugin's name, which is its file's without \".so\""},
      {"backend", "plugin = \"..\"", "backend.mail1.plugin: found \"..\"; wanted: a plugin's name, which is its file's without \".so\""},
      {"backend", "upstream = [\"mail.example.com\"]", "backend.mail1.upstream: found \"mail.example.com\"; wanted: scheme://host or scheme://host:port"},
      {"backend", "upstream = [\"pop4s://h\"]", "backend.mail1.upstream: found the scheme \"pop4s\" (did you mean \"pop3s\"?); wanted: " + schemes},
      {"backend", "upstream = [\"gopher://h\"]", "backend.mail1.upstream: found the scheme \"gopher\"; wanted: " + schemes},
      {"backend", "upstream = [\"pop3s://\"]", "backend.mail1.upstream: found no host; wanted: a name or an address"},  // C-12
      {"backend", "upstream = [\"pop3s://:995\"]", "backend.mail1.upstream: found no host; wanted: a name or an address"},
      {"backend", "upstream = [\"pop3s://mail.example.com.\"]", "backend.mail1.upstream: found \"mail.example.com.\"; wanted: the name without the dot at its end"},  // C-12
      {"backend", "upstream = [\"pop3s://ann:pw@h\"]", "backend.mail1.upstream: found a user in the URL; wanted: scheme://host or scheme://host:port"},
      {"backend", "upstream = [\"pop3s://h/inbox\"]", "backend.mail1.upstream: found \"pop3s://h/inbox\"; wanted: scheme://host or scheme://host:port, nothing after it"},
      {"backend", "upstream = [\"pop3s://h?x\"]", "backend.mail1.upstream: found \"pop3s://h?x\"; wanted: scheme://host or scheme://host:port, nothing after it"},
      {"backend", "upstream = [\"pop3s://2001:db8::1\"]", "backend.mail1.upstream: found \"pop3s://2001:db8::1\"; wanted: an IPv6 address in brackets, such as pop3s://[2001:db8::1]:995"},
      {"backend", "upstream = [\"pop3s://[fe80::1%eth0]\"]", "backend.mail1.upstream: found \"pop3s://[fe80::1%eth0]\"; wanted: an IPv6 address, without zone, in the brackets"},  // T-09
      {"backend", "upstream = [\"pop3s://[127.0.0.1]\"]", "backend.mail1.upstream: found \"pop3s://[127.0.0.1]\"; wanted: an IPv6 address, without zone, in the brackets"},
      {"backend", "upstream = [\"pop3s://127.1\"]", "backend.mail1.upstream: found \"127.1\"; wanted: a host name, or an IPv4 address, or an IPv6 address without zone"},
      {"backend", "upstream = [\"pop3s://a b\"]", "backend.mail1.upstream: found \"a b\"; wanted: a host name, or an IPv4 address, or an IPv6 address without zone"},
      {"backend", "upstream = [\"pop3s://h:0\"]", "backend.mail1.upstream: found \"pop3s://h:0\"; wanted: a port from 1 to 65535; IPv6 addresses in brackets"},
      {"backend", "upstream = [\"pop3s://h:\"]", "backend.mail1.upstream: found \"pop3s://h:\"; wanted: a port from 1 to 65535; IPv6 addresses in brackets"},
      {"backend", "upstream = [\"pop3s://h:+995\"]", "backend.mail1.upstream: found \"pop3s://h:+995\"; wanted: a port from 1 to 65535; IPv6 addresses in brackets"},
      {"backend", "plugin = \"mine\"\nupstream = [\"tls://h\"]", "backend.mail1.upstream: found \"tls://h\"; wanted: a port: the scheme \"tls\" has none of its own"},
      {"backend", "plugin = \"ldap\"\nupstream = [\"srv+ldaps://example.com:636\"]", "backend.mail1.upstream: found \"srv+ldaps://example.com:636\"; wanted: no port: the domain's SRV records have it"},
      {"backend", "plugin = \"ldap\"\nupstream = [\"srv+ldaps://10.0.0.1\"]", "backend.mail1.upstream: found \"srv+ldaps://10.0.0.1\"; wanted: a domain, whose SRV records name the servers"},
      {"backend", "upstream = [\"imaps://h\"]", "backend.mail1.upstream: found the scheme \"imaps\"; wanted: \"pop3\", \"pop3s\" or \"pop3+starttls\", which the plugin \"pop3\" speaks"},
      {"backend", "plugin = \"mine\"\nupstream = [\"pop3s://h\", \"imaps://h\"]", "backend.mail1.upstream: found the scheme \"imaps\" beside \"pop3s\"; wanted: replicas of one service"},
      {"backend", "upstream = [\"pop3://h\"]", "backend.mail1.upstream: found \"pop3\", which sends passwords unencrypted; wanted: a scheme with TLS (pop3+starttls, or the one for TLS from the start), or cleartext = true"},
      {"backend", "pool = { connections = 0 }", "backend.mail1.pool.connections: found 0; wanted: a whole number from 1 to 1000"},
      {"backend", "pool = { warm = 9 }", "backend.mail1.pool.warm: found 9; wanted: at most pool.connections, which is 8"},
      {"backend", "pool = { queue = -1 }", "backend.mail1.pool.queue: found -1; wanted: a whole number from 1 to 100000"},
      {"backend", "timeouts = { connect = \"0ms\" }", "backend.mail1.timeouts.connect: found \"0ms\"" + duration + "\"10ms\" to \"120s\"" + units},
      {"backend", "breaker = { failures = 0 }", "backend.mail1.breaker.failures: found 0; wanted: a whole number from 1 to 1000"},
      {"backend.tls", "minimum = \"1.1\"", "backend.mail1.tls.minimum: found \"1.1\"; wanted: \"1.2\" or \"1.3\"; older versions need cleartext = true"},
      {"backend.tls", "minimum = \"2\"", "backend.mail1.tls.minimum: found \"2\"; wanted: \"1.0\", \"1.1\", \"1.2\" or \"1.3\""},
      {"backend.tls", "verify = false", "backend.mail1.tls.verify: found false; wanted: true, or a pin_sha256, or cleartext = true: without any, everybody can pose as the upstream"},
      {"backend.tls", "ca_file = \"/nowhere/ca.pem\"", "backend.mail1.tls.ca_file: cannot open /nowhere/ca.pem: No such file or directory"},
      {"backend.tls", "server_name = \"h.\"", "backend.mail1.tls.server_name: found \"h.\"; wanted: the name without the dot at its end"},
      {"backend.tls", "pin_sha256 = [\"abc\"]", "backend.mail1.tls.pin_sha256: found \"abc\"; wanted: the base64 of a SHA-256, 44 characters"},
      {"backend.tls", "pin_sha256 = [\"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV=\"]", "backend.mail1.tls.pin_sha256: found \"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV=\"; wanted: the base64 of a SHA-256, 44 characters"},
      {"backend", "settings = 5", "backend.mail1.settings: found 5; wanted: a table: [backend.settings]"},

      // routes
      {"route", "-domains", "route[1].domains: is missing; wanted: a list of domains, or { file = \"...\" }"},
      {"route", "domains = []", "route[1].domains: found a list; wanted: at least one domain"},
      {"route", "domains = \"example.com\"", "route.example.com.domains: found \"example.com\"; wanted: a list of domains, or { file = \"...\" }"},
      {"route", "domains = [\"exa mple\"]", "route.exa mple.domains: found \"exa mple\"; wanted: a domain, \"*.suffix\" or \"*\""},
      {"route", "domains = [\"*example.com\"]", "route.*example.com.domains: found \"*example.com\"; wanted: a domain, \"*.suffix\" or \"*\""},
      {"route", "domains = [\"a.*.com\"]", "route.a.*.com.domains: found \"a.*.com\"; wanted: a domain, \"*.suffix\" or \"*\""},
      {"route", "domains = [\"example.com.\"]", "route.example.com..domains: found \"example.com.\"; wanted: a domain, \"*.suffix\" or \"*\""},
      {"route", "domains = { file = \"/nowhere/domains.txt\" }", "route[1].domains.file: cannot open /nowhere/domains.txt: No such file or directory"},
      {"route", "domains = {}", "route[1].domains.file: is missing; wanted: the path of a file of domains"},
      {"route", "domains = [\"example.com\", \"Example.COM\"]", "route.example.com.domains: found \"example.com\" again, first at test.toml:10:12; wanted: each domain once"},
      {"route", "-login", "route.example.com.login: is missing; wanted: login or mailbox: a list of backends"},
      {"route", "login = []", "route.example.com.login: found no backend for login nor mailbox; wanted: at least one"},
      {"route", "login = [\"mial1\"]", "route.example.com.login: found \"mial1\", which is no backend; did you mean \"mail1\"?"},
      {"route", "mailbox = [\"ldap\"]", "route.example.com.mailbox: found \"ldap\", which is no backend"},
      {"route", "addresses = [\"mail2\"]", "route.example.com.addresses: found \"mail2\", which is no backend; did you mean \"mail1\"?"},
      {"route", "login = [\"mail1\", \"mail1\"]", "route.example.com.login: found \"mail1\" twice; wanted: once"},
      {"route", "combine = \"both\"", "route.example.com.combine: found \"both\"; wanted: \"failover\" or \"search\""},
      {"route", "login_name = \"{user}\"", "route.example.com.login_name: found \"{user}\"; wanted: a template of text, {address}, {local} and {domain}; {user} is unknown"},
      {"route", "login_name = \"{local\"", "route.example.com.login_name: found \"{local\"; wanted: a template of text, {address}, {local} and {domain}; a { has no }"},
      {"route", "login_name = \"local}\"", "route.example.com.login_name: found \"local}\"; wanted: a template of text, {address}, {local} and {domain}; a } has no {"},
      {"route", "login_name = \"{domain}\"", "route.example.com.login_name: found \"{domain}\"; wanted: a template with {local} or {address}: without one, everybody is the same account"},
      {"route", "strip_domain = true\nlogin_name = \"{address}\"", "route.example.com.login_name: found \"{address}\"; wanted: one of login_name and strip_domain: strip_domain = true means \"{local}\""},
      {"route", "strip_domain = false\nlogin_name = \"{local}\"", "route.example.com.login_name: found \"{local}\"; wanted: one of login_name and strip_domain: strip_domain = false means \"{address}\""},
      {"route", "canonical_domain = \"*\"", "route.example.com.canonical_domain: found \"*\"; wanted: a domain name"},
      {"route", "delimiter = \"++\"", "route.example.com.delimiter: found \"++\"; wanted: one character, such as \"+\""},
      {"route", "delimiter = \"@\"", "route.example.com.delimiter: found \"@\"; wanted: one character, such as \"+\""},
      {"route", "case = \"lower\"", "route.example.com.case: found \"lower\"; wanted: \"fold\" or \"keep\""},
      {"route", "allow_chars = \"%\"", "route.example.com.allow_chars: found \"%\"; wanted: some of the characters # ~ /"},
      {"route", "help_url = \"javascript:x\"", "route.example.com.help_url: found \"javascript:x\"; wanted: a URL that starts with https://, http:// or mailto:"},
      {"route", "dynamic = { allowed = [\"h.example\"] }", "route.example.com.dynamic.separator: is missing; wanted: one character, such as \"#\""},
      {"route", "dynamic = { separator = \"#\" }", "route.example.com.dynamic.allowed: is missing; wanted: a list of hosts or \"*.suffix\""},
      {"route", "dynamic = { separator = \"a\", allowed = [\"h.example\"] }", "route.example.com.dynamic.separator: found \"a\"; wanted: one character that no name holds, such as \"#\""},
      {"route", "dynamic = { separator = \"#\", allowed = [] }", "route.example.com.dynamic.allowed: found a list; wanted: at least one host or \"*.suffix\""},
      {"route", "dynamic = { separator = \"#\", allowed = [\"*\"] }", "route.example.com.dynamic.allowed: found \"*\"; wanted: a host name, or \"*.suffix\" of at least two labels"},
      {"route", "dynamic = { separator = \"#\", allowed = [\"*.com\"] }", "route.example.com.dynamic.allowed: found \"*.com\"; wanted: a host name, or \"*.suffix\" of at least two labels"},
      {"route", "login_cache = { accept = \"2d\" }", "route.example.com.login_cache.accept: found \"2d\"" + duration + "\"0s\" to \"1d\"" + units},
      {"route", "mailbox_cache = { positive = \"1h\", positive_refresh = \"2h\" }", "route.example.com.mailbox_cache.positive_refresh: found \"2h\"; wanted: at most positive, which is \"1h\""},
      {"route", "mailbox_cache = { negative_refresh = \"4d\" }", "route.example.com.mailbox_cache.negative_refresh: found \"4d\"; wanted: at most negative, which is \"3d\""},
      {"route", "nginx_mail = { imap = \"localhost:143\" }", "route.example.com.nginx_mail.imap: found \"localhost:143\"; wanted: an IP address and a port, such as \"127.0.0.1:1143\""},

      // accounts that two people could share
      {"route", "domains = [\"example.com\", \"example.org\"]\nstrip_domain = true", "route.example.com.login_name: drops the domain of several domains, so that two people could be one account; wanted: canonical_domain if they are the same people, or ambiguous_names = true"},
      {"route", "domains = [\"*.example.com\"]\nlogin_name = \"CORP\\\\{local}\"", "route.*.example.com.login_name: drops the domain of several domains, so that two people could be one account; wanted: canonical_domain if they are the same people, or ambiguous_names = true"},
      {"route", "domains = [\"*\"]\nstrip_domain = true", "route.*.login_name: drops the domain of several domains, so that two people could be one account; wanted: canonical_domain if they are the same people, or ambiguous_names = true"},
  };
  return all;
}

TEST(Errors, Q_01_Q_02_EachSaysWhatWasFoundAndWhatIsWanted) {
  for (const row& r : rows()) EXPECT_EQ(problems(small(r.section, r.lines)), r.message) << r.section << "\n" << r.lines;
}

TEST(Errors, AllAreListedAtOnce) {
  const std::string text = small("listener", "name = \"\"\nmode = \"9\"\nreveal = 1");
  EXPECT_EQ(problems(text),
            "listener[1].name: found \"\"; wanted: 1 to 64 letters, digits, dots, hyphens and underscores\n"
            "listener[1].mode: found \"9\"; wanted: an octal file mode in quotes, such as \"0660\"\n"
            "listener[1].reveal: found 1; wanted: true or false, without quotes");
}

TEST(Errors, AnEmptyFileLacksThreeThings) {
  EXPECT_EQ(problems(""), "listener: is missing; wanted: at least one [[listener]]\nbackend: is missing; wanted: at least one [[backend]]\n"
                          "route: is missing; wanted: at least one [[route]]");
}

TEST(Errors, OneBracketIsNotTwo) {
  std::string text = small();
  text.replace(text.find("[[route]]"), 9, "[route]");
  EXPECT_EQ(problems(text), "route: found a table; wanted: [[route]], with two brackets: there may be several");
}

TEST(Errors, NamesAndSocketsAreUnique) {
  const std::string second = "[[listener]]\nname = \"portal\"\naddress = \"unix:/tmp/http.sock\"\n[[backend]]\nname = \"mail1\"\nplugin = \"static\"\n";
  EXPECT_EQ(problems(small() + second),
            "listener.portal.name: found twice, first at test.toml:2:8; wanted: one listener of each name\n"
            "listener.portal.address: found the address of listener.portal.address; wanted: one socket each\n"
            "backend.mail1.name: found twice, first at test.toml:5:8; wanted: one backend of each name");
  EXPECT_EQ(problems(small("broker", "admin_socket = \"/tmp/http.sock\"")), "listener.portal.address: found the address of broker.admin_socket; wanted: one socket each");
}

TEST(Errors, TwoRoutesMayNotClaimOneDomain) {
  EXPECT_EQ(problems(small() + "[[route]]\ndomains = [\"EXAMPLE.com\"]\nlogin = [\"mail1\"]\n"),
            "route.EXAMPLE.com.domains: found \"example.com\" again, first at test.toml:9:12; wanted: each domain once");
}

TEST(Errors, TwoStrippedRoutesMayNotShareABackendUnlessTheyAreTheSamePeople) {
  const std::string first = small("route", "strip_domain = true");
  const auto second = [](const std::string& more) { return "[[route]]\ndomains = [\"example.org\"]\nlogin = [\"mail1\"]\n" + more; };
  const auto message = [](const std::string& at, const std::string& name) {
    return "route." + name + ".login_name: drops the domain, as the route at test.toml:" + at +
           " does for the same backend \"mail1\", so that two people could be one account; wanted: the same canonical_domain in both if they are the same people, or ambiguous_names = true";
  };
  EXPECT_EQ(problems(first + second("strip_domain = true\n")), message("12:1", "example.com") + "\n" + message("8:1", "example.org"));
  EXPECT_EQ(problems(first + second("strip_domain = true\ncanonical_domain = \"example.com\"\n")), "load: no problem");
  EXPECT_EQ(problems(first + second("strip_domain = true\ncanonical_domain = \"other.example\"\n")), message("12:1", "example.com") + "\n" + message("8:1", "example.org"));
  EXPECT_EQ(problems(first + second("")), "load: no problem");
  EXPECT_EQ(problems(first + second("strip_domain = true\nambiguous_names = true\n")), message("12:1", "example.com"));
}

TEST(Errors, StrippingIsLegalForOneDomainForTheSamePeopleAndOnYourWord) {
  EXPECT_EQ(problems(small("route", "strip_domain = true")), "load: no problem");
  EXPECT_EQ(problems(small("route", "domains = [\"*\"]\nstrip_domain = true\nambiguous_names = true")), "load: no problem");
  EXPECT_EQ(problems(small("route", "domains = [\"a.example\", \"b.example\"]\nstrip_domain = true\ncanonical_domain = \"a.example\"")), "load: no problem");
  EXPECT_EQ(problems(small("route", "domains = [\"*\"]\nlogin_name = \"{local}@{domain}\"")), "load: no problem");
}

TEST(Errors, DynamicRoutesNeedAHostsSchemeAndPort) {
  const std::string dynamic = "-domains\ndynamic = { separator = \"#\", allowed = [\"mail.example.net\"] }";
  EXPECT_EQ(loaded(small("route", dynamic)).routes[0].name, "#mail.example.net");
  std::string text = small("route", dynamic);
  text.replace(text.find("upstream"), 8, "#");
  EXPECT_EQ(problems(text), "route.#mail.example.net.dynamic: found the backend \"mail1\" without upstream; wanted: one, whose scheme and port are used");
  EXPECT_EQ(problems(small("route", dynamic + "\n-login\nmailbox = [\"mail1\"]")), "route.#mail.example.net.dynamic: found no login backend; wanted: one, whose first upstream's scheme and port are used");
}

TEST(Errors, Q_02_WhatIsNotTomlIsRefused) {
  const auto starts = [](const std::string& text, const std::string& with) {
    const std::string found = problems(text);
    EXPECT_TRUE(found.starts_with(with)) << found;
  };
  starts("\xEF\xBB\xBF[broker]\n", "starts with a byte order mark");
  starts("[broker\n", "is not TOML: a ] is missing (");
  starts("a = mail1\n", "is not TOML: a text needs quotes (");
  starts("a = \"abc\nb = 1\n", "is not TOML: a quote is not closed on this line (");
  starts("a = [\"a\"\nb = [\"b\"]\n", "is not TOML: a comma, or the ] that closes the list, is missing before this (");
  starts("a = \"CORP\\d\"\n", "is not TOML: a backslash between double quotes is written twice, or single quotes are used (");
  starts("a =\n", "is not TOML: the value is missing (");
  starts("a = 8s\n", "is not TOML: a number with a unit, or anything but a number, needs quotes (");
  starts("a = 0660\n", "is not TOML: a number that starts with 0, such as a file mode, needs quotes (");
  starts("a = True\n", "is not TOML: true and false are written in lower case, without quotes (");
  starts("a = 1\na = 2\n", "is not TOML: this key is written twice (");
  starts("a = 1\na = 2\n", "is not TOML: ");
  starts(std::string("a = \"\0\"\n", 8), "is not TOML: ");
  starts("a = \"\xff\xfe\"\n", "is not TOML: ");
  starts("a = " + std::string(10'000, '['), "is not TOML: ");
  starts(std::string(1'100'000, '#'), "is longer than 1 MiB");
}

TEST(Errors, Q_02_DepthHasAnEnd) {  // Q-02
  const auto chain = [](int parts) {
    std::string key = "a";
    for (int i = 1; i < parts; ++i) key += i % 3 == 0 ? ".\"x=,.\"" : i % 3 == 1 ? " . a" : ".'#'";
    return key;
  };
  const std::string too_deep = "has a key of more than 16 parts; no key has so many";
  EXPECT_EQ(problems("[" + chain(17) + "]\n"), too_deep);
  EXPECT_EQ(problems("# ok\nx = 1\n" + chain(100'000) + " = 1\n"), too_deep);
  EXPECT_EQ(problems("x = { y = \"\"\"\n.\"\"\"\"\", " + chain(100'000) + " = 1 }\n"), too_deep);
  EXPECT_EQ(problems("[" + chain(16) + "]\n").find(too_deep), std::string::npos);
  // Dots in texts and remarks are no parts of keys, even after quotes that mean nothing.
  const std::string dots(1000, '.');
  EXPECT_EQ(problems("# \" " + dots + "\n" + small("backend.settings", "a = \"\\\"" + dots + "\"\nb = '" + dots + "'\nc = \"\"\"\n\" " + dots + "\n\"\"\"\nd = '''\n' " + dots + "'''''\ne = 1.5")),
            "load: no problem");
  // As deep as it gets: arrays and tables in each other, each under a long key.
  std::string nest;
  for (int i = 0; i < 110; ++i) nest += "[{" + chain(16) + "=";
  nest += "1";
  for (int i = 0; i < 110; ++i) nest += "}]";
  EXPECT_EQ(problems(small("backend.settings", chain(16) + " = " + nest)), "load: no problem");
}

TEST(Errors, ASecretIsNeverShown) {
  for (const std::string token : {"token = \"hunter2-hunter2\"", "token = { file = [\"hunter2-hunter2\"] }", "token = [\"hunter2-hunter2\"]"}) {
    const std::string found = problems(small("listener", token));
    EXPECT_NE(found, "load: no problem") << token;
    EXPECT_EQ(found.find("hunter2"), std::string::npos) << found;
  }
}

TEST(Warnings, Q_09_SayWhatIsWeakOrIdle) {
  EXPECT_EQ(warnings(small()), "");
  const std::vector<row> all{
      {"backend", "cleartext = true\nupstream = [\"pop3://mail.example.com\"]", "backend.mail1.upstream: what is asked, passwords included, travels unencrypted to mail.example.com:110"},
      {"backend", "cleartext = true\ntls = { verify = false }", "backend.mail1.tls.verify: certificates are not checked: whoever stands between can read passwords"},
      {"backend", "cleartext = true\ntls = { minimum = \"1.0\" }", "backend.mail1.tls.minimum: TLS 1.0 is broken"},
      {"backend", "cleartext = true", "backend.mail1.cleartext: is not needed here; wanted: false, so that a later change cannot send passwords unencrypted"},
      {"listener", "address = \"unix:/nowhere/at/all.sock\"", "listener.portal.address: the directory /nowhere/at does not exist (yet), and the daemon cannot start without it; wanted: mkdir, or RuntimeDirectory= in the unit"},
      {"listener", "allow = [\"login\", \"metrics\"]", "listener.portal.allow: has no effect: \"metrics\" are not told in this version"},
      {"route", "login_cache = { accept = \"60s\" }", "route.example.com.login_cache: has no effect in this version: nothing is cached yet"},
      {"route", "mailbox_cache = { negative = \"1h\" }", "route.example.com.mailbox_cache: has no effect in this version: nothing is cached yet"},
      {"log", "target = \"/nowhere/at/all.log\"", "log.target: the directory /nowhere/at does not exist (yet), and the daemon cannot start without it; wanted: mkdir, or LogsDirectory= in the unit"},
      {"", "include = [\"/nowhere/*.toml\"]", "include: \"/nowhere/*.toml\" matches no file"},
      {"listener", "default_domain = \"other.example\"", "listener.portal.default_domain: no route has \"other.example\""},
      {"backend", "timeouts = { reply = \"60s\" }", "backend.mail1.timeouts.reply: is longer than broker.request_timeout (8s), which ends the question before"},
      {"listener", "unverifiable = \"absent\"", "listener.portal.unverifiable: has no effect: this protocol has a word of its own for unverifiable"},
      {"listener", "protocol = \"policy\"\nunverifiable = \"absent\"", "listener.portal.unverifiable: has no effect: this protocol has a word of its own for unverifiable"},
      {"listener", "maps = { rcpt = \"mailbox\" }", "listener.portal.maps: has no effect: it is for socketmap and tcp-table"},
      {"listener", "protocol = \"policy\"\nmaps = { rcpt = \"mailbox\" }", "listener.portal.maps: has no effect: it is for socketmap and tcp-table"},
      {"listener", "values = { access = { absent = \"DUNNO\" } }", "listener.portal.values: has no effect: it is for socketmap, policy and tcp-table"},
      {"listener", "protocol = \"socketmap\"\nallow = [\"login\"]", "listener.portal.allow: nothing can be asked here, and every caller is told to come back later: socketmap asks for \"mailbox\" only; wanted: \"mailbox\""},
      {"listener", "protocol = \"policy\"\nallow = [\"login\"]", "listener.portal.allow: nothing can be asked here, and every caller is told to come back later: policy asks for \"mailbox\" only; wanted: \"mailbox\""},
      {"listener", "protocol = \"dovecot-auth\"\nallow = [\"mailbox\"]", "listener.portal.allow: nothing can be asked here, and every caller is told to come back later: dovecot-auth asks for \"login\" only; wanted: \"login\""},
      {"listener", "protocol = \"saslauthd\"\nallow = [\"mailbox\"]", "listener.portal.allow: nothing can be asked here, and every caller is told to come back later: saslauthd asks for \"login\" only; wanted: \"login\""},
      {"listener", "protocol = \"policy\"\nallow = [\"mailbox\", \"status\"]", "listener.portal.allow: has no effect: \"status\" is told over http only"},
      {"listener", "protocol = \"socketmap\"\nreveal = true", "listener.portal.reveal: has no effect: it is for http and dovecot-auth"},
      {"listener", "protocol = \"socketmap\"\ntrust_client = true", "listener.portal.trust_client: has no effect: this protocol does not carry the end user's address"},
      {"listener", "networks = [\"127.0.0.1/32\"]", "listener.portal.networks: has no effect: it is for TCP listeners; wanted for Unix sockets: mode, group or peers"},
      {"listener", "tempfail = \"code\"", "listener.portal.tempfail: has no effect: it is for dovecot-auth"},
      {"listener", "address = \"tcp:127.0.0.1:8089\"\nmode = \"0600\"", "listener.portal.mode: has no effect: it is for Unix sockets"},
      {"listener", "address = \"tcp:127.0.0.1:8089\"\npeers = { groups = [\"0\"] }", "listener.portal.peers: has no effect: it is for Unix sockets; wanted for TCP: token"},
  };
  for (const row& r : all) EXPECT_EQ(warnings(small(r.section, r.lines)), r.message) << r.lines;
  EXPECT_EQ(warnings(small() + "[[backend]]\nname = \"spare\"\nplugin = \"static\"\n"), "backend.spare: is used by no route");
}

}  // namespace
}  // namespace authbroker::test
