#include "ber.hpp"
#include "messages.hpp"
#include "text.hpp"

#include <algorithm>
#include <cstring>

namespace directory {
namespace {

enum reply : std::uint32_t { bind = 0x61, entry = 0x64, done = 0x65, reference = 0x73, extended = 0x78 };
constexpr std::uint32_t tag_controls = 0xa0;
constexpr std::uint32_t tag_referral = 0xa3;
constexpr std::uint32_t tag_sasl_credentials = 0x87;
constexpr std::uint32_t tag_extended_name = 0x8a;

bool read_urls(const ber::lens& l, std::string_view content, std::vector<std::string_view>& out) {
  for (ber::reader in(l, content); !in.done();) {
    std::string_view url;
    if (!in.next(ber::octets, url)) return false;
    if (out.size() < referral_urls_max) out.push_back(url);
  }
  return true;
}

// The parts that every result has; what follows them stays in `in`.
bool read_result(ber::reader& in, result& out) {
  std::int32_t code = 0;
  if (!in.next_number(ber::enumerated, code) || code < 0) return false;
  out.code = static_cast<result_code>(code);
  return in.next(ber::octets, out.matched) && in.next(ber::octets, out.text);
}

// The optional parts. Those that are not known are passed over, as RFC 4511 section 4 asks.
bool read_tail(const ber::lens& l, ber::reader& in, result& out, bool& sasl, std::string_view& name) {
  while (!in.done()) {
    ber::element one;
    if (!in.next(one)) return false;
    if (one.tag == tag_referral && !read_urls(l, one.content, out.referrals)) return false;
    if (one.tag == tag_sasl_credentials) sasl = true;
    if (one.tag == tag_extended_name) name = one.content;
  }
  return true;
}

// "range=0-1499": an Active Directory hands out long lists in parts. The part that ends in "*" is the last one.
bool is_partial(std::string_view options) noexcept {
  const std::size_t at = options.find(";range=");
  return at != std::string_view::npos && (at != 0 || !options.ends_with("-*") || !options.starts_with(";range=0-"));
}

attribute& place_of(std::vector<attribute>& all, std::string_view name) {
  for (attribute& a : all)
    if (same_word(a.name, name)) return a;
  return all.emplace_back(attribute{name, {}});
}

bool read_entry(const ber::lens& l, std::string_view content, search_entry& out) {
  ber::reader in(l, content);
  std::string_view list;
  if (!in.next(ber::octets, out.dn) || !in.next(ber::sequence, list)) return false;
  std::size_t values = 0;
  for (ber::reader attributes(l, list); !attributes.done();) {
    std::string_view one, description, set;
    if (!attributes.next(ber::sequence, one)) return false;
    ber::reader fields(l, one);
    if (!fields.next(ber::octets, description) || !fields.next(ber::set, set)) return false;
    const std::string_view name = description.substr(0, description.find(';'));
    const bool keep = out.attributes.size() < entry_attributes_max;
    attribute* const to = keep ? &place_of(out.attributes, name) : nullptr;
    bool& cut = to != nullptr ? to->truncated : out.truncated;
    if (to == nullptr || is_partial(description.substr(name.size()))) cut = true;
    for (ber::reader all(l, set); !all.done();) {
      std::string_view value;
      if (!all.next(ber::octets, value)) return false;
      if (to != nullptr && to->values.size() < attribute_values_max && values < entry_values_max) {
        to->values.push_back(value);
        ++values;
      } else {
        cut = true;
      }
    }
  }
  return true;
}

bool read_controls(const ber::lens& l, std::string_view content, std::vector<control>& out) {
  for (ber::reader in(l, content); !in.done();) {
    std::string_view one;
    control c;
    if (out.size() == controls_max || !in.next(ber::sequence, one)) return false;
    ber::reader fields(l, one);
    if (!fields.next(ber::octets, c.oid)) return false;
    while (!fields.done()) {
      ber::element field;
      if (!fields.next(field)) return false;
      if (field.tag == ber::boolean) {
        if (field.content.size() != 1) return false;
        c.critical = field.content.front() != 0;
      } else if (field.tag == ber::octets && !c.value) {
        c.value = field.content;
      } else {
        return false;
      }
    }
    out.push_back(c);
  }
  return true;
}

bool read_body(const ber::lens& l, const ber::element& op, message& out) {
  ber::reader in(l, op.content);
  bool sasl = false;
  std::string_view name;
  result r;
  switch (op.tag) {
    case entry: return read_entry(l, op.content, out.body.emplace<search_entry>());
    case reference: return !op.content.empty() && read_urls(l, op.content, out.body.emplace<search_reference>().urls);
    case bind:
    case done:
    case extended:
      if (!read_result(in, r) || !read_tail(l, in, r, sasl, name)) return false;
      if (op.tag == bind) out.body = bind_result{std::move(r), sasl};
      else if (op.tag == done) out.body = search_done{std::move(r)};
      else out.body = extended_result{std::move(r), name};
      return true;
    default: out.body = other_message{op.tag}; return true;
  }
}

}  // namespace

std::span<const std::string_view> search_entry::values(std::string_view name) const noexcept {
  for (const attribute& a : attributes)
    if (same_word(a.name, name)) return a.values;
  return {};
}

bool search_entry::whole(std::string_view name) const noexcept {
  return !truncated && std::none_of(attributes.begin(), attributes.end(), [name](const attribute& a) { return a.truncated && same_word(a.name, name); });
}

bool message::is_disconnection() const noexcept {
  const auto* notice = std::get_if<extended_result>(&body);
  return id == 0 && notice != nullptr && notice->oid == oid_disconnection;
}

frame next_message(std::string_view in, std::size_t bytes_max) noexcept {
  const auto malformed = [](const char* problem) { return frame{frame::state::malformed, 0, problem}; };
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(in[i]); };
  const frame more{frame::state::need_more, 0, ""};
  if (in.empty()) return more;
  if (at(0) != ber::sequence) return malformed("what came does not begin an LDAP message");
  if (in.size() < 2) return more;
  std::size_t header = 2;
  std::size_t length = at(1);
  if (length >= 0x80) {
    // An Active Directory writes every length in four bytes, so the shortest form cannot be asked for.
    const std::size_t digits = length & 0x7f;
    if (digits == 0) return malformed("a message of indefinite length");
    if (digits > 4) return malformed("a message whose length takes more than four bytes");
    length = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (in.size() <= header) return more;
      length = length << 8 | at(header++);
    }
  }
  if (length > bytes_max - std::min(bytes_max, header)) return malformed("a message that is larger than what is taken");
  if (in.size() - header < length) return more;
  return {frame::state::message, header + length, ""};
}

namespace {

// Returns what is wrong with it, or nullptr.
const char* read_message(std::string_view one, message& out) {
  // One byte more than came: liblber looks at the byte behind an element, which here is always ours.
  out.bytes = std::make_unique_for_overwrite<char[]>(one.size() + 1);
  out.bytes[one.size()] = '\0';
  if (!one.empty()) std::memcpy(out.bytes.get(), one.data(), one.size());

  thread_local const ber::lens l;
  ber::reader outer(l, std::string_view(out.bytes.get(), one.size()));
  std::string_view content;
  if (!outer.next(ber::sequence, content) || !outer.done()) return "a message that is not one sequence";
  ber::reader in(l, content);
  ber::element op;
  if (!in.next_number(ber::integer, out.id) || out.id < 0) return "a message without an id";
  if (!in.next(op)) return "a message without an operation";
  while (!in.done()) {
    ber::element more;
    if (!in.next(more)) return "a message with a broken end";
    if (more.tag == tag_controls && !read_controls(l, more.content, out.controls)) return "controls that cannot be read";
  }
  return read_body(l, op, out) ? nullptr : "an operation that cannot be read";
}

}  // namespace

decoded decode(std::string_view one) {
  decoded out;
  if (const char* const problem = read_message(one, out.value.emplace())) {
    out.value.reset();
    out.problem = problem;
  }
  return out;
}

std::string_view name_of(result_code code) noexcept {
  switch (code) {
    case result_code::success: return "success";
    case result_code::operations_error: return "operationsError";
    case result_code::protocol_error: return "protocolError";
    case result_code::time_limit_exceeded: return "timeLimitExceeded";
    case result_code::size_limit_exceeded: return "sizeLimitExceeded";
    case result_code::auth_method_not_supported: return "authMethodNotSupported";
    case result_code::stronger_auth_required: return "strongerAuthRequired";
    case result_code::referral: return "referral";
    case result_code::admin_limit_exceeded: return "adminLimitExceeded";
    case result_code::unavailable_critical_extension: return "unavailableCriticalExtension";
    case result_code::confidentiality_required: return "confidentialityRequired";
    case result_code::sasl_bind_in_progress: return "saslBindInProgress";
    case result_code::no_such_attribute: return "noSuchAttribute";
    case result_code::constraint_violation: return "constraintViolation";
    case result_code::no_such_object: return "noSuchObject";
    case result_code::invalid_dn_syntax: return "invalidDNSyntax";
    case result_code::inappropriate_authentication: return "inappropriateAuthentication";
    case result_code::invalid_credentials: return "invalidCredentials";
    case result_code::insufficient_access: return "insufficientAccessRights";
    case result_code::busy: return "busy";
    case result_code::unavailable: return "unavailable";
    case result_code::unwilling_to_perform: return "unwillingToPerform";
    case result_code::other: return "other";
  }
  return "result";
}

}  // namespace directory
