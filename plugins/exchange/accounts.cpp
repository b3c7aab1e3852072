#include "accounts.hpp"

#include <directory/text.hpp>

#include <algorithm>
#include <charconv>

#include "addresses.hpp"
#include "names.hpp"
#include "subcodes.hpp"

namespace exchange {
namespace {

using abk::mailbox_kind;
using abk::reason;
using directory::hit;
using directory::person;
using directory::round;
using directory::same_word;

// Zero where there is none, or where the account may not read it.
std::uint64_t number(const hit& h, std::string_view attribute) {
  const auto& values = h.values(attribute);
  std::uint64_t out = 0;
  if (values.size() != 1) return 0;
  const char* const end = values[0].data() + values[0].size();
  const auto [stop, trouble] = std::from_chars(values[0].data(), end, out);
  return trouble == std::errc() && stop == end ? out : 0;
}

// Bits of userAccountControl; the computed attribute alone keeps the second one. lockoutTime would not do: it stays when the
// lock has run out.
constexpr std::uint64_t disabled_bit = 0x2;
constexpr std::uint64_t locked_bit = 0x10;

bool disabled(const hit& h) { return (number(h, "userAccountControl") & disabled_bit) != 0; }
bool locked(const hit& h) { return (number(h, "msDS-User-Account-Control-Computed") & locked_bit) != 0; }

bool has_class(const hit& h, std::string_view name) {
  const auto& classes = h.values("objectClass");
  return std::any_of(classes.begin(), classes.end(), [name](const std::string& c) { return same_word(c, name); });
}

// A mailbox whose owner's account is in another forest; the one it hangs on is always disabled.
constexpr std::uint64_t linked_mailbox = 0x2;
bool linked(const hit& h) { return number(h, "msExchRecipientTypeDetails") == linked_mailbox; }

// msExchRecipientTypeDetails: here and, in the high numbers, in the cloud.
mailbox_kind exchange_kind(const hit& h) {
  switch (number(h, "msExchRecipientTypeDetails")) {
    case linked_mailbox: return mailbox_kind::user;
    case 0x4:
    case 0x8'0000'0000: return mailbox_kind::shared;
    case 0x10:
    case 0x20:
    case 0x2'0000'0000:
    case 0x4'0000'0000: return mailbox_kind::resource;
    default: return mailbox_kind::unknown;
  }
}

mailbox_kind kind_of(const hit& h) {
  if (has_class(h, "group") || has_class(h, "msExchDynamicDistributionList")) return mailbox_kind::group;
  if (const mailbox_kind known = exchange_kind(h); known != mailbox_kind::unknown) return known;
  if (has_class(h, "contact")) return mailbox_kind::alias;
  if (has_class(h, "publicFolder")) return mailbox_kind::shared;
  return mailbox_kind::user;
}

}  // namespace

std::optional<round> accounts::plan(const abk::question& q, std::size_t n) const {
  const bool login = q.kind == ABK_LOGIN;
  const auto& filter = login ? rules_.filter : rules_.mailbox_filter;
  if (n > 0 || !filter) return {};
  const directory::searched_name name(q);
  const directory::values& raw = name.parts();
  return round{"search", filter->encode(raw), filter->render(raw), login && rules_.required ? rules_.required->encode(raw) : std::string()};
}

std::string accounts::required_shown(const abk::question& q) const { return rules_.required ? rules_.required->render(directory::searched_name(q).parts()) : std::string(); }

std::variant<person, abk::answer> accounts::read(const abk::question& q, std::size_t, const hit& h) const {
  const bool login = q.kind == ABK_LOGIN;
  const bool off = disabled(h);
  if (login && rules_.login == disabled_login::reject) {
    if (off) return abk::answer::no(reason::account_disabled, "search.disabled", h.dn + " is disabled: userAccountControl has bit 2");
    if (locked(h)) return abk::answer::no(reason::account_locked, "search.locked", h.dn + " is locked out: msDS-User-Account-Control-Computed has bit 16");
  }
  person out;
  out.kind = kind_of(h);
  if (!login && off && out.kind == mailbox_kind::user && !linked(h)) {
    if (rules_.mailbox == disabled_mailbox::absent) return abk::answer::no(reason::none, "search.disabled", h.dn + " is disabled, and disabled_mailbox is \"absent\"");
    out.kind = mailbox_kind::shared;
  }
  mail_addresses mail = read_addresses(h.values("proxyAddresses"), h.values("mail"));
  out.mailbox = !mail.primary.empty() ? mail.primary : !mail.all.empty() ? mail.all.front() : "";
  // A login by another name than a mail address has no mailbox that is known of.
  if (!login && out.mailbox.empty()) out.mailbox = q.identity;
  if (!login && out.kind == mailbox_kind::user && !same_word(out.mailbox, q.identity)) out.kind = mailbox_kind::alias;
  out.addresses = std::move(mail.all);
  out.addresses_complete = h.whole("proxyAddresses") && h.whole("mail") && !out.addresses.empty();
  for (const std::string& wanted : rules_.attributes)
    for (const std::string& value : h.values(wanted)) out.attributes.emplace_back(wanted, value);
  out.attributes_left_out = std::any_of(rules_.attributes.begin(), rules_.attributes.end(), [&h](const std::string& a) { return !h.whole(a); });
  return out;
}

std::optional<abk::answer> accounts::refusal(const abk::question& q) const {
  if (rules_.name == bind_as::dn) return directory::refuse_spelling(q);
  if (!bind_name(q).empty()) return {};
  return abk::answer::no(reason::bad_name, "bind.bad-name",
                         rules_.name == bind_as::upn ? "the login name is not of the form name@domain, in ASCII: does the route strip the domain?" : "no account can have this name, or it could be spelled otherwise: names beyond ASCII need bind_as = \"dn\"");
}

std::string accounts::bind_name(const abk::question& q) const {
  switch (rules_.name) {
    case bind_as::dn: return {};
    case bind_as::upn: return upn(q.login_name).value_or("");
    case bind_as::down_level: return down_level(rules_.netbios_domain, q.local).value_or("");
  }
  return {};
}

std::span<const directory::bind_row> accounts::own_rows() const { return subcodes(); }

}  // namespace exchange
