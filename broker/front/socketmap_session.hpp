// Look-ups of Postfix and Sendmail in netstrings: many on one connection, answered in order.
#pragma once
#include "front/asking_session.hpp"
#include "front/table_answer.hpp"

namespace authbroker {

class socketmap_session final : public asking_session {
 public:
  socketmap_session(std::shared_ptr<branch> home, int fd, peer who);

 private:
  taken take(std::string_view bytes, query& q) override;
  ending say(const answer&) override;

  table_look_up under_way_;
};

}  // namespace authbroker
