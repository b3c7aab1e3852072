#include "config/toml.hpp"

#include <toml++/toml.h>

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
  try {
    const toml::table parsed = toml::parse(text);
    out = converter(file, problems).convert(parsed, "");
    if (out.where.line == 0) out.where = {file, 1, 1};
  } catch (const toml::parse_error& error) {
    const toml::source_region& at = error.source();
    problems.push_back({{file, at.begin.line, at.begin.column}, "", "is not TOML: " + escape_for_log(error.description(), 300)});
  }
  return problems.size() == before;
}

}  // namespace authbroker
