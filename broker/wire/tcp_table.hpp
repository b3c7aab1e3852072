// Postfix's tcp_table protocol: "get KEY" asks, "200 VALUE", "500 text" or "400 text" answers, one line each, one after the
// other on one connection. '%', white space, controls and what is not ASCII are written %XX both ways.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "wire/parsed.hpp"

namespace authbroker {

inline constexpr std::size_t tcp_table_line_bytes_max = 4096;  // the newline included

struct tcp_table_outcome {
  progress what = progress::need_more;
  std::size_t used = 0;    // of a message: its line
  bool is_get = false;     // false: a line that asks for nothing that is known here, or whose encoding is wrong
  std::string key;         // decoded: any bytes
};
// Pure. Malformed only when no newline comes within the limit.
tcp_table_outcome parse_tcp_table(std::string_view in, std::size_t line_bytes_max = tcp_table_line_bytes_max);

enum class tcp_table_status : unsigned short { found = 200, temporary = 400, not_found = 500 };
// Appends a reply. One without a text, or with one that does not fit into a line, would be malformed: it becomes a 400.
void append_tcp_table(std::string& out, tcp_table_status, std::string_view text);

// The inverse of the parser, for tests and clients.
std::string encode_tcp_table(std::string_view key);

}  // namespace authbroker
