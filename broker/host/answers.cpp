#include "host/answers.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace authbroker {
namespace {

struct reason_row {
  std::uint32_t number;
  reason why;
};
constexpr auto reasons = std::to_array<reason_row>({
    {ABK_REASON_NONE, reason::none},
    {ABK_REASON_MAILBOX_BUSY, reason::mailbox_busy},
    {ABK_REASON_ALERT, reason::alert},
    {ABK_REASON_PASSWORD_EXPIRING, reason::password_expiring},
    {ABK_REASON_YES_MUST_CHANGE, reason::must_change_later},
    {ABK_REASON_WRONG_PASSWORD, reason::wrong_password},
    {ABK_REASON_NO_SUCH_USER, reason::no_such_user},
    {ABK_REASON_ACCOUNT_DISABLED, reason::account_disabled},
    {ABK_REASON_ACCOUNT_LOCKED, reason::account_locked},
    {ABK_REASON_ACCOUNT_EXPIRED, reason::account_expired},
    {ABK_REASON_PASSWORD_EXPIRED, reason::password_expired},
    {ABK_REASON_PASSWORD_MUST_CHANGE, reason::password_must_change},
    {ABK_REASON_NOT_PERMITTED, reason::not_permitted},
    {ABK_REASON_BAD_NAME, reason::bad_name},
    {ABK_REASON_BAD_PASSWORD, reason::bad_password},
    {ABK_REASON_TOO_LONG, reason::too_long},
    {ABK_REASON_ACCEPTS_ALL, reason::accepts_all},
    {ABK_REASON_VRFY_UNSUPPORTED, reason::vrfy_unsupported},
    {ABK_REASON_CANNOT_VERIFY, reason::cannot_verify},
    {ABK_REASON_UPSTREAM_DOWN, reason::upstream_down},
    {ABK_REASON_UPSTREAM_BUSY, reason::upstream_busy},
    {ABK_REASON_UPSTREAM_REFUSES_US, reason::upstream_refuses_us},
    {ABK_REASON_UPSTREAM_NONSENSE, reason::upstream_nonsense},
    {ABK_REASON_TLS_UNAVAILABLE, reason::tls_unavailable},
    {ABK_REASON_SERVICE_ACCOUNT, reason::service_account},
    {ABK_REASON_TOO_FREQUENT, reason::too_frequent},
    {ABK_REASON_GREYLISTED, reason::greylisted},
    {ABK_REASON_MISCONFIGURED, reason::misconfigured},
    {ABK_REASON_INTERNAL, reason::internal},
    {ABK_REASON_SLOW_DOWN, reason::slow_down},
});

verdict verdict_of(question_kind kind, std::uint32_t number) {
  const bool login = kind != question_kind::mailbox;
  switch (number) {
    case ABK_YES: return login ? verdict::accept : verdict::exists;
    case ABK_NO: return login ? verdict::reject : verdict::absent;
    case ABK_UNVERIFIABLE: return login ? verdict::tempfail : verdict::unverifiable;
    default: return verdict::tempfail;
  }
}

bool in_a_rule(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-'; }

constexpr std::size_t text_bytes_max = 64 * 1024;
constexpr std::size_t addresses_max = 256, address_bytes = 320, attributes_max = 64, attribute_bytes = 512;

}  // namespace

std::string shown(std::string_view text, const typed& by) { return std::string(tells_password(text, by.password, by.names) ? text_withheld : text); }

void read_answer(question_kind kind, const abk_answer& from, const typed& by, finding& out, bool& is_legal) {
  is_legal = true;
  out.what = verdict::tempfail;  // until all of it has been read
  out.why = reason::internal;
  // Looked at as it came, before cleaning or a cut can change or part the password.
  const auto tells = [&by](abk_str s) { return tells_password(view(s).substr(0, text_bytes_max), by.password, by.names); };
  const auto text = [](abk_str s, std::size_t most) { return s.len == 0 ? std::string() : clean_notice(view(s).substr(0, most * 4), most); };
  const auto for_people = [&](std::string& to, abk_str s, std::size_t most) {
    if (s.len == 0 || tells(s)) to.clear();
    else to = text(s, most);
  };
  // As it is, or empty.
  const auto value = [&text](abk_str s, std::size_t most) {
    std::string whole = s.len > most ? std::string() : text(s, most);
    if (whole != view(s)) whole.clear();
    return whole;
  };
  const reason_row* row = std::find_if(reasons.begin(), reasons.end(), [&](const reason_row& r) { return r.number == from.reason; });
  verdict what = verdict_of(kind, from.verdict);
  reason why = row == reasons.end() ? reason::internal : row->why;
  // A plain "absent" or "exists" has no reason; a plugin that gives a login's reason with it means the plain one.
  if (kind == question_kind::mailbox && is_no(what) && why == reason::no_such_user) why = reason::none;
  const bool known = from.verdict <= ABK_UNVERIFIABLE && row != reasons.end() && !(from.verdict == ABK_UNVERIFIABLE && kind != question_kind::mailbox);
  // Zero-filled: a tempfail that says nothing more.
  if (what == verdict::tempfail && why == reason::none) why = reason::internal;
  if (!known || !legal(what, why)) {
    is_legal = false;
    out = finding::tempfail(reason::internal, "the plugin answered verdict " + std::to_string(from.verdict) + " with reason " +
                                                  std::to_string(from.reason) + ", which do not go together");
    return;
  }
  // A rule is a word of the plugin's own table; a password such as "wrong" is a part of some.
  const std::string_view rule = view(from.rule);
  if (rule.size() <= 64 && std::all_of(rule.begin(), rule.end(), in_a_rule) && rule != by.password) out.rule = rule;
  else for_people(out.rule, from.rule, 64);
  for_people(out.public_text, from.public_text, 200);
  if (from.operator_text.len == 0) out.operator_text.clear();
  else if (tells(from.operator_text)) out.operator_text = text_withheld;
  else out.operator_text = text(from.operator_text, 400);
  for_people(out.notice, from.notice, 200);
  out.mailbox = value(from.mailbox, address_bytes);
  out.kind = from.kind <= ABK_KIND_RESOURCE ? static_cast<mailbox_kind>(from.kind) : mailbox_kind::unknown;
  out.truncated = from.address_count > addresses_max;
  out.addresses.clear();
  for (std::size_t i = 0; i < std::min(from.address_count, addresses_max); ++i) {
    if (std::string one = value(from.addresses[i], address_bytes); one.empty()) out.truncated = true;
    else out.addresses.push_back(std::move(one));
  }
  out.addresses_complete = (from.flags & ABK_ANSWER_ADDRESSES_COMPLETE) != 0 && !out.truncated;
  out.attributes.clear();
  for (std::size_t i = 0; i < std::min(from.attribute_count, attributes_max); ++i)
    if (std::string one = value(from.attributes[i].value, attribute_bytes); !one.empty() || from.attributes[i].value.len == 0)
      out.attributes.emplace_back(text(from.attributes[i].name, 64), std::move(one));
  out.retry_after = std::chrono::milliseconds(from.retry_after_ms);
  out.password_expires_in.reset();
  if ((from.flags & ABK_ANSWER_HAS_EXPIRY) != 0) out.password_expires_in = std::chrono::seconds(from.password_expires_in_s);
  out.grace_logins.reset();
  if ((from.flags & ABK_ANSWER_HAS_GRACE) != 0) out.grace_logins = from.grace_logins;
  out.upstream.clear();
  out.password_sent = false;
  out.what = what;
  out.why = why;
}

}  // namespace authbroker
