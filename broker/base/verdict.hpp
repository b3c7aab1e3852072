// The closed lists of what an answer can be. One table, in verdict.cpp, says which reason belongs to which verdict, what a
// stranger may be told, and what an operator should do: the code, the manual and the tests read the same rows.
#pragma once
#include <cstdint>
#include <span>
#include <string_view>

namespace authbroker {

enum class question_kind : std::uint8_t { login, mailbox, probe };

enum class verdict : std::uint8_t { tempfail, accept, reject, no_route, exists, absent, unverifiable };

enum class reason : std::uint8_t {
  none,
  // accept, exists
  mailbox_busy, alert, password_expiring, must_change_later, stale,
  // reject
  wrong_password, no_such_user, account_disabled, account_locked, account_expired, password_expired, password_must_change,
  not_permitted, empty_password, bad_name, bad_password, too_long, known_wrong,
  // unverifiable (and bad_name, too_long)
  accepts_all, vrfy_unsupported, cannot_verify, not_checked,
  // tempfail
  upstream_down, upstream_busy, upstream_refuses_us, upstream_nonsense, tls_unavailable, tls_untrusted, tls_name,
  service_account, deadline, overloaded, too_frequent, greylisted, guarded, slow_down, misconfigured, shutting_down, internal,
  // no_route
  no_route,
};

// A legal pair, and its text for people. `told` goes to callers and must not help a guesser: the rejections that depend on
// the account share one text. `advice` is the manual's.
struct verdict_row {
  verdict what;
  reason why;
  std::string_view told;
  std::string_view advice;
};
std::span<const verdict_row> verdict_table();
// The row of a legal pair; nullptr for every other. Cost: one look into an index.
const verdict_row* find_row(verdict, reason);
// What a caller is told: the row's text, but of no password where none was asked about.
std::string_view told(const verdict_row&, question_kind);
inline bool legal(verdict v, reason r) { return find_row(v, r) != nullptr; }

std::string_view name(question_kind);
std::string_view name(verdict);
std::string_view name(reason);  // "none" for none; must_change_later is spelt "password_must_change"

// The only verdicts that let somebody in, or a mail through.
constexpr bool is_yes(verdict v) { return v == verdict::accept || v == verdict::exists; }
constexpr bool is_no(verdict v) { return v == verdict::reject || v == verdict::absent; }

}  // namespace authbroker
