// The ldap plugin's dialect: its settings' filters, and whose an entry is by its mail attributes.
#pragma once
#include "rules.hpp"

namespace ldap {

class people final : public directory::dialect {
 public:
  explicit people(rules r) : dialect(r.service), rules_(std::move(r)) {}

  std::optional<directory::round> plan(const abk::question&, std::size_t n) const override;
  std::string required_shown(const abk::question&) const override;
  std::variant<directory::person, abk::answer> read(const abk::question&, std::size_t round, const directory::hit&) const override;
  const directory::group_rule& groups() const override { return rules_.groups; }
  std::optional<abk::answer> refusal(const abk::question& q) const override { return directory::refuse_spelling(q); }
  std::string bind_name(const abk::question&) const override;
  directory::ask_policy password_policy() const override { return rules_.password_policy; }
  const rules& settings() const noexcept { return rules_; }

 private:
  rules rules_;
};

}  // namespace ldap
