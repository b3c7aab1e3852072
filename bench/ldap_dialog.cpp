// The load generator as an LDAP client of its own, without any library: as fast as a client can be, so that a directory alone,
// not what asks it, is the measure. The directory is that of directory.py: uid=...,ou=people,dc=bench,dc=example.
#include <cstdint>

#include "dialogs.hpp"

namespace bench {
namespace {

constexpr const char* people = "ou=people,dc=bench,dc=example";

// One element; contents of these messages stay below 64 KiB.
std::string element(unsigned tag, const std::string& content) {
  std::string out(1, static_cast<char>(tag));
  if (content.size() < 128) out += static_cast<char>(content.size());
  else (out += '\x82', out += static_cast<char>(content.size() >> 8), out += static_cast<char>(content.size() & 255));
  return out + content;
}

std::string number(unsigned tag, std::uint32_t n) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(n >> shift & 255);
  return element(tag, bytes);
}

class ldap : public dialog {
 public:
  explicit ldap(bool search) : search_(search) {}
  bool kept() const override { return true; }

  std::string begin(const question& q) override {
    asked_ = q;
    local_ = q.user.substr(0, q.user.find('@'));
    found_.clear();
    if (!search_) return bind("uid=" + local_ + ',' + people);
    const std::string filter = element(0xa3, element(4, "mail") + element(4, q.user));
    const std::string limits = number(2, 2) + number(2, 0) + element(1, std::string(1, '\0'));
    return message(element(0x63, element(4, people) + element(0x0a, "\x02") + element(0x0a, std::string(1, '\0')) + limits + filter + element(0x30, element(4, "mail"))));
  }

  verdict go_on(std::string& in, std::string& out, bool ended) override {
    for (;;) {
      const std::size_t size = message_size(in);
      if (size == 0 || in.size() < size) return ended ? verdict::later : verdict::none;
      const verdict v = read(std::string_view(in).substr(0, size), out);
      in.erase(0, size);
      if (v != verdict::none) return v;
    }
  }

 private:
  std::string message(const std::string& operation) { return element(0x30, number(2, ++id_) + operation); }
  std::string bind(const std::string& dn) { return message(element(0x60, number(2, 3) + element(4, dn) + element(0x80, asked_.password))); }

  // Of the element that `in` begins with, its header included; 0 if that is not known yet.
  static std::size_t message_size(std::string_view in) {
    if (in.size() < 2) return 0;
    const auto byte = [&](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(in[i])); };
    if (byte(1) < 128) return 2 + byte(1);
    const std::size_t more = byte(1) & 127;
    if (more > 4 || in.size() < 2 + more) return 0;
    std::size_t size = 0;
    for (std::size_t i = 0; i < more; ++i) size = size << 8 | byte(2 + i);
    return 2 + more + size;
  }

  static std::string_view content(std::string_view in, std::string_view& rest) {
    const std::size_t size = message_size(in);
    const std::size_t head = static_cast<unsigned char>(in[1]) < 128 ? 2 : 2 + (static_cast<unsigned char>(in[1]) & 127);
    rest = in.substr(size);
    return in.substr(head, size - head);
  }

  verdict read(std::string_view in, std::string& out) {
    std::string_view rest;
    const std::string_view whole = content(in, rest);
    content(whole, rest);  // the id: one question at a time, so it is ours
    const unsigned tag = static_cast<unsigned char>(rest[0]);
    std::string_view ignored;
    const std::string_view body = content(rest, ignored);
    const std::string_view first = content(body, ignored);
    switch (tag) {
      case 0x61: return first == std::string_view("\0", 1) ? verdict::yes : first == "\x31" ? verdict::no : verdict::later;
      case 0x64: found_ = first; return verdict::none;
      case 0x65:
        if (first != std::string_view("\0", 1) || found_.empty()) return verdict::nonsense;
        out += bind(found_);
        return verdict::none;
      default: return verdict::nonsense;
    }
  }

  bool search_;
  question asked_;
  std::string local_, found_;
  std::uint32_t id_ = 0;
};

}  // namespace

std::unique_ptr<dialog> make_ldap_dialog(bool search) { return std::make_unique<ldap>(search); }

}  // namespace bench
