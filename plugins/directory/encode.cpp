#include "ber.hpp"
#include "messages.hpp"

#include <stdexcept>

namespace directory {
namespace {

enum operation : std::uint32_t { bind = 0x60, unbind = 0x42, search = 0x63, abandon = 0x50, extended = 0x77, controls = 0xa0 };
constexpr std::uint32_t simple_password = 0x80;
constexpr std::uint32_t extended_name = 0x80;

std::string whole(std::int32_t id, const std::string& operation) {
  std::string inner;
  ber::put_number(inner, ber::integer, id);
  inner += operation;
  std::string out;
  ber::put(out, ber::sequence, inner);
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
  std::string fields;
  ber::put_number(fields, ber::integer, 3);
  ber::put(fields, ber::octets, name);
  ber::put_header(fields, simple_password, password.size());

  bind_request out;
  if (ask_policy) out.tail = policy_request();
  std::string inner;
  ber::put_number(inner, ber::integer, id);
  ber::put_header(inner, bind, fields.size() + password.size());
  inner += fields;
  ber::put_header(out.head, ber::sequence, inner.size() + password.size() + out.tail.size());
  out.head += inner;
  return out;
}

std::string encode_search(std::int32_t id, const search_request& what) {
  std::string names;
  if (what.attributes.empty()) ber::put(names, ber::octets, "1.1");
  for (const std::string& name : what.attributes) ber::put(names, ber::octets, name);

  std::string fields;
  ber::put(fields, ber::octets, what.base);
  ber::put_number(fields, ber::enumerated, static_cast<std::int32_t>(what.scope));
  ber::put_number(fields, ber::enumerated, 0);  // never dereference aliases: their target may be anywhere
  ber::put_number(fields, ber::integer, what.size_limit);
  ber::put_number(fields, ber::integer, static_cast<std::int32_t>(what.time_limit.count()));
  ber::put(fields, ber::boolean, std::string_view("\0", 1));  // values, not types only
  fields += what.filter;
  ber::put(fields, ber::sequence, names);
  std::string operation;
  ber::put(operation, search, fields);
  return whole(id, operation);
}

std::string encode_start_tls(std::int32_t id) {
  std::string name, operation;
  ber::put(name, extended_name, oid_start_tls);
  ber::put(operation, extended, name);
  return whole(id, operation);
}

std::string encode_abandon(std::int32_t id, std::int32_t abandoned) {
  std::string operation;
  ber::put_number(operation, abandon, abandoned);
  return whole(id, operation);
}

std::string encode_unbind(std::int32_t id) {
  std::string operation;
  ber::put_header(operation, unbind, 0);
  return whole(id, operation);
}

}  // namespace directory
