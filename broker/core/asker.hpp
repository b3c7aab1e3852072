// What a listener knows of the broker: somebody who answers questions.
#pragma once
#include <optional>
#include <string_view>

#include "base/answer.hpp"
#include "base/task.hpp"

namespace authbroker {

// A question and its answer, for those who have no frame where they can stay.
struct exchange {
  query asked;
  answer found;
};

class asker {
 public:
  virtual ~asker() = default;
  // Answers into `found`, which is a fresh one: always, by the request's deadline at the latest; never throws for anything in
  // the query. `out`, if not null, collects the masked transcript. All three outlive the task, and stay where they are. Runs on
  // the worker that starts it. A question that is asked to stop ends soon, by tempfail(shutting_down); one that is destroyed is
  // cancelled.
  virtual task<void> ask(const query&, answer& found, trace* out) = 0;
  // Is this domain, as an A-label, one that a route names, itself or by a "*.suffix"? A route for "*" names none: whoever lets
  // mail through for "our" domains would let all of it through. Nullopt: cannot tell now. Asks no backend. [any thread]
  virtual std::optional<bool> serves(std::string_view domain) const = 0;
};

}  // namespace authbroker
