#include "base/verdict.hpp"

#include <array>
#include <cstdlib>

namespace authbroker {
namespace {

constexpr std::string_view wrong = "The address or the password is not right.";
constexpr std::string_view later = "This cannot be checked at the moment. Please try again later.";

constexpr auto rows = std::to_array<verdict_row>({
    {verdict::accept, reason::none, "Accepted.", "The upstream said yes."},
    {verdict::accept, reason::mailbox_busy, "Accepted.", "The password was right; the maildrop is in use by another session. With `in_use = \"tempfail\"` this is a tempfail."},
    {verdict::accept, reason::alert, "Accepted. Your mail server has a message for you.", "The password was right; `notice` holds the server's alert for the user."},
    {verdict::accept, reason::password_expiring, "Accepted. Your password expires soon.", "See `password_expires_in` and `help_url`."},
    {verdict::accept, reason::must_change_later, "Accepted. You must change your password.", "The server let the login in and asks for a new password."},
    {verdict::accept, reason::stale, "Accepted.", "From the cache, past its refresh time, because the upstream cannot be asked."},
    {verdict::exists, reason::none, "The address exists.", "The upstream said yes."},
    {verdict::exists, reason::stale, "The address exists.", "From the cache, past its refresh time, because the upstream cannot be asked."},

    {verdict::reject, reason::wrong_password, wrong, "The upstream refused this name and password. If the password is right: a mail server may want the bare name or the full address (`strip_domain`, `login_name`); of a directory the stages show the entry that was tried."},
    {verdict::reject, reason::no_such_user, wrong, "The upstream does not know the name. `authbroker explain` shows the login name (`strip_domain`, `login_name`); of a directory the stages show base and filter."},
    {verdict::reject, reason::account_disabled, wrong, "The account is switched off upstream."},
    {verdict::reject, reason::account_locked, wrong, "The account is locked upstream, usually after wrong passwords. Unlock it there."},
    {verdict::reject, reason::account_expired, wrong, "The account has expired upstream."},
    {verdict::reject, reason::password_expired, "Your password has expired.", "The user must set a new password; `help_url` can say where."},
    {verdict::reject, reason::password_must_change, "Your password must be changed first.", "The user must set a new password; `help_url` can say where."},
    {verdict::reject, reason::not_permitted, wrong, "The upstream knows the account but does not let it in here and now (time, place or group)."},
    {verdict::reject, reason::empty_password, wrong, "The caller sent an empty password; nothing was asked upstream."},
    {verdict::reject, reason::bad_name, wrong, "The name holds characters that no mail address or login may have; nothing was asked upstream. `allow_chars` permits # ~ and /."},
    {verdict::reject, reason::bad_password, wrong, "The password holds control characters; nothing was asked upstream."},
    {verdict::reject, reason::too_long, wrong, "Name or password is longer than the broker or the upstream's protocol can carry; nothing was asked upstream."},
    {verdict::reject, reason::known_wrong, wrong, "Exactly this password was refused for this address a moment ago; nothing was asked upstream."},

    {verdict::absent, reason::none, "The address does not exist.", "The upstream was asked and knows no such address. If it should be there, ask the upstream itself for what the stages show."},

    {verdict::unverifiable, reason::accepts_all, "This address cannot be verified.", "The upstream accepts every address of this domain, a random one included."},
    {verdict::unverifiable, reason::vrfy_unsupported, "This address cannot be verified.", "The upstream does not answer VRFY usefully. Use method rcpt, or a directory."},
    {verdict::unverifiable, reason::cannot_verify, "This address cannot be verified.", "The upstream says that it cannot tell."},
    {verdict::unverifiable, reason::not_checked, "This address cannot be verified.", "The route has no `mailbox` backend."},
    {verdict::unverifiable, reason::too_long, "This address cannot be verified.", "The address is longer than the upstream's protocol can carry."},
    {verdict::unverifiable, reason::bad_name, "This address cannot be verified.", "The address has characters that the broker does not pass on."},

    {verdict::tempfail, reason::upstream_down, later, "No upstream of the backend can be reached, or none speaks the protocol there: the explanation says which. See host and port, the scheme (TLS from the start, or `+starttls`), the firewall, and `authbroker status`."},
    {verdict::tempfail, reason::upstream_busy, later, "The upstream says that it cannot serve now: see its words, and its log. If they are about connections, lower `pool.connections`, or raise its limit for the broker's address."},
    {verdict::tempfail, reason::upstream_refuses_us, later, "The upstream accepts the connection and then refuses the broker's address: see its access list and its ban list."},
    {verdict::tempfail, reason::upstream_nonsense, later, "The upstream broke its protocol. Is it the right port? `authbroker test login` shows the dialogue."},
    {verdict::tempfail, reason::tls_unavailable, later, "STARTTLS was asked for and not given. Use the TLS port, or mend the server; nothing was sent in the clear."},
    {verdict::tempfail, reason::tls_untrusted, later, "The upstream's certificate is not trusted (unknown issuer, expired, or a wrong pin), or TLS failed. See `tls.ca_file` and `tls.pin_sha256`."},
    {verdict::tempfail, reason::tls_name, later, "The upstream's certificate is for another name. Use that name in `upstream`, or set `tls.server_name`."},
    {verdict::tempfail, reason::service_account, later, "The broker's own account at the upstream is not valid. Mend `bind_dn` and `bind_password`, then `authbroker reload`, which tries at once; users are not at fault."},
    {verdict::tempfail, reason::deadline, later, "The upstream did not answer in time."},
    {verdict::tempfail, reason::overloaded, later, "The queue of the backend is full, or a limit of the listener is reached. See `pool` and `limits`."},
    {verdict::tempfail, reason::too_frequent, later, "The upstream limits how often one user may log in. Raise that limit there, or let callers remember an accept for a while."},
    {verdict::tempfail, reason::greylisted, later, "The upstream greylists the broker. Exempt its address there."},
    {verdict::tempfail, reason::guarded, later, "The account has had too many wrong passwords; it is protected from lock-out."},
    {verdict::tempfail, reason::slow_down, later, "This caller or client asks too often, or the backend's own bound on what it asks its upstream is reached: the explanation says which."},
    {verdict::tempfail, reason::misconfigured, later, "The configuration cannot work with this upstream; the explanation says why."},
    {verdict::tempfail, reason::shutting_down, later, "The broker is stopping, or its configuration was replaced, or the caller did not wait for the answer: the explanation says which."},
    {verdict::tempfail, reason::internal, later, "A defect in the broker or a plugin; the log has more. Please report it."},

    {verdict::no_route, reason::no_route, wrong, "No route matches the domain. `authbroker routes` lists the domains; `authbroker explain ADDRESS` says which was looked for."},
});

}  // namespace

std::span<const verdict_row> verdict_table() { return rows; }

const verdict_row* find_row(verdict v, reason r) {
  // Asked twice a request: an index instead of a walk. 0 is "no row".
  constexpr std::size_t verdicts = static_cast<std::size_t>(verdict::unverifiable) + 1, reasons = static_cast<std::size_t>(reason::no_route) + 1;
  static constexpr auto index = [] {
    std::array<std::array<std::uint8_t, reasons>, verdicts> at{};
    for (std::size_t i = 0; i < rows.size(); ++i) at[static_cast<std::size_t>(rows[i].what)][static_cast<std::size_t>(rows[i].why)] = static_cast<std::uint8_t>(i + 1);
    return at;
  }();
  const std::size_t what = static_cast<std::size_t>(v), why = static_cast<std::size_t>(r);
  if (what >= verdicts || why >= reasons || index[what][why] == 0) return nullptr;
  return &rows[index[what][why] - 1u];
}

std::string_view told(const verdict_row& row, question_kind k) {
  return k == question_kind::mailbox && row.told == wrong ? "The address is not served here." : row.told;
}

std::string_view name(question_kind k) {
  switch (k) {
    case question_kind::login: return "login";
    case question_kind::mailbox: return "mailbox";
    case question_kind::probe: return "probe";
  }
  std::abort();
}

std::string_view name(verdict v) {
  switch (v) {
    case verdict::tempfail: return "tempfail";
    case verdict::accept: return "accept";
    case verdict::reject: return "reject";
    case verdict::no_route: return "no_route";
    case verdict::exists: return "exists";
    case verdict::absent: return "absent";
    case verdict::unverifiable: return "unverifiable";
  }
  std::abort();
}

std::string_view name(reason r) {
  switch (r) {
    case reason::none: return "none";
    case reason::mailbox_busy: return "mailbox_busy";
    case reason::alert: return "alert";
    case reason::password_expiring: return "password_expiring";
    case reason::must_change_later: return "password_must_change";
    case reason::stale: return "stale";
    case reason::wrong_password: return "wrong_password";
    case reason::no_such_user: return "no_such_user";
    case reason::account_disabled: return "account_disabled";
    case reason::account_locked: return "account_locked";
    case reason::account_expired: return "account_expired";
    case reason::password_expired: return "password_expired";
    case reason::password_must_change: return "password_must_change";
    case reason::not_permitted: return "not_permitted";
    case reason::empty_password: return "empty_password";
    case reason::bad_name: return "bad_name";
    case reason::bad_password: return "bad_password";
    case reason::too_long: return "too_long";
    case reason::known_wrong: return "known_wrong";
    case reason::accepts_all: return "accepts_all";
    case reason::vrfy_unsupported: return "vrfy_unsupported";
    case reason::cannot_verify: return "cannot_verify";
    case reason::not_checked: return "not_checked";
    case reason::upstream_down: return "upstream_down";
    case reason::upstream_busy: return "upstream_busy";
    case reason::upstream_refuses_us: return "upstream_refuses_us";
    case reason::upstream_nonsense: return "upstream_nonsense";
    case reason::tls_unavailable: return "tls_unavailable";
    case reason::tls_untrusted: return "tls_untrusted";
    case reason::tls_name: return "tls_name";
    case reason::service_account: return "service_account";
    case reason::deadline: return "deadline";
    case reason::overloaded: return "overloaded";
    case reason::too_frequent: return "too_frequent";
    case reason::greylisted: return "greylisted";
    case reason::guarded: return "guarded";
    case reason::slow_down: return "slow_down";
    case reason::misconfigured: return "misconfigured";
    case reason::shutting_down: return "shutting_down";
    case reason::internal: return "internal";
    case reason::no_route: return "no_route";
  }
  std::abort();
}

}  // namespace authbroker
