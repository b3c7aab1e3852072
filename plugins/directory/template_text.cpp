#include "template_text.hpp"

#include <array>
#include <utility>

namespace directory {
namespace {

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

void template_text::fail(const std::string& found, const std::string& wanted) const {
  throw template_problem(found + " at character " + std::to_string(at_ + 1) + "; " + wanted + " is wanted");
}

void template_text::fail_here(const std::string& wanted) const {
  if (done()) fail("the end of the text", wanted);
  fail("\"" + std::string(1, peek()) + "\"", wanted);
}

void template_text::expect(char c) {
  if (done() || peek() != c) fail_here("\"" + std::string(1, c) + "\"");
  skip();
}

char template_text::escaped_byte() {
  const int high = text_.size() - at_ < 3 ? -1 : hex_digit(text_[at_ + 1]);
  const int low = high < 0 ? -1 : hex_digit(text_[at_ + 2]);
  if (low < 0) fail("a \"\\\" without two hexadecimal digits", "something like \\2a");
  at_ += 3;
  return static_cast<char>(high << 4 | low);
}

value_template::place template_text::place() {
  using enum value_template::place;
  constexpr std::array<std::pair<std::string_view, value_template::place>, 3> places{
      {{"{address}", address}, {"{local}", local}, {"{domain}", domain}}};
  for (const auto& [name, where] : places) {
    if (!text_.substr(at_).starts_with(name)) continue;
    at_ += name.size();
    return where;
  }
  fail("a \"{\"", "{address}, {local} or {domain} (a brace itself is \\7b)");
}

}  // namespace directory
