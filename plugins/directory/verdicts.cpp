#include "verdicts.hpp"

#include <string>

#include "fold.hpp"
#include "text.hpp"

namespace directory {
namespace {

using abk::reason;
using rc = result_code;

constexpr abk::verdict yes = abk::verdict::yes;
constexpr abk::verdict no = abk::verdict::no;
constexpr abk::verdict tempfail = abk::verdict::tempfail;

constexpr bind_row binds[] = {
    // The control first: it is asked for, and says more than the number that it comes with.
    {rc::success, says::unreadable, sees::anything, 0, tempfail, reason::upstream_nonsense, "policy-unreadable"},
    {rc::success, says::must_change, sees::anything, 0, no, reason::password_must_change, "must-change"},
    {rc::success, says::locked, sees::anything, 0, tempfail, reason::upstream_nonsense, "policy-contradicts"},
    {rc::success, says::grace, sees::anything, 0, yes, reason::password_expiring, "grace"},
    {rc::success, says::expired, sees::anything, 0, no, reason::password_must_change, "expired-let-in"},
    {rc::success, says::expiring, sees::anything, 0, yes, reason::password_expiring, "expiring"},
    {rc::success, says::nothing, sees::anything, 0, yes, reason::none, "success"},

    {rc::invalid_credentials, says::unreadable, sees::anything, 0, tempfail, reason::upstream_nonsense, "policy-unreadable-49"},
    {rc::invalid_credentials, says::locked, sees::anything, 0, no, reason::account_locked, "locked"},
    {rc::invalid_credentials, says::expired, sees::anything, 0, no, reason::password_expired, "expired"},
    {rc::invalid_credentials, says::must_change, sees::anything, 0, no, reason::password_must_change, "must-change-refused"},
    {rc::invalid_credentials, says::anything, sees::anything, 0, no, reason::wrong_password, "refused"},

    // Where the draft of the password policy has them; without the control the same numbers speak about the server.
    {rc::insufficient_access, says::locked, sees::anything, 0, no, reason::account_locked, "locked-50"},
    {rc::unwilling_to_perform, says::locked, sees::anything, 0, no, reason::account_locked, "locked-53"},
    {rc::unwilling_to_perform, says::expired, sees::anything, 0, no, reason::password_expired, "expired-53"},
    {rc::unwilling_to_perform, says::anything, sees::inactivated, 0, no, reason::account_disabled, "inactivated"},
    {rc::constraint_violation, says::locked, sees::anything, 0, no, reason::account_locked, "locked-19"},
    {rc::constraint_violation, says::anything, sees::locked, 0, no, reason::account_locked, "locked-retries"},

    // An entry that cannot log in with any password; an anonymous bind was never asked for.
    {rc::inappropriate_authentication, says::anything, sees::anything, 0, no, reason::wrong_password, "no-password-set"},
    // Nobody of that name, said by a server that knows the place where he would be.
    {rc::no_such_object, says::anything, sees::parent, 0, no, reason::no_such_user, "no-such-entry"},
    {rc::no_such_object, says::anything, sees::anything, 0, tempfail, reason::misconfigured, "no-such-place"},

    {rc::operations_error, says::anything, sees::anything, 0, tempfail, reason::misconfigured, "operations-error"},
    {rc::protocol_error, says::anything, sees::anything, 0, tempfail, reason::misconfigured, "protocol-error"},
    {rc::time_limit_exceeded, says::anything, sees::anything, 0, tempfail, reason::upstream_busy, "time-limit"},
    {rc::auth_method_not_supported, says::anything, sees::anything, 0, tempfail, reason::misconfigured, "method-refused"},
    {rc::stronger_auth_required, says::anything, sees::anything, 0, tempfail, reason::misconfigured, "wants-tls-8"},
    {rc::referral, says::anything, sees::anything, 0, tempfail, reason::misconfigured, "referral"},
    {rc::admin_limit_exceeded, says::anything, sees::anything, 0, tempfail, reason::upstream_busy, "admin-limit"},
    {rc::unavailable_critical_extension, says::anything, sees::anything, 0, tempfail, reason::misconfigured, "extension-refused"},
    {rc::confidentiality_required, says::anything, sees::anything, 0, tempfail, reason::misconfigured, "wants-tls-13"},
    {rc::sasl_bind_in_progress, says::anything, sees::anything, 0, tempfail, reason::upstream_nonsense, "sasl"},
    {rc::constraint_violation, says::anything, sees::anything, 0, tempfail, reason::upstream_refuses_us, "constraint"},
    {rc::invalid_dn_syntax, says::anything, sees::anything, 0, tempfail, reason::misconfigured, "dn-refused"},
    {rc::insufficient_access, says::anything, sees::anything, 0, tempfail, reason::upstream_refuses_us, "no-access"},
    {rc::busy, says::anything, sees::anything, 0, tempfail, reason::upstream_busy, "busy"},
    {rc::unavailable, says::anything, sees::anything, 0, tempfail, reason::upstream_busy, "unavailable"},
    {rc::unwilling_to_perform, says::anything, sees::anything, 0, tempfail, reason::upstream_refuses_us, "unwilling"},
    {rc::other, says::anything, sees::anything, 0, tempfail, reason::upstream_busy, "other"},
    {any_code, says::anything, sees::anything, 0, tempfail, reason::upstream_nonsense, "unknown-result"},
};

constexpr search_row searches[] = {
    {rc::operations_error, reason::service_account, "operations-error", "the server wants a bind before it searches: set bind_dn and bind_password"},
    {rc::protocol_error, reason::misconfigured, "protocol-error", "the server does not understand the search"},
    {rc::time_limit_exceeded, reason::upstream_busy, "time-limit", "the server ran out of the time that it allows: are the attributes of the filter indexed?"},
    {rc::size_limit_exceeded, reason::misconfigured, "size-limit", "the server stopped before it had found two entries: what may the account read?"},
    {rc::stronger_auth_required, reason::misconfigured, "wants-tls-8", "the server wants TLS: use ldaps or ldap+starttls"},
    {rc::referral, reason::misconfigured, "referral", "the base lies on another server; referrals are not followed: name that server as upstream, or another base"},
    {rc::admin_limit_exceeded, reason::misconfigured, "admin-limit", "the server refuses a search that would cost it too much: are the attributes of the filter indexed?"},
    {rc::confidentiality_required, reason::misconfigured, "wants-tls-13", "the server wants TLS: use ldaps or ldap+starttls"},
    {rc::no_such_object, reason::misconfigured, "no-such-base", "the base does not exist, or the account may not know that it does"},
    {rc::invalid_dn_syntax, reason::misconfigured, "bad-base", "the server does not take the base for a DN"},
    {rc::inappropriate_authentication, reason::service_account, "anonymous-refused", "the server lets nobody search anonymously: set bind_dn and bind_password"},
    {rc::insufficient_access, reason::service_account, "no-access", "the account may not search here"},
    {rc::busy, reason::upstream_busy, "busy", ""},
    {rc::unavailable, reason::upstream_busy, "unavailable", ""},
    {rc::unwilling_to_perform, reason::upstream_refuses_us, "unwilling", ""},
    {rc::other, reason::upstream_busy, "other", ""},
    {any_code, reason::upstream_nonsense, "unknown-result", ""},
};

says what_it_says(const password_policy& p, bool let_in) {
  if (p.unreadable) return says::unreadable;
  if (p.netscape_expired) return says::expired;
  switch (p.error) {
    case policy_error::password_expired: return let_in && p.grace_logins ? says::grace : says::expired;
    case policy_error::account_locked: return says::locked;
    case policy_error::change_after_reset: return says::must_change;
    case policy_error::other: return let_in ? says::unreadable : says::nothing;  // speaks about a change of the password, which nobody asked for
    case policy_error::none: break;
  }
  if (p.grace_logins) return says::grace;
  return p.expires_in ? says::expiring : says::nothing;
}

bool parent_of(std::string_view parent, std::string_view name) {
  std::size_t comma = 0;
  while (comma < name.size() && name[comma] != ',') comma += name[comma] == '\\' ? 2U : 1U;
  return !parent.empty() && comma < name.size() && same_dn(parent, name.substr(comma + 1));
}

bool fits(const bind_row& r, const bind_reply& reply) {
  const result& said = reply.said.of;
  switch (r.besides) {
    case sees::anything: return true;
    case sees::subcode: return ad_subcode(said.text) == r.number;
    case sees::any_subcode: return ad_subcode(said.text).has_value();
    case sees::inactivated: return contains(said.text, "inactivated") || contains(said.text, "account is disabled") || contains(said.text, "account disabled");
    case sees::locked: return contains(said.text, "retry limit") || contains(said.text, "locked");
    case sees::parent: return parent_of(said.matched, reply.name);
  }
  return false;
}

// Nothing besides: no part of the reply is left over that might mean "but".
bool plain(const bind_reply& reply) {
  if (reply.said.sasl_credentials || !reply.said.of.referrals.empty()) return false;
  for (const control& c : reply.controls)
    if (c.oid != oid_password_policy && c.oid != oid_netscape_expired && c.oid != oid_netscape_expiring) return false;
  return true;
}

const bind_row* find(std::span<const bind_row> rows, const bind_reply& reply, says policy) {
  for (const bind_row& r : rows)
    if ((r.code == any_code || r.code == reply.said.of.code) && (r.policy == says::anything || r.policy == policy) && fits(r, reply)) return &r;
  return nullptr;
}

}  // namespace

std::span<const bind_row> bind_table() { return binds; }
std::span<const search_row> search_table() { return searches; }

namespace {

abk::answer answer_of(const bind_row& row, const password_policy& p, std::string words) {
  abk::answer out;
  out.what = row.what;
  out.why = row.why;
  out.rule.append("bind.").append(row.name);
  out.operator_text = std::move(words);
  if (row.what != tempfail) {
    out.password_expires_in = p.expires_in;
    out.grace_logins = p.grace_logins;
  }
  return out;
}

}  // namespace

abk::answer judge_bind(const bind_reply& reply, std::span<const bind_row> own) {
  const password_policy p = policy_of(reply.controls);
  std::string words = in_words(reply.said.of) + in_words(p);
  const bool success = reply.said.of.code == rc::success;
  if (success && !plain(reply)) {
    std::string extra = reply.said.sasl_credentials ? " SASL credentials" : reply.said.of.referrals.empty() ? "" : " a referral";
    for (const control& c : reply.controls) extra += " control " + std::string(c.oid);
    return abk::answer::tempfail(reason::upstream_nonsense, "bind.not-plain", "a success that bears" + extra);
  }
  const says policy = what_it_says(p, success);
  const bind_row* row = policy == says::unreadable ? nullptr : find(own, reply, policy);
  if (row == nullptr) row = find(binds, reply, policy);
  if (row == nullptr || (row->what == yes && !success)) return abk::answer::tempfail(reason::upstream_nonsense, "bind.unknown-result", words);
  return answer_of(*row, p, std::move(words));
}

namespace {

abk::answer judge(const result& said, const std::string& kind, const std::string& place, bool anonymous) {
  for (const search_row& r : searches) {
    if (r.code != any_code && r.code != said.code) continue;
    std::string text = in_words(said) + "; " + place;
    if (!r.advice.empty()) text += ": " + std::string(r.advice);
    if (r.code == rc::insufficient_access && anonymous) text += "; the search went out anonymously: set bind_dn and bind_password";
    return abk::answer::tempfail(r.why, kind + "." + std::string(r.name), text);
  }
  return {};
}

}  // namespace

abk::answer judge_search(const result& said, std::string_view base, bool anonymous) { return judge(said, "search", "base \"" + std::string(base) + "\"", anonymous); }

abk::answer judge_group_search(const result& said, std::string_view group, bool anonymous) {
  const std::string place = "group \"" + std::string(group) + "\"";
  if (said.code != rc::no_such_object) return judge(said, "group", place, anonymous);
  return abk::answer::tempfail(reason::misconfigured, "group.none", in_words(said) + "; " + place + ": there is none, or the account may not know that there is: mind its access control, and the setting's spelling");
}

// Trouble of the server is not the account's: it does not slow down the next try.
std::optional<abk::answer> judge_service_bind(const bind_reply& reply) {
  const password_policy p = policy_of(reply.controls);
  const std::string words = std::string(reply.name) + ": " + in_words(reply.said.of) + in_words(p);
  switch (reply.said.of.code) {
    case rc::success:
      if (reply.said.sasl_credentials || !reply.said.of.referrals.empty()) return abk::answer::tempfail(reason::upstream_nonsense, "service.not-plain", words);
      // The server lets it in and will refuse every search.
      if (p.error == policy_error::change_after_reset) return abk::answer::tempfail(reason::service_account, "service.must-change", words);
      if (p.netscape_expired || (p.error == policy_error::password_expired && !p.grace_logins)) return abk::answer::tempfail(reason::service_account, "service.expired", words);
      return {};
    case rc::busy:
    case rc::unavailable:
    case rc::time_limit_exceeded:
    case rc::other: return abk::answer::tempfail(reason::upstream_busy, "service.busy", words);
    case rc::stronger_auth_required:
    case rc::confidentiality_required: return abk::answer::tempfail(reason::misconfigured, "service.wants-tls", words + ": use ldaps or ldap+starttls");
    case rc::protocol_error:
    case rc::auth_method_not_supported: return abk::answer::tempfail(reason::misconfigured, "service.method-refused", words);
    case rc::operations_error:
    case rc::size_limit_exceeded:
    case rc::referral:
    case rc::admin_limit_exceeded:
    case rc::unavailable_critical_extension:
    case rc::sasl_bind_in_progress:
    case rc::no_such_attribute:
    case rc::constraint_violation:
    case rc::no_such_object:
    case rc::invalid_dn_syntax:
    case rc::inappropriate_authentication:
    case rc::invalid_credentials:
    case rc::insufficient_access:
    case rc::unwilling_to_perform: break;
  }
  return abk::answer::tempfail(reason::service_account, "service.refused", words);
}

std::string in_words(const result& said) {
  std::string out(name_of(said.code));
  out.append(" (").append(std::to_string(static_cast<std::int32_t>(said.code))).append(")");
  if (!said.text.empty()) out += ": " + std::string(said.text.substr(0, 200));
  for (const std::string_view url : said.referrals) out += "; refers to " + std::string(url.substr(0, 200));
  return out;
}

std::string in_words(const password_policy& p) {
  std::string out;
  switch (p.error) {
    case policy_error::none: break;
    case policy_error::password_expired: out += "; policy: the password has expired"; break;
    case policy_error::account_locked: out += "; policy: the account is locked"; break;
    case policy_error::change_after_reset: out += "; policy: the password must be changed"; break;
    case policy_error::other: out += "; policy: another error"; break;
  }
  if (p.netscape_expired) out += "; policy: the password has expired";
  if (p.unreadable) out += "; policy: unreadable";
  if (p.expires_in) out += "; policy: the password expires in " + std::to_string(p.expires_in->count()) + " s";
  if (p.grace_logins) out += "; policy: " + std::to_string(*p.grace_logins) + " grace logins are left";
  return out;
}

}  // namespace directory
