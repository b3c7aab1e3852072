// What the admin socket serves, for the command line: /admin/test, explain, why, status, routes, plugins, reload, drain.
// Whoever can open the socket (mode 0600) may do everything.
#pragma once
#include "front/http_service.hpp"

namespace authbroker {

class daemon;

class admin_service final : public http_service {
 public:
  explicit admin_service(daemon& of) : daemon_(of) {}
  plan admit(const http_head&, const peer&, const listener_terms&) const override;
  task<http_reply> handle(const http_request&) override;

 private:
  task<http_reply> test(const http_request&);
  task<http_reply> reload();
  http_reply explain(std::string_view body) const;
  http_reply why(std::string_view query) const;
  http_reply routes() const;
  http_reply plugins() const;
  daemon& daemon_;
};

}  // namespace authbroker
