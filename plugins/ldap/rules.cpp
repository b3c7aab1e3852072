#include "rules.hpp"

#include <directory/service_settings.hpp>

#include "presets.hpp"

namespace ldap {
namespace {

using directory::dn_template;
using directory::filter_template;
using directory::attribute_names;
using directory::read_template;

void read_catch_all(abk::settings& given, std::string_view text, rules& out) {
  constexpr std::string_view domain = "{domain}";
  if (text.empty()) return;
  directory::value_template made;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t at = std::min(rest.find(domain), rest.size());
    if (const std::string_view literal = rest.substr(0, at); literal.find_first_of("{}") != literal.npos)
      return given.problem("catch_all", "\"" + std::string(text) + "\"; wanted: an address with {domain} in it, such as \"@{domain}\"");
    else if (!literal.empty()) made.add(literal);
    if (at < rest.size()) made.add(directory::value_template::place::domain);
    rest.remove_prefix(std::min(at + domain.size(), rest.size()));
  }
  out.catch_all = std::move(made);
}

void read_filters(abk::settings& given, const preset& like, rules& out) {
  const std::string filter(given.text("filter", like.filter));
  out.filter = read_template<filter_template>(given, "filter", filter);
  if (const std::string required(given.text("require_filter")); !required.empty()) {
    if (out.user_dn) given.problem("require_filter", "with user_dn, which is bound without a search; wanted: base and filter instead of user_dn");
    if (read_template<filter_template>(given, "require_filter", required) && out.filter) out.required = read_template<filter_template>(given, "require_filter", "(&" + filter + required + ")");
  }
  out.mailbox_filter = read_template<filter_template>(given, "mailbox_filter", given.text("mailbox_filter", like.mailbox_filter));
  read_catch_all(given, given.text("catch_all", like.catch_all), out);
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
  out.user_dn = read_template<dn_template>(given, "user_dn", given.text("user_dn"));
  out.service = directory::read_service(given);
  out.rootdn = directory::looks_like_rootdn(out.service.dn);
  read_filters(given, *like, out);
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
  return out;
}

}  // namespace ldap
