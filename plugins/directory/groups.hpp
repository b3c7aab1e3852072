// Groups of which whoever logs in must be a member, for directories whose people's entries do not say so themselves. The group is
// asked, by the name of the entry that was found: never by what was typed. Immutable once read, so any thread may use it.
#pragma once
#include <abk/host.hpp>

#include "filter.hpp"

#include <variant>

namespace directory {

inline constexpr std::size_t groups_max = 8;
// Of a DN or of all names of an entry together, within a question about groups: what is longer could not be asked beside others.
inline constexpr std::size_t member_bytes_max = 512;

class group_rule {
 public:
  struct membership {
    std::string filter, shown;  // BER, and the same as text
  };

  group_rule() = default;
  // `groups` are DNs, one of which is enough; none: there is no rule. `attributes` are those that list members: memberUid by the
  // entry's uid, any other by its DN.
  group_rule(std::vector<std::string> groups, const std::vector<std::string>& attributes);

  bool empty() const noexcept { return groups_.empty(); }
  const std::vector<std::string>& groups() const noexcept { return groups_; }
  const std::vector<std::string>& attributes() const noexcept { return attributes_; }
  bool by_uid() const noexcept { return !by_uid_.empty(); }
  // Matches a group that lists the entry. In place of it, why that cannot be asked.
  std::variant<membership, std::string> lists(std::string_view dn, const std::vector<std::string>& uids) const;
  // Matches a group that lists anybody, as far as the account may see.
  const std::string& lists_anybody() const noexcept { return anybody_; }
  // The longest that both can be.
  std::size_t filter_bytes_max() const;

 private:
  std::vector<std::string> groups_, attributes_;
  std::vector<filter_template> by_dn_, by_uid_;  // one an attribute; the DN stands for {address} in them, the uid for {local}
  std::string anybody_;
};

// require_group and group_attributes; complaints go to the host. `searches`: an entry is found before it is bound.
group_rule read_groups(abk::settings&, bool searches);

}  // namespace directory
