#include "groups.hpp"

#include "ber.hpp"
#include "service_settings.hpp"

namespace directory {
namespace {

constexpr std::uint32_t any = 0xa1;
constexpr std::size_t uids_max = 16;
constexpr std::string_view listed_by_uid = "memberUid";
constexpr std::size_t attribute_bytes_max = 64;

}  // namespace

group_rule::group_rule(std::vector<std::string> groups, const std::vector<std::string>& attributes) : groups_(std::move(groups)), attributes_(attributes) {
  const auto add = [](std::vector<filter_template>& to, const std::string& text) {
    if (auto made = filter_template::parse(text).value) to.push_back(std::move(*made));
  };
  std::string present;
  for (const std::string& name : attributes) {
    if (same_word(name, listed_by_uid)) add(by_uid_, "(" + name + "={local})");
    else add(by_dn_, "(" + name + "={address})");
    present += "(" + name + "=*)";
  }
  if (const auto any_of_them = filter_template::parse("(|" + present + ")").value) anybody_ = any_of_them->encode({});
}

std::variant<group_rule::membership, std::string> group_rule::lists(std::string_view dn, const std::vector<std::string>& uids) const {
  std::size_t bytes = 0;
  for (const std::string& uid : uids) bytes += uid.size();
  if (!by_dn_.empty() && dn.size() > member_bytes_max) return "the entry's DN is too long to ask a group for it: " + std::to_string(dn.size()) + " bytes, of at most " + std::to_string(member_bytes_max);
  if (by_uid() && (uids.size() > uids_max || bytes > member_bytes_max))
    return "the entry has too many names to ask a group for them: " + std::to_string(uids.size()) + " values of uid, " + std::to_string(bytes) + " bytes, of at most " + std::to_string(uids_max) + " and " + std::to_string(member_bytes_max);
  if (by_dn_.empty() && bytes == 0) return "the entry has no uid that the account may read, and group_attributes has nothing else to look for";
  std::string parts;
  membership out;
  const auto add = [&](const filter_template& f, const values& v) {
    parts += f.encode(v);
    out.shown += f.render(v);
  };
  for (const filter_template& f : by_dn_) add(f, {dn, {}, {}});
  for (const filter_template& f : by_uid_)
    for (const std::string& uid : uids)
      if (!uid.empty()) add(f, {{}, uid, {}});
  out.shown = "(|" + out.shown + ")";
  ber::put(out.filter, any, parts);
  return out;
}

std::size_t group_rule::filter_bytes_max() const {
  const std::string longest(member_bytes_max, '\xff');
  std::size_t bytes = anybody_.size() + 16;
  for (const filter_template& f : by_dn_) bytes += f.encode({longest, {}, {}}).size();
  for (const filter_template& f : by_uid_) bytes += uids_max * f.encode({}).size() + longest.size();
  return bytes;
}

group_rule read_groups(abk::settings& given, bool searches) {
  const std::vector<std::string> groups = given.list("require_group");
  const std::vector<std::string> attributes = attribute_names(given, "group_attributes", {"member", "uniqueMember", std::string(listed_by_uid)});
  if (attributes.empty()) given.problem("group_attributes", "is empty; wanted: where groups list their members, such as \"member\"");
  for (const std::string& name : attributes)
    if (name.size() > attribute_bytes_max || !filter_template::parse("(" + name + "=*)").value)
      given.problem("group_attributes", "\"" + name + "\"; wanted: the name of an attribute of at most 64 bytes, such as \"member\"");
  if (groups.empty()) return {};
  if (!searches) given.problem("require_group", "with logins that are bound without a search, so that there is no entry whose groups could be asked; wanted: base and filter instead of user_dn");
  if (groups.size() > groups_max) given.problem("require_group", "more than 8 of them; wanted: at most 8");
  for (const std::string& group : groups) {
    const std::string bad = group.empty() ? "is empty; wanted: a group's DN, such as \"cn=portal,ou=groups,dc=example,dc=com\"" : dn_problem(group);
    if (!bad.empty()) given.problem("require_group", bad);
  }
  return given.failed() ? group_rule() : group_rule(groups, attributes);
}

}  // namespace directory
