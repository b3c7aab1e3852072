#include "host/settings_reader.hpp"

#include <algorithm>

#include "base/nearest.hpp"
#include "base/secret_setting.hpp"
#include "base/text.hpp"
#include "host/answers.hpp"

namespace authbroker {

settings_reader::settings_reader(const setting& settings, place where, std::string backend_name, std::uint32_t channels, bool credentials_elsewhere)
    : settings_(settings),
      where_(std::move(where)),
      name_(std::move(backend_name)),
      api_{sizeof(abk_config), this, to_abk(name_), &text, &number, &boolean, &duration, &bytes, &list, &secret_text, &report, channels},
      credentials_elsewhere_(credentials_elsewhere) {}

// "a.b" is key b of table a. What is found is marked as read, with the tables on the way.
const setting* settings_reader::look(const char* key) {
  asked_.emplace_back(key);
  const setting* at = &settings_;
  std::string_view rest = key;
  while (true) {
    const auto* table = std::get_if<setting::table>(&at->value);
    if (table == nullptr) {
      if (at == &settings_) return nullptr;
      // Ignored, it would leave the defaults in force.
      const std::string above(key, static_cast<std::size_t>(rest.data() - key) - 1);
      if (!refused_.contains(above)) wrong(above.c_str(), *at, "a table, such as { " + std::string(rest) + " = ... }");
      return nullptr;
    }
    const std::size_t dot = rest.find('.');
    const auto it = table->find(rest.substr(0, dot));
    if (it == table->end()) return nullptr;
    at = &it->second;
    at->read = true;
    if (dot == std::string_view::npos) return at;
    rest.remove_prefix(dot + 1);
  }
}

void settings_reader::wrong(const char* key, const setting& found, const std::string& wanted) {
  std::string value(type_name(found));
  if (const auto* s = std::get_if<std::string>(&found.value)) value = "\"" + escape_for_log(*s, 60) + "\"";
  if (const auto* n = std::get_if<std::int64_t>(&found.value)) value = std::to_string(*n);
  refused_.insert(key);
  problems_.push_back({found.where, "backend." + name_ + ".settings." + key, "found " + value + "; wanted: " + wanted});
}

std::string_view settings_reader::keep(std::string text) { return texts_.emplace_back(std::move(text)); }

bool settings_reader::text(abk_config* c, const char* key, abk_str* out) {
  const setting* s = self(c).look(key);
  if (s == nullptr) return false;
  const auto* value = std::get_if<std::string>(&s->value);
  if (value == nullptr) {
    self(c).wrong(key, *s, "text in quotes");
    return false;
  }
  *out = to_abk(self(c).keep(*value));
  return true;
}

bool settings_reader::number(abk_config* c, const char* key, std::int64_t min, std::int64_t max, std::int64_t* out) {
  const setting* s = self(c).look(key);
  if (s == nullptr) return false;
  const auto* value = std::get_if<std::int64_t>(&s->value);
  if (value == nullptr || *value < min || *value > max) {
    self(c).wrong(key, *s, "a whole number from " + std::to_string(min) + " to " + std::to_string(max));
    return false;
  }
  *out = *value;
  return true;
}

bool settings_reader::boolean(abk_config* c, const char* key, bool* out) {
  const setting* s = self(c).look(key);
  if (s == nullptr) return false;
  const auto* value = std::get_if<bool>(&s->value);
  if (value == nullptr) {
    self(c).wrong(key, *s, "true or false");
    return false;
  }
  *out = *value;
  return true;
}

bool settings_reader::duration(abk_config* c, const char* key, std::int64_t* out_ms) {
  const setting* s = self(c).look(key);
  if (s == nullptr) return false;
  const auto* value = std::get_if<std::string>(&s->value);
  const auto ms = value == nullptr ? std::nullopt : parse_duration(*value);
  if (!ms) {
    self(c).wrong(key, *s, "a time with its unit, such as \"300ms\", \"5s\", \"10m\" or \"31d\"");
    return false;
  }
  *out_ms = ms->count();
  return true;
}

bool settings_reader::bytes(abk_config* c, const char* key, std::int64_t* out) {
  const setting* s = self(c).look(key);
  if (s == nullptr) return false;
  const auto* value = std::get_if<std::string>(&s->value);
  const auto size = value == nullptr ? std::nullopt : parse_size(*value);
  if (!size) {
    self(c).wrong(key, *s, "a size with its unit, such as \"64KiB\"");
    return false;
  }
  *out = static_cast<std::int64_t>(*size);
  return true;
}

bool settings_reader::list(abk_config* c, const char* key, const abk_str** out, std::size_t* count) {
  settings_reader& me = self(c);
  const setting* s = me.look(key);
  if (s == nullptr) return false;
  std::vector<abk_str> made;
  const auto* values = std::get_if<setting::list>(&s->value);
  if (const auto* one = std::get_if<std::string>(&s->value)) {  // "a list, or one of it"
    made.push_back(to_abk(me.keep(*one)));
  } else if (values == nullptr || !std::all_of(values->begin(), values->end(), [](const setting& v) { return std::holds_alternative<std::string>(v.value); })) {
    me.wrong(key, *s, "a list of texts");
    return false;
  } else {
    for (const setting& v : *values) made.push_back(to_abk(me.keep(std::get<std::string>(v.value))));
  }
  me.lists_.push_back(std::move(made));
  *out = me.lists_.back().data();
  *count = me.lists_.back().size();
  return true;
}

bool settings_reader::secret_text(abk_config* c, const char* key, abk_str* out) {
  settings_reader& me = self(c);
  const setting* s = me.look(key);
  if (s == nullptr) return false;
  const std::string path = "backend." + me.name_ + ".settings." + key;
  const bool elsewhere = me.credentials_elsewhere_ && credential_is_elsewhere(*s);
  result<secret> value = elsewhere ? result<secret>(secret(secret_stand_in)) : resolve_secret(*s);
  if (!value) {
    me.refused_.insert(key);
    me.problems_.push_back({s->where, path, value.error().text});
    return false;
  }
  if (elsewhere) me.warnings_.push_back({s->where, path, secret_not_here(*s)});
  me.secrets_.push_back(std::move(*value));
  *out = to_abk(me.secrets_.back().reveal());
  return true;
}

void settings_reader::report(abk_config* c, const char* key, const char* what) {
  settings_reader& me = self(c);
  const setting* s = key == nullptr ? nullptr : me.look(key);
  if (key != nullptr && me.refused_.contains(key)) return;  // the plugin was given none, and would say that it is missing
  const std::string path = "backend." + me.name_ + ".settings" + (key == nullptr || *key == '\0' ? "" : "." + std::string(key));
  me.problems_.push_back({s == nullptr ? me.where_ : s->where, path, what == nullptr ? "refused" : what});
}

void settings_reader::unread(const setting::table& table, const std::string& path) {
  for (const auto& one : table) {
    const auto& key = one.first;
    const setting& value = one.second;
    if (!value.read) {
      const std::set<std::string_view> known(asked_.begin(), asked_.end());
      const std::vector<std::string_view> names(known.begin(), known.end());
      const std::string_view meant = nearest(key, names);
      std::string wanted;
      for (const std::string_view k : names)
        if (wanted.size() < 400) wanted += (wanted.empty() ? "\"" : ", \"") + std::string(k) + "\"";
      problems_.push_back({value.where, path + key, "no such key; " + (meant.empty() ? std::string() : "did you mean \"" + std::string(meant) + "\"? ") +
                                                        "this plugin has " + (wanted.empty() ? "no settings" : wanted)});
    } else if (const auto* below = std::get_if<setting::table>(&value.value);
               below != nullptr && std::any_of(asked_.begin(), asked_.end(), [&](const std::string& k) { return k.starts_with(key + "."); })) {
      unread(*below, path + key + ".");
    }
  }
}

std::vector<config_problem> settings_reader::problems() {
  if (const auto* table = std::get_if<setting::table>(&settings_.value)) unread(*table, "backend." + name_ + ".settings.");
  return std::move(problems_);
}

}  // namespace authbroker
