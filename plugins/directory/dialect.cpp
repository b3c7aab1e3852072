#include "dialect.hpp"

#include "fold.hpp"
#include "spelling.hpp"

#include <algorithm>

namespace directory {

searched_name::searched_name(const abk::question& q) : parts_{q.address, q.local, q.domain} {
  const std::size_t at = q.identity.rfind('@');
  if (ascii(q.domain) || at == q.identity.npos) return;
  address_ = std::string(q.local) + std::string(q.identity.substr(at));
  parts_.address = address_;
  parts_.domain = std::string_view(address_).substr(q.local.size() + 1);
}

std::optional<abk::answer> refuse_spelling(const abk::question& q) {
  if (plainly_spelled(q.local)) return {};
  return abk::answer::no(abk::reason::bad_name, "local.bad-name", "the name is spelled in a way that a directory takes for another name: blanks in a row, or letters in another width or style");
}

const std::vector<std::string>& hit::values(std::string_view name) const noexcept {
  static const std::vector<std::string> none;
  for (const attribute& a : attributes)
    if (same_word(a.name, name)) return a.values;
  return none;
}

bool hit::whole(std::string_view name) const noexcept {
  return !truncated && std::none_of(attributes.begin(), attributes.end(), [name](const attribute& a) { return a.truncated && same_word(a.name, name); });
}

const group_rule& dialect::groups() const {
  static const group_rule none;
  return none;
}

}  // namespace directory
