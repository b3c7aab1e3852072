#include "ber.hpp"
#include "messages.hpp"

#include <charconv>

namespace directory {
namespace {

constexpr std::uint32_t tag_warning = 0xa0;
constexpr std::uint32_t tag_error = 0x81;
constexpr std::uint32_t tag_time_left = 0x80;
constexpr std::uint32_t tag_grace = 0x81;

bool read_warning(const ber::lens& l, std::string_view content, password_policy& out) noexcept {
  ber::reader in(l, content);
  ber::element one;
  std::int32_t number = 0;
  if (!in.next(one) || !in.done() || !ber::number(one.content, number) || number < 0) return false;
  if (one.tag == tag_time_left) out.expires_in = std::chrono::seconds(number);
  else if (one.tag == tag_grace) out.grace_logins = number;
  else return false;
  return true;
}

bool read_error(std::string_view content, password_policy& out) noexcept {
  std::int32_t number = 0;
  if (!ber::number(content, number) || number < 0) return false;
  out.error = number < static_cast<std::int32_t>(policy_error::other) ? static_cast<policy_error>(number) : policy_error::other;
  return true;
}

// PasswordPolicyResponseValue of draft-behera-ldap-password-policy, section 6.2.
bool read_policy(const ber::lens& l, std::string_view value, password_policy& out) noexcept {
  ber::reader outer(l, value);
  std::string_view fields;
  if (!outer.next(ber::sequence, fields) || !outer.done()) return false;
  for (ber::reader in(l, fields); !in.done();) {
    ber::element one;
    if (!in.next(one)) return false;
    const bool understood = one.tag == tag_warning ? read_warning(l, one.content, out) : one.tag == tag_error && read_error(one.content, out);
    if (!understood) return false;
  }
  return true;
}

// Seconds as decimal text.
bool read_seconds(std::string_view text, password_policy& out) noexcept {
  std::int64_t seconds = 0;
  const auto [end, trouble] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (trouble != std::errc() || end != text.data() + text.size() || seconds < 0) return false;
  out.expires_in = std::chrono::seconds(seconds);
  return true;
}

}  // namespace

password_policy policy_of(std::span<const control> controls) {
  password_policy out;
  bool seen = false;
  for (const control& c : controls) {
    if (c.oid == oid_password_policy) {
      if (seen || !c.value || !read_policy(ber::lens(), *c.value, out)) out.unreadable = true;
      seen = true;
    } else if (c.oid == oid_netscape_expired) {
      out.netscape_expired = true;
    } else if (c.oid == oid_netscape_expiring) {
      if (!c.value || !read_seconds(*c.value, out)) out.unreadable = true;
    }
  }
  return out;
}

}  // namespace directory
