#include "dialect.hpp"

#include "fold.hpp"

#include <algorithm>

namespace directory {

searched_name::searched_name(const abk::question& q) : parts_{q.address, q.local, q.domain} {
  const bool ascii = std::all_of(q.domain.begin(), q.domain.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  const std::size_t at = q.identity.rfind('@');
  if (ascii || at == q.identity.npos) return;
  address_ = std::string(q.local) + std::string(q.identity.substr(at));
  parts_.address = address_;
  parts_.domain = std::string_view(address_).substr(q.local.size() + 1);
}

const std::vector<std::string>& hit::values(std::string_view name) const noexcept {
  static const std::vector<std::string> none;
  for (const attribute& a : attributes)
    if (same_word(a.name, name)) return a.values;
  return none;
}

}  // namespace directory
