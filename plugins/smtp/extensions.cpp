#include "extensions.hpp"

#include <abk/words.hpp>

#include <algorithm>

namespace smtp {
namespace {

constexpr std::size_t words_max = 32;
constexpr std::size_t word_bytes_max = 40;

std::string upper(std::string_view word) {
  std::string out(word);
  for (char& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return out;
}

bool printable(std::string_view word) {
  return std::all_of(word.begin(), word.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

void add_words(std::vector<std::string>& to, std::string_view line) {
  for (std::string_view word = abk::next_word(line); !word.empty(); word = abk::next_word(line)) {
    if (word.size() > word_bytes_max || !printable(word) || to.size() == words_max) continue;
    std::string name = upper(word);
    if (std::find(to.begin(), to.end(), name) == to.end()) to.push_back(std::move(name));
  }
}

std::uint64_t number(std::string_view digits) {
  constexpr std::uint64_t most = std::uint64_t{1} << 60;
  std::uint64_t out = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return 0;
    out = out * 10 + static_cast<std::uint64_t>(c - '0');
    if (out > most) return most;
  }
  return out;
}

void add_line(extensions& to, std::string_view line) {
  const std::string name = upper(abk::next_word(line).substr(0, word_bytes_max));
  if (name == "STARTTLS") to.starttls = true;
  else if (name == "PIPELINING") to.pipelining = true;
  else if (name == "8BITMIME") to.eight_bit_mime = true;
  else if (name == "SMTPUTF8") to.smtputf8 = true;
  else if (name == "ENHANCEDSTATUSCODES") to.enhanced_status_codes = true;
  else if (name == "VRFY") to.vrfy = true;
  else if (name == "SIZE") to.size = number(abk::next_word(line));
  else if (name == "AUTH") add_words(to.mechanisms, line);
  else if (name.starts_with("AUTH=")) {
    add_words(to.mechanisms, std::string_view(name).substr(5));
    add_words(to.mechanisms, line);
  } else if (name == "XCLIENT") {
    to.has_xclient = true;
    add_words(to.xclient, line);
  }
}

bool among(const std::vector<std::string>& words, std::string_view word) { return std::find(words.begin(), words.end(), word) != words.end(); }

void add(std::string& to, std::string_view what) {
  if (!to.empty()) to += ", ";
  to += what;
}

}  // namespace

bool extensions::offers(std::string_view mechanism) const { return among(mechanisms, mechanism); }
bool extensions::takes(std::string_view attribute) const { return among(xclient, attribute); }

extensions parse_extensions(std::string_view text) {
  extensions out;
  out.ehlo = true;
  std::size_t at = text.find('\n');
  std::string_view first = text.substr(0, at);
  if (const std::string_view name = abk::next_word(first); name.size() <= 255) out.server = name;
  while (at != text.npos) {
    const std::size_t end = std::min(text.find('\n', at + 1), text.size());
    std::string_view line = text.substr(at + 1, end - at - 1);
    if (line.ends_with('\r')) line.remove_suffix(1);  // CR CR LF
    add_line(out, line);
    at = end == text.size() ? text.npos : end;
  }
  return out;
}

std::string in_words(const extensions& can) {
  std::string out;
  if (can.starttls) add(out, "STARTTLS");
  if (can.pipelining) add(out, "PIPELINING");
  if (can.eight_bit_mime) add(out, "8BITMIME");
  if (can.smtputf8) add(out, "SMTPUTF8");
  if (can.enhanced_status_codes) add(out, "ENHANCEDSTATUSCODES");
  if (can.vrfy) add(out, "VRFY");
  if (can.size) add(out, *can.size > 0 ? "SIZE " + std::to_string(*can.size) : "SIZE");
  if (!can.mechanisms.empty()) {
    add(out, "AUTH");
    for (const std::string& name : can.mechanisms) out += " " + name;
  }
  if (can.has_xclient) {
    add(out, "XCLIENT");
    for (const std::string& name : can.xclient) out += " " + name;
  }
  return out;
}

}  // namespace smtp
