// What [backend.settings] of an ldap backend says, once read and checked. A preset fills in what is left out.
#pragma once
#include <abk/host.hpp>
#include <directory/dialect.hpp>
#include <directory/filter.hpp>

namespace ldap {

struct rules {
  directory::service service;
  std::optional<directory::dn_template> user_dn;  // logins begin with the bind
  std::optional<directory::filter_template> filter;
  std::optional<directory::filter_template> required;  // `filter` and require_filter
  directory::group_rule groups;
  std::optional<directory::filter_template> mailbox_filter;
  std::string mail_attribute;  // empty: the address asked for is the canonical one
  std::vector<std::string> alias_attributes;
  std::vector<std::string> attributes;  // for the caller
  std::vector<std::string> group_classes;
  std::optional<directory::value_template> catch_all;  // what stands for the address in the second round
  directory::ask_policy password_policy = directory::ask_policy::always;
  bool rootdn = false;  // bind_dn looks like an account that is above all access control
};

// Reads every key; complaints go to the host.
rules read_rules(abk::settings&);

}  // namespace ldap
