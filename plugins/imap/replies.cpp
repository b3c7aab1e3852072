#include "replies.hpp"

#include <abk/words.hpp>

#include <limits>

namespace imap {
namespace {

std::string_view without_end(std::string_view line) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// The word up to the next space; `rest` begins behind that space.
std::string_view cut_word(std::string_view& rest) {
  const std::string_view word = rest.substr(0, rest.find(' '));
  rest.remove_prefix(word.size());
  if (!rest.empty()) rest.remove_prefix(1);
  return word;
}

std::optional<state> state_of(std::string_view word, bool tagged) {
  if (abk::same_word(word, "OK")) return state::ok;
  if (abk::same_word(word, "NO")) return state::no;
  if (abk::same_word(word, "BAD")) return state::bad;
  if (tagged) return {};
  if (abk::same_word(word, "BYE")) return state::bye;
  if (abk::same_word(word, "PREAUTH")) return state::preauth;
  return {};
}

// A bracket that is not closed is text. One that is closed is a code, whatever is in it: an unknown code means "not the
// credentials", which is the careful reading.
void take_code(reply& to) {
  if (!to.text.starts_with('[')) return;
  const std::size_t end = to.text.find(']');
  if (end == to.text.npos) return;
  to.arguments = to.text.substr(1, end - 1);
  to.text.remove_prefix(end + 1);
  if (to.text.starts_with(' ')) to.text.remove_prefix(1);
  to.code = cut_word(to.arguments);
  if (to.code.empty()) to.code = "[]";
}

}  // namespace

reply parse_reply(std::string_view line) {
  reply out;
  if (!line.ends_with('\n')) return out;
  out.crlf = line.ends_with("\r\n");
  std::string_view rest = without_end(line);
  if (rest == "+" || rest.starts_with("+ ")) {
    out.what = sort::continuation;
    out.text = rest.substr(rest.size() == 1 ? 1 : 2);
    return out;
  }
  const bool untagged = rest.starts_with("* ");
  const std::string_view tag = cut_word(rest);
  const std::string_view whole = rest;
  const auto says = state_of(cut_word(rest), !untagged);
  if (untagged) {
    out.what = sort::untagged;
    out.text = whole;
    if (!says) {
      out.literal = announced_literal(line);
      return out;
    }
  } else {
    if (!says || tag.empty() || tag.front() == '+') return out;
    out.what = sort::tagged;
    out.tag = tag;
  }
  out.says = *says;
  out.text = rest;
  take_code(out);
  return out;
}

std::optional<std::uint32_t> announced_literal(std::string_view line) {
  constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
  line = without_end(line);
  if (!line.ends_with('}')) return {};
  line.remove_suffix(1);
  if (line.ends_with('+')) line.remove_suffix(1);
  const std::size_t open = line.rfind('{');
  if (open == line.npos || open + 1 == line.size()) return {};
  std::uint64_t size = 0;
  for (const char c : line.substr(open + 1)) {
    if (c < '0' || c > '9') return {};
    if (size <= most) size = size * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return static_cast<std::uint32_t>(size < most ? size : most);
}

}  // namespace imap
