#include "ber.hpp"
#include "messages.hpp"

#include <stdexcept>

namespace directory {
namespace {

enum operation : std::uint32_t { bind = 0x60, unbind = 0x42, search = 0x63, abandon = 0x50, extended = 0x77, controls = 0xa0 };
constexpr std::uint32_t simple_password = 0x80;
constexpr std::uint32_t extended_name = 0x80;

constexpr std::size_t header_bytes_max = 6;
constexpr std::size_t numbers_bytes_max = 48;  // what a request holds besides texts

std::string whole(std::int32_t id, std::uint32_t tag, std::string_view fields) {
  std::string number;
  ber::put_number(number, ber::integer, id);
  std::string out;
  out.reserve(fields.size() + number.size() + 2 * header_bytes_max);
  ber::put_header(out, ber::sequence, number.size() + ber::header_bytes(fields.size()) + fields.size());
  out += number;
  ber::put(out, tag, fields);
  return out;
}

std::string policy_request() {
  std::string oid, one, out;
  ber::put(oid, ber::octets, oid_password_policy);
  ber::put(one, ber::sequence, oid);
  ber::put(out, controls, one);
  return out;
}

}  // namespace

bind_request encode_bind(std::int32_t id, std::string_view name, abk::secret_view password, bool ask_policy) {
  if (name.empty()) throw std::logic_error("a bind with an empty name is anonymous");
  if (password.empty()) throw std::logic_error("a bind with an empty password is anonymous");
  static const std::string policy = policy_request();
  constexpr std::int32_t version = 3;
  const std::size_t fields = ber::number_bytes(version) + ber::header_bytes(name.size()) + name.size() + ber::header_bytes(password.size()) + password.size();
  bind_request out;
  if (ask_policy) out.tail = policy;
  ber::put_header(out.head, ber::sequence, ber::number_bytes(id) + ber::header_bytes(fields) + fields + out.tail.size());
  ber::put_number(out.head, ber::integer, id);
  ber::put_header(out.head, bind, fields);
  ber::put_number(out.head, ber::integer, version);
  ber::put_header(out.head, ber::octets, name.size());
  ber::put_header(out.between, simple_password, password.size());
  return out;
}

std::string encode_search(std::int32_t id, const search_request& what) {
  std::size_t names_bytes = numbers_bytes_max;
  for (const std::string& name : what.attributes) names_bytes += name.size() + header_bytes_max;
  std::string names;
  names.reserve(names_bytes);
  if (what.attributes.empty()) ber::put(names, ber::octets, "1.1");
  for (const std::string& name : what.attributes) ber::put(names, ber::octets, name);

  std::string fields;
  fields.reserve(what.base.size() + what.filter.size() + names_bytes + numbers_bytes_max);
  ber::put(fields, ber::octets, what.base);
  ber::put_number(fields, ber::enumerated, static_cast<std::int32_t>(what.scope));
  ber::put_number(fields, ber::enumerated, 0);  // never dereference aliases: their target may be anywhere
  ber::put_number(fields, ber::integer, what.size_limit);
  ber::put_number(fields, ber::integer, static_cast<std::int32_t>(what.time_limit.count()));
  ber::put(fields, ber::boolean, std::string_view("\0", 1));  // values, not types only
  fields += what.filter;
  ber::put(fields, ber::sequence, names);
  return whole(id, search, fields);
}

std::string encode_start_tls(std::int32_t id) {
  std::string name;
  ber::put(name, extended_name, oid_start_tls);
  return whole(id, extended, name);
}

std::string encode_abandon(std::int32_t id, std::int32_t abandoned) {
  // Its content is the number alone, without a header of its own.
  std::string number;
  ber::put_number(number, ber::integer, abandoned);
  return whole(id, abandon, std::string_view(number).substr(2));
}

std::string encode_unbind(std::int32_t id) { return whole(id, unbind, {}); }

}  // namespace directory
