// [[listener]].
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/domain.hpp"
#include "base/secret_setting.hpp"
#include "config/addresses.hpp"
#include "config/keys.hpp"
#include "config/sections.hpp"

namespace authbroker {
namespace {

void read_protocol(const section& listener, listener_rules& out) {
  std::array<listener_protocol, listener_protocol_words.size()> values{};
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<listener_protocol>(i);
  listener.word<listener_protocol>("protocol", listener_protocol_words, values, out.protocol);
}

void read_address(const section& listener, listener_rules& out) {
  std::string text;
  if (listener.find("address") == nullptr) return listener.missing("address", "\"unix:/path\" or \"tcp:127.0.0.1:8089\"");
  if (!listener.text("address", text)) return;
  auto address = parse_listener_address(text);
  if (!address) return listener.problem(listener.where("address"), "address", address.error().text);
  out.address = std::move(*address);
  if (!out.address.is_unix) return;
  out.address.path = listener.all().path_from(listener.where("address"), out.address.path);
  if (std::string bad = check_socket_path(out.address.path); !bad.empty()) return listener.problem(listener.where("address"), "address", std::move(bad));
  const std::size_t slash = out.address.path.rfind('/');
  if (slash == std::string::npos) return;
  const std::string dir = slash == 0 ? "/" : out.address.path.substr(0, slash);
  struct stat s {};
  if (stat(dir.c_str(), &s) != 0 || !S_ISDIR(s.st_mode))
    listener.warning(listener.where("address"), "address", "the directory " + dir + " does not exist (yet), and the daemon cannot start without it; wanted: mkdir, or RuntimeDirectory= in the unit");
}

void read_socket_file(const section& listener, listener_rules& out) {
  std::string mode;
  if (listener.text("mode", mode)) {
    const bool octal = (mode.size() == 3 || mode.size() == 4) && std::all_of(mode.begin(), mode.end(), [](char c) { return c >= '0' && c <= '7'; });
    if (octal && (mode.size() == 3 || mode[0] == '0')) out.mode = static_cast<std::uint32_t>(std::stoul(mode, nullptr, 8));
    else listener.bad("mode", "an octal file mode in quotes, such as \"0660\"");
  }
  if (listener.text("owner", out.owner) && !out.owner.empty()) refuse_unknown_user(listener, "owner", {out.owner, listener.where("owner")});
  if (listener.text("group", out.group) && !out.group.empty()) refuse_unknown_group(listener, "group", {out.group, listener.where("group")});
}

void read_peers(const section& listener, listener_rules& out) {
  const section peers = listener.sub("peers");
  const auto read = [&](std::string_view key, std::vector<std::string>& names, auto refuse_unknown) {
    std::vector<placed_text> written;
    if (!peers.texts(key, written)) return;
    for (const placed_text& name : written) {
      if (name.text.empty()) {
        peers.problem(name.where, key, "found \"\"; wanted: a name or number");
        continue;
      }
      refuse_unknown(peers, key, name);
      names.push_back(name.text);
    }
  };
  read("users", out.peer_users, refuse_unknown_user);
  read("groups", out.peer_groups, refuse_unknown_group);

  std::vector<placed_text> networks;
  if (!listener.texts("networks", networks)) networks = {{"127.0.0.0/8", listener.at()}, {"::1", listener.at()}};
  for (const placed_text& text : networks) {
    const auto network = parse_network(text.text);
    if (network) out.networks.push_back(*network);
    else listener.problem(text.where, "networks", network.error().text);
  }
}

// { file = "" } is the written form of "no token".
bool empty_token(const setting& token) {
  const auto* const table = std::get_if<setting::table>(&token.value);
  if (table == nullptr) return false;
  return std::all_of(table->begin(), table->end(), [](const auto& item) {
    const auto* const text = std::get_if<std::string>(&item.second.value);
    return text != nullptr && text->empty();
  });
}

void read_token(const section& listener, listener_rules& out) {
  const setting* const token = listener.find("token");
  if (token == nullptr || empty_token(*token)) return;
  if (std::holds_alternative<setting::table>(token->value)) {
    const std::size_t before = listener.all().problems.size();
    listener.sub("token");
    if (listener.all().problems.size() != before) return;
  }
  auto read = listener.all().credentials_elsewhere && credential_is_elsewhere(*token) ? result<secret>(secret(secret_stand_in)) : resolve_secret(*token, listener.all().base_dir);
  if (listener.all().credentials_elsewhere && credential_is_elsewhere(*token)) listener.warning(token->where, "token", secret_not_here(*token));
  if (!read) return listener.problem(token->where, "token", read.error().text);
  // What RFC 6750 calls a b64token is what fits into a header.
  const std::string_view bytes = read->reveal();
  if (!std::all_of(bytes.begin(), bytes.end(), [](char c) { return c > ' ' && c < 0x7F; }))
    return listener.problem(token->where, "token", "found a token with spaces or other than ASCII; wanted: printable ASCII");
  out.token = std::move(*read);
}

void read_trust(const section& listener, listener_rules& out) {
  const setting* const s = listener.find("trust_client");
  if (s == nullptr) return;
  if (const auto* all = std::get_if<bool>(&s->value)) {
    out.trust_client_all = *all;
    return;
  }
  if (!std::holds_alternative<setting::list>(s->value)) return listener.bad("trust_client", "true, false, or a list of users and IP addresses");
  std::vector<placed_text> written;
  listener.texts("trust_client", written);
  for (const placed_text& who : written) {
    const auto ip = canonical_ip(who.text);
    if (!ip && who.text.find_first_of(":/ ") != std::string::npos) {
      listener.problem(who.where, "trust_client", "found \"" + who.text + "\"; wanted: a user or an IP address");
      continue;
    }
    if (!ip) refuse_unknown_user(listener, "trust_client", who);
    out.trust_client.push_back(ip ? *ip : who.text);
  }
}

void read_allow(const section& listener, listener_rules& out) {
  constexpr auto words = std::to_array<std::string_view>({"login", "mailbox", "status", "metrics"});
  constexpr auto values = std::to_array({permission::login, permission::mailbox, permission::status, permission::metrics});
  std::vector<placed_text> written;
  if (!listener.texts("allow", written)) return;
  if (written.empty()) return listener.problem(listener.where("allow"), "allow", "found an empty list; wanted: at least one of " + one_of(words));
  out.allow.clear();
  for (const placed_text& word : written) {
    const auto at = std::find(words.begin(), words.end(), word.text);
    if (at == words.end()) listener.problem(word.where, "allow", "found \"" + word.text + "\"; wanted: " + one_of(words));
    else out.allow.push_back(values[static_cast<std::size_t>(at - words.begin())]);
  }
}

// The one question that a protocol can ask; none for http, where the path says it.
std::optional<permission> only_question(listener_protocol p) {
  switch (p) {
    case listener_protocol::http: return std::nullopt;
    case listener_protocol::saslauthd:
    case listener_protocol::dovecot_auth: return permission::login;
    case listener_protocol::dovecot_userdb:
    case listener_protocol::socketmap:
    case listener_protocol::policy:
    case listener_protocol::tcp_table: return permission::mailbox;
  }
  return std::nullopt;
}

// A listener whose callers could only ever be told to come back later is a mistake, and they would be its only witnesses.
void warn_idle_permissions(const section& listener, const listener_rules& out) {
  const auto allows = [&out](permission p) { return std::find(out.allow.begin(), out.allow.end(), p) != out.allow.end(); };
  const auto warn = [&listener](std::string why) { listener.warning(listener.where("allow"), "allow", std::move(why)); };
  const auto only = only_question(out.protocol);
  if (only && !allows(*only)) {
    const std::string needed = *only == permission::login ? "\"login\"" : "\"mailbox\"";
    warn("nothing can be asked here, and every caller is told to come back later: " + std::string(name(out.protocol)) + " asks for " + needed + " only; wanted: " + needed);
  }
  if (only && allows(permission::status)) warn("has no effect: \"status\" is told over http only");
  if (allows(permission::metrics)) warn("has no effect: \"metrics\" are not told in this version");
}

// Whether these are what stands there when nothing is written: complete examples write it.
bool is_default(const std::vector<network>& networks) {
  const auto same = [](const network& one, std::string_view text) {
    const auto other = parse_network(text);
    return other && other->v6 == one.v6 && other->bits == one.bits && std::equal(std::begin(one.bytes), std::end(one.bytes), std::begin(other->bytes));
  };
  return networks.size() == 2 && same(networks[0], "127.0.0.0/8") && same(networks[1], "::1");
}

// Keys that are right but mean nothing here.
void warn_idle_keys(const section& listener, const listener_rules& out) {
  const auto warn = [&](std::string_view key, std::string_view why) { listener.warning(listener.where(key), key, "has no effect: " + std::string(why)); };
  if (out.address.is_unix) {
    if (out.token) warn("token", "it is for TCP listeners");
    if (!is_default(out.networks)) warn("networks", "it is for TCP listeners; wanted for Unix sockets: mode, group or peers");
  } else {
    if (listener.find("mode") != nullptr) warn("mode", "it is for Unix sockets");
    if (!out.owner.empty()) warn("owner", "it is for Unix sockets");
    if (!out.group.empty()) warn("group", "it is for Unix sockets");
    if (!out.peer_users.empty() || !out.peer_groups.empty()) warn("peers", "it is for Unix sockets; wanted for TCP: token");
  }
  if (out.token && !out.address.is_unix && out.protocol != listener_protocol::http)
    listener.problem(listener.where("token"), "token", "callers of this protocol cannot bear one; wanted: a Unix socket with peers, or no token");
  const bool two_words = out.protocol == listener_protocol::dovecot_userdb || out.protocol == listener_protocol::socketmap || out.protocol == listener_protocol::tcp_table;  // for mailboxes
  if (!two_words && out.unverifiable != unverifiable_as::exists) warn("unverifiable", "this protocol has a word of its own for unverifiable");
  if (out.protocol != listener_protocol::dovecot_auth && out.tempfail_code) warn("tempfail", "it is for dovecot-auth");
  if (out.protocol != listener_protocol::http && out.protocol != listener_protocol::dovecot_auth && out.reveal) warn("reveal", "it is for http and dovecot-auth");
  if (const bool tables = out.protocol == listener_protocol::socketmap || out.protocol == listener_protocol::tcp_table; tables && (out.trust_client_all || !out.trust_client.empty()))
    warn("trust_client", "this protocol does not carry the end user's address");
  warn_idle_permissions(listener, out);
}

}  // namespace

listener_rules read_listener(const section& listener) {
  listener_rules out;
  out.where = listener.at();
  if (listener.find("name") == nullptr) listener.missing("name", "what the log is to call this listener");
  else if (listener.text("name", out.name) && !is_name(out.name)) listener.bad("name", "1 to 64 letters, digits, dots, hyphens and underscores");
  read_protocol(listener, out);
  read_address(listener, out);
  read_socket_file(listener, out);
  read_peers(listener, out);
  read_token(listener, out);
  read_allow(listener, out);
  read_trust(listener, out);
  if (std::string domain; listener.text("default_domain", domain) && !domain.empty()) {
    if (auto a_label = to_a_label(domain)) out.default_domain = std::move(*a_label);
    else listener.bad("default_domain", "a domain name");
  }
  listener.boolean("reveal", out.reveal);
  constexpr auto yes_words = std::to_array<std::string_view>({"exists", "absent", "tempfail"});
  constexpr auto yes_values = std::to_array({unverifiable_as::exists, unverifiable_as::absent, unverifiable_as::tempfail});
  listener.word<unverifiable_as>("unverifiable", yes_words, yes_values, out.unverifiable);
  constexpr auto fail_words = std::to_array<std::string_view>({"close", "code"});
  constexpr auto fail_values = std::to_array({false, true});
  listener.word<bool>("tempfail", fail_words, fail_values, out.tempfail_code);
  read_tables(listener, out);
  const section limits = listener.sub("limits");
  limits.whole("connections", 1, 100'000, out.limits.connections);
  limits.duration("idle", "100ms", "1d", out.limits.idle);
  limits.size("request", "256B", "1MiB", out.limits.request_bytes);
  limits.size("headers", "1KiB", "1MiB", out.limits.header_bytes);
  limits.whole("in_flight", 1, 100'000, out.limits.in_flight);
  warn_idle_keys(listener, out);
  return out;
}

}  // namespace authbroker
