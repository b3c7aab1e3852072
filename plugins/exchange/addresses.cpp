#include "addresses.hpp"

#include <directory/dialect.hpp>
#include <directory/text.hpp>

#include <algorithm>

namespace exchange {
namespace {

constexpr std::size_t address_bytes_max = 320;
constexpr std::string_view marked = "SMTP:";

bool is_smtp(std::string_view proxy) { return directory::same_word(proxy.substr(0, marked.size()), marked); }

bool an_address(std::string_view text) {
  const std::size_t at = text.rfind('@');
  return at != text.npos && at > 0 && at + 1 < text.size() && text.size() <= address_bytes_max;
}

void add(std::vector<std::string>& to, std::string_view address) {
  if (to.size() == directory::addresses_listed_max) return;
  const auto same = [address](const std::string& known) { return directory::same_word(known, address); };
  if (an_address(address) && std::none_of(to.begin(), to.end(), same)) to.emplace_back(address);
}

}  // namespace

mail_addresses read_addresses(const std::vector<std::string>& proxies, const std::vector<std::string>& mail) {
  mail_addresses out;
  for (const std::string_view proxy : proxies)
    if (out.primary.empty() && proxy.starts_with(marked) && an_address(proxy.substr(marked.size()))) out.primary = proxy.substr(marked.size());
  if (!out.primary.empty()) out.all.push_back(out.primary);
  else
    for (const std::string_view address : mail) add(out.all, address);
  for (const std::string_view proxy : proxies)
    if (is_smtp(proxy)) add(out.all, proxy.substr(marked.size()));
  for (const std::string_view address : mail) add(out.all, address);
  return out;
}

}  // namespace exchange
