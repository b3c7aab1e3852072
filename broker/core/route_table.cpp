#include "core/route_table.hpp"

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

#include "base/domain.hpp"
#include "base/text.hpp"

namespace authbroker {

std::string_view name(match_kind k) {
  switch (k) {
    case match_kind::exact: return "exact";
    case match_kind::suffix: return "suffix";
    case match_kind::fallback: return "default";
    case match_kind::dynamic: return "dynamic";
  }
  std::abort();
}

route_table::route_table(std::vector<route_rules> rules, const std::vector<std::shared_ptr<backend>>& backends) {
  const auto pick = [&](const std::vector<std::string>& names) {
    std::vector<std::shared_ptr<backend>> out;
    for (const std::string& wanted : names) {
      const auto it = std::find_if(backends.begin(), backends.end(), [&](const auto& b) { return b->name() == wanted; });
      if (it == backends.end()) throw std::logic_error("route names an unknown backend: " + wanted);
      out.push_back(*it);
    }
    return out;
  };
  for (route_rules& r : rules) {
    auto made = std::make_unique<route>();
    made->login = pick(r.login);
    made->mailbox = pick(r.mailbox);
    made->addresses = pick(r.addresses);
    made->rules = std::move(r);
    for (const std::string& d : made->rules.domains) {
      if (d == "*") fallback_ = {made.get(), match_kind::fallback, d};
      else if (d.starts_with("*.")) suffix_.emplace(d.substr(2), pattern{made.get(), match_kind::suffix, d});
      else exact_.emplace(d, pattern{made.get(), match_kind::exact, d});
    }
    routes_.push_back(std::move(made));
  }
}

const route_table::pattern* route_table::find(std::string_view domain) const {
  if (const auto it = exact_.find(domain); it != exact_.end()) return &it->second;
  for (std::size_t dot = domain.find('.'); dot != std::string_view::npos; dot = domain.find('.', dot + 1))
    if (const auto it = suffix_.find(domain.substr(dot + 1)); it != suffix_.end()) return &it->second;
  return fallback_.of == nullptr ? nullptr : &fallback_;
}

bool route_table::serves(std::string_view domain) const {
  const pattern* const p = find(domain);
  return p != nullptr && p->how != match_kind::fallback;
}

// The text after the last separator, up to a trailing "@domain" of this route, is a host of the allow-list.
std::optional<plan> route_table::dynamic_plan(const route& r, const checked_name& who) const {
  const dynamic_rules& rules = r.rules.dynamic;
  if (rules.separator == '\0') return std::nullopt;
  const std::size_t at = who.typed.rfind(rules.separator);
  if (at == std::string_view::npos || at == 0) return std::nullopt;
  std::string_view host = who.typed.substr(at + 1);
  if (const std::size_t sign = host.find('@'); sign != std::string_view::npos) {
    const bool ours = std::any_of(r.rules.domains.begin(), r.rules.domains.end(), [&](const std::string& d) { return domain_matches(d, who.domain); });
    if (!ours || host.find('@', sign + 1) != std::string_view::npos) return std::nullopt;
    host = host.substr(0, sign);
  }
  const result<std::string> name = to_a_label(host);
  if (!name) return std::nullopt;
  const auto allowed = std::find_if(rules.allowed.begin(), rules.allowed.end(), [&](const std::string& p) { return domain_matches(p, *name); });
  if (allowed == rules.allowed.end()) return std::nullopt;
  const name_check before = check_name(who.typed.substr(0, at));
  if (before.fault != name_fault::none) return std::nullopt;
  plan out;
  out.by = &r;
  out.how = match_kind::dynamic;
  out.key = *allowed;
  out.host = *name;
  out.address = before.name.typed;
  out.local = before.name.local;
  out.domain = before.name.domain_typed;
  out.login_name = expand_template(r.rules.login_name, out.address, out.local, out.domain);
  out.identity = r.rules.keep_case ? std::string(who.typed) : to_lower(who.typed);
  return out;
}

std::optional<plan> route_table::plan_for(const checked_name& who) const {
  for (const auto& r : routes_)
    if (std::optional<plan> p = dynamic_plan(*r, who)) return p;
  if (who.domain.empty()) return std::nullopt;
  const pattern* const found = find(who.domain);
  if (found == nullptr) return std::nullopt;
  plan out;
  out.by = found->of;
  out.how = found->how;
  out.key = found->text;
  out.address = who.typed;
  out.local = who.local;
  out.domain = who.domain_typed;
  out.identity = make_identity(who, out.by->rules.canonical_domain, out.by->rules.keep_case);
  out.login_name = expand_template(out.by->rules.login_name, out.address, out.local, out.domain);
  return out;
}

}  // namespace authbroker
