// The one form of name that a login is bound as without a search. An Active Directory tries a name as many things in turn (user
// principal name, DOMAIN\name, DN, GUID, display name), so each must be recognisable as the one that was configured: several
// forms for one account would be several accounts to whoever counts failures. So would several spellings: a controller takes letters
// with accents, or in another width, for those without, and a name beyond ASCII is not bound. Pure.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace exchange {

// "ann@ad.example.com", as it is; nothing if it might be read as another form or spelling.
std::optional<std::string> upn(std::string_view login_name);
// "EXAMPLE\ann"; nothing if `local` cannot be the name of an account.
std::optional<std::string> down_level(std::string_view netbios_domain, std::string_view local);

}  // namespace exchange
