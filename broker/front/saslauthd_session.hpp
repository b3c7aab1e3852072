// One request, one reply, the end. "Cannot tell now" has no reply here: the request is read, and the connection closed.
#pragma once
#include <boost/asio/awaitable.hpp>

#include "front/session.hpp"

namespace authbroker {

class saslauthd_session final : public session {
 public:
  saslauthd_session(std::shared_ptr<branch> home, int fd, peer who);

 private:
  bool on_bytes() override;
  void on_served() override;
  boost::asio::awaitable<answer> ask();
  void reply(std::exception_ptr, const answer&);

  std::shared_ptr<const listener_terms> terms_;
  query question_;
  steady::time_point began_;
};

}  // namespace authbroker
