// What to try next, for `authbroker test`: from the answer and the route, without asking anybody.
#pragma once
#include <string>
#include <vector>

#include "base/answer.hpp"
#include "core/route_rules.hpp"

namespace authbroker {

// `route` is null where none matched. At most five sentences, the most promising first.
std::vector<std::string> advise(question_kind, const answer&, const route_rules* route);

}  // namespace authbroker
