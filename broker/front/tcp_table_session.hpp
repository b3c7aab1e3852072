// Look-ups of Postfix in lines: many on one connection, answered in order. There is no table's name on this wire. An idle
// connection stays open: its owner keeps it for ever, and would sleep a second before it opens another.
#pragma once
#include "front/asking_session.hpp"
#include "front/table_answer.hpp"

namespace authbroker {

class tcp_table_session final : public asking_session {
 public:
  tcp_table_session(std::shared_ptr<branch> home, int fd, peer who);

 private:
  taken take(std::string_view bytes, query& q) override;
  ending say(const answer&) override;
  bool stays() const override { return true; }

  table_look_up under_way_;
};

}  // namespace authbroker
