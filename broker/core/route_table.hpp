// From a name to a plan: which route, whom to ask in which order, under which name. Pure and immutable once made.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/backend.hpp"
#include "core/identity.hpp"
#include "core/route_rules.hpp"

namespace authbroker {

struct route {
  route_rules rules;
  std::vector<std::shared_ptr<backend>> login, mailbox, addresses;
};

enum class match_kind { exact, suffix, fallback, dynamic };
std::string_view name(match_kind);

// One name on its way through one route.
struct plan {
  const route* by = nullptr;
  match_kind how = match_kind::exact;
  std::string identity;
  std::string login_name;
  std::string_view address, local, domain;  // of the name, as typed; for a dynamic route what stands before the separator
  std::string host;                         // a dynamic route's target
  std::string_view key;                     // of the route: the domain pattern that matched
};

class route_table {
 public:
  // Throws std::logic_error if a route names a backend that `find` does not know: the configuration has checked that.
  route_table(std::vector<route_rules> rules, const std::vector<std::shared_ptr<backend>>& backends);

  // Dynamic routes in file order, then the exact domain, the longest suffix, "*". Nullopt: no route. Cost: one hash look-up a
  // label of the domain.
  std::optional<plan> plan_for(const checked_name&) const;

  // True if a route names the domain (an A-label), itself or by a suffix; "*" names none.
  bool serves(std::string_view domain) const;

  const std::vector<std::unique_ptr<route>>& routes() const { return routes_; }

 private:
  struct pattern {
    const route* of = nullptr;
    match_kind how = match_kind::fallback;
    std::string_view text;
  };
  const pattern* find(std::string_view domain) const;  // null: none matches
  std::optional<plan> dynamic_plan(const route&, const checked_name&) const;
  struct hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  std::vector<std::unique_ptr<route>> routes_;
  std::unordered_map<std::string, pattern, hash, std::equal_to<>> exact_, suffix_;  // suffix_: "example.org" for "*.example.org"
  pattern fallback_;
};

}  // namespace authbroker
