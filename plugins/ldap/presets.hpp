// Settings that fit one vendor's directory. What the configuration says wins.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace ldap {

struct preset {
  std::string_view name;
  std::string_view filter, mailbox_filter, mail_attribute;
  std::vector<std::string> alias_attributes, group_classes;
  std::string_view catch_all;
};
// The one of that name, or nullptr.
const preset* find_preset(std::string_view name);

}  // namespace ldap
