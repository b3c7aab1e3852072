#include "rules.hpp"

#include <directory/fold.hpp>

#include "presets.hpp"

namespace ldap {
namespace {

using directory::dn_template;
using directory::filter_template;
using std::chrono::seconds;

constexpr std::size_t attributes_max = 32;

template <class T>
std::optional<T> parsed(abk::settings& given, const char* key, std::string_view text) {
  if (text.empty()) return {};
  directory::parsed<T> found = T::parse(text);
  if (!found.value) given.problem(key, found.problem);
  return std::move(found.value);
}

std::vector<std::string> attribute_names(abk::settings& given, const char* key, const std::vector<std::string>& otherwise = {}) {
  std::vector<std::string> out = given.list(key, otherwise);
  if (out.size() > attributes_max) given.problem(key, "more than 32 names; wanted: at most 32");
  for (const std::string& name : out)
    if (name.empty() || name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") != name.npos)
      given.problem(key, "\"" + name + "\"; wanted: the name of an attribute or object class, such as \"mail\"");
  return out;
}

// "cn=admin,dc=example" and the like: above access control, so that a leak of its password is a leak of the directory.
bool looks_like_rootdn(std::string_view dn) {
  const std::string_view first = dn.substr(0, dn.find(','));
  for (const std::string_view name : {"cn=admin", "cn=manager", "cn=root", "cn=directory manager", "cn=config"})
    if (directory::same_word(first, name)) return true;
  return false;
}

void read_service(abk::settings& given, rules& out) {
  using directory::search_scope;
  directory::service& s = out.service;
  s.dn = given.text("bind_dn");
  s.password = given.secret("bind_password");
  // Some servers take other names, "reader@example.com": only what looks like a DN must be one.
  if (s.dn.find('=') != s.dn.npos)
    if (const std::string bad = directory::dn_problem(s.dn); !bad.empty()) given.problem("bind_dn", bad);
  // A name without a password binds as nobody, and succeeds.
  if (!s.dn.empty() && s.password.empty()) given.problem("bind_password", "is missing or empty; wanted: the password of bind_dn");
  if (s.dn.empty() && !s.password.empty()) given.problem("bind_dn", "is missing; wanted: whose password bind_password is");
  if (s.dn.size() > directory::dn_bytes_max || s.password.size() > 1024) given.problem("bind_dn", "too long; wanted: a DN of at most 2048 bytes and a password of at most 1024");
  out.rootdn = looks_like_rootdn(s.dn);
  s.bases = given.list("base");
  if (s.bases.size() > directory::bases_max) given.problem("base", "more than 8 of them; wanted: at most 8");
  for (const std::string& base : s.bases)
    if (const std::string bad = directory::dn_problem(base); !bad.empty()) given.problem("base", bad);
  s.scope = given.one_of<search_scope>("scope", {{"sub", search_scope::sub}, {"one", search_scope::one}, {"base", search_scope::base}}, s.scope);
  s.time_limit = std::chrono::ceil<seconds>(given.duration("time_limit", seconds(5)));
  if (s.time_limit < seconds(1) || s.time_limit > seconds(3600)) given.problem("time_limit", "is not between 1s and 1h; wanted: the time after which the server is to give up a search");
}

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
  out.filter = parsed<filter_template>(given, "filter", filter);
  if (const std::string required(given.text("require_filter")); !required.empty()) {
    if (out.user_dn) given.problem("require_filter", "with user_dn, which is bound without a search; wanted: base and filter instead of user_dn");
    if (parsed<filter_template>(given, "require_filter", required) && out.filter) out.required = parsed<filter_template>(given, "require_filter", "(&" + filter + required + ")");
  }
  out.mailbox_filter = parsed<filter_template>(given, "mailbox_filter", given.text("mailbox_filter", like.mailbox_filter));
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
  out.user_dn = parsed<dn_template>(given, "user_dn", given.text("user_dn"));
  read_service(given, out);
  read_filters(given, *like, out);
  out.mail_attribute = given.text("mail_attribute", like->mail_attribute);
  out.alias_attributes = attribute_names(given, "alias_attributes", like->alias_attributes);
  out.attributes = attribute_names(given, "attributes");
  out.group_classes = attribute_names(given, "group_classes", like->group_classes);
  if (out.service.bases.empty() && !out.user_dn) given.problem("base", "is missing; wanted: base, under which names are searched, or user_dn, as which they are bound");

  const auto ask_for = [&out](const std::string& attribute) {
    for (const std::string& known : out.service.attributes)
      if (directory::same_word(known, attribute)) return;
    out.service.attributes.push_back(attribute);
  };
  if (!out.mail_attribute.empty()) ask_for(out.mail_attribute);
  for (const std::string& a : out.alias_attributes) ask_for(a);
  for (const std::string& a : out.attributes) ask_for(a);
  if (!out.group_classes.empty()) ask_for("objectClass");
  return out;
}

}  // namespace ldap
