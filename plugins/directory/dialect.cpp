#include "dialect.hpp"

#include "fold.hpp"

namespace directory {

const std::vector<std::string>& hit::values(std::string_view name) const noexcept {
  static const std::vector<std::string> none;
  for (const attribute& a : attributes)
    if (same_word(a.name, name)) return a.values;
  return none;
}

}  // namespace directory
