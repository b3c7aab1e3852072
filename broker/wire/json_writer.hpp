// JSON from its beginning to its end: no tree, and no allocation of its own while it is short.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/text_buffer.hpp"

namespace authbroker {

// `text` as a JSON string, quotes included. Bytes that are no UTF-8 become U+FFFD. Besides what JSON wants, '<', '>', '&',
// U+2028 and U+2029 are escaped, so that the text stays text when a caller pastes it into a page.
void append_json_string(text_buffer& out, std::string_view text);

// Writes one object or array; commas are its business. It is appended to the string once its end has been written. The names
// of members are literals that need no escaping.
//   json_writer w(out);
//   w.begin_object().member("verdict", "accept").member("elapsed_ms", 12).end_object();
class json_writer {
 public:
  explicit json_writer(std::string& out) : out_(out) {}
  json_writer& begin_object() { return open('{'); }
  json_writer& end_object() { return close('}'); }
  json_writer& begin_array() { return open('['); }
  json_writer& end_array() { return close(']'); }
  json_writer& key(std::string_view name);
  json_writer& value(std::string_view text);
  json_writer& value(const char* text) { return value(std::string_view(text)); }  // which would be taken for a bool
  json_writer& value(std::int64_t n);
  json_writer& value(bool b) { return word(b ? "true" : "false"); }
  json_writer& null() { return word("null"); }
  // After a value() that is the name of a member and may need escaping.
  json_writer& colon();

  template <class T>
  json_writer& member(std::string_view name, const T& v) {
    key(name);
    if constexpr (std::is_same_v<T, bool>)
      return value(v);
    else if constexpr (std::is_integral_v<T>)
      return value(static_cast<std::int64_t>(v));
    else
      return value(std::string_view(v));
  }

 private:
  json_writer& open(char c);
  json_writer& close(char c);
  json_writer& word(std::string_view);
  // Room for so many bytes behind the comma, if there is to be one.
  char* separate(std::size_t bytes) {
    char* const to = text_.room(bytes + 1);
    *to = ',';
    return to + std::exchange(comma_, true);
  }
  std::string& out_;
  text_buffer text_;
  unsigned depth_ = 0;
  bool comma_ = false;
};

}  // namespace authbroker
