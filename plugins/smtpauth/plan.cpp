#include "plan.hpp"

#include <algorithm>
#include <optional>

#include "challenge.hpp"

namespace smtpauth {
namespace {

using abk::reason;

bool control(char c) { return (c >= 0 && c < 0x20) || c == 0x7f; }
bool blank(char c) { return c == ' ' || c == '\t'; }

// The host has refused these already; a second look costs nothing and keeps a defect there from becoming two commands here.
std::optional<abk::answer> unspeakable(std::string_view name, abk::secret_view password) {
  if (name.empty() || std::any_of(name.begin(), name.end(), control)) return abk::answer::no(reason::bad_name, "local.bad-name");
  const std::string_view p = password.reveal();
  if (p.empty()) return abk::answer::tempfail(reason::internal, "local.no-password");
  if (p.find_first_of(std::string_view("\r\n\0", 3)) != p.npos) return abk::answer::no(reason::bad_password, "local.bad-password");
  return {};
}

// Why this mechanism cannot carry them; nothing if it can.
std::optional<abk::answer> excuse(mechanism by, std::string_view name, abk::secret_view password) {
  const auto too_long = [] { return abk::answer::no(reason::too_long, "local.too-long", "SMTP AUTH has lines of at most 12288 octets; nothing was sent"); };
  if (needs_library(by)) {
    if (name.size() > 1000 || password.size() > 1000) return too_long();
    // The library takes blanks off both ends of a name: somebody else would log in.
    if (blank(name.front()) || blank(name.back())) return abk::answer::no(reason::bad_name, "local.blank-in-name", std::string(name_of(by)) + " cannot carry a name with a blank at its end");
    return {};
  }
  if (by == mechanism::plain && abk::sasl_plain_size(name.size(), password.size()) > challenge_bytes_max) return too_long();
  if (by == mechanism::login && (abk::base64_size(name.size()) > challenge_bytes_max || abk::base64_size(password.size()) > challenge_bytes_max)) return too_long();
  return {};
}

std::string list_of(std::span<const mechanism> which) {
  std::string out;
  for (const mechanism m : which) out += (out.empty() ? "" : " ") + std::string(name_of(m));
  return out.empty() ? "none" : out;
}

}  // namespace

std::variant<plan, abk::answer> choose(std::span<const mechanism> allowed, const smtp::extensions& can, std::string_view name, abk::secret_view password) {
  if (const auto why = unspeakable(name, password)) return *why;
  std::optional<abk::answer> first_excuse;
  for (const mechanism by : allowed) {
    if (!can.offers(name_of(by))) continue;
    if (const auto why = excuse(by, name, password)) {
      if (!first_excuse) first_excuse = why;
      continue;
    }
    constexpr std::size_t around = std::string_view("AUTH PLAIN \r\n").size();
    plan out;
    out.by = by;
    out.initial_response = by == mechanism::plain && around + abk::sasl_plain_size(name.size(), password.size()) <= command_bytes_max;
    return out;
  }
  if (first_excuse) return *first_excuse;
  std::string offered;
  for (const std::string& m : can.mechanisms) offered += " " + m;
  return abk::answer::tempfail(reason::misconfigured, "local.no-mechanism",
                               "the server offers" + (offered.empty() ? std::string(" no AUTH here") : offered) + ", and what may be used of `mechanisms` is " + list_of(allowed));
}

}  // namespace smtpauth
