// A filter's text becomes a tree, once, when the configuration is read. Recursive, to filter_template::depth_max.
#include "filter_node.hpp"
#include "template_text.hpp"

namespace directory {
namespace {

using node = filter_template::node;

constexpr bool is_space(char c) noexcept { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
constexpr std::string_view name_characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.;";

class parser {
 public:
  explicit parser(std::string_view text) : in_(text) {}

  node whole() {
    node out = filter(1);
    skip_space();
    if (!in_.done()) in_.fail("text behind the filter", "nothing");
    return out;
  }

 private:
  void skip_space() {
    while (!in_.done() && is_space(in_.peek())) in_.skip();
  }

  node filter(std::size_t depth) {
    if (depth > filter_template::depth_max) in_.fail("a filter nested deeper than 32", "a flatter one");
    skip_space();
    in_.expect('(');
    node out;
    skip_space();
    const char first = in_.peek();
    if (first == '&' || first == '|' || first == '!') {
      in_.skip();
      out.how = first == '&' ? match::all : first == '|' ? match::any : match::none;
      list(out, depth);
    } else {
      item(out);
    }
    in_.expect(')');
    return out;
  }

  void list(node& out, std::size_t depth) {
    for (skip_space(); in_.peek() == '('; skip_space()) out.children.push_back(filter(depth + 1));
    if (out.children.empty()) in_.fail("a list without a filter", "\"(\"");
    if (out.how == match::none && out.children.size() > 1) in_.fail("\"!\" before several filters", "one");
  }

  std::string word(const char* wanted) {
    std::string out;
    while (!in_.done() && name_characters.find(in_.peek()) != std::string_view::npos) out.push_back(in_.take());
    if (out.empty()) in_.fail_here(wanted);
    return out;
  }

  void item(node& out) {
    if (in_.peek() != ':') out.attribute = word("an attribute's name");
    switch (in_.peek()) {
      case '=': in_.skip(); plain(out); return;
      case '>': comparison(out, match::greater); return;
      case '<': comparison(out, match::less); return;
      case '~': comparison(out, match::approximate); return;
      case ':': extensible(out); return;
      default: in_.fail_here("\"=\", \">=\", \"<=\", \"~=\" or \":=\"");
    }
  }

  void comparison(node& out, match how) {
    in_.skip();
    in_.expect('=');
    out.how = how;
    out.value = value(false);
  }

  void extensible(node& out) {
    out.how = match::extensible;
    in_.expect(':');
    if (in_.peek() != '=') {
      std::string name = word("\"dn\" or a matching rule");
      if (same_word(name, "dn")) {
        out.dn_attributes = true;
        in_.expect(':');
        if (in_.peek() != '=') {
          out.rule = word("a matching rule");
          in_.expect(':');
        }
      } else {
        out.rule = std::move(name);
        in_.expect(':');
      }
    }
    if (out.attribute.empty() && out.rule.empty()) in_.fail("an extensible match with neither attribute nor rule", "one of them");
    in_.expect('=');
    out.value = value(false);
  }

  // What follows "=": a value, a star alone, or text with stars in it.
  void plain(node& out) {
    out.parts.push_back(value(true));
    while (in_.peek() == '*') {
      in_.skip();
      out.parts.push_back(value(true));
      if (out.parts.back().empty() && in_.peek() == '*') in_.fail("two stars side by side", "text between them");
    }
    if (out.parts.size() == 1) {
      out.how = match::equal;
      out.value = std::move(out.parts.front());
      out.parts.clear();
    } else if (out.parts.size() == 2 && out.parts.front().empty() && out.parts.back().empty()) {
      out.how = match::present;
      out.parts.clear();
    } else {
      out.how = match::substrings;
    }
  }

  // Up to the closing parenthesis, or to a star where one is legal.
  value_template value(bool stars) {
    value_template out;
    while (!in_.done() && in_.peek() != ')' && !(stars && in_.peek() == '*')) {
      const char c = in_.peek();
      if (c == '(' || c == '*') in_.fail_here("this character as \\28 or \\2a");
      if (c == '{') {
        out.add(in_.place());
      } else {
        const char byte = c == '\\' ? in_.escaped_byte() : in_.take();
        out.add(std::string_view(&byte, 1));
      }
    }
    return out;
  }

  template_text in_;
};

}  // namespace

parsed<filter_template> filter_template::parse(std::string_view text) {
  if (text.size() > text_bytes_max) return {std::nullopt, std::to_string(text.size()) + " bytes; at most " + std::to_string(text_bytes_max) + " are wanted"};
  try {
    return {filter_template(std::make_shared<const node>(parser(text).whole())), {}};
  } catch (const template_problem& p) {
    return {std::nullopt, p.what()};
  }
}

}  // namespace directory
