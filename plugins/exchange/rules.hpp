// What [backend.settings] of an exchange backend says, once read and checked.
#pragma once
#include <abk/host.hpp>
#include <directory/dialect.hpp>
#include <directory/filter.hpp>

namespace exchange {

enum class bind_as : std::uint8_t { dn, upn, down_level };
enum class disabled_login : std::uint8_t { reject, ask };
enum class disabled_mailbox : std::uint8_t { exists, absent };

struct rules {
  bind_as name = bind_as::dn;
  std::string netbios_domain;  // bind_as::down_level only
  directory::service service;
  std::optional<directory::filter_template> filter;
  std::optional<directory::filter_template> required;  // `filter` and require_filter
  std::optional<directory::filter_template> mailbox_filter;
  disabled_login login = disabled_login::reject;
  disabled_mailbox mailbox = disabled_mailbox::exists;
  std::vector<std::string> attributes;  // for the caller

  bool searches() const noexcept { return !service.bases.empty(); }
};

// Reads every key; complaints go to the host.
rules read_rules(abk::settings&);

// Is it, going by its name, the account that may do everything?
bool looks_like_administrator(std::string_view bind_dn);

}  // namespace exchange
