// The public HTTP interface: /v1/login, /v1/mailbox, /v1/auth, /v1/nginx-mail, /v1/status, /metrics, /healthz and /.
#pragma once
#include "front/http_service.hpp"
#include "front/terms.hpp"

namespace authbroker {

class portal final : public http_service {
 public:
  explicit portal(listener_shared& shared) : shared_(shared) {}
  plan admit(const http_head&, const peer&, const listener_terms&) const override;
  boost::asio::awaitable<http_reply> handle(const http_request&) override;

 private:
  boost::asio::awaitable<http_reply> question(const http_request&, question_kind);
  boost::asio::awaitable<http_reply> basic(const http_request&);
  boost::asio::awaitable<http_reply> mail(const http_request&);
  boost::asio::awaitable<http_reply> show(const http_request&);
  listener_shared& shared_;  // which owns this
};

}  // namespace authbroker
