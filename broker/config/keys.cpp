#include "config/keys.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/text.hpp"

namespace authbroker {
namespace {

using enum key_type;

constexpr auto table_of_keys = std::to_array<key_info>({
    {"include", text_list, "[]", "More files, as patterns relative to this file, such as \"conf.d/*.toml\". Read in the main file only."},

    {"broker", table, "", "The daemon itself."},
    {"broker.user", text, "\"\"", "When started as root: make the sockets and read the secrets, then become this user."},
    {"broker.plugin_dirs", text_list, "[\"/usr/lib/authbroker/plugins\", \"/usr/local/lib/authbroker/plugins\"]", "Where plugins are looked for, in order; before the default's, lib/authbroker/plugins of the prefix that the daemon runs from."},
    {"broker.state_dir", text, "\"/var/lib/authbroker\"", "What the daemon keeps between two starts."},
    {"broker.workers", whole, "0", "Event-loop threads, at most 64; 0 means one a core, but not more than 4."},
    {"broker.blocking_threads", whole, "16", "Threads for plugins that block, 1 to 512."},
    {"broker.request_timeout", duration, "\"8s\"", "From question to answer, over all tries; \"100ms\" to \"120s\"."},
    {"broker.admin_socket", text, "\"/run/authbroker/admin.sock\"", "The socket of the command line; its mode is 0600."},

    {"log", table, "", "Where the log goes."},
    {"log.target", text, "\"stderr\"", "\"stderr\", \"journal\", \"syslog\", or the path of a file."},
    {"log.level", text, "\"info\"", "The least important lines written: \"debug\", \"info\", \"warning\" or \"error\"."},
    {"log.format", text, "\"logfmt\"", "\"logfmt\" or \"json\"."},

    {"listener", table, "", "A socket that callers connect to; any number of them."},
    {"listener.name", text, "", "What the log and the status call it."},
    {"listener.protocol", text, "\"http\"", "\"http\", \"saslauthd\", \"dovecot-auth\", \"dovecot-userdb\", \"socketmap\", \"policy\" or \"tcp-table\"."},
    {"listener.address", text, "", "\"unix:/path\", at most 107 bytes of path, or \"tcp:127.0.0.1:8089\": loopback only."},
    {"listener.mode", text, "\"0660\"", "Of a Unix socket's file, in octal."},
    {"listener.owner", text, "\"\"", "The user who owns a Unix socket; empty leaves the daemon's."},
    {"listener.group", text, "\"\"", "The group of a Unix socket; empty leaves the daemon's."},
    {"listener.peers", table, "{}", "Who may talk on a Unix socket, by the kernel's word; empty: whoever the file's mode lets in."},
    {"listener.peers.users", text_list, "[]", "Names or numbers of users."},
    {"listener.peers.groups", text_list, "[]", "Names or numbers of groups."},
    {"listener.networks", text_list, "[\"127.0.0.0/8\", \"::1\"]", "From where a TCP listener takes connections."},
    {"listener.token", secret, "{ file = \"\" }", "A TCP listener asks for this bearer token; empty: for none. The table takes file or credential."},
    {"listener.token.file", text, "\"\"", "The file that holds the token, readable for the daemon alone."},
    {"listener.token.credential", text, "\"\"", "The systemd credential that holds the token."},
    {"listener.allow", text_list, "[\"login\", \"mailbox\"]", "What may be asked here: \"login\" (saslauthd and dovecot-auth ask that), \"mailbox\" (the others ask that); over http both, \"status\" and \"metrics\"."},
    {"listener.trust_client", other, "false", "Whose word about the end user's address is believed: true, false, or a list of users and IP addresses."},
    {"listener.default_domain", text, "\"\"", "The domain of an address that has none; empty: such an address has no route."},
    {"listener.reveal", boolean, "false", "/v1/auth of http, and dovecot-auth, whose words strangers can read: tell whether it was the name or the password."},
    {"listener.unverifiable", text, "\"exists\"", "dovecot-userdb, socketmap, tcp-table, which know only yes and no: unverifiable is said as \"exists\", \"absent\" or \"tempfail\"."},
    {"listener.tempfail", text, "\"close\"", "dovecot-auth, where it cannot tell: \"close\" the connection, which Postfix and Exim understand, or say a \"code\", which Dovecot does."},
    {"listener.maps", other, "{}", "socketmap, tcp-table: what callers call the tables, such as { rcpt = \"mailbox\" }; \"*\" is every other name."},
    {"listener.values", other, "{}", "socketmap, policy, tcp-table: what a table says for a verdict, such as { access = { absent = \"550 5.1.1 User unknown\" } }."},
    {"listener.limits", table, "", "The most a listener holds."},
    {"listener.limits.connections", whole, "1000", "Connections at a time, 1 to 100000."},
    {"listener.limits.idle", duration, "\"60s\"", "How long a connection may be silent; \"100ms\" to \"1d\"."},
    {"listener.limits.request", size, "\"8KiB\"", "The longest body, or request of a protocol without bodies; \"256B\" to \"1MiB\"."},
    {"listener.limits.headers", size, "\"32KiB\"", "The longest HTTP header section; \"1KiB\" to \"1MiB\"."},
    {"listener.limits.in_flight", whole, "256", "Questions at a time, 1 to 100000."},

    {"backend", table, "", "A system that knows: an instance of a plugin; any number of them."},
    {"backend.name", text, "", "What routes, the log and the status call it."},
    {"backend.plugin", text, "", "The plugin: \"pop3\" loads pop3.so from plugin_dirs."},
    {"backend.upstream", text_list, "[]", "Its servers, replicas of each other, in order, as URLs such as \"pop3s://mail.example.com:995\"."},
    {"backend.cleartext", boolean, "false", "Allows a scheme without TLS, tls.minimum below 1.2, and tls.verify = false without a pin."},
    {"backend.pool", table, "", "Connections to the upstreams."},
    {"backend.pool.connections", whole, "8", "Connections at a time, 1 to 1000."},
    {"backend.pool.idle", duration, "\"30s\"", "How long an unused connection is kept, at most \"1h\"; \"0s\" keeps none."},
    {"backend.pool.queue", whole, "256", "Questions that may wait for a connection, from 1 to 100000."},
    {"backend.pool.warm", whole, "0", "Connections kept ready, at most pool.connections."},
    {"backend.timeouts", table, "", "How long an upstream may take."},
    {"backend.timeouts.connect", duration, "\"2s\"", "For names, TCP and TLS; \"10ms\" to \"120s\"."},
    {"backend.timeouts.reply", duration, "\"5s\"", "For each reply; \"10ms\" to \"120s\"."},
    {"backend.breaker", table, "", "When an upstream counts as down."},
    {"backend.breaker.failures", whole, "5", "Failures in a row, before a question was sent, that open the breaker; 1 to 1000."},
    {"backend.breaker.reopen", duration, "\"10s\"", "The longest pause between two tries of an upstream that is down; \"250ms\" to \"1h\"."},
    {"backend.breaker.service_account", duration, "\"1m\"", "The pause before a service account that was refused is tried again; it grows fourfold up to \"15m\". Of several servers another one is tried at once in place of the first pause. \"250ms\" to \"24h\"."},
    {"backend.tls", table, "", "How upstreams prove who they are."},
    {"backend.tls.minimum", text, "\"1.2\"", "The oldest version spoken: \"1.2\" or \"1.3\"; with cleartext = true also \"1.0\" and \"1.1\"."},
    {"backend.tls.verify", boolean, "true", "Check chain and name. With false a pin must match, or cleartext = true says that nothing is checked."},
    {"backend.tls.ca_file", text, "\"\"", "PEM file of the authorities believed; empty: the system's."},
    {"backend.tls.server_name", text, "\"\"", "The name that the certificate must bear; empty: the URL's host."},
    {"backend.tls.pin_sha256", text_list, "[]", "Base64 of the SHA-256 of accepted public keys (SubjectPublicKeyInfo); a pin adds to chain and name."},
    {"backend.tls.client_cert", text, "\"\"", "PEM file of the certificate shown to upstreams."},
    {"backend.tls.client_key", text, "\"\"", "PEM file of its key, readable for the daemon alone."},
    {"backend.settings", table, "{}", "The plugin's own vocabulary: see the plugin's manual page."},

    {"route", table, "", "From domains to backends; any number of them."},
    {"route.domains", other, "", "Exact names, then the longest \"*.suffix\", then \"*\"; or { file = \"...\" } with one a line."},
    {"route.domains.file", text, "", "A file of domains, one a line; # starts a comment."},
    {"route.login", text_list, "[]", "The backends that check passwords, in order."},
    {"route.mailbox", text_list, "[]", "The backends that know mailboxes, in order."},
    {"route.addresses", text_list, "[]", "Backends asked after a yes for the identity and the aliases."},
    {"route.combine", text, "\"failover\"", "\"failover\": replicas, the first answer is final. \"search\": different sources, a no needs all of them."},
    {"route.strip_domain", boolean, "false", "Send the local part only; the same as login_name = \"{local}\"."},
    {"route.login_name", text, "\"{address}\"", "What is sent upstream: a template of {address}, {local} and {domain}."},
    {"route.ambiguous_names", boolean, "false", "On your word: two addresses may be one account upstream."},
    {"route.canonical_domain", text, "\"\"", "All domains of the route are the same people, under this name."},
    {"route.delimiter", text, "\"\"", "One character, such as \"+\": a mailbox unknown with its extension is asked without it."},
    {"route.case", text, "\"fold\"", "\"fold\" or \"keep\" the case of local parts."},
    {"route.allow_chars", text, "\"\"", "Which of # ~ / login names may hold."},
    {"route.help_url", text, "\"\"", "Returned with the reasons password_* and account_*."},
    {"route.dynamic", table, "", "Names that bring their host along, such as ann#mail.example.net."},
    {"route.dynamic.separator", text, "", "One character; what follows its last occurrence is the host."},
    {"route.dynamic.allowed", text_list, "", "Hosts that may be asked: names or \"*.suffix\"."},
    {"route.login_cache", table, "", "Remembered logins."},
    {"route.login_cache.accept", duration, "\"0s\"", "How long an accepted password is remembered, at most \"1d\"; \"0s\": not at all, /v1/auth included, when written."},
    {"route.mailbox_cache", table, "", "Remembered mailboxes."},
    {"route.mailbox_cache.positive", duration, "\"31d\"", "How long a yes may be used, at most \"365d\"."},
    {"route.mailbox_cache.positive_refresh", duration, "\"7d\"", "After which it is asked again when used."},
    {"route.mailbox_cache.negative", duration, "\"3d\"", "How long a no may be used, at most \"365d\"."},
    {"route.mailbox_cache.negative_refresh", duration, "\"3h\"", "After which it is asked again when used; \"1m\" where static or a directory answers."},
    {"route.nginx_mail", table, "", "Where nginx's mail proxy is to connect, as \"address:port\"."},
    {"route.nginx_mail.imap", text, "\"\"", "The server for IMAP."},
    {"route.nginx_mail.pop3", text, "\"\"", "The server for POP3."},
    {"route.nginx_mail.smtp", text, "\"\"", "The server for SMTP."},
});
static_assert(table_of_keys.size() <= 120);

}  // namespace

std::span<const key_info> key_table() { return table_of_keys; }

const key_info* find_key(std::string_view path) {
  const auto at = std::find_if(table_of_keys.begin(), table_of_keys.end(), [path](const key_info& k) { return k.path == path; });
  return at == table_of_keys.end() ? nullptr : &*at;
}

std::vector<std::string_view> keys_below(std::string_view parent) {
  std::vector<std::string_view> out;
  for (const key_info& k : table_of_keys) {
    const std::size_t dot = k.path.rfind('.');
    const std::string_view above = dot == std::string_view::npos ? std::string_view{} : k.path.substr(0, dot);
    if (above == parent) out.push_back(k.path.substr(dot == std::string_view::npos ? 0 : dot + 1));
  }
  return out;
}

std::string_view name(key_type t) {
  switch (t) {
    case text: return "text";
    case whole: return "whole number";
    case boolean: return "true or false";
    case duration: return "duration";
    case size: return "size";
    case text_list: return "list of texts";
    case table: return "table";
    case secret: return "secret";
    case other: return "several forms";
  }
  std::abort();
}

}  // namespace authbroker
