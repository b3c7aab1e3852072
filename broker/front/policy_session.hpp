// Postfix's policy requests: many on one connection, answered in order. Only a recipient is a question; in every other state
// there is no opinion. Nothing of one request is kept for the next.
#pragma once
#include "front/asking_session.hpp"
#include "front/table_answer.hpp"

namespace authbroker {

class policy_session final : public asking_session {
 public:
  policy_session(std::shared_ptr<branch> home, int fd, peer who);

 private:
  taken take(std::string_view bytes, query& q) override;
  ending say(const answer&) override;

  table_look_up under_way_;
};

}  // namespace authbroker
