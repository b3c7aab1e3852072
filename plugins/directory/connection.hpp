// What all connections to a directory share: messages out of bytes, message ids, StartTLS, the service account's bind, and whether
// the server knows the password policy control.
//
// Fails: towards tempfail, by abk::give_up, which ends the connection: bytes that are not LDAP, a message that answers
// nothing that was asked, the server's notice that it is about to close.
#pragma once
#include <abk/session.hpp>

#include "dialect.hpp"

namespace directory {

class connection : public abk::session {
 public:
  abk::step prepare(abk::io&) final;
  abk::step resume(abk::io&) final;

 protected:
  // `account`: binds as it before the first question, if it has a name. nullptr: users will bind. Whoever binds, the server is asked
  // before, if need be, whether it knows the control.
  connection(const service* account, ask_policy policy) : account_(account), policy_(policy) {}
  // A message that came after the connection was prepared; `more`: further bytes follow it already.
  virtual void heard(const message&, bool more, abk::io&) = 0;
  // Is a message of this id, which is larger than what the host keeps, to be read nevertheless?
  virtual bool takes_large(std::int32_t) const { return false; }
  // A message of this id that is too large to be read, and was left out. The default is the end of the connection.
  virtual void left_out(std::int32_t id, std::size_t bytes, abk::io&);
  virtual bool waits() const = 0;  // for replies
  virtual bool spent() const { return false; }  // not to be used again
  std::int32_t new_id();
  bool asks_policy() const { return policy_ != ask_policy::never; }
  abk::step next_step() const { return waits() ? abk::step::read : spent() ? abk::step::close : abk::step::ready; }

 private:
  enum class stage : std::uint8_t { asking_for_tls, handshake, asking_what_it_knows, binding, prepared };
  abk::step get_to_know(abk::io&);
  void do_not_ask_again(abk::io&) const;
  abk::step log_in(abk::io&);
  std::optional<abk::step> preparing(const message&, abk::io&);
  std::optional<abk::step> take(std::string_view one, std::size_t to_consume, abk::io&);

  const service* account_;
  ask_policy policy_;  // `never` once the server has said that it does not know it
  int heard_of_root_ = 0;  // messages
  stage stage_ = stage::asking_for_tls;
  std::int32_t last_id_ = 0;
  std::size_t to_skip_ = 0;  // bytes still to come of a message that is left out
  // Bytes still to come of a message that is larger than what the host keeps, and those that came. They take no memory before they
  // come, nor after.
  std::size_t to_gather_ = 0;
  std::string gathered_;
};

}  // namespace directory
