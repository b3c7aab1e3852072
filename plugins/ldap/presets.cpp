#include "presets.hpp"

#include <array>

namespace ldap {

const preset* find_preset(std::string_view name) {
  static const std::array<preset, 6> all{{
      {"", "(|(mail={address})(uid={local}))", "(|(mail={address})(mailAlternateAddress={address}))", "mail", {"mailAlternateAddress"}, {"groupOfNames", "groupOfUniqueNames", "mailGroup"}, ""},
      {"openldap", "(|(mail={address})(uid={local}))", "(|(mail={address})(mailAlternateAddress={address}))", "mail", {"mailAlternateAddress"}, {"groupOfNames", "groupOfUniqueNames", "mailGroup"}, ""},
      // No mail attribute at all: accounts and aliases under their bare names.
      {"posix", "(&(objectClass=posixAccount)(uid={local}))", "(|(&(objectClass=posixAccount)(uid={local}))(&(objectClass=nisMailAlias)(cn={local})))", "", {}, {"nisMailAlias", "posixGroup"}, ""},
      {"sun-one", "(&(objectClass=inetMailUser)(|(mail={address})(uid={local})))",
       "(&(|(objectClass=inetMailUser)(objectClass=inetMailGroup))(|(mail={address})(mailAlternateAddress={address})(mailEquivalentAddress={address})))", "mail",
       {"mailAlternateAddress", "mailEquivalentAddress"}, {"inetMailGroup", "groupOfUniqueNames"}, "@{domain}"},
      // Domino lists a person's further addresses among the short names.
      {"domino", "(|(mail={address})(uid={local})(shortName={local}))", "(|(mail={address})(uid={address})(shortName={address}))", "mail", {"uid", "shortName"}, {"dominoGroup", "groupOfNames"}, ""},
      {"groupwise", "(|(mail={address})(cn={local}))", "(|(mail={address})(internetEMailAddress={address}))", "mail", {"internetEMailAddress"}, {"groupWiseDistributionList", "groupOfNames"}, ""},
  }};
  for (const preset& p : all)
    if (p.name == name) return &p;
  return nullptr;
}

}  // namespace ldap
