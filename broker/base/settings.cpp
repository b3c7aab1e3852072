#include "base/settings.hpp"

namespace authbroker {

std::string to_string(const config_problem& p) {
  std::string out = p.where.file;
  if (p.where.line != 0) out += ":" + std::to_string(p.where.line) + ":" + std::to_string(p.where.column);
  if (!out.empty()) out += ": ";
  if (!p.key.empty()) out += p.key + ": ";
  return out + p.what;
}

std::vector<std::string> to_lines(const std::vector<config_problem>& problems) {
  std::vector<std::string> out;
  for (const config_problem& p : problems) out.push_back(to_string(p));
  return out;
}

std::string_view type_name(const setting& s) {
  switch (s.value.index()) {
    case 1: return "text";
    case 2: return "a whole number";
    case 3: return "a fraction";
    case 4: return "true or false";
    case 5: return "a list";
    case 6: return "a table";
    default: return "nothing";
  }
}

}  // namespace authbroker
