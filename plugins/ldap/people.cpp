#include "people.hpp"

#include <directory/fold.hpp>

#include <algorithm>

namespace ldap {
namespace {

using directory::hit;
using directory::person;
using directory::round;
using directory::same_word;
using directory::values;

constexpr std::size_t address_bytes_max = 320;

// "@example.com" is a catch-all, not an address; a bare name is no address either.
bool an_address(std::string_view text) {
  const std::size_t at = text.rfind('@');
  return at != text.npos && at > 0 && at + 1 < text.size() && text.size() <= address_bytes_max;
}

// Without the "smtp:" of proxyAddresses; nothing if it is the address of another protocol.
std::string_view mail_address(std::string_view value) {
  const std::size_t colon = value.find(':');
  if (colon == value.npos) return value;
  return same_word(value.substr(0, colon), "smtp") ? value.substr(colon + 1) : std::string_view();
}

void add(std::vector<std::string>& to, std::string_view address) {
  if (to.size() == directory::addresses_listed_max) return;
  if (std::none_of(to.begin(), to.end(), [&](const std::string& known) { return same_word(known, address); })) to.emplace_back(address);
}

}  // namespace

std::optional<round> people::plan(const abk::question& q, std::size_t n) const {
  const bool login = q.kind == ABK_LOGIN;
  const auto& filter = login ? rules_.filter : rules_.mailbox_filter;
  if (!filter) return {};
  const directory::searched_name name(q);
  const values& raw = name.parts();
  if (n == 0) return round{"search", filter->encode(raw), filter->render(raw), login && rules_.required ? rules_.required->encode(raw) : std::string()};
  if (n > 1 || login || !rules_.catch_all) return {};
  const std::string everybody = rules_.catch_all->raw(raw);
  const values instead{everybody, "", raw.domain};
  return round{"catch-all", filter->encode(instead), filter->render(instead), {}};
}

std::string people::required_shown(const abk::question& q) const { return rules_.required ? rules_.required->render(directory::searched_name(q).parts()) : std::string(); }

std::variant<person, abk::answer> people::read(const abk::question& q, std::size_t round, const hit& h) const {
  person out;
  out.addresses_complete = true;
  const auto take = [&](const std::string& attribute) {
    if (!h.whole(attribute)) out.addresses_complete = false;
    for (const std::string_view stored : h.values(attribute)) {
      const std::string_view value = mail_address(stored);
      if (an_address(value)) {
        if (out.mailbox.empty()) out.mailbox = value;
        add(out.addresses, value);
      } else if (value.starts_with('@')) {
        out.addresses_complete = false;  // whatever nobody else has
      }
    }
  };
  if (!rules_.mail_attribute.empty()) take(rules_.mail_attribute);
  if (out.mailbox.empty()) {  // whatever other addresses there are, they are not where they were looked for
    out.mailbox = q.identity;
    add(out.addresses, out.mailbox);
    out.addresses_complete = false;
  }
  for (const std::string& attribute : rules_.alias_attributes) take(attribute);

  const auto& classes = h.values("objectClass");
  const bool group = std::any_of(classes.begin(), classes.end(), [this](const std::string& c) {
    return std::any_of(rules_.group_classes.begin(), rules_.group_classes.end(), [&c](const std::string& g) { return same_word(c, g); });
  });
  const bool alias = q.kind != ABK_LOGIN && (round > 0 || !same_word(out.mailbox, q.identity));
  out.kind = group ? abk::mailbox_kind::group : alias ? abk::mailbox_kind::alias : abk::mailbox_kind::user;
  for (const std::string& wanted : rules_.attributes)
    for (const std::string& value : h.values(wanted)) out.attributes.emplace_back(wanted, value);
  out.attributes_left_out = std::any_of(rules_.attributes.begin(), rules_.attributes.end(), [&h](const std::string& a) { return !h.whole(a); });
  return out;
}

std::string people::bind_name(const abk::question& q) const { return rules_.user_dn ? rules_.user_dn->render({q.address, q.local, q.domain}) : std::string(); }

}  // namespace ldap
