// Text in columns for a terminal.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace authbroker {

// Rows with cells padded to the widest of their column (in code points), two spaces between, none at the end. A row may have
// fewer cells than others. Every line ends in a newline.
std::string in_columns(const std::vector<std::vector<std::string>>& rows, std::size_t indent = 0);

// What may be shown on a terminal: UTF-8 as it is, every control character, bidi mark and broken byte as \xNN, so that no
// upstream's words can move the cursor, change the title or reorder a line.
std::string for_terminal(std::string_view);

}  // namespace authbroker
