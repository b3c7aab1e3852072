// What an SMTP server says, taken apart. Pure: bytes in, values out; nothing fails, what is no reply has the code 0.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace smtp {

// How much of one reply is read, line ends included; beyond it the reply is nonsense. RFC 5321 has lines of 512 bytes at most:
// servers are known that send more.
struct bounds {
  std::size_t line_bytes = 2048;
  std::size_t lines = 128;
  std::size_t bytes = std::size_t{64} * 1024 - 1;
};

// An enhanced status code (RFC 3463), such as 5.7.8. All zero: there is none.
struct enhanced {
  std::uint16_t kind = 0;  // the class: 2, 4 or 5
  std::uint16_t subject = 0;
  std::uint16_t detail = 0;
  explicit operator bool() const noexcept { return kind != 0; }
  friend bool operator==(const enhanced&, const enhanced&) = default;
};

// One whole reply, of one line or of several.
struct reply {
  std::uint16_t code = 0;  // 200 to 599; 0: it is no reply
  enhanced status;         // as the lines that bear one agree
  bool contradicts = false;  // the lines' status codes differ, or their class is not the code's: what it means is open
  bool crlf = false;       // every line ended in CR LF, as it must; a yes needs that
  bool no_digits = false;  // code 0 because a line began with no code at all: perhaps another protocol
  std::string text;        // what follows the code, status codes included; lines are joined by LF. Bytes, not checked.

  bool positive() const noexcept { return code / 100 == 2; }
  bool temporary() const noexcept { return code / 100 == 4; }
  bool permanent() const noexcept { return code / 100 == 5; }
};

// One line of a reply. A code is three digits, the first 2 to 5, followed by SP or '-', or by nothing at all, which some servers
// leave off with the text. A bare CR is part of the text; a bare LF ends the line.
struct reply_line {
  std::uint16_t code = 0;  // 0: not such a line
  bool more = false;       // "250-"
  bool crlf = false;
  std::string_view text;   // into the line
};
reply_line parse_line(std::string_view line_with_its_end);

// The status code at the start of a line's text, or none. Three numbers of at most three digits, the first one digit.
enhanced parse_status(std::string_view text);

// Puts a reply together from its lines. A reply whose lines bear different codes is nonsense.
class reply_reader {
 public:
  explicit reply_reader(bounds b = {}) : bounds_(b) {}
  // Takes the next line with its end. True: the reply is complete, or is none, and take() has it.
  bool add(std::string_view line_with_its_end);
  // The reply; the reader begins anew.
  reply take();

 private:
  bool broken();
  bounds bounds_;
  reply reply_;
  std::size_t lines_ = 0, bytes_ = 0;
};

// The reply at the start of `in`, for sessions that see bytes and not lines. bytes 0: it is not complete yet. A line or a reply
// that is too long is nonsense as soon as that is seen.
struct taken {
  std::size_t bytes = 0;  // what to consume
  reply said;
};
taken take_reply(std::string_view in, bounds b = {});

// "535 5.7.8 text", lines joined by blanks: for operator texts.
std::string in_words(const reply&);

}  // namespace smtp
