// BER in tests: hexadecimal text to bytes and back, and elements built with lengths in the short or the Active Directory's form.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace bytes {

inline std::string from_hex(std::string_view hex) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string out, packed;
  for (const char c : hex)
    if (c != ' ') packed.push_back(c);
  for (std::size_t i = 0; i + 1 < packed.size(); i += 2) out.push_back(static_cast<char>(digit(packed[i]) * 16 + digit(packed[i + 1])));
  return out;
}

inline std::string to_hex(std::string_view in) {
  std::string out;
  for (const char c : in) {
    if (!out.empty()) out.push_back(' ');
    out.push_back("0123456789abcdef"[static_cast<unsigned char>(c) >> 4]);
    out.push_back("0123456789abcdef"[static_cast<unsigned char>(c) & 15]);
  }
  return out;
}

// An element whose length takes four bytes, as an Active Directory writes them all.
inline std::string wide(int tag, std::string_view content) {
  std::string out{static_cast<char>(tag), '\x84'};
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(content.size() >> shift & 0xff));
  return out.append(content);
}

// An element with the shortest length, up to 64 KiB.
inline std::string tlv(int tag, std::string_view content) {
  std::string out{static_cast<char>(tag)};
  if (content.size() >= 256) out += "\x82";
  else if (content.size() >= 128) out += "\x81";
  if (content.size() >= 256) out.push_back(static_cast<char>(content.size() >> 8));
  out.push_back(static_cast<char>(content.size() & 0xff));
  return out.append(content);
}

inline std::string result_fields(int code, std::string_view matched = {}, std::string_view text = {}) {
  return tlv(0x0a, std::string(1, static_cast<char>(code))) + tlv(4, matched) + tlv(4, text);
}

// A message with one operation, and what follows it.
inline std::string message(int id, int tag, std::string_view fields, std::string_view tail = {}) {
  return tlv(0x30, tlv(2, std::string(1, static_cast<char>(id))) + tlv(tag, fields) + std::string(tail));
}

inline std::string control(std::string_view oid, std::string_view value) { return tlv(0x30, tlv(4, oid) + tlv(4, value)); }
inline std::string controls(std::string_view all) { return tlv(0xa0, all); }

inline std::string attribute(std::string_view name, std::initializer_list<std::string_view> values) {
  std::string set;
  for (const std::string_view v : values) set += tlv(4, v);
  return tlv(0x30, tlv(4, name) + tlv(0x31, set));
}
inline std::string entry(int id, std::string_view dn, std::string_view attributes) { return message(id, 0x64, tlv(4, dn) + tlv(0x30, attributes)); }

}  // namespace bytes
