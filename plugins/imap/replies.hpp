// What an IMAP server says, taken apart. Pure functions: bytes in, values out; nothing fails.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace imap {

enum class sort : std::uint8_t {
  tagged,        // "TAG OK", "TAG NO" or "TAG BAD": the end of a command
  untagged,      // "* ..."
  continuation,  // "+", or "+" SP text: the server wants more of the command
  nonsense       // anything else
};
// What a tagged or untagged reply says. As in all of IMAP, letter case does not matter.
enum class state : std::uint8_t { ok, no, bad, bye, preauth, data };

// One line. The views are into the line that was parsed.
struct reply {
  sort what = sort::nonsense;
  state says = state::data;
  bool crlf = false;           // it ended in CR LF, as it must; a yes needs that
  std::string_view tag;        // of a tagged reply
  std::string_view code;       // of ok, no, bad, bye, preauth: a response code without its brackets, such as "UNAVAILABLE"; empty if there is none
  std::string_view arguments;  // what follows the code within the brackets
  std::string_view text;       // what follows the state and the code; of data, everything behind "* "; of a continuation, what follows "+ "
  std::optional<std::uint32_t> literal;  // data only: so many bytes follow the line, and then the rest of the reply
};

// Parses a line that still has its line end; one without is nonsense.
reply parse_reply(std::string_view line);

// The size of the literal that a line announces with its last bytes, "{5}" or "{5+}"; nothing if it announces none. Sizes above
// four billion are cut to that.
std::optional<std::uint32_t> announced_literal(std::string_view line);

}  // namespace imap
