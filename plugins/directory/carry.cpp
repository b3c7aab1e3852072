#include "carry.hpp"

namespace directory {
namespace {

// Kind, whether the addresses are complete and attributes are missing, then texts, each after its length in two bytes: DN, mailbox,
// and marked 'n' or 'a' each attribute's name and value and each address.
constexpr char complete = 1;
constexpr char missing = 2;
constexpr std::size_t length_bytes = 2;

bool put(std::string& out, std::initializer_list<std::string_view> texts, std::string_view mark = {}) {
  std::size_t total = mark.size();
  for (const std::string_view t : texts) total += length_bytes + t.size();
  if (out.size() + total > carry_bytes_max) return false;
  out += mark;
  for (const std::string_view t : texts) {
    out += static_cast<char>(t.size() >> 8);
    out += static_cast<char>(t.size() & 255);
    out += t;
  }
  return true;
}

bool take(std::string_view& in, std::string& out) {
  if (in.size() < length_bytes) return false;
  const std::size_t n = static_cast<std::size_t>(static_cast<unsigned char>(in[0])) << 8 | static_cast<unsigned char>(in[1]);
  if (in.size() - length_bytes < n) return false;
  out = in.substr(length_bytes, n);
  in.remove_prefix(length_bytes + n);
  return true;
}

}  // namespace

std::optional<std::string> to_carry(const person& who) {
  if (who.dn.empty() || who.dn.size() > dn_bytes_max) return {};
  std::string out;
  out.reserve(256);
  out += static_cast<char>(who.kind);
  out += '\0';
  if (!put(out, {who.dn, who.mailbox})) return {};
  // The addresses can be said to be incomplete; whoever reads attributes takes them for all.
  bool all = who.addresses_complete;
  bool cut = who.attributes_left_out;
  for (const auto& [name, value] : who.attributes) cut = !put(out, {name, value}, "n") || cut;
  for (const std::string& address : who.addresses) all = put(out, {address}, "a") && all;
  out[1] = static_cast<char>((all ? complete : 0) | (cut ? missing : 0));
  return out;
}

std::optional<person> from_carry(std::string_view in) {
  if (in.size() < 2 || static_cast<unsigned char>(in[0]) > ABK_KIND_RESOURCE) return {};
  person out;
  out.kind = static_cast<abk::mailbox_kind>(in[0]);
  out.addresses_complete = (in[1] & complete) != 0;
  out.attributes_left_out = (in[1] & missing) != 0;
  in.remove_prefix(2);
  if (!take(in, out.dn) || out.dn.empty() || !take(in, out.mailbox)) return {};
  while (!in.empty()) {
    const char mark = in[0];
    in.remove_prefix(1);
    std::string text;
    std::string value;
    if (mark == 'a' && take(in, text)) out.addresses.push_back(std::move(text));
    else if (mark == 'n' && take(in, text) && take(in, value)) out.attributes.emplace_back(std::move(text), std::move(value));
    else return {};
  }
  return out;
}

}  // namespace directory
