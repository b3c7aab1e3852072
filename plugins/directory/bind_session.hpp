// A connection that binds as users, one after another, and does nothing else once the first one did: what it may do depends on who
// was bound last.
// Each login is a bind of its own, with the user's password, once.
#pragma once
#include "connection.hpp"

namespace directory {

class bind_session final : public connection {
 public:
  explicit bind_session(const dialect& d) : connection(nullptr, d.password_policy()), dialect_(d) {}
  abk::step begin(const abk::question&, abk::io&) override;
  // The reply that is still to come would be the next user's: the connection is given up.
  bool cancel(std::uint32_t) override { return false; }

 protected:
  void heard(const message&, bool more, abk::io&) override;
  bool waits() const override { return question_ != 0; }
  bool spent() const override { return spent_; }

 private:
  abk::step tell(abk::io&, std::uint32_t id, const abk::answer&);

  const dialect& dialect_;
  person who_;
  std::uint32_t question_ = 0;  // 0: none
  std::int32_t bind_id_ = 0;
  bool spent_ = false;  // something odd happened
};

}  // namespace directory
