#include "plan.hpp"

#include <algorithm>

namespace pop3 {
namespace {

using abk::reason;

constexpr std::size_t size_of(std::string_view text) { return text.size(); }

bool blank(char c) { return c == ' ' || c == '\t'; }
bool control(char c) { return (c >= 0 && c < 0x20 && !blank(c)) || c == 0x7f; }

// The host has refused these already; a second look costs nothing and keeps a defect there from becoming two commands here.
std::optional<abk::answer> unspeakable(std::string_view name, abk::secret_view password) {
  if (name.empty() || std::any_of(name.begin(), name.end(), control)) return abk::answer::no(reason::bad_name, "local.bad-name");
  const std::string_view p = password.reveal();
  if (p.empty()) return abk::answer::tempfail(reason::internal, "local.no-password");
  if (p.find_first_of(std::string_view("\r\n\0", 3)) != p.npos) return abk::answer::no(reason::bad_password, "local.bad-password");
  return {};
}

abk::answer too_long() { return abk::answer::no(reason::too_long, "local.too-long", "a POP3 command has at most 255 octets; nothing was sent"); }
abk::answer blank_in_name(std::string_view what) {
  return abk::answer::no(reason::bad_name, "local.blank-in-name", std::string(what) + " cannot carry a name with a space or a tab");
}

bool fits_one_line(std::string_view name, abk::secret_view password) {
  return size_of("AUTH PLAIN \r\n") + abk::sasl_plain_size(name.size(), password.size()) <= command_bytes_max;
}

// Why this mechanism cannot carry them; nothing if it can.
std::optional<abk::answer> excuse(mechanism by, std::string_view name, abk::secret_view password) {
  constexpr std::size_t line = command_bytes_max - size_of("\r\n");
  switch (by) {
    case mechanism::user:
      if (std::any_of(name.begin(), name.end(), blank)) return blank_in_name("USER");
      if (size_of("USER ") + name.size() > line || size_of("PASS ") + password.size() > line) return too_long();
      return {};
    case mechanism::plain_ir:
      if (!fits_one_line(name, password)) return too_long();
      return {};
    case mechanism::plain:
      if (abk::sasl_plain_size(name.size(), password.size()) > line) return too_long();
      return {};
    case mechanism::login:
      if (abk::base64_size(name.size()) > line || abk::base64_size(password.size()) > line) return too_long();
      return {};
  }
  return {};
}

bool offered(mechanism by, const capabilities& can) {
  switch (by) {
    case mechanism::user: return can.user || !can.known;
    // CAPA's SASL line is older (RFC 2449) than the initial response (RFC 5034): a server may know the one and refuse the other.
    // With AUTH-RESP-CODE such a refusal is no verdict; without it, it would read as a wrong password.
    case mechanism::plain_ir: return can.plain && can.auth_resp_code;
    case mechanism::plain: return can.plain;
    case mechanism::login: return can.login;
  }
  return false;
}

}  // namespace

std::variant<plan, abk::answer> choose(const std::vector<mechanism>& allowed, const capabilities& can, std::string_view name, abk::secret_view password) {
  if (const auto why = unspeakable(name, password)) return *why;
  std::optional<abk::answer> first_excuse;
  for (const mechanism by : allowed) {
    if (!offered(by, can)) continue;
    if (const auto why = excuse(by, name, password)) {
      if (!first_excuse) first_excuse = why;
      continue;
    }
    plan out;
    out.by = by == mechanism::plain_ir ? mechanism::plain : by;
    out.initial_response = out.by == mechanism::plain && offered(mechanism::plain_ir, can) && fits_one_line(name, password);
    return out;
  }
  if (first_excuse) return *first_excuse;
  // CAPA listed nothing that is allowed here. Some servers forget USER in it; asking costs a name, never the password.
  if (std::find(allowed.begin(), allowed.end(), mechanism::user) == allowed.end())
    return abk::answer::tempfail(reason::misconfigured, "local.no-mechanism", "the server offers none of the mechanisms that `mechanisms` lists");
  if (const auto why = excuse(mechanism::user, name, password)) return *why;
  plan out;
  out.unoffered = true;
  return out;
}

std::optional<abk::answer> apop_excuse(std::string_view name, abk::secret_view password) {
  if (const auto why = unspeakable(name, password)) return why;
  if (std::any_of(name.begin(), name.end(), blank)) return blank_in_name("APOP");
  if (size_of("APOP ") + name.size() + size_of(" 0123456789abcdef0123456789abcdef\r\n") > command_bytes_max) return too_long();
  return {};
}

}  // namespace pop3
