// Domain names in one form: lower case A-labels ("xn--..."), no trailing dot.
#pragma once
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace authbroker {

// Accepts letters, digits, hyphens and underscores in labels of 1 to 63 bytes, 253 in all, and Unicode names (IDNA 2008 by
// libidn2). ASCII names cost no library call.
result<std::string> to_a_label(std::string_view domain);

// True if `domain` is `pattern`, or lies below it where pattern is "*.something"; "*" matches all. Both as A-labels.
bool domain_matches(std::string_view pattern, std::string_view domain);

}  // namespace authbroker
