// Attack  the length is a stranger's: digits without end, signs and zeros in front are what other readers take for another
//         number. Six digits are all that is looked at.
#include "wire/netstring.hpp"

#include <charconv>

namespace authbroker {
namespace {

constexpr std::size_t digits_max = 6;

}  // namespace

netstring_outcome parse_netstring(std::string_view in, std::size_t payload_bytes_max) {
  const auto malformed = [] { return netstring_outcome{progress::malformed, 0, {}}; };
  std::size_t digits = 0, length = 0;
  while (digits < in.size() && in[digits] >= '0' && in[digits] <= '9') {
    if (digits == digits_max || (digits == 1 && in[0] == '0')) return malformed();
    length = length * 10 + static_cast<std::size_t>(in[digits] - '0');
    ++digits;
  }
  if (length > payload_bytes_max) return malformed();
  if (digits == in.size()) return {};
  if (digits == 0 || in[digits] != ':') return malformed();
  const std::size_t start = digits + 1;
  if (in.size() - start <= length) return {};
  if (in[start + length] != ',') return malformed();
  return {progress::message, start + length + 1, in.substr(start, length)};
}

void append_netstring(std::string& out, std::string_view payload) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, payload.size());
  out.append(digits, end.ptr);
  out += ':';
  out += payload;
  out += ',';
}

}  // namespace authbroker
