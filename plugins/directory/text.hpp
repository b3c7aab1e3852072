// Text that a caller chose, made fit for one place in LDAP: a filter value (RFC 4515) or a value in a DN (RFC 4514). Two types,
// so that what was escaped for one place cannot slip into the other. Both take any bytes, never fail, and make at most three
// bytes out of one. Nothing here is for passwords.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace directory {

// Every byte that is special in a filter, every control and every non-ASCII byte becomes \XX.
class filter_value {
 public:
  explicit filter_value(std::string_view raw);
  const std::string& text() const noexcept { return text_; }

 private:
  std::string text_;
};

// Every special character, control, leading '#' and leading or trailing space becomes \XX. UTF-8 stays as it is.
class dn_value {
 public:
  explicit dn_value(std::string_view raw);
  const std::string& text() const noexcept { return text_; }

 private:
  std::string text_;
};

// The same text, ASCII case folded: attribute names are compared so.
bool same_word(std::string_view a, std::string_view b) noexcept;

// In double quotes, for people.
std::string quoted(std::string_view);

// The number behind "data" in the diagnostic text of an Active Directory's result 49, such as
// "80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data 52e, v1db1". Fixed grammar: ", data ", one to
// eight hexadecimal digits, ", v"; the last match counts, since what stands before may quote what a user typed.
std::optional<std::uint32_t> ad_subcode(std::string_view diagnostic) noexcept;

}  // namespace directory
