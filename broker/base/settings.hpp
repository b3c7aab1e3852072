// A plugin's [backend.settings], as values: what the TOML said and where, without TOML. The host reads it for the plugin and
// marks what was read; what nobody read is an error.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace authbroker {

struct place {
  std::string file;
  unsigned line = 0;
  unsigned column = 0;
};

// One complaint about a configuration: where, which key, what was found and what is wanted.
struct config_problem {
  place where;
  std::string key;   // "backend.mail1.settings.apop"
  std::string what;  // "found 3; wanted: \"never\", \"prefer\" or \"require\""
};
std::string to_string(const config_problem&);  // "file:line:column: key: what"
std::vector<std::string> to_lines(const std::vector<config_problem>&);

struct setting {
  using list = std::vector<setting>;
  using table = std::map<std::string, setting, std::less<>>;
  std::variant<std::monostate, std::string, std::int64_t, double, bool, list, table> value;
  place where;
  mutable bool read = false;  // single-threaded: while a backend is created
};
std::string_view type_name(const setting&);  // "text", "whole number", "fraction", "true or false", "list", "table"

}  // namespace authbroker
