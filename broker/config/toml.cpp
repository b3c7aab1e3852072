#include "config/toml.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <optional>

#include "base/text.hpp"

namespace authbroker {
namespace {

class converter {
 public:
  converter(const std::string& file, std::vector<config_problem>& problems) : file_(file), problems_(problems) {}

  setting convert(const toml::node& node, const std::string& path) {
    setting out;
    out.where = place_of(node.source());
    switch (node.type()) {
      case toml::node_type::string: out.value = node.as_string()->get(); break;
      case toml::node_type::integer: out.value = node.as_integer()->get(); break;
      case toml::node_type::floating_point: out.value = node.as_floating_point()->get(); break;
      case toml::node_type::boolean: out.value = node.as_boolean()->get(); break;
      case toml::node_type::array: {
        setting::list list;
        for (const toml::node& item : *node.as_array()) list.push_back(convert(item, path));
        out.value = std::move(list);
        break;
      }
      case toml::node_type::table: {
        setting::table table;
        for (const auto& [key, value] : *node.as_table()) {
          const std::string_view name = key.str();
          const std::string below = path.empty() ? std::string(name) : path + "." + std::string(name);
          setting& made = table.emplace(std::string(name), convert(value, below)).first->second;
          // A sub-table made by a dotted key has no place of its own.
          if (made.where.line == 0) made.where = place_of(key.source());
        }
        out.value = std::move(table);
        break;
      }
      case toml::node_type::none:
      case toml::node_type::date:
      case toml::node_type::time:
      case toml::node_type::date_time:
        problems_.push_back({out.where, path, "found a date or time; wanted: text in quotes, such as \"10m\" for a duration"});
        break;
    }
    return out;
  }

  place place_of(const toml::source_region& source) const { return {file_, source.begin.line, source.begin.column}; }

 private:
  const std::string& file_;
  std::vector<config_problem>& problems_;
};

// The end of the string that starts at `at`: one past its closing quotes, or the end of the text, or of the line.
std::size_t end_of_string(std::string_view text, std::size_t at) {
  const char quote = text[at];
  const std::string_view three = text.substr(at, 3);
  const bool many_lines = three == "\"\"\"" || three == "'''";
  at += many_lines ? 3 : 1;
  while (at < text.size()) {
    if (quote == '"' && text[at] == '\\') {
      at += 2;
    } else if (!many_lines && (text[at] == quote || text[at] == '\n')) {
      return at + 1;
    } else if (many_lines && text.substr(at, 3) == three) {
      at += 3;
      // Up to two quotes more may stand right before the closing ones.
      for (int more = 0; more < 2 && at < text.size() && text[at] == quote; ++more) ++at;
      return at;
    } else {
      ++at;
    }
  }
  return text.size();
}

// The first place where a dotted key has more than `parts_max` parts. Trees are built and torn down by recursion, in toml++ too,
// which limits nested values but not dotted keys: "a.a.a.a..." could exhaust the stack.
constexpr unsigned parts_max = 16;
std::optional<std::size_t> too_deep(std::string_view text) {
  unsigned dots = 0;
  for (std::size_t at = 0; at < text.size();) {
    switch (text[at]) {
      case '"':
      case '\'': at = end_of_string(text, at); continue;
      case '#': at = std::min(text.find('\n', at), text.size()); continue;
      case '\n':
      case '=':
      case ',':
      case '[':
      case ']':
      case '{':
      case '}': dots = 0; break;
      case '.':
        if (++dots >= parts_max) return at;
        break;
      default: break;
    }
    ++at;
  }
  return std::nullopt;
}

// The slips that people make, by a part of the library's words about them.
struct slip {
  std::string_view said, means;
};
constexpr slip slips[] = {
    {"could not determine value type", "a text needs quotes"},
    {"control characters", "a quote is not closed on this line"},
    {"expected comma or closing ']'", "a comma, or the ] that closes the list, is missing before this"},
    {"expected key or closing '}'", "a table in braces ends on its line"},
    {"unknown escape sequence", "a backslash between double quotes is written twice, or single quotes are used"},
    {"expected value", "the value is missing"},
    {"integer: expected digit", "a number with a unit, or anything but a number, needs quotes"},
    {"leading zeroes", "a number that starts with 0, such as a file mode, needs quotes"},
    {"parsing boolean", "true and false are written in lower case, without quotes"},
    {"cannot redefine", "this key is written twice"},
    {"table header: expected ']'", "a ] is missing"},
};

std::string in_plain_words(std::string_view said) {
  for (const slip& s : slips)
    if (said.find(s.said) != std::string_view::npos) return std::string(s.means) + " (" + escape_for_log(said, 300) + ")";
  return escape_for_log(said, 300);
}

}  // namespace

bool read_toml(std::string_view text, const std::string& file, setting& out, std::vector<config_problem>& problems) {
  const std::size_t before = problems.size();
  if (text.size() > toml_bytes_max) {
    problems.push_back({{file, 0, 0}, "", "is longer than 1 MiB; wanted: several files, with include"});
    return false;
  }
  if (text.starts_with("\xEF\xBB\xBF")) {
    problems.push_back({{file, 1, 1}, "", "starts with a byte order mark; wanted: UTF-8 without one"});
    return false;
  }
  if (const auto at = too_deep(text)) {
    const auto before_it = text.substr(0, *at);
    const auto line = static_cast<unsigned>(std::count(before_it.begin(), before_it.end(), '\n')) + 1;
    problems.push_back({{file, line, 1}, "", "has a key of more than " + std::to_string(parts_max) + " parts; no key has so many"});
    return false;
  }
  try {
    const toml::table parsed = toml::parse(text);
    out = converter(file, problems).convert(parsed, "");
    if (out.where.line == 0) out.where = {file, 1, 1};
  } catch (const toml::parse_error& error) {
    const toml::source_region& at = error.source();
    problems.push_back({{file, at.begin.line, at.begin.column}, "", "is not TOML: " + in_plain_words(error.description())});
  }
  return problems.size() == before;
}

}  // namespace authbroker
