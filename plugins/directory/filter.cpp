#include <algorithm>

#include "ber.hpp"
#include "filter_node.hpp"

namespace directory {
namespace {

using node = filter_template::node;

enum tag : std::uint32_t {
  all = 0xa0,
  any = 0xa1,
  none = 0xa2,
  equal = 0xa3,
  substrings = 0xa4,
  greater = 0xa5,
  less = 0xa6,
  present = 0x87,
  approximate = 0xa8,
  extensible = 0xa9,
  part_first = 0x80,
  part_any = 0x81,
  part_last = 0x82,
  extensible_rule = 0x81,
  extensible_attribute = 0x82,
  extensible_value = 0x83,
  extensible_dn = 0x84
};

void encode(const node& n, const values& v, std::string& out);

std::string assertion(std::string_view attribute, std::string_view value) {
  std::string out;
  out.reserve(attribute.size() + value.size() + 16);
  ber::put(out, ber::octets, attribute);
  ber::put(out, ber::octets, value);
  return out;
}

void encode_list(std::uint32_t tag, const node& n, const values& v, std::string& out) {
  std::string inner;
  inner.reserve(512);
  for (const node& child : n.children) encode(child, v, inner);
  ber::put(out, tag, inner);
}

// A part that is not empty in the template but empty with these values would match everything. An empty value matches nothing.
bool matches_nothing(const node& n, const values& v) {
  for (const value_template& part : n.parts)
    if (!part.empty() && part.raw(v).empty()) return true;
  return false;
}

void encode_substrings(const node& n, const values& v, std::string& out) {
  if (matches_nothing(n, v)) {
    ber::put(out, equal, assertion(n.attribute, {}));
    return;
  }
  std::string parts;
  for (std::size_t i = 0; i < n.parts.size(); ++i)
    if (!n.parts[i].empty()) ber::put(parts, i == 0 ? part_first : i + 1 == n.parts.size() ? part_last : part_any, n.parts[i].raw(v));
  std::string inner;
  ber::put(inner, ber::octets, n.attribute);
  ber::put(inner, ber::sequence, parts);
  ber::put(out, substrings, inner);
}

void encode_extensible(const node& n, const values& v, std::string& out) {
  std::string inner;
  if (!n.rule.empty()) ber::put(inner, extensible_rule, n.rule);
  if (!n.attribute.empty()) ber::put(inner, extensible_attribute, n.attribute);
  ber::put(inner, extensible_value, n.value.raw(v));
  if (n.dn_attributes) ber::put(inner, extensible_dn, "\xff");
  ber::put(out, extensible, inner);
}

void encode(const node& n, const values& v, std::string& out) {
  switch (n.how) {
    case match::all: encode_list(all, n, v, out); return;
    case match::any: encode_list(any, n, v, out); return;
    case match::none: encode_list(none, n, v, out); return;
    case match::equal: ber::put(out, equal, assertion(n.attribute, n.value.raw(v))); return;
    case match::greater: ber::put(out, greater, assertion(n.attribute, n.value.raw(v))); return;
    case match::less: ber::put(out, less, assertion(n.attribute, n.value.raw(v))); return;
    case match::approximate: ber::put(out, approximate, assertion(n.attribute, n.value.raw(v))); return;
    case match::present: ber::put(out, present, n.attribute); return;
    case match::substrings: encode_substrings(n, v, out); return;
    case match::extensible: encode_extensible(n, v, out); return;
  }
}

void render(const node& n, const values& v, std::string& out) {
  const auto value = [&](std::string_view how, const value_template& text) {
    out += n.attribute;
    out += how;
    out += filter_value(text.raw(v)).text();
  };
  const auto list = [&](char how) {
    out += how;
    for (const node& child : n.children) render(child, v, out);
  };
  out += '(';
  switch (n.how) {
    case match::all: list('&'); break;
    case match::any: list('|'); break;
    case match::none: list('!'); break;
    case match::equal: value("=", n.value); break;
    case match::greater: value(">=", n.value); break;
    case match::less: value("<=", n.value); break;
    case match::approximate: value("~=", n.value); break;
    case match::present: out += n.attribute + "=*"; break;
    case match::substrings:
      out += n.attribute + '=';
      if (matches_nothing(n, v)) break;
      for (std::size_t i = 0; i < n.parts.size(); ++i) {
        if (i > 0) out += '*';
        out += filter_value(n.parts[i].raw(v)).text();
      }
      break;
    case match::extensible:
      value(std::string(n.dn_attributes ? ":dn" : "") + (n.rule.empty() ? "" : ":" + n.rule) + ":=", n.value);
      break;
  }
  out += ')';
}

using places = std::initializer_list<value_template::place>;

bool bears(const node& n, places wanted) noexcept {
  const auto does = [wanted](const node& child) { return bears(child, wanted); };
  switch (n.how) {
    case match::all: return std::any_of(n.children.begin(), n.children.end(), does);
    case match::any: return std::all_of(n.children.begin(), n.children.end(), does);
    case match::none:
    case match::present: return false;
    case match::equal:
    case match::greater:
    case match::less:
    case match::approximate:
    case match::extensible: return n.value.has(wanted);
    case match::substrings: return std::any_of(n.parts.begin(), n.parts.end(), [wanted](const value_template& part) { return part.has(wanted); });
  }
  return false;
}

bool contains(const node& n, value_template::place where) noexcept {
  const auto does = [where](const value_template& v) { return v.has({where}); };
  return does(n.value) || std::any_of(n.parts.begin(), n.parts.end(), does) ||
         std::any_of(n.children.begin(), n.children.end(), [where](const node& child) { return contains(child, where); });
}

}  // namespace

void value_template::add(std::string_view literal) {
  if (pieces_.empty() || pieces_.back().where != place::none) pieces_.push_back({place::none, {}});
  pieces_.back().literal += literal;
}

std::string_view value_template::of(const piece& p, const values& v) noexcept {
  switch (p.where) {
    case place::none: return p.literal;
    case place::address: return v.address;
    case place::local: return v.local;
    case place::domain: return v.domain;
  }
  return {};
}

std::string value_template::raw(const values& v) const {
  std::string out;
  for (const piece& p : pieces_) out += of(p, v);
  return out;
}

bool value_template::has(std::initializer_list<place> wanted) const noexcept {
  for (const piece& p : pieces_)
    if (std::find(wanted.begin(), wanted.end(), p.where) != wanted.end()) return true;
  return false;
}

std::string filter_template::encode(const values& v) const {
  std::string out;
  directory::encode(*root_, v, out);
  return out;
}

std::string filter_template::render(const values& v) const {
  std::string out;
  directory::render(*root_, v, out);
  return out;
}

bool filter_template::has(value_template::place where) const noexcept { return contains(*root_, where); }

bool filter_template::bears(std::initializer_list<value_template::place> wanted) const noexcept { return directory::bears(*root_, wanted); }

}  // namespace directory
