#include "wire/http_reply.hpp"

#include <array>
#include <charconv>

#include "wire/json_writer.hpp"

namespace authbroker {
namespace {

std::string_view phrase(unsigned status) {
  switch (status) {
    case 200: return "200 OK";
    case 400: return "400 Bad Request";
    case 401: return "401 Unauthorized";
    case 403: return "403 Forbidden";
    case 404: return "404 Not Found";
    case 405: return "405 Method Not Allowed";
    case 409: return "409 Conflict";
    case 411: return "411 Length Required";
    case 413: return "413 Content Too Large";
    case 415: return "415 Unsupported Media Type";
    case 417: return "417 Expectation Failed";
    case 422: return "422 Unprocessable Content";
    case 431: return "431 Request Header Fields Too Large";
    case 500: return "500 Internal Server Error";
    case 501: return "501 Not Implemented";
    case 503: return "503 Service Unavailable";
    case 505: return "505 HTTP Version Not Supported";
    default: return {};
  }
}

void append_number(std::string& out, std::size_t n) {
  std::array<char, 24> digits;
  const char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), n).ptr;
  out.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
}

bool fit_for_a_field(std::string_view value) {
  for (const char c : value)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
  return true;
}

}  // namespace

http_reply make_error(const http_error& e, std::string_view text) {
  http_reply r;
  r.status = e.status;
  r.close = true;  // after a misunderstanding nobody can say where the next request begins
  json_writer w(r.body);
  w.begin_object().member("error", e.code).member("text", text.empty() ? e.text : text).end_object();
  r.body += '\n';
  return r;
}

void append_reply(std::string& out, const http_reply& r, const reply_form& form) {
  out.reserve(out.size() + 192 + r.body.size());
  // A client of HTTP/1.0 is answered as HTTP/1.1, as servers do: the version is the server's, the framing suits both.
  out += "HTTP/1.1 ";
  if (const std::string_view known = phrase(r.status); !known.empty()) {
    out += known;
  } else {
    append_number(out, r.status);
    out += ' ';
  }
  out += "\r\nContent-Type: ";
  out += r.content_type;
  out += "\r\nContent-Length: ";
  append_number(out, r.body.size());
  out += "\r\nCache-Control: no-store\r\n";
  if (!form.keep_alive || r.close)
    out += "Connection: close\r\n";
  else if (!form.version_1_1)
    out += "Connection: keep-alive\r\n";
  for (const http_field& f : r.fields) {
    if (!fit_for_a_field(f.value)) continue;
    out += f.name;
    out += ": ";
    out += f.value;
    out += "\r\n";
  }
  out += "\r\n";
  if (!form.head_only) out += r.body;
}

}  // namespace authbroker
