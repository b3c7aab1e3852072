// The process's SASL library (Cyrus), as far as it is global. Only the plugins of the mechanisms that this backend knows are
// loaded, and those only if nobody but root and we may write them. Memory that the library frees is wiped.
#pragma once
#include <istream>
#include <string>
#include <string_view>

#include "mechanisms.hpp"

namespace smtpauth {

// Why the library cannot do `m` on this host, as "what was found; what is wanted", or empty. Sets the library up at the first
// call; nothing ever takes it down, since somebody else in this process may use it. [main]
std::string sasl_trouble(mechanism m);

// True if a line of `hosts`, which is like /etc/hosts, has this name. Pure.
bool names_host(std::istream& hosts, std::string_view name);

}  // namespace smtpauth
