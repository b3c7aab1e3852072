#include "pam_parts/codes.hpp"

#include <security/_pam_types.h>

namespace authbroker {
namespace {

int refusal_code(reason why, bool reveal) {
  switch (why) {
    case reason::no_such_user: return reveal ? PAM_USER_UNKNOWN : PAM_AUTH_ERR;
    case reason::account_disabled:
    case reason::account_expired: return reveal ? PAM_ACCT_EXPIRED : PAM_AUTH_ERR;
    case reason::account_locked:
    case reason::not_permitted: return reveal ? PAM_PERM_DENIED : PAM_AUTH_ERR;
    // Told only to somebody who knew the password. Not NEW_AUTHTOK_REQD, which "required" and "sufficient" count as a yes.
    case reason::password_expired:
    case reason::password_must_change: return PAM_ACCT_EXPIRED;
    case reason::wrong_password:
    case reason::empty_password:
    case reason::bad_name:
    case reason::bad_password:
    case reason::too_long:
    case reason::known_wrong: return PAM_AUTH_ERR;
    // No refusals.
    case reason::none:
    case reason::mailbox_busy:
    case reason::alert:
    case reason::password_expiring:
    case reason::must_change_later:
    case reason::stale:
    case reason::accepts_all:
    case reason::vrfy_unsupported:
    case reason::cannot_verify:
    case reason::not_checked:
    case reason::upstream_down:
    case reason::upstream_busy:
    case reason::upstream_refuses_us:
    case reason::upstream_nonsense:
    case reason::tls_unavailable:
    case reason::tls_untrusted:
    case reason::tls_name:
    case reason::service_account:
    case reason::deadline:
    case reason::overloaded:
    case reason::too_frequent:
    case reason::greylisted:
    case reason::guarded:
    case reason::slow_down:
    case reason::misconfigured:
    case reason::shutting_down:
    case reason::internal:
    case reason::no_route: return PAM_AUTHINFO_UNAVAIL;
  }
  return PAM_AUTHINFO_UNAVAIL;
}

}  // namespace

int auth_code(verdict v, reason why, bool reveal) noexcept {
  switch (v) {
    case verdict::accept: return PAM_SUCCESS;
    case verdict::reject: return refusal_code(why, reveal);
    case verdict::no_route: return PAM_USER_UNKNOWN;
    case verdict::tempfail:
    case verdict::exists:
    case verdict::absent:
    case verdict::unverifiable: return PAM_AUTHINFO_UNAVAIL;
  }
  return PAM_AUTHINFO_UNAVAIL;
}

int account_code(verdict v, reason why, bool reveal) noexcept {
  if (v == verdict::accept && why == reason::must_change_later) return PAM_NEW_AUTHTOK_REQD;
  return auth_code(v, why, reveal);
}

}  // namespace authbroker
