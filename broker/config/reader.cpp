#include "config/reader.hpp"

#include <algorithm>
#include <stdexcept>

#include "base/text.hpp"
#include "config/keys.hpp"

namespace authbroker {

std::string reading::path_from(const place& where, const std::string& path) const {
  if (path.empty() || path.front() == '/') return path;
  std::string dir = base_dir;
  if (dir.empty()) {
    const std::size_t slash = where.file.rfind('/');
    if (slash == std::string::npos) return path;
    dir = where.file.substr(0, slash);
  }
  return dir + "/" + path;
}

std::string as_found(const setting& s) {
  if (const auto* text = std::get_if<std::string>(&s.value)) return "\"" + escape_for_log(*text, 80) + "\"";
  if (const auto* number = std::get_if<std::int64_t>(&s.value)) return std::to_string(*number);
  if (const auto* boolean = std::get_if<bool>(&s.value)) return *boolean ? "true" : "false";
  return std::string(type_name(s));
}

std::string one_of(std::span<const std::string_view> words) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i != 0) out += i + 1 == words.size() ? " or " : ", ";
    out += "\"" + std::string(words[i]) + "\"";
  }
  return out;
}

namespace {
const setting& empty_table() {
  static const setting empty{setting::table{}, {}, false};
  return empty;
}
}  // namespace

section::section(reading& all, const setting& table, std::string schema, std::string label)
    : all_(all), table_(&table), schema_(std::move(schema)), label_(std::move(label)) {}

const setting* section::find(std::string_view key) const {
  const std::string path = schema_.empty() ? std::string(key) : schema_ + "." + std::string(key);
  if (find_key(path) == nullptr) throw std::logic_error("the configuration's table of keys lacks " + path);
  const auto* table = std::get_if<setting::table>(&table_->value);
  if (table == nullptr) return nullptr;
  const auto at = table->find(key);
  if (at == table->end()) return nullptr;
  // There may be ten thousand routes, and nobody asks for their keys' places later.
  if (!schema_.starts_with("route") && !schema_.starts_with("backend")) all_.places.try_emplace(full(key), at->second.where);
  return &at->second;
}

place section::where(std::string_view key) const {
  const setting* const s = find(key);
  return s == nullptr ? at() : s->where;
}

void section::problem(const place& where, std::string_view key, std::string what) const {
  all_.problems.push_back({where, full(key), std::move(what)});
}
void section::warning(const place& where, std::string_view key, std::string what) const {
  all_.warnings.push_back({where, full(key), std::move(what)});
}
void section::missing(std::string_view key, std::string_view wanted) const {
  problem(at(), key, "is missing; wanted: " + std::string(wanted));
}
void section::bad(std::string_view key, std::string_view wanted) const {
  const setting* const s = find(key);
  problem(where(key), key, "found " + (s == nullptr ? std::string("nothing") : as_found(*s)) + "; wanted: " + std::string(wanted));
}

bool section::text(std::string_view key, std::string& out) const {
  const setting* const s = find(key);
  if (s == nullptr) return false;
  const auto* const value = std::get_if<std::string>(&s->value);
  if (value == nullptr) return bad(key, "text in quotes"), false;
  if (has_control(*value)) return bad(key, "text without control characters"), false;
  out = *value;
  return true;
}

bool section::boolean(std::string_view key, bool& out) const {
  const setting* const s = find(key);
  if (s == nullptr) return false;
  const auto* const value = std::get_if<bool>(&s->value);
  if (value == nullptr) return bad(key, "true or false, without quotes"), false;
  out = *value;
  return true;
}

bool section::whole(std::string_view key, std::uint32_t min, std::uint32_t max, std::uint32_t& out) const {
  const setting* const s = find(key);
  if (s == nullptr) return false;
  const auto* const value = std::get_if<std::int64_t>(&s->value);
  if (value == nullptr || *value < std::int64_t{min} || *value > std::int64_t{max})
    return bad(key, "a whole number from " + std::to_string(min) + " to " + std::to_string(max)), false;
  out = static_cast<std::uint32_t>(*value);
  return true;
}

bool section::duration(std::string_view key, std::string_view min, std::string_view max, std::chrono::milliseconds& out) const {
  const setting* const s = find(key);
  if (s == nullptr) return false;
  const auto* const value = std::get_if<std::string>(&s->value);
  const auto read = value == nullptr ? std::nullopt : parse_duration(*value);
  if (!read || *read < parse_duration(min).value() || *read > parse_duration(max).value())
    return bad(key, "a duration from \"" + std::string(min) + "\" to \"" + std::string(max) + "\" (ms, s, m, h or d)"), false;
  out = *read;
  return true;
}

bool section::size(std::string_view key, std::string_view min, std::string_view max, std::uint32_t& out) const {
  const setting* const s = find(key);
  if (s == nullptr) return false;
  const auto* const value = std::get_if<std::string>(&s->value);
  const auto read = value == nullptr ? std::nullopt : parse_size(*value);
  if (!read || *read < parse_size(min).value() || *read > parse_size(max).value())
    return bad(key, "a size from \"" + std::string(min) + "\" to \"" + std::string(max) + "\" (B, KiB or MiB)"), false;
  out = static_cast<std::uint32_t>(*read);
  return true;
}

bool section::texts(std::string_view key, std::vector<placed_text>& out) const {
  const setting* const s = find(key);
  if (s == nullptr) return false;
  const auto* const list = std::get_if<setting::list>(&s->value);
  if (list == nullptr) return bad(key, "a list of texts, such as [\"...\"]"), false;
  std::vector<placed_text> made;
  bool right = true;
  for (const setting& item : *list) {
    const auto* const value = std::get_if<std::string>(&item.value);
    if (value == nullptr || has_control(*value)) {
      problem(item.where, key, "found " + as_found(item) + "; wanted: text in quotes, without control characters");
      right = false;
      continue;
    }
    const bool twice = std::any_of(made.begin(), made.end(), [value](const placed_text& t) { return t.text == *value; });
    if (twice) {
      problem(item.where, key, "found " + as_found(item) + " twice; wanted: once");
      right = false;
      continue;
    }
    made.push_back({*value, item.where});
  }
  if (!right) return false;
  out = std::move(made);
  return true;
}

bool section::texts(std::string_view key, std::vector<std::string>& out) const {
  std::vector<placed_text> placed;
  if (!texts(key, placed)) return false;
  out.clear();
  for (placed_text& t : placed) out.push_back(std::move(t.text));
  return true;
}

bool section::path(std::string_view key, std::string& out) const {
  std::string written;
  if (!text(key, written)) return false;
  out = all_.path_from(where(key), written);
  return true;
}

bool section::word_index(std::string_view key, std::span<const std::string_view> words, std::size_t& index) const {
  std::string written;
  if (!text(key, written)) return false;
  const auto at = std::find(words.begin(), words.end(), written);
  if (at == words.end()) return bad(key, one_of(words)), false;
  index = static_cast<std::size_t>(at - words.begin());
  return true;
}

section section::sub(std::string_view key) const {
  const std::string schema = schema_.empty() ? std::string(key) : schema_ + "." + std::string(key);
  const setting* const s = find(key);
  const setting* table = &empty_table();
  if (s != nullptr && std::holds_alternative<setting::table>(s->value)) table = s;
  else if (s != nullptr) bad(key, "a table, such as { ... }");
  section out(all_, *table, schema, full(key));
  out.refuse_unknown();
  return out;
}

void section::refuse_unknown() const {
  const auto* const table = std::get_if<setting::table>(&table_->value);
  if (table == nullptr) return;
  const std::vector<std::string_view> known = keys_below(schema_);
  for (const auto& [key, value] : *table) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    const std::string_view meant = nearest(key, known);
    // A head that was forgotten puts the plugin's settings into whatever table stands above.
    const char* const no_key = schema_.starts_with("backend") ? "is not a key here; the plugin's own go below [backend.settings]" : "is not a key here";
    problem(value.where, escape_for_log(key, 64),
            meant.empty() ? std::string(no_key) : "is not a key here; did you mean \"" + std::string(meant) + "\"?");
  }
}

}  // namespace authbroker
