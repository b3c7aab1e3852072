// Postfix's policy delegation: lines "name=value" and an empty line ask, "action=..." and an empty line answer, one after the
// other on one connection. Names that are not used here are read over: every version of Postfix adds some.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "wire/parsed.hpp"

namespace authbroker {

struct policy_limits {
  std::size_t request_bytes_max = 64 * 1024;
  std::size_t attributes_max = 256;
};

// Views into the parsed bytes. An attribute that did not come is "", as the protocol wants it.
struct policy_request {
  std::string_view request;         // "smtpd_access_policy" in every complete request
  std::string_view protocol_state;  // "RCPT", "DATA" ...; never empty
  std::string_view recipient;       // without quotes, as the client wrote it
  std::string_view client_address;
  std::string_view instance;        // the same for all requests about one message
};

struct policy_outcome {
  progress what = progress::need_more;
  std::size_t used = 0;  // of a message
  policy_request request;
};
// Pure. Malformed: a line without '=', a NUL, a name without letters, one of the names above twice, another kind of request,
// more than the limits. Looks for the end first, so that bytes that come one by one cost one search each.
policy_outcome parse_policy(std::string_view in, policy_limits = {});

// Appends a reply. `action` is a fixed text or the configuration's, less than a line of SMTP.
void append_policy(std::string& out, std::string_view action);

}  // namespace authbroker
