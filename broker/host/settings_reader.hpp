// A plugin's abk_config over the values of its [backend.settings].
#pragma once
#include <abk/plugin.h>

#include <deque>
#include <set>
#include <string>
#include <vector>

#include "base/secret.hpp"
#include "base/settings.hpp"

namespace authbroker {

class settings_reader {
 public:
  // `settings` must be a table (or nothing). `where` is the backend's place, for keys that are missing.
  // `channels`: see abk_config. With `credentials_elsewhere` a credential that only the unit is given is a warning, and the
  // plugin reads a stand-in.
  settings_reader(const setting& settings, place where, std::string backend_name, std::uint32_t channels = 0, bool credentials_elsewhere = false);
  settings_reader(const settings_reader&) = delete;
  settings_reader& operator=(const settings_reader&) = delete;

  abk_config* api() { return &api_; }
  // After create(): adds one problem for each key that nobody asked for, and returns everything that was found wrong.
  std::vector<config_problem> problems();
  std::vector<config_problem> warnings() { return std::move(warnings_); }

 private:
  const setting* look(const char* key);
  void wrong(const char* key, const setting& found, const std::string& wanted);
  std::string_view keep(std::string text);
  void unread(const setting::table&, const std::string& path);

  static settings_reader& self(abk_config* c) { return *static_cast<settings_reader*>(c->host); }
  static bool text(abk_config*, const char* key, abk_str* out);
  static bool number(abk_config*, const char* key, std::int64_t min, std::int64_t max, std::int64_t* out);
  static bool boolean(abk_config*, const char* key, bool* out);
  static bool duration(abk_config*, const char* key, std::int64_t* out_ms);
  static bool bytes(abk_config*, const char* key, std::int64_t* out);
  static bool list(abk_config*, const char* key, const abk_str** out, std::size_t* count);
  static bool secret_text(abk_config*, const char* key, abk_str* out);
  static void report(abk_config*, const char* key, const char* what);

  setting settings_;
  place where_;
  std::string name_;
  abk_config api_;
  std::deque<std::string> texts_;
  std::deque<std::vector<abk_str>> lists_;
  std::deque<secret> secrets_;
  std::vector<std::string> asked_;
  std::set<std::string, std::less<>> refused_;  // keys whose values are wrong, which has been said
  std::vector<config_problem> problems_, warnings_;
  bool credentials_elsewhere_;
};

}  // namespace authbroker
