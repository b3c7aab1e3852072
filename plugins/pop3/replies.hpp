// What a POP3 server says, taken apart. Pure functions: bytes in, values out; nothing fails.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace pop3 {

enum class status : std::uint8_t {
  ok,         // "+OK", or "+OK" SP text
  err,        // "-ERR", or "-ERR" SP text
  challenge,  // "+" SP text: the server's turn in an AUTH exchange
  nonsense    // anything else, "+ok" and "+OKAY" among it
};

// One status line. The views are into the line that was parsed.
struct reply {
  status what = status::nonsense;
  bool crlf = false;      // it ended in CR LF, as it must; a yes needs that
  std::string_view code;  // a response code (RFC 2449) without its brackets, such as "SYS/TEMP"; empty if there is none
  std::string_view text;  // what follows the status and the code
};

// Parses a line that still has its line end; one without is nonsense.
reply parse_reply(std::string_view line);

// True if a response code is `wanted` or below it: "SYS/TEMP" is "SYS". Letter case does not matter.
bool code_is(std::string_view code, std::string_view wanted);

// The timestamp of a greeting that offers APOP, angle brackets included; empty if there is none that may be used. It must be
// an RFC 822 msg-id of printable ASCII, the only one in the line, with one '@' and at most 512 bytes: the attacks on APOP
// need challenges that are none.
std::string_view apop_timestamp(std::string_view greeting);

// What CAPA announced. The names are those of RFC 2449 and its successors.
struct capabilities {
  bool known = false;  // the server has CAPA; else nothing is promised and nothing is excluded
  bool user = false;
  bool stls = false;
  bool auth_resp_code = false;  // AUTH-RESP-CODE: a problem of the credentials always bears [AUTH]
  bool plain = false;           // SASL PLAIN
  bool login = false;           // SASL LOGIN
  std::uint32_t login_delay_s = 0;
};

// Adds what one line of CAPA's answer says (without its line end). Unknown capabilities are ignored.
void add_capability(capabilities& to, std::string_view line);

// Adds the names of SASL mechanisms in `line`, separated by blanks.
void add_mechanisms(capabilities& to, std::string_view line);

// The capabilities as one short line of at most 64 bytes, and back. What is not such a line gives unknown capabilities, and so
// does one without AUTH-RESP-CODE: see remember_capabilities(). STLS is left out: it is asked for before, or not at all.
std::string remembered(const capabilities&);
capabilities recalled(std::string_view);

}  // namespace pop3
