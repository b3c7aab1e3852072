// Files into one tree, the tree into a configuration.
//
// Fails   with every problem that can be found: bad TOML in one file does not hide that of another, but tables are judged only
//         once all files are read, because half a configuration would give complaints about what is in the other half.
// Attack  none from the outside: the files are an administrator's, and that nobody else can write them is checked.
#include <glob.h>
#include <unistd.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/files.hpp"
#include "base/text.hpp"
#include "config/config.hpp"
#include "config/keys.hpp"
#include "config/reader.hpp"
#include "config/sections.hpp"
#include "config/toml.hpp"

namespace authbroker {
namespace {

constexpr std::size_t files_max = 256;
constexpr std::size_t tables_max = 10'000;  // of one kind

// Moves `from` into `into`. Tables merge, lists of tables continue, and everything else may be written once only.
void merge(setting& into, setting&& from, const std::string& path, std::vector<config_problem>& problems) {
  auto& target = std::get<setting::table>(into.value);
  for (auto& [key, value] : std::get<setting::table>(from.value)) {
    const auto [at, fresh] = target.try_emplace(key);
    setting& there = at->second;
    const std::string full = path.empty() ? key : path + "." + key;
    if (fresh) {
      there = std::move(value);
    } else if (std::holds_alternative<setting::table>(there.value) && std::holds_alternative<setting::table>(value.value)) {
      merge(there, std::move(value), full, problems);
    } else if (path.empty() && std::holds_alternative<setting::list>(there.value) && std::holds_alternative<setting::list>(value.value)) {
      auto& list = std::get<setting::list>(there.value);
      for (setting& item : std::get<setting::list>(value.value)) list.push_back(std::move(item));
    } else {
      problems.push_back({value.where, escape_for_log(full, 80),
                          "is set twice, first at " + there.where.file + ":" + std::to_string(there.where.line) + ":" + std::to_string(there.where.column) + "; wanted: once"});
    }
  }
}

// Whether a path's directory is there; one with a wildcard in it may come to be.
bool in_a_directory(const std::string& path) {
  const std::string dir = path.substr(0, path.rfind('/'));
  return dir.find_first_of("*?[") != std::string::npos || access(dir.empty() ? "/" : dir.c_str(), F_OK) == 0;
}

// The files that the patterns of `include` name, each once, in the order of the list and then of their names.
std::vector<placed_text> included(reading& all, const section& top) {
  std::vector<placed_text> patterns;
  std::vector<placed_text> out;
  top.texts("include", patterns);
  for (const placed_text& pattern : patterns) {
    const std::string path = all.path_from(pattern.where, pattern.text);
    glob_t found{};
    const int rc = pattern.text.empty() ? GLOB_NOMATCH : glob(path.c_str(), 0, nullptr, &found);
    for (std::size_t i = 0; rc == 0 && i < found.gl_pathc; ++i) {
      const std::string file = found.gl_pathv[i];
      if (std::none_of(out.begin(), out.end(), [&file](const placed_text& t) { return t.text == file; })) out.push_back({file, pattern.where});
    }
    globfree(&found);
    // A pattern in a directory beside the file is often there before its first match; a path that was written out, or a directory that
    // is not there, is more likely a slip.
    if (rc == GLOB_NOMATCH && (pattern.text.starts_with('/') || !in_a_directory(path)) && pattern.text.find_first_of("*?[") != std::string::npos)
      top.warning(pattern.where, "include", "\"" + escape_for_log(pattern.text, 80) + "\" matches no file");
    if (rc == GLOB_NOMATCH && pattern.text.find_first_of("*?[") == std::string::npos)
      top.problem(pattern.where, "include", "found \"" + pattern.text + "\", which is not there; wanted: a file, or a pattern such as \"conf.d/*.toml\"");
    else if (rc != 0 && rc != GLOB_NOMATCH)
      top.problem(pattern.where, "include", "found \"" + pattern.text + "\", which cannot be read");
  }
  if (out.size() > files_max) {
    top.problem(top.where("include"), "include", "found " + std::to_string(out.size()) + " files; wanted: at most " + std::to_string(files_max));
    out.resize(files_max);
  }
  return out;
}

void read_included(reading& all, setting& tree) {
  const section top(all, tree, "", "");
  for (const placed_text& file : included(all, top)) {
    const auto text = read_checked(file.text, file_rule::trusted, toml_bytes_max);
    if (!text) {
      top.problem(file.where, "include", text.error().text);
      continue;
    }
    setting more;
    if (!read_toml(*text, file.text, more, all.problems)) continue;
    auto& table = std::get<setting::table>(more.value);
    if (const auto at = table.find("include"); at != table.end()) {
      all.problems.push_back({at->second.where, "include", "is read in the main file only; wanted: all patterns there"});
      table.erase(at);
    }
    merge(tree, std::move(more), "", all.problems);
  }
}

std::string label_of(const std::string& kind, const setting& table, std::size_t index) {
  const auto& keys = std::get<setting::table>(table.value);
  const setting* name = nullptr;
  if (const auto at = keys.find(kind == "route" ? "domains" : "name"); at != keys.end()) name = &at->second;
  if (name != nullptr)
    if (const auto* list = std::get_if<setting::list>(&name->value); list != nullptr && !list->empty()) name = &list->front();
  const auto* const text = name == nullptr ? nullptr : std::get_if<std::string>(&name->value);
  return text == nullptr || text->empty() ? kind + "[" + std::to_string(index + 1) + "]" : kind + "." + escape_for_log(*text, 64);
}

// Calls `read` with each [[kind]], and notes which tables these were.
template <class Read>
void each_table(const section& top, const std::string& kind, std::vector<const setting*>& from, Read read) {
  const setting* const written = top.find(kind);
  const std::string form = "[[" + kind + "]]";
  if (written == nullptr) return top.missing(kind, "at least one " + form);
  const auto* const list = std::get_if<setting::list>(&written->value);
  if (list == nullptr) return top.bad(kind, form + ", with two brackets: there may be several");
  if (list->empty()) return top.bad(kind, "at least one " + form);
  if (list->size() > tables_max) return top.bad(kind, "at most " + std::to_string(tables_max));
  for (std::size_t i = 0; i < list->size(); ++i) {
    if (!std::holds_alternative<setting::table>((*list)[i].value)) {
      top.problem((*list)[i].where, kind, "found " + as_found((*list)[i]) + "; wanted: " + form);
      continue;
    }
    const section table(top.all(), (*list)[i], kind, label_of(kind, (*list)[i], i));
    table.refuse_unknown();
    from.push_back(&(*list)[i]);
    read(table);
  }
}

void read_tree(reading& all, const setting& tree, configuration& config, sound_part& rest) {
  const section top(all, tree, "", "");
  top.refuse_unknown();
  read_broker(top.sub("broker"), config.broker);
  read_log(top.sub("log"), config.log);
  origins from;
  each_table(top, "listener", from.listeners, [&config](const section& s) { config.listeners.push_back(read_listener(s)); });
  std::size_t known = all.problems.size();
  each_table(top, "backend", from.backends, [&](const section& s) {
    config.backends.push_back(read_backend(s));
    (all.problems.size() == known ? rest.backends : rest.others).push_back(config.backends.back());
    known = all.problems.size();
  });
  rest.broker = config.broker;
  each_table(top, "route", from.routes, [&config](const section& s) { config.routes.push_back(read_route(s)); });
  check_together(all, config, from);
}

load_outcome load(std::string_view text, const std::string& name, const std::string& base_dir, load_options options) {
  reading all;
  all.credentials_elsewhere = options.credentials_elsewhere;
  all.base_dir = base_dir;
  setting tree;
  load_outcome out;
  if (read_toml(text, name, tree, all.problems)) read_included(all, tree);
  if (all.problems.empty()) {
    configuration config;
    config.file = name;
    read_tree(all, tree, config, out.rest);
    config.places = std::move(all.places);
    if (all.problems.empty()) {
      config.warnings = std::exchange(all.warnings, {});
      out.config = std::move(config);
      out.rest = {};
    }
  }
  // As a person reads: the main file first, each from the top.
  const auto rank = [&name](const config_problem& p) { return std::tuple(p.where.file != name, std::cref(p.where.file).get(), p.where.line, p.where.column); };
  std::stable_sort(all.problems.begin(), all.problems.end(), [&rank](const config_problem& a, const config_problem& b) { return rank(a) < rank(b); });
  out.problems = std::move(all.problems);
  out.warnings = std::move(all.warnings);
  return out;
}

}  // namespace

load_outcome load_configuration(const std::string& path, load_options options) {
  const auto text = read_checked(path, file_rule::trusted, toml_bytes_max);
  if (!text) {
    load_outcome out;
    out.problems.push_back({{path, 0, 0}, "", text.error().text});
    return out;
  }
  return load(*text, path, "", options);
}

load_outcome parse_configuration(std::string_view text, const std::string& name, const std::string& base_dir) { return load(text, name, base_dir, {}); }

}  // namespace authbroker
