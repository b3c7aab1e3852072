// Typed reading of one table of the configuration. A reader never stops at the first complaint: it reports, leaves the
// default in place, and goes on.
#pragma once
#include <chrono>
#include <concepts>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/settings.hpp"

namespace authbroker {

// What one load collects.
struct reading {
  std::vector<config_problem> problems;
  std::vector<config_problem> warnings;
  std::map<std::string, place, std::less<>> places;  // see configuration::places
  bool credentials_elsewhere = false;
  // Where relative paths start; "" means: the directory of the file that names them.
  std::string base_dir;

  std::string path_from(const place&, const std::string& path) const;
};

// A value as a person wrote it, for "found ...": quoted, escaped and cut.
std::string as_found(const setting&);
// Words for "wanted: ...": "a", "b" or "c", each in quotes.
std::string one_of(std::span<const std::string_view> words);

// A text and where it stood.
struct placed_text {
  std::string text;
  place where;
};

class section {
 public:
  // `schema` is the table's path in keys.hpp, `label` its path in messages, such as "backend.mail1.pool". `table` outlives this.
  section(reading& all, const setting& table, std::string schema, std::string label);

  // nullptr if the key is not written. Throws std::logic_error if keys.hpp does not list the key.
  const setting* find(std::string_view key) const;
  place where(std::string_view key) const;  // of the key, or of the table if it is not written

  // Each reads one key: true if it is written and right, and then sets `out`; what is wrong is reported.
  bool text(std::string_view key, std::string& out) const;
  bool boolean(std::string_view key, bool& out) const;
  bool whole(std::string_view key, std::uint32_t min, std::uint32_t max, std::uint32_t& out) const;
  bool duration(std::string_view key, std::string_view min, std::string_view max, std::chrono::milliseconds& out) const;
  bool size(std::string_view key, std::string_view min, std::string_view max, std::uint32_t& out) const;
  bool texts(std::string_view key, std::vector<placed_text>& out) const;
  bool texts(std::string_view key, std::vector<std::string>& out) const;
  // A path: text, made relative to the configuration's directory; "" stays "".
  bool path(std::string_view key, std::string& out) const;
  // One of `words`, which belong to `values` one to one.
  template <class T>
  bool word(std::string_view key, std::span<const std::string_view> words, std::span<const T> values, T& out) const {
    std::size_t index = 0;
    if (!word_index(key, words, index)) return false;
    out = values[index];
    return true;
  }
  // The table at `key`; an empty table, with this one's place, if it is not written or is no table (which is reported).
  section sub(std::string_view key) const;

  void missing(std::string_view key, std::string_view wanted) const;
  // "key: found <what is written>; wanted: <wanted>"
  void bad(std::string_view key, std::string_view wanted) const;
  void problem(const place&, std::string_view key, std::string what) const;
  void warning(const place&, std::string_view key, std::string what) const;
  // Reports each key that keys.hpp does not list, with the nearest that it does.
  void refuse_unknown() const;

  const std::string& label() const { return label_; }
  const place& at() const { return table_->where; }
  reading& all() const { return all_; }

 private:
  bool word_index(std::string_view key, std::span<const std::string_view> words, std::size_t& index) const;
  std::string full(std::string_view key) const { return label_.empty() ? std::string(key) : label_ + "." + std::string(key); }

  reading& all_;
  const setting* table_;
  std::string schema_, label_;
};

}  // namespace authbroker
