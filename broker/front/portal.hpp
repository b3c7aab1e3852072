// The public HTTP interface: /v1/login, /v1/mailbox, /v1/auth, /v1/nginx-mail, /v1/status, /metrics, /healthz and /.
#pragma once
#include "front/http_service.hpp"
#include "front/terms.hpp"

namespace authbroker {

class portal final : public http_service {
 public:
  explicit portal(listener_shared& shared) : shared_(shared) {}
  plan admit(const http_head&, const peer&, const listener_terms&) const override;
  task<http_reply> handle(const http_request&) override;

 private:
  task<http_reply> question(const http_request&, question_kind);
  task<http_reply> basic(const http_request&);
  task<http_reply> mail(const http_request&);
  task<http_reply> show(const http_request&);
  template <class Say>
  task<http_reply> answered(const http_request&, std::unique_ptr<exchange>, Say);
  template <class Say>
  task<http_reply> too_long(const query&, Say);
  listener_shared& shared_;  // which owns this
};

}  // namespace authbroker
