// The head of one HTTP request: request line and fields, up to and with the empty line. Boost.Beast reads the grammar; this
// file decides which heads are let through at all. What could be understood in two ways is refused, since a proxy in front
// may have understood the other.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "wire/http_error.hpp"
#include "wire/parsed.hpp"

namespace authbroker {

struct http_head_limits {
  std::size_t header_bytes_max = 32 * 1024;
  unsigned fields_max = 64;
};

// The fields that somebody here looks at, as views into the parsed bytes. Other fields cost nothing.
struct http_head {
  std::string_view method;           // "GET"
  std::string_view target;           // raw, as sent
  bool version_1_1 = false;
  bool keep_alive = false;
  bool content_encoding = false;     // other than "identity"
  bool expect_continue = false;
  bool expect_other = false;
  bool conflicting_client = false;   // more than one X-Real-IP
  std::uint32_t authorizations = 0;  // how many such fields
  std::optional<std::uint64_t> content_length;
  std::string_view content_type, authorization, host, origin;
  std::string_view token;            // X-Authbroker-Token
  std::string_view real_ip;          // X-Real-IP
  std::string_view forwarded_for;    // the last element of the last X-Forwarded-For
  std::string_view request_id;       // X-Request-ID: a proxy's own name of the request
  std::string_view fields;           // all header lines, for a path that has fields of its own

  std::string_view path() const { return target.substr(0, target.find('?')); }
  std::string_view query() const { return path().size() == target.size() ? std::string_view() : target.substr(path().size() + 1); }
  // The client's address as a proxy reports it; "" if it says nothing, or two things.
  std::string_view reported_client() const { return conflicting_client ? std::string_view() : !real_ip.empty() ? real_ip : forwarded_for; }
};

// Where the search for the head's end is to go on. Start each request with a fresh one.
struct http_head_scan {
  std::size_t line_begin = 0;
  std::size_t looked = 0;
  unsigned lines = 0;
};

struct http_head_outcome {
  progress what = progress::need_more;
  std::size_t used = 0;               // of a message: the head's bytes
  const http_error* error = nullptr;  // of a malformed one: static storage
  http_head head;
};

// `in` begins with the request; `scan` remembers what has been looked at, so that a head that comes byte by byte costs no
// more than one that comes at once. Pure but for `scan`.
// A message has: version 1.0 or 1.1, no Transfer-Encoding, at most one Content-Length and that one plain, exactly one Host
// (1.1), at most one Authorization, only CRLF line ends, no folded fields and no control characters.
http_head_outcome parse_http_head(std::string_view in, http_head_scan& scan, const http_head_limits& = {});

// What a path does with a body.
enum class http_body : std::uint8_t {
  ignored,  // never read: if there is one, the connection ends after the answer
  json,     // one JSON document
};
// The error that a good head deserves for what it says about its body, or nullptr. To be asked before a body byte is read.
const http_error* judge_body(const http_head&, http_body, std::size_t body_bytes_max);

}  // namespace authbroker
