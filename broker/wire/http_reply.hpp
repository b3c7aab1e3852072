// An HTTP reply as a value, and its bytes.
#pragma once
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/answer.hpp"
#include "wire/http_error.hpp"

namespace authbroker {

struct http_field {
  std::string_view name;  // a literal
  std::string value;      // a value that holds control characters is left out, name and all
};

struct http_reply {
  unsigned status = 503;
  std::string_view content_type = "application/json";  // a literal
  std::string body;
  std::vector<http_field> fields;
  bool close = false;               // end the connection after this reply
  steady::time_point not_before{};  // sent no earlier
};

// {"error":code,"text":text}. `text`, if given, replaces the error's own. Ends the connection.
http_reply make_error(const http_error&, std::string_view text = {});

struct reply_form {
  bool keep_alive = true;
  bool version_1_1 = true;
  bool head_only = false;  // the answer to HEAD: all but the body
};
// Appends head and body. Every reply has Content-Length and Cache-Control: no-store.
void append_reply(std::string& out, const http_reply&, const reply_form&);

inline constexpr std::string_view continue_reply = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace authbroker
