// Several backends, one answer. Two pure functions, tested over all orders: what could not be found out never becomes a no.
#pragma once
#include <span>

#include "base/answer.hpp"
#include "core/route_rules.hpp"

namespace authbroker {

// May the next backend be asked after this finding?
bool goes_on(question_kind, combine_mode, const finding&);

// The sum of what was found, in the order asked. At least one finding.
//   failover: backends are replicas. The first answer that is not "ask on" is final; else tempfail if any was, else the last.
//   search:   different sources. A no is a no only if every source said no; a tempfail among them makes the sum a tempfail.
finding fold(question_kind, combine_mode, std::span<const finding>);

}  // namespace authbroker
