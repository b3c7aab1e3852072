// HTTP/1.1 on one connection: keep-alive, and pipelined requests answered one after the other, in order. Whoever sends
// something that is not understood is told so and disconnected: where its next request begins would be a guess.
#pragma once
#include "front/session.hpp"

namespace authbroker {

class http_session final : public session {
 public:
  http_session(std::shared_ptr<branch> home, int fd, peer who);

 private:
  bool on_bytes() override;
  void on_served() override;
  void refuse(const http_error&, std::string_view allow = {});
  void serve();
  void reply(const std::exception_ptr&, http_reply&&);

  http_request request_;
  http_head_scan scan_;
  std::size_t needed_ = 0;  // bytes of head and body, once the head is complete
  std::size_t used_ = 0;    // of the request being served
  bool body_unread_ = false;
};

}  // namespace authbroker
