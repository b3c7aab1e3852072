// What to try next, for `authbroker test`: from the answer and the route, without asking anybody.
#pragma once
#include <string>
#include <vector>

#include "base/answer.hpp"
#include "core/backend_rules.hpp"
#include "core/route_rules.hpp"

namespace authbroker {

// `route` is null where none matched, `from` where no backend answered. At most five sentences, the most promising first.
std::vector<std::string> advise(question_kind, const answer&, const route_rules* route, const backend_rules* from);
// Which domain was looked for, and what there is instead. "" for a name without a domain.
std::string why_no_route(const std::vector<route_rules>&, std::string_view domain);

}  // namespace authbroker
