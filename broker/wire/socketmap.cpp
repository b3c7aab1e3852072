#include "wire/socketmap.hpp"

#include "wire/netstring.hpp"

namespace authbroker {
namespace {

std::string_view word(socketmap_status s) {
  switch (s) {
    case socketmap_status::ok: return "OK ";
    case socketmap_status::not_found: return "NOTFOUND ";
    case socketmap_status::temp: return "TEMP ";
  }
  return "TEMP ";
}

}  // namespace

socketmap_outcome parse_socketmap(std::string_view in, socketmap_limits limits) {
  const netstring_outcome frame = parse_netstring(in, limits.request_bytes_max);
  socketmap_outcome out;
  out.what = frame.what;
  if (frame.what != progress::message) return out;
  out.used = frame.used;
  const std::size_t space = frame.payload.find(' ');
  out.has_key = space != std::string_view::npos;
  out.request.map = frame.payload.substr(0, space);
  if (out.has_key) out.request.key = frame.payload.substr(space + 1);
  return out;
}

void append_socketmap(std::string& out, socketmap_status s, std::string_view text) {
  if ((s == socketmap_status::ok && text.empty()) || text.size() > socketmap_text_bytes_max) {
    s = socketmap_status::temp;
    text = "no value that can be said";
  }
  std::string payload;
  payload.reserve(word(s).size() + text.size());
  payload += word(s);
  payload += text;
  append_netstring(out, payload);
}

std::string encode_socketmap(const socketmap_request& r) {
  std::string payload(r.map);
  payload += ' ';
  payload += r.key;
  std::string out;
  append_netstring(out, payload);
  return out;
}

}  // namespace authbroker
