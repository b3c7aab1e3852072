// One request, one reply, the end. "Cannot tell now" has no reply here: the request is read, and the connection closed.
#pragma once
#include "front/asking_session.hpp"

namespace authbroker {

class saslauthd_session final : public asking_session {
 public:
  saslauthd_session(std::shared_ptr<branch> home, int fd, peer who);

 private:
  taken take(std::string_view bytes, query& q) override;
  ending say(const answer&) override;
};

}  // namespace authbroker
