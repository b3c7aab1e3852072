// What answers the requests of an HTTP listener: the portal of a configured listener, the admin service of the admin socket.
#pragma once
#include <memory>
#include <string_view>

#include "base/task.hpp"
#include "front/peer.hpp"
#include "wire/http_head.hpp"
#include "wire/http_reply.hpp"

namespace authbroker {

struct listener_terms;

// A request in the hands of its service. Everything here lives until handle() has returned or was cancelled; head and body
// are views into the session's buffer, which is wiped after that.
struct http_request {
  http_head head;
  std::string_view body;
  const peer* from = nullptr;
  std::shared_ptr<const listener_terms> terms;  // of the moment when the request came
};

class http_service {
 public:
  virtual ~http_service() = default;

  // Asked once a request's head is complete, before its body is read: whether path and method exist, whether the caller may,
  // and what the path does with a body. Must not block. An error is sent and ends the connection. Worker thread.
  struct plan {
    const http_error* error = nullptr;
    http_body body = http_body::ignored;
    std::string_view allow;  // of method_not_allowed: the methods, for the Allow field; a literal
  };
  virtual plan admit(const http_head&, const peer&, const listener_terms&) const = 0;

  // Answers. Runs on the session's worker, many at a time, but one per connection. When the caller hangs up, the task
  // is asked to stop and its reply thrown away. What it throws is logged and becomes a 503.
  virtual task<http_reply> handle(const http_request&) = 0;
};

}  // namespace authbroker
