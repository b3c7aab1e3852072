// DNs as the configuration writes them: checked against RFC 4514's grammar, so that a slip is found before the first login.
#include "template_text.hpp"

namespace directory {
namespace {

constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::string_view digits_and_more = "0123456789-.";
constexpr std::string_view special = ",+\"\\<>;=# ";

bool one_of(std::string_view set, char c) noexcept { return set.find(c) != std::string_view::npos; }

class parser {
 public:
  parser(std::string_view text, bool places) : in_(text), places_(places) {}

  // The DN's text as it goes out, with its places.
  value_template whole() {
    part();
    while (!in_.done()) {
      copy();  // the "," or "+" between two of them
      while (in_.peek() == ' ') in_.skip();
      part();
    }
    return std::move(out_);
  }

 private:
  void copy() {
    const char c = in_.take();
    out_.add(std::string_view(&c, 1));
  }

  void part() {
    if (!one_of(letters, in_.peek()) && !one_of("0123456789", in_.peek())) in_.fail_here("an attribute's name, as in \"uid={local},ou=people\",");
    while (one_of(letters, in_.peek()) || (!in_.done() && one_of(digits_and_more, in_.peek()))) copy();
    if (in_.done() || in_.peek() != '=') in_.fail_here("\"=\"");
    copy();
    value();
  }

  void value() {
    const std::string_view wanted = "this character behind a \"\\\"";
    while (!in_.done() && in_.peek() != ',' && in_.peek() != '+') {
      const char c = in_.peek();
      if (c == '{') {
        if (!places_) in_.fail("a \"{\"", "a name without places (a brace itself is \\7b)");
        out_.add(in_.place());
      } else if (c == '\\') {
        escape();
      } else if (one_of("\"<>;", c)) {
        in_.fail_here(std::string(wanted));
      } else {
        copy();
      }
    }
  }

  // A backslash and a special character, or two hexadecimal digits.
  void escape() {
    template_text ahead = in_;
    ahead.skip();
    if (!ahead.done() && one_of(special, ahead.peek())) {
      copy();
      copy();
      return;
    }
    const char byte = in_.escaped_byte();
    const std::string_view digits = "0123456789abcdef";
    const auto value = static_cast<unsigned char>(byte);
    const char text[3] = {'\\', digits[value >> 4], digits[value & 15]};
    out_.add(std::string_view(text, sizeof text));
  }

  template_text in_;
  bool places_;
  value_template out_;
};

}  // namespace

parsed<dn_template> dn_template::parse(std::string_view text) {
  if (text.size() > text_bytes_max) return {std::nullopt, std::to_string(text.size()) + " bytes; at most " + std::to_string(text_bytes_max) + " are wanted"};
  try {
    return {dn_template(parser(text, true).whole()), {}};
  } catch (const template_problem& p) {
    return {std::nullopt, p.what()};
  }
}

std::string dn_template::render(const values& v) const {
  std::string out;
  for (const auto& piece : text_.pieces()) {
    if (piece.where == value_template::place::none) out += piece.literal;
    else out += dn_value(value_template::of(piece, v)).text();
  }
  return out;
}

bool dn_template::bears(std::initializer_list<value_template::place> wanted) const noexcept { return text_.has(wanted); }

std::string dn_problem(std::string_view text) {
  if (text.empty()) return {};
  if (text.size() > dn_template::text_bytes_max) return "too many bytes; at most " + std::to_string(dn_template::text_bytes_max) + " are wanted";
  try {
    parser(text, false).whole();
    return {};
  } catch (const template_problem& p) {
    return p.what();
  }
}

}  // namespace directory
