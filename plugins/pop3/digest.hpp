// The digest of APOP (RFC 1939, section 7).
#pragma once
#include <abk/secret.hpp>

#include <optional>
#include <string_view>

namespace pop3 {

// MD5 of the timestamp (angle brackets included) followed by the password, as 32 lower-case hexadecimal digits. Nothing if
// the library has no MD5 (FIPS) or no memory. The digest lets the password be searched for: it is as secret.
std::optional<abk::secret_text> apop_digest(std::string_view timestamp, abk::secret_view password);

}  // namespace pop3
