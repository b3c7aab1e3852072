#include "rules.hpp"

#include <directory/service_settings.hpp>

#include "presets.hpp"

namespace ldap {
namespace {

using directory::dn_template;
using directory::filter_template;
using directory::attribute_names;
using directory::read_person_template;
using directory::read_template;
using place = directory::value_template::place;

void read_catch_all(abk::settings& given, const preset& like, rules& out) {
  constexpr std::string_view domain = "{domain}";
  std::string_view text = like.catch_all;
  const bool is_set = given.has_text("catch_all", text);
  if (text.empty()) return;
  if (!out.mailbox_filter || !out.mailbox_filter->has(place::address)) {  // there is nothing that it could be put into
    if (is_set) given.problem("catch_all", "\"" + std::string(text) + "\" beside a mailbox_filter without {address}, for which it would stand; wanted: {address} there, or no catch_all");
    return;
  }
  directory::value_template made;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t at = std::min(rest.find(domain), rest.size());
    if (const std::string_view literal = rest.substr(0, at); literal.find_first_of("{}") != literal.npos)
      return given.problem("catch_all", "\"" + std::string(text) + "\"; wanted: an address with {domain} in it, such as \"@{domain}\"");
    else if (!literal.empty()) made.add(literal);
    if (at < rest.size()) made.add(place::domain);
    rest.remove_prefix(std::min(at + domain.size(), rest.size()));
  }
  // Else the rest of every domain would be one person's.
  if (!made.has({place::domain})) return given.problem("catch_all", "\"" + std::string(text) + "\"; wanted: an address with {domain} in it, such as \"@{domain}\"");
  out.catch_all = std::move(made);
}

void read_filters(abk::settings& given, const preset& like, rules& out) {
  std::string_view text = like.filter;
  const bool is_set = given.has_text("filter", text);
  if (is_set && out.user_dn) given.problem("filter", "beside user_dn, which is bound without a search; wanted: one of the two");
  if (is_set && text.empty()) given.problem("filter", "is empty; wanted: which entry a login means, such as \"(mail={address})\"");
  const std::string filter(text);
  if (!out.user_dn) out.filter = read_person_template<filter_template>(given, "filter", filter);
  if (const std::string required(given.text("require_filter")); !required.empty()) {
    if (out.user_dn) given.problem("require_filter", "with user_dn, which is bound without a search; wanted: base and filter instead of user_dn");
    if (read_template<filter_template>(given, "require_filter", required) && out.filter) out.required = read_template<filter_template>(given, "require_filter", "(&" + filter + required + ")");
  }
  out.mailbox_filter = read_person_template<filter_template>(given, "mailbox_filter", given.text("mailbox_filter", like.mailbox_filter));
  read_catch_all(given, like, out);
}

}  // namespace

rules read_rules(abk::settings& given) {
  rules out;
  const std::string_view name = given.text("preset");
  const preset* like = find_preset(name);
  if (like == nullptr) {
    given.problem("preset", "\"" + std::string(name) + "\"; wanted: \"\", \"openldap\", \"posix\", \"sun-one\", \"domino\" or \"groupwise\"");
    like = find_preset("");
  }
  out.user_dn = read_person_template<dn_template>(given, "user_dn", given.text("user_dn"));
  out.service = directory::read_service(given);
  out.rootdn = directory::looks_like_rootdn(out.service.dn);
  using directory::ask_policy;
  out.password_policy = given.one_of<ask_policy>("password_policy", {{"auto", ask_policy::if_known}, {"always", ask_policy::always}, {"never", ask_policy::never}}, out.password_policy);
  read_filters(given, *like, out);
  out.groups = directory::read_groups(given, !out.user_dn);
  out.mail_attribute = given.text("mail_attribute", like->mail_attribute);
  if (out.mail_attribute.find_first_of(" ,;=()*\\\"") != std::string::npos)
    given.problem("mail_attribute", "\"" + out.mail_attribute + "\"; wanted: the name of an attribute, such as \"mail\", or \"\"");
  out.alias_attributes = attribute_names(given, "alias_attributes", like->alias_attributes);
  out.attributes = attribute_names(given, "attributes");
  out.group_classes = attribute_names(given, "group_classes", like->group_classes);
  if (out.service.bases.empty() && !out.user_dn) given.problem("base", "is missing; wanted: base, under which names are searched, or user_dn, as which they are bound");

  const auto ask_for = [&out](const std::string& attribute) { directory::ask_for(out.service, attribute); };
  if (!out.mail_attribute.empty()) ask_for(out.mail_attribute);
  for (const std::string& a : out.alias_attributes) ask_for(a);
  for (const std::string& a : out.attributes) ask_for(a);
  if (!out.group_classes.empty()) ask_for("objectClass");
  if (out.groups.by_uid()) ask_for("uid");
  return out;
}

}  // namespace ldap
