// What a listener knows of the broker: somebody who answers questions.
#pragma once
#include <boost/asio/awaitable.hpp>

#include "base/answer.hpp"

namespace authbroker {

class asker {
 public:
  virtual ~asker() = default;
  // Always answers, by the request's deadline at the latest; never throws for anything in the query. `out`, if not null,
  // collects the masked transcript and must outlive the call. Runs on the worker that calls it. Destroying the awaiting
  // coroutine cancels the question.
  virtual boost::asio::awaitable<answer> ask(query q, trace* out) = 0;
};

}  // namespace authbroker
