// What a server says it can do. Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace imap {

struct capabilities {
  bool known = false;
  bool starttls = false;
  bool login_disabled = false;  // LOGINDISABLED: the command LOGIN would be refused
  bool sasl_ir = false;         // SASL-IR: AUTHENTICATE takes the first response along
  bool literal_plus = false;    // LITERAL+: a literal need not be waited for
  bool literal_minus = false;   // LITERAL-: the same, up to 4096 bytes
  bool id = false;              // the command ID (RFC 2971)
  bool plain = false;           // AUTH=PLAIN
  std::vector<std::string> mechanisms;  // all of AUTH=, lower case, each once, at most 32; for a probe
};

// Adds the capabilities in `words`, which are separated by spaces. Unknown ones are ignored.
void add_capabilities(capabilities& to, std::string_view words);

// As one short line of at most 64 bytes, and back. What is not such a line gives unknown capabilities. STARTTLS and the names of
// mechanisms are left out.
std::string remembered(const capabilities&);
capabilities recalled(std::string_view);

}  // namespace imap
