// The page for people at GET /.
#pragma once
#include <string>
#include <string_view>

namespace authbroker {

// `lines` in a page without scripts, styles or links from elsewhere; escaped.
std::string status_page(std::string_view lines);

}  // namespace authbroker
