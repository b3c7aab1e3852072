// The exchange plugin's dialect: its filters, and what an Active Directory's attributes say of an account.
#pragma once
#include "rules.hpp"

namespace exchange {

class accounts final : public directory::dialect {
 public:
  explicit accounts(rules r) : dialect(r.service), rules_(std::move(r)) {}

  std::optional<directory::round> plan(const abk::question&, std::size_t n) const override;
  std::string required_shown(const abk::question&) const override;
  std::variant<directory::person, abk::answer> read(const abk::question&, std::size_t round, const directory::hit&) const override;
  std::optional<abk::answer> refusal(const abk::question&) const override;
  std::string bind_name(const abk::question&) const override;
  std::span<const directory::bind_row> own_rows() const override;
  // Every search from a domain's DN brings those to its other partitions.
  bool references_are_normal() const override { return true; }
  const rules& settings() const noexcept { return rules_; }

 private:
  rules rules_;
};

}  // namespace exchange
