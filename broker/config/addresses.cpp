#include "config/addresses.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <vector>

#include "base/domain.hpp"
#include "base/text.hpp"
#include "config/keys.hpp"
#include "config/reader.hpp"

namespace authbroker {
namespace {

struct scheme_row {
  std::string_view name;
  std::string_view family;
  std::uint16_t port;  // 0: must be written
  tls_use tls;
  bool srv;
};
constexpr auto schemes = std::to_array<scheme_row>({
    {"pop3", "pop3", 110, tls_use::none, false},          {"pop3s", "pop3", 995, tls_use::implicit, false},
    {"pop3+starttls", "pop3", 110, tls_use::starttls, false}, {"imap", "imap", 143, tls_use::none, false},
    {"imaps", "imap", 993, tls_use::implicit, false},     {"imap+starttls", "imap", 143, tls_use::starttls, false},
    {"smtp", "smtp", 25, tls_use::none, false},           {"smtps", "smtp", 465, tls_use::implicit, false},
    {"smtp+starttls", "smtp", 587, tls_use::starttls, false}, {"ldap", "ldap", 389, tls_use::none, false},
    {"ldaps", "ldap", 636, tls_use::implicit, false},     {"ldap+starttls", "ldap", 389, tls_use::starttls, false},
    {"srv+ldap", "ldap", 389, tls_use::none, true},       {"srv+ldaps", "ldap", 636, tls_use::implicit, true},
    {"srv+ldap+starttls", "ldap", 389, tls_use::starttls, true},
    {"tcp", "", 0, tls_use::none, false},                 {"tls", "", 0, tls_use::implicit, false},
    {"tcp+starttls", "", 0, tls_use::starttls, false},
});

const scheme_row* find_scheme(std::string_view name) {
  const auto at = std::find_if(schemes.begin(), schemes.end(), [name](const scheme_row& s) { return s.name == name; });
  return at == schemes.end() ? nullptr : &*at;
}

std::string quoted(std::string_view s) { return "\"" + escape_for_log(s, 120) + "\""; }

problem complain(std::string_view found_text, std::string_view wanted) {
  return problem{"found " + quoted(found_text) + "; wanted: " + std::string(wanted)};
}

// 1 to 65535, no sign, no leading zero.
std::optional<std::uint16_t> parse_port(std::string_view s) {
  std::uint16_t port = 0;
  if (s.empty() || s[0] == '0') return std::nullopt;
  const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), port);
  if (error != std::errc{} || end != s.data() + s.size()) return std::nullopt;
  return port;
}

struct host_and_port {
  std::string_view host;
  bool brackets = false;
  std::optional<std::string_view> port;
};
// "host", "host:port", "[::1]", "[::1]:port". Nullopt when the brackets are not right, or are missing around an IPv6 address.
std::optional<host_and_port> split_port(std::string_view s) {
  host_and_port out;
  if (s.starts_with('[')) {
    const std::size_t end = s.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    out.brackets = true;
    out.host = s.substr(1, end - 1);
    s.remove_prefix(end + 1);
    if (s.empty()) return out;
    if (s[0] != ':') return std::nullopt;
    out.port = s.substr(1);
    return out;
  }
  const std::size_t colon = s.find(':');
  if (colon != s.rfind(':')) return std::nullopt;
  out.host = s.substr(0, colon);
  if (colon != std::string_view::npos) out.port = s.substr(colon + 1);
  return out;
}

}  // namespace

std::string_view scheme_family(std::string_view scheme) {
  const scheme_row* const row = find_scheme(scheme);
  return row == nullptr ? std::string_view{} : row->family;
}

std::string schemes_of(std::string_view family) {
  std::vector<std::string_view> names;
  for (const scheme_row& s : schemes)
    if (s.family == family) names.push_back(s.name);
  return one_of(names);
}

std::optional<std::string> canonical_ip(std::string_view text) {
  const std::string copy(text);
  if (copy.find('\0') != std::string::npos) return std::nullopt;
  unsigned char bytes[16];
  char out[INET6_ADDRSTRLEN];
  for (const int family : {AF_INET, AF_INET6})
    if (inet_pton(family, copy.c_str(), bytes) == 1 && inet_ntop(family, bytes, out, sizeof out) != nullptr) return std::string(out);
  return std::nullopt;
}

result<std::string> parse_host(std::string_view host) {
  if (host.empty()) return problem{"found no host; wanted: a name or an address"};
  if (host.ends_with('.')) return complain(host, "the name without the dot at its end");
  if (auto ip = canonical_ip(host)) return found(std::move(*ip));
  // A name whose last label is a number is an address to some resolvers ("127.1", "010.0.0.1").
  const std::string_view last = host.substr(host.rfind('.') == std::string_view::npos ? 0 : host.rfind('.') + 1);
  const bool number = std::all_of(last.begin(), last.end(), [](char c) { return c >= '0' && c <= '9'; });
  auto name = to_a_label(host);
  if (!name || number) return complain(host, "a host name, or an IPv4 address, or an IPv6 address without zone");
  return name;
}

result<upstream_rules> parse_upstream(std::string_view url) {
  constexpr std::string_view form = "scheme://host or scheme://host:port";
  const std::size_t sep = url.find("://");
  if (sep == std::string_view::npos) return complain(url, form);
  const std::string scheme = to_lower(url.substr(0, sep));
  const scheme_row* const row = find_scheme(scheme);
  if (row == nullptr) {
    std::vector<std::string_view> names;
    for (const scheme_row& s : schemes) names.push_back(s.name);
    const std::string_view meant = nearest(scheme, names);
    return problem{"found the scheme " + quoted(scheme) + (meant.empty() ? "" : " (did you mean \"" + std::string(meant) + "\"?)") +
                   "; wanted: " + one_of(names)};
  }
  std::string_view rest = url.substr(sep + 3);
  if (rest.ends_with('/')) rest.remove_suffix(1);
  if (rest.find('@') != std::string_view::npos) return problem{"found a user in the URL; wanted: " + std::string(form)};
  if (rest.find_first_of("/?#") != std::string_view::npos) return complain(url, std::string(form) + ", nothing after it");
  const auto parts = split_port(rest);
  if (!parts) return complain(url, "an IPv6 address in brackets, such as pop3s://[2001:db8::1]:995");
  upstream_rules out;
  if (parts->brackets) {
    auto ip = parts->host.find(':') == std::string_view::npos ? std::nullopt : canonical_ip(parts->host);
    if (!ip) return complain(url, "an IPv6 address, without zone, in the brackets");
    out.host = std::move(*ip);
  } else {
    auto host = parse_host(parts->host);
    if (!host) return host.error();
    out.host = std::move(*host);
  }
  out.port = row->port;
  if (parts->port) {
    const auto port = parse_port(*parts->port);
    if (!port) return complain(url, "a port from 1 to 65535; IPv6 addresses in brackets");
    if (row->srv) return complain(url, "no port: the domain's SRV records have it");
    out.port = *port;
  }
  if (out.port == 0) return complain(url, "a port: the scheme " + quoted(scheme) + " has none of its own");
  if (row->srv && canonical_ip(out.host)) return complain(url, "a domain, whose SRV records name the servers");
  out.scheme = scheme;
  out.tls = row->tls;
  out.srv = row->srv;
  return out;
}

result<socket_address> parse_listener_address(std::string_view text) {
  constexpr std::string_view form = "\"unix:/path\" or \"tcp:127.0.0.1:8089\"";
  socket_address out;
  if (text.starts_with("unix:")) {
    out.path = std::string(text.substr(5));
    if (out.path.empty()) return complain(text, form);
    if (out.path[0] == '@' || has_control(out.path)) return complain(text, "a path in the file system: abstract sockets have no file mode");
    return out;
  }
  if (!text.starts_with("tcp:")) return complain(text, form);
  out.is_unix = false;
  const auto parts = split_port(text.substr(4));
  const auto ip = parts ? canonical_ip(parts->host) : std::nullopt;
  const auto port = parts && parts->port ? parse_port(*parts->port) : std::nullopt;
  if (!ip || !port || parts->brackets != (ip->find(':') != std::string::npos)) return complain(text, form);
  if (!ip->starts_with("127.") && *ip != "::1")
    return complain(text, "a loopback address (127.0.0.0/8 or [::1]): passwords do not travel over networks in the clear");
  out.host = *ip;
  out.port = *port;
  return out;
}

std::string check_socket_path(std::string_view path) {
  if (path.size() > 107)
    return "found a path of " + std::to_string(path.size()) + " bytes; wanted: at most 107, which is all that the kernel takes";
  if (path.ends_with('/')) return "found " + quoted(path) + "; wanted: the path of a socket, not of a directory";
  return {};
}

result<network> parse_network(std::string_view text) {
  constexpr std::string_view form = "a network such as \"127.0.0.0/8\", or an address";
  network out;
  const std::size_t slash = text.find('/');
  const std::string ip(text.substr(0, slash));
  out.v6 = ip.find(':') != std::string::npos;
  if (ip.find('\0') != std::string::npos || inet_pton(out.v6 ? AF_INET6 : AF_INET, ip.c_str(), out.bytes) != 1) return complain(text, form);
  const unsigned bits_max = out.v6 ? 128 : 32;
  out.bits = bits_max;
  if (slash != std::string_view::npos) {
    const std::string_view bits = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(bits.data(), bits.data() + bits.size(), out.bits);
    if (bits.empty() || error != std::errc{} || end != bits.data() + bits.size() || out.bits > bits_max) return complain(text, form);
  }
  for (unsigned bit = out.bits; bit < bits_max; ++bit)
    if ((out.bytes[bit / 8] >> (7 - bit % 8) & 1) != 0) return complain(text, "zeroes after the first " + std::to_string(out.bits) + " bits");
  return out;
}

bool is_endpoint(std::string_view text) {
  const auto parts = split_port(text);
  if (!parts || !parts->port || !parse_port(*parts->port)) return false;
  const auto ip = canonical_ip(parts->host);
  return ip && parts->brackets == (ip->find(':') != std::string::npos);
}

result<template_use> check_template(std::string_view text) {
  constexpr std::string_view form = "a template of text, {address}, {local} and {domain}";
  template_use out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '}') return complain(text, std::string(form) + "; a } has no {");
    if (text[at] != '{') continue;
    const std::size_t end = text.find('}', at);
    if (end == std::string_view::npos) return complain(text, std::string(form) + "; a { has no }");
    const std::string_view name = text.substr(at + 1, end - at - 1);
    if (name == "address") out.address = true;
    else if (name == "local") out.local = true;
    else if (name == "domain") out.domain = true;
    else return complain(text, std::string(form) + "; {" + escape_for_log(name, 40) + "} is unknown");
    at = end;
  }
  if (!out.address && !out.local) return complain(text, "a template with {local} or {address}: without one, everybody is the same account");
  return out;
}

}  // namespace authbroker
