// What one kind of directory makes of questions and entries. The conversations (search_session, bind_session) are the same for
// all; a plugin brings a dialect. Immutable, shared by all connections of a backend, called on any thread.
#pragma once
#include <abk/answer.hpp>

#include "filter.hpp"
#include "groups.hpp"
#include "messages.hpp"
#include "verdicts.hpp"

#include <variant>

namespace directory {

// The roles of a directory's connections. One whose last bind was a user's never searches.
inline constexpr std::uint32_t search_role = 0;
inline constexpr std::uint32_t bind_role = 1;
inline constexpr std::uint32_t searches_in_flight_max = 32;  // questions on one connection of search_role

inline constexpr std::size_t dn_bytes_max = 2048;
inline constexpr std::size_t bases_max = 8;

// How connections that search are prepared, and what their searches have in common.
struct service {
  std::string dn;              // or what else the server takes as a name; empty: searches go out anonymously
  abk::secret_view password;   // lives as long as the backend
  std::vector<std::string> bases;
  search_scope scope = search_scope::sub;
  std::chrono::seconds time_limit{0};
  std::vector<std::string> attributes;  // asked for
};

// Whether binds bear the password policy control. A server that does not know it does not mind; but OpenLDAP then writes a line to
// its log for every bind, unless it is told to log nothing at all.
enum class ask_policy : std::uint8_t { if_known, always, never };  // if_known: unless the server says that it is not

// An entry that was found. Owned.
struct hit {
  struct attribute {
    std::string name;
    std::vector<std::string> values;
    bool truncated = false;  // there are more
  };
  std::string dn;
  std::vector<attribute> attributes;
  bool truncated = false;  // there are attributes that are not kept
  std::size_t bytes = 0;   // of all names and values
  // The values of `name` (ASCII case folded); none if it is not there.
  const std::vector<std::string>& values(std::string_view name) const noexcept;
  bool whole(std::string_view name) const noexcept;  // are these all of them?
};

// The name of a question as filters take it: as it was typed; but a domain beyond ASCII, which directories hold as its A-label, is
// the identity's.
class searched_name {
 public:
  explicit searched_name(const abk::question&);
  searched_name(const searched_name&) = delete;
  searched_name& operator=(const searched_name&) = delete;
  const values& parts() const noexcept { return parts_; }

 private:
  std::string address_;
  values parts_;  // of the question, or of address_
};

// A login whose name is spelled otherwise than people write it is refused: the directory would take it for the same account, and
// whoever counts or keeps anything by name for another one. See spelling.hpp.
std::optional<abk::answer> refuse_spelling(const abk::question&);

// The host hands on 256. One more is listed, so that it sees that they are not all.
inline constexpr std::size_t addresses_listed_max = 257;

inline constexpr std::string_view attributes_left_out_text = "; values of attributes were left out: there are more than are handed on";

// Whose entry that is, as the answer will say it.
struct person {
  std::string dn;  // what a login binds as
  std::string mailbox;
  abk::mailbox_kind kind = abk::mailbox_kind::unknown;
  std::vector<std::string> addresses;
  bool addresses_complete = false;
  std::vector<std::pair<std::string, std::string>> attributes;
  bool attributes_left_out = false;  // some of their values, for want of room
};

// One round of searches: the same filter under every base. Filters are BER, as filter_template::encode makes them.
struct round {
  std::string_view name;  // begins the rule: "search", "catch-all"
  std::string filter;
  std::string shown;      // the filter as text, for people
  // A login only: a second filter, sent together with the first; the entry found must match it too, else `not_permitted`.
  std::string required;
};

class dialect {
 public:
  explicit dialect(service s) : service_(std::move(s)) {}
  virtual ~dialect() = default;
  dialect(const dialect&) = delete;
  dialect& operator=(const dialect&) = delete;

  const service& search_as() const noexcept { return service_; }

  // Round `n`, from 0, of searches for this question; nothing when there is none. A further round is asked when the one before
  // found nobody.
  virtual std::optional<round> plan(const abk::question&, std::size_t n) const = 0;
  // What `required` says of this question, as text for people; asked for when somebody looks.
  virtual std::string required_shown(const abk::question&) const { return {}; }
  // What the one entry that was found means: whose it is, or a refusal (a no, or a tempfail; never a yes).
  virtual std::variant<person, abk::answer> read(const abk::question&, std::size_t round, const hit&) const = 0;
  // Of which groups whoever logs in must be a member, once the entry was found.
  virtual const group_rule& groups() const;
  // Why a login cannot be asked: a no, before anything is sent. Nothing: it can.
  virtual std::optional<abk::answer> refusal(const abk::question&) const { return {}; }
  // What a login binds as that begins at bind_role. Empty: it cannot be said, and the login is a tempfail.
  virtual std::string bind_name(const abk::question&) const { return {}; }
  // Do searches bring references to other servers along that say nothing about where people are?
  virtual bool references_are_normal() const { return false; }
  virtual ask_policy password_policy() const { return ask_policy::never; }
  // Rows that are looked at before those that all directories share.
  virtual std::span<const bind_row> own_rows() const { return {}; }

 private:
  service service_;
};

}  // namespace directory
