#include "plan.hpp"

#include <algorithm>

#include "spelling.hpp"

namespace imap {
namespace {

using abk::reason;

constexpr std::size_t tag_bytes_max = 8;
constexpr std::size_t literal_minus_bytes_max = 4096;  // RFC 7888
constexpr std::size_t size_of(std::string_view text) { return text.size(); }

bool control(char c) { return (c >= 0 && c < 0x20 && c != '\t') || c == 0x7f; }

// The host has refused these already; a second look costs nothing and keeps a defect there from becoming two commands here.
std::optional<abk::answer> unspeakable(std::string_view name, abk::secret_view password) {
  if (name.empty() || std::any_of(name.begin(), name.end(), control)) return abk::answer::no(reason::bad_name, "local.bad-name");
  const std::string_view p = password.reveal();
  if (p.empty()) return abk::answer::tempfail(reason::internal, "local.no-password");
  if (p.find_first_of(std::string_view("\r\n\0", 3)) != p.npos) return abk::answer::no(reason::bad_password, "local.bad-password");
  return {};
}

bool offered(mechanism by, const capabilities& can) {
  switch (by) {
    case mechanism::plain: return can.plain;
    case mechanism::login: return !can.login_disabled;
  }
  return false;
}

bool fits(mechanism by, std::string_view name, abk::secret_view password) {
  constexpr std::size_t line = command_bytes_max - tag_bytes_max - size_of(" LOGIN  {4294967295}\r\n");
  switch (by) {
    case mechanism::plain: return abk::sasl_plain_size(name.size(), password.size()) + size_of("\r\n") <= command_bytes_max;
    case mechanism::login: return spelled_size(name) + spelled_size(password.reveal()) <= line;
  }
  return false;
}

abk::answer no_mechanism(const capabilities& can) {
  if (can.login_disabled)
    return abk::answer::tempfail(reason::misconfigured, "local.login-disabled",
                                 "the server takes no password on this connection (LOGINDISABLED) in any way that `mechanisms` lists; in the clear it may want TLS");
  return abk::answer::tempfail(reason::misconfigured, "local.no-mechanism", "the server offers none of the mechanisms that `mechanisms` lists");
}

}  // namespace

std::variant<plan, abk::answer> choose(const std::vector<mechanism>& allowed, const capabilities& can, std::string_view name, abk::secret_view password) {
  if (const auto why = unspeakable(name, password)) return *why;
  bool too_long = false;
  for (const mechanism by : allowed) {
    if (!offered(by, can)) continue;
    if (!fits(by, name, password)) {
      too_long = true;
      continue;
    }
    plan out;
    out.by = by;
    const std::size_t line = tag_bytes_max + size_of(" AUTHENTICATE PLAIN \r\n") + abk::sasl_plain_size(name.size(), password.size());
    out.initial_response = by == mechanism::plain && can.sasl_ir && line <= command_bytes_max;
    return out;
  }
  if (too_long) return abk::answer::no(reason::too_long, "local.too-long", "a line of IMAP has at most 8000 octets; nothing was sent");
  return no_mechanism(can);
}

bool unawaited_literal(const capabilities& can, std::size_t bytes) { return can.literal_plus || (can.literal_minus && bytes <= literal_minus_bytes_max); }

}  // namespace imap
