// What a listener knows of the broker: somebody who answers questions.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string_view>

#include "base/answer.hpp"

namespace authbroker {

class asker {
 public:
  virtual ~asker() = default;
  // Always answers, by the request's deadline at the latest; never throws for anything in the query. `out`, if not null,
  // collects the masked transcript and must outlive the call. Runs on the worker that calls it. Destroying the awaiting
  // coroutine cancels the question.
  virtual boost::asio::awaitable<answer> ask(query q, trace* out) = 0;
  // Is this domain, as an A-label, one that a route names, itself or by a "*.suffix"? A route for "*" names none: whoever lets
  // mail through for "our" domains would let all of it through. Nullopt: cannot tell now. Asks no backend. [any thread]
  virtual std::optional<bool> serves(std::string_view domain) const = 0;
};

}  // namespace authbroker
