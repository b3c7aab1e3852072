// The values that cross the border, as C++ ones: what was asked, and what was found out.
#pragma once
#include <abk/plugin.h>
#include <abk/secret.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace abk {

inline std::string_view view(abk_str s) noexcept { return {s.len > 0 ? s.data : "", s.len}; }
inline abk_str str(std::string_view s) noexcept { return {s.data(), s.size()}; }

enum class verdict : std::uint32_t { tempfail = ABK_TEMPFAIL, yes = ABK_YES, no = ABK_NO, unverifiable = ABK_UNVERIFIABLE };

enum class reason : std::uint32_t {
  none = ABK_REASON_NONE,
  mailbox_busy = ABK_REASON_MAILBOX_BUSY,
  alert = ABK_REASON_ALERT,
  password_expiring = ABK_REASON_PASSWORD_EXPIRING,
  yes_must_change = ABK_REASON_YES_MUST_CHANGE,
  wrong_password = ABK_REASON_WRONG_PASSWORD,
  no_such_user = ABK_REASON_NO_SUCH_USER,
  account_disabled = ABK_REASON_ACCOUNT_DISABLED,
  account_locked = ABK_REASON_ACCOUNT_LOCKED,
  account_expired = ABK_REASON_ACCOUNT_EXPIRED,
  password_expired = ABK_REASON_PASSWORD_EXPIRED,
  password_must_change = ABK_REASON_PASSWORD_MUST_CHANGE,
  not_permitted = ABK_REASON_NOT_PERMITTED,
  bad_name = ABK_REASON_BAD_NAME,
  bad_password = ABK_REASON_BAD_PASSWORD,
  too_long = ABK_REASON_TOO_LONG,
  accepts_all = ABK_REASON_ACCEPTS_ALL,
  vrfy_unsupported = ABK_REASON_VRFY_UNSUPPORTED,
  cannot_verify = ABK_REASON_CANNOT_VERIFY,
  upstream_down = ABK_REASON_UPSTREAM_DOWN,
  upstream_busy = ABK_REASON_UPSTREAM_BUSY,
  upstream_refuses_us = ABK_REASON_UPSTREAM_REFUSES_US,
  upstream_nonsense = ABK_REASON_UPSTREAM_NONSENSE,
  tls_unavailable = ABK_REASON_TLS_UNAVAILABLE,
  service_account = ABK_REASON_SERVICE_ACCOUNT,
  too_frequent = ABK_REASON_TOO_FREQUENT,
  greylisted = ABK_REASON_GREYLISTED,
  misconfigured = ABK_REASON_MISCONFIGURED,
  internal = ABK_REASON_INTERNAL,
  slow_down = ABK_REASON_SLOW_DOWN,
};

enum class mailbox_kind : std::uint32_t {
  unknown = ABK_KIND_UNKNOWN,
  user = ABK_KIND_USER,
  alias = ABK_KIND_ALIAS,
  group = ABK_KIND_GROUP,
  shared = ABK_KIND_SHARED,
  resource = ABK_KIND_RESOURCE
};

// What was found out. A fresh one is a tempfail: whatever is forgotten is neither a yes nor a no.
struct answer {
  verdict what = verdict::tempfail;
  reason why = reason::internal;
  std::string rule;           // the row of the plugin's table that decided
  std::string operator_text;  // for the log; the upstream's own words are welcome
  std::string public_text;    // may reach strangers; usually empty
  std::string notice;         // the upstream's words that are meant for the user
  std::string mailbox;
  mailbox_kind kind = mailbox_kind::unknown;
  std::vector<std::string> addresses;
  bool addresses_complete = false;
  std::vector<std::pair<std::string, std::string>> attributes;
  std::chrono::milliseconds retry_after{0};  // 0: nothing known
  std::optional<std::chrono::seconds> password_expires_in;
  std::optional<std::int32_t> grace_logins;

  static answer yes(std::string rule, reason why = reason::none) { return make(verdict::yes, why, std::move(rule), {}); }
  static answer no(reason why, std::string rule, std::string text = {}) { return make(verdict::no, why, std::move(rule), std::move(text)); }
  static answer unverifiable(reason why, std::string rule, std::string text = {}) { return make(verdict::unverifiable, why, std::move(rule), std::move(text)); }
  static answer tempfail(reason why, std::string rule, std::string text = {}) { return make(verdict::tempfail, why, std::move(rule), std::move(text)); }

 private:
  static answer make(verdict what, reason why, std::string rule, std::string text) {
    answer a;
    a.what = what;
    a.why = why;
    a.rule = std::move(rule);
    a.operator_text = std::move(text);
    return a;
  }
};

// Throw it to end a conversation (or its preparation) that cannot come to a verdict. It can only carry a tempfail.
class give_up {
 public:
  give_up(reason why, std::string rule, std::string text = {}) : why_(answer::tempfail(why, std::move(rule), std::move(text))) {}
  const answer& why() const noexcept { return why_; }

 private:
  answer why_;
};

// Hands `a` to `use` as the ABI's struct, which is valid during that call. Throws std::bad_alloc.
template <class Use>
void with_abi(const answer& a, Use&& use) {
  std::vector<abk_str> addresses;
  std::vector<abk_attribute> attributes;
  for (const auto& one : a.addresses) addresses.push_back(str(one));
  for (const auto& [name, value] : a.attributes) attributes.push_back({str(name), str(value)});
  abk_answer out{};
  out.size = sizeof out;
  out.verdict = static_cast<std::uint32_t>(a.what);
  out.reason = static_cast<std::uint32_t>(a.why);
  out.rule = str(a.rule);
  out.public_text = str(a.public_text);
  out.operator_text = str(a.operator_text);
  out.notice = str(a.notice);
  out.mailbox = str(a.mailbox);
  out.kind = static_cast<std::uint32_t>(a.kind);
  out.addresses = addresses.data();
  out.address_count = addresses.size();
  out.attributes = attributes.data();
  out.attribute_count = attributes.size();
  out.retry_after_ms = static_cast<std::uint32_t>(a.retry_after.count());
  if (a.password_expires_in) {
    out.password_expires_in_s = a.password_expires_in->count();
    out.flags |= ABK_ANSWER_HAS_EXPIRY;
  }
  if (a.grace_logins) {
    out.grace_logins = *a.grace_logins;
    out.flags |= ABK_ANSWER_HAS_GRACE;
  }
  if (a.addresses_complete) out.flags |= ABK_ANSWER_ADDRESSES_COMPLETE;
  std::forward<Use>(use)(out);
}

// The tempfail that needs no memory, for the places where there is none left.
inline abk_answer internal_trouble(std::string_view rule) noexcept {
  abk_answer out{};
  out.size = sizeof out;
  out.verdict = ABK_TEMPFAIL;
  out.reason = ABK_REASON_INTERNAL;
  out.rule = str(rule);
  return out;
}

// One question. Everything in it is borrowed from the host until the question is answered.
struct question {
  std::uint32_t kind = 0;  // ABK_LOGIN, ABK_MAILBOX, ABK_PROBE
  std::uint32_t id = 0;
  std::string_view login_name;  // what to send upstream
  std::string_view address, local, domain;  // as it was typed; for templates
  std::string_view identity;
  secret_view password;
  std::string_view client;  // the end user's address; empty if unknown or not vouched for
  std::string_view carry;   // from the leg before
  std::chrono::milliseconds time_left{0};

  question() = default;
  explicit question(const abk_question& q) noexcept
      : kind(q.kind), id(q.id), login_name(view(q.login_name)), address(view(q.address)), local(view(q.local)), domain(view(q.domain)),
        identity(view(q.identity)), password(view(q.password)), client(view(q.client)), carry(view(q.carry)), time_left(q.time_left_ms) {}
};

}  // namespace abk
