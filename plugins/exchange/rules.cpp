#include "rules.hpp"

#include <directory/service_settings.hpp>
#include <directory/text.hpp>

namespace exchange {
namespace {

using directory::filter_template;
using directory::read_person_template;
using directory::read_template;

constexpr std::string_view login_filter =
    "(&(objectCategory=person)(objectClass=user)(|(proxyAddresses=smtp:{address})(mail={address})(userPrincipalName={address})))";
// Recipients are people and contacts, groups of both kinds, and public folders.
constexpr std::string_view recipient_filter =
    "(&(|(objectCategory=person)(objectCategory=group)(objectClass=msExchDynamicDistributionList)(objectClass=publicFolder))"
    "(|(proxyAddresses=smtp:{address})(mail={address})))";

void read_filters(abk::settings& given, rules& out) {
  std::string_view text = login_filter;
  const bool is_set = given.has_text("filter", text);
  if (is_set && out.name != bind_as::dn) given.problem("filter", "with bind_as other than \"dn\", which binds without a search; wanted: bind_as = \"dn\"");
  if (is_set && text.empty()) given.problem("filter", "is empty; wanted: which account a login means, such as \"(userPrincipalName={address})\"");
  const std::string filter(text);
  if (out.name == bind_as::dn) out.filter = read_person_template<filter_template>(given, "filter", filter);
  const std::string required(given.text("require_filter"));
  if (!required.empty() && out.name != bind_as::dn)
    given.problem("require_filter", "with bind_as other than \"dn\", which binds without a search; wanted: bind_as = \"dn\"");
  if (read_template<filter_template>(given, "require_filter", required) && out.filter)
    out.required = read_template<filter_template>(given, "require_filter", "(&" + filter + required + ")");
  out.mailbox_filter = read_person_template<filter_template>(given, "mailbox_filter", given.text("mailbox_filter", recipient_filter));
}

void read_name(abk::settings& given, rules& out) {
  out.name = given.one_of<bind_as>("bind_as", {{"dn", bind_as::dn}, {"upn", bind_as::upn}, {"down-level", bind_as::down_level}}, out.name);
  out.netbios_domain = given.text("netbios_domain");
  if (out.name == bind_as::down_level && out.netbios_domain.empty())
    given.problem("netbios_domain", "is missing; wanted: what stands before the \"\\\" in EXAMPLE\\ann");
  if (out.name != bind_as::down_level && !out.netbios_domain.empty())
    given.problem("netbios_domain", "with bind_as other than \"down-level\", which makes no use of it; wanted: bind_as = \"down-level\"");
  // The limits of NetBIOS: 15 characters, and none that would make another form of name.
  if (out.netbios_domain.size() > 15 || out.netbios_domain.find_first_of("\\/:*?\"<>|@=, ") != std::string::npos)
    given.problem("netbios_domain", "\"" + out.netbios_domain + "\"; wanted: a NetBIOS name of at most 15 characters, such as \"EXAMPLE\"");
}

}  // namespace

rules read_rules(abk::settings& given) {
  rules out;
  read_name(given, out);
  out.service = directory::read_service(given);
  read_filters(given, out);
  out.login = given.one_of<disabled_login>("disabled_login", {{"reject", disabled_login::reject}, {"ask", disabled_login::ask}}, out.login);
  out.mailbox = given.one_of<disabled_mailbox>("disabled_mailbox", {{"exists", disabled_mailbox::exists}, {"absent", disabled_mailbox::absent}}, out.mailbox);
  out.attributes = directory::attribute_names(given, "attributes");
  if (!out.attributes.empty() && out.name != bind_as::dn && !(out.searches() && out.mailbox_filter))
    given.problem("attributes", "without a search that could bring them; wanted: bind_as = \"dn\", or base for mailboxes");

  if (!out.searches() && out.name == bind_as::dn)
    given.problem("base", "is missing; wanted: the domain's DN, such as \"DC=ad,DC=example,DC=com\" (\"\" on a global catalog), or another bind_as");
  if (out.searches() && out.service.dn.empty())
    given.problem("bind_dn", "is missing; wanted: an account that may read the directory, which does not answer anonymous searches");
  for (const char* name : {"objectClass", "proxyAddresses", "mail", "userAccountControl", "msDS-User-Account-Control-Computed", "msExchRecipientTypeDetails"})
    directory::ask_for(out.service, name);
  for (const std::string& name : out.attributes) directory::ask_for(out.service, name);
  return out;
}

bool looks_like_administrator(std::string_view bind_dn) {
  const std::string_view name = bind_dn.substr(bind_dn.find('\\') == bind_dn.npos ? 0 : bind_dn.find('\\') + 1);
  return directory::same_word(name.substr(0, name.find_first_of(",@")), "cn=administrator") || directory::same_word(name.substr(0, name.find('@')), "administrator");
}

}  // namespace exchange
