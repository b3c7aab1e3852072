// TOML text into `setting` trees. The one door to toml++: whatever else reads the configuration reads settings.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/settings.hpp"

namespace authbroker {

inline constexpr std::size_t toml_bytes_max = std::size_t{1} << 20;

// Reads one file's text; `file` is what places are called. False, with at least one problem added, if the text is not TOML,
// or holds what no key takes (dates). Never throws for any bytes. Every setting knows its line and column.
bool read_toml(std::string_view text, const std::string& file, setting& out, std::vector<config_problem>& problems);

}  // namespace authbroker
