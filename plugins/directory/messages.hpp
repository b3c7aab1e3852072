// LDAP messages (RFC 4511) between bytes and values. Pure: no socket, no clock, no library that reads files or environment.
// Writing needs a few lines of its own, so that no password ever lies in a library's buffer; reading is liblber's work, on a
// bounded copy. What the other side sent is never believed further than its own length.
#pragma once
#include <abk/secret.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace directory {

// What a plugin's host keeps unread at most. A larger message is malformed as soon as its length is read, but for entries that somebody
// waits for: a member of thousands of groups has that many values.
inline constexpr std::size_t message_bytes_max = std::size_t{64} * 1024;
inline constexpr std::size_t large_message_bytes_max = std::size_t{1024} * 1024;
inline constexpr std::size_t attribute_values_max = 1024;  // values kept of one attribute, so that one with many leaves room for others
inline constexpr std::size_t entry_values_max = 8 * attribute_values_max;  // and of all
inline constexpr std::size_t entry_attributes_max = 256;
inline constexpr std::size_t referral_urls_max = 16;
inline constexpr std::size_t controls_max = 16;

inline constexpr std::string_view oid_password_policy = "1.3.6.1.4.1.42.2.27.8.5.1";
inline constexpr std::string_view oid_netscape_expired = "2.16.840.1.113730.3.4.4";
inline constexpr std::string_view oid_netscape_expiring = "2.16.840.1.113730.3.4.5";
inline constexpr std::string_view oid_start_tls = "1.3.6.1.4.1.1466.20037";
inline constexpr std::string_view oid_disconnection = "1.3.6.1.4.1.1466.20036";

// ---- writing

inline constexpr std::string_view everything("\x87\x0bobjectClass", 13);  // (objectClass=*) in BER

enum class search_scope : std::uint8_t { base = 0, one = 1, sub = 2 };

struct search_request {
  std::string_view base;
  search_scope scope = search_scope::sub;
  std::int32_t size_limit = 0;                // entries; 0: the server's own
  std::chrono::seconds time_limit{0};         // 0: the server's own
  std::string_view filter;                    // BER, as filter_template::encode makes it, or `everything`
  std::span<const std::string> attributes;    // empty: none at all are asked for
};

// What stands around the name and the password of a simple bind: send({head, name, between, password}, tail). They need not be
// copied, and head and between fit into the strings themselves.
struct bind_request {
  std::string head, between;
  std::string_view tail;  // of static life
};

// `name` is a DN, or what else the server takes. Throws std::logic_error when name or password is empty: both mean
// "anonymous", which servers answer with success. `ask_policy` attaches the password policy control.
bind_request encode_bind(std::int32_t id, std::string_view name, abk::secret_view password, bool ask_policy);
std::string encode_search(std::int32_t id, const search_request&);
std::string encode_start_tls(std::int32_t id);
std::string encode_abandon(std::int32_t id, std::int32_t abandoned);
std::string encode_unbind(std::int32_t id);

// ---- framing

struct frame {
  enum class state : std::uint8_t { need_more, message, malformed };
  state is = state::malformed;
  std::size_t bytes = 0;     // of the message, header included
  const char* problem = "";  // if malformed
};
// Looks at the first message of `in`. Needs at most six bytes to refuse an indefinite, overlong or too large length.
frame next_message(std::string_view in, std::size_t bytes_max = message_bytes_max) noexcept;

// ---- reading

enum class result_code : std::int32_t {  // those that a verdict depends on; any other number may come
  success = 0,
  operations_error = 1,
  protocol_error = 2,
  time_limit_exceeded = 3,
  size_limit_exceeded = 4,
  auth_method_not_supported = 7,
  stronger_auth_required = 8,
  referral = 10,
  admin_limit_exceeded = 11,
  unavailable_critical_extension = 12,
  confidentiality_required = 13,
  sasl_bind_in_progress = 14,
  no_such_attribute = 16,
  constraint_violation = 19,
  no_such_object = 32,
  invalid_dn_syntax = 34,
  inappropriate_authentication = 48,
  invalid_credentials = 49,
  insufficient_access = 50,
  busy = 51,
  unavailable = 52,
  unwilling_to_perform = 53,
  other = 80
};
// "invalidCredentials", or "result" for a number without a name here.
std::string_view name_of(result_code) noexcept;

struct result {
  result_code code = result_code::other;
  std::string_view matched, text;           // text is the server's own: for operators only
  std::vector<std::string_view> referrals;  // seen, never followed
};
struct attribute {
  std::string_view name;  // without options (";lang-en", ";range=0-1499")
  std::vector<std::string_view> values;
  bool truncated = false;  // more values are there than are kept, or than came
};
struct bind_result {
  result of;
  bool sasl_credentials = false;
};
struct search_entry {
  std::string_view dn;
  std::vector<attribute> attributes;
  bool truncated = false;  // more attributes came than are kept: anything may be missing
  // The values of `name` (ASCII case folded), or nothing.
  std::span<const std::string_view> values(std::string_view name) const noexcept;
  // Are these all values of `name`?
  bool whole(std::string_view name) const noexcept;
};
struct search_reference {
  std::vector<std::string_view> urls;
};
struct search_done {
  result of;
};
struct extended_result {
  result of;
  std::string_view oid;
};
struct other_message {  // complete, and none of ours
  std::uint32_t tag = 0;
};
struct control {
  std::string_view oid;
  bool critical = false;
  std::optional<std::string_view> value;
};

// Owns the bytes that all views in it point into; moved, not copied.
struct message {
  std::int32_t id = 0;
  std::variant<other_message, bind_result, search_entry, search_reference, search_done, extended_result> body;
  std::vector<control> controls;
  std::unique_ptr<char[]> bytes;

  // The server says that it is about to close (message id 0).
  bool is_disconnection() const noexcept;
};
struct decoded {
  std::optional<message> value;
  const char* problem = "";  // if there is none
};
// One complete message, as framed. Throws std::bad_alloc only.
decoded decode(std::string_view one);

// What the controls of a bind's result say about the password. A control that cannot be read sets `unreadable`: such a result
// is not a yes.
enum class policy_error : std::int32_t { none = -1, password_expired = 0, account_locked = 1, change_after_reset = 2, other = 3 };
struct password_policy {
  policy_error error = policy_error::none;
  std::optional<std::chrono::seconds> expires_in;
  std::optional<std::int32_t> grace_logins;
  bool netscape_expired = false;  // beside success: a new password must be set; beside a refusal: it has expired
  bool unreadable = false;
};
password_policy policy_of(std::span<const control>);

}  // namespace directory
