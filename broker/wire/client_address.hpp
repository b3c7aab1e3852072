// The end user's address, as callers write it.
#pragma once
#include <string>
#include <string_view>

namespace authbroker {

// An IPv4 or IPv6 address in its usual spelling: "203.0.113.7", "2001:db8::1"; "::ffff:203.0.113.7" becomes the IPv4 address.
// "" for everything else: names, zone ids, prefixes, ports.
std::string normal_client(std::string_view reported);

}  // namespace authbroker
