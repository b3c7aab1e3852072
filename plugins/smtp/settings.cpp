#include "settings.hpp"

namespace smtp {

std::string read_helo(abk::settings& given) {
  std::string_view found;
  if (!given.has_text("helo", found)) return own_name();
  if (const std::string bad = helo_problem(found); !bad.empty()) given.problem("helo", bad);
  return std::string(found);
}

}  // namespace smtp
