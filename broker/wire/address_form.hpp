// How an address is spelt where it stands among others. What one program writes "ann smith"@example.com is ann smith@example.com
// inside another, and a comma or a blank without quotes around it makes two addresses of one. Pure.
#pragma once
#include <string>
#include <string_view>

namespace authbroker {

// The form of RFC 5321: a local part that needs quotes has them, one that does not has none. Taken as it is: what has no '@' or
// nothing before the last one, what holds control characters, and dots at odd places, which some providers allow.
std::string quoted_address(std::string_view typed);

// True if `address` is one address to a program that reads lists of them, comments and routes: dot-string or quoted local part,
// then '@' and a domain of letters, digits, hyphens, dots and underscores. No control characters.
bool stands_alone(std::string_view address);

}  // namespace authbroker
