#include "wire/http_verdict.hpp"

#include <algorithm>
#include <cstdlib>

namespace authbroker {
namespace {

unsigned login_status(verdict v) {
  switch (v) {
    case verdict::accept: return 200;
    case verdict::reject:
    case verdict::no_route: return 401;
    case verdict::tempfail:
    case verdict::exists:
    case verdict::absent:
    case verdict::unverifiable: return 503;
  }
  std::abort();
}

unsigned mailbox_status(verdict v) {
  switch (v) {
    case verdict::exists:
    case verdict::unverifiable: return 200;
    case verdict::absent:
    case verdict::no_route: return 404;
    case verdict::tempfail:
    case verdict::accept:
    case verdict::reject: return 503;
  }
  std::abort();
}

}  // namespace

unsigned http_status(question_kind asked, verdict v) {
  switch (asked) {
    case question_kind::login: return login_status(v);
    case question_kind::mailbox: return mailbox_status(v);
    case question_kind::probe: return 503;
  }
  std::abort();
}

unsigned retry_after_seconds(const answer& a) {
  if (a.found.retry_after.count() > 0) {
    const auto seconds = (a.found.retry_after.count() + 999) / 1000;
    return static_cast<unsigned>(std::min<decltype(seconds)>(seconds, 86'400));
  }
  unsigned spread = 0;
  for (const char c : a.id) spread += static_cast<unsigned char>(c);
  return 5 + spread % 5;
}

reason told_reason(reason r, bool reveal) {
  if (reveal) return r;
  switch (r) {
    case reason::wrong_password:
    case reason::no_such_user:
    case reason::account_disabled:
    case reason::account_locked:
    case reason::account_expired:
    case reason::not_permitted:
    case reason::known_wrong:
    case reason::too_long:  // of a hash that takes 72 bytes, say: only a name that exists has one
    case reason::no_route: return reason::wrong_password;
    // Told only to somebody who knew the password, or about what was typed, or about the broker.
    case reason::none:
    case reason::mailbox_busy:
    case reason::alert:
    case reason::password_expiring:
    case reason::must_change_later:
    case reason::stale:
    case reason::password_expired:
    case reason::password_must_change:
    case reason::empty_password:
    case reason::bad_name:
    case reason::bad_password:
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
    case reason::internal: return r;
  }
  std::abort();
}

}  // namespace authbroker
