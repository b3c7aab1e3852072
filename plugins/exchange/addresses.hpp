// The addresses of an entry, out of proxyAddresses: "SMTP:" marks the primary one, "smtp:" the others; "sip:", "x500:" and other
// kinds are none of mail's. Pure.
#pragma once
#include <string>
#include <vector>

namespace exchange {

struct mail_addresses {
  std::string primary;           // empty if none is marked
  std::vector<std::string> all;  // the canonical one first; none twice, however it is written
};

// `proxies` as the directory has them, `mail` the values of that attribute: they count too, behind the others; but first where no
// address is marked as the primary one.
mail_addresses read_addresses(const std::vector<std::string>& proxies, const std::vector<std::string>& mail);

}  // namespace exchange
