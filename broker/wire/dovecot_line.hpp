// What Dovecot's authentication protocols have in common: lines that end in LF, fields that TABs part, and an escape for values
// that hold either. Both ends may send lines of any words and fields that the other does not know.
//
// Pure. A line may hold a password in base64: it is looked at where it lies, and never copied here.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "wire/parsed.hpp"

namespace authbroker {

// Dovecot's own client library sends no longer lines, and takes none.
inline constexpr std::size_t dovecot_line_bytes_max = 16 * 1024;

struct dovecot_line {
  progress what = progress::need_more;
  std::size_t used = 0;   // of a message: with its LF
  std::string_view text;  // without
};
// The first line of `in`. Malformed: there are `bytes_max` bytes, and none of them ends it.
dovecot_line take_dovecot_line(std::string_view in, std::size_t bytes_max = dovecot_line_bytes_max);

// The fields of a line, one after the other. "" is one empty field.
class dovecot_fields {
 public:
  explicit dovecot_fields(std::string_view line) : rest_(line) {}
  // False when there are no more; then `out` is left as it was.
  bool next(std::string_view& out);

 private:
  std::string_view rest_;
  bool more_ = true;
};

// A decimal number of 32 bits as these protocols write it: digits, no sign, no needless zero in front.
std::optional<std::uint32_t> dovecot_number(std::string_view);
// The next field names a request: a number other than 0. False, and `id` as it was, if it does not.
bool read_dovecot_id(dovecot_fields&, std::uint32_t& id);
// The next two fields are a version.
bool read_dovecot_version(dovecot_fields&, std::uint32_t& major, std::uint32_t& minor);
// The value, if the field is "name=value".
std::optional<std::string_view> dovecot_value(std::string_view field, std::string_view name);

// Appends the word and the id, with which every reply begins.
void begin_dovecot_reply(std::string& out, std::string_view word, std::uint32_t id);
// Appends `text` so that it is one value: NUL, 0x01, TAB, LF and CR as 0x01 and a letter or digit.
void append_dovecot_text(std::string& out, std::string_view text);
// The inverse. 0x01 before any other byte stands for that byte; at the end, for nothing.
std::string dovecot_text(std::string_view escaped);

}  // namespace authbroker
