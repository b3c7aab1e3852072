// What Dovecot's LMTP and doveadm take for Dovecot's auth-userdb socket: mailbox questions.
#pragma once
#include "front/concurrent_session.hpp"

namespace authbroker {

class dovecot_userdb_session final : public concurrent_session {
 public:
  dovecot_userdb_session(std::shared_ptr<branch> home, int fd, peer who);

 private:
  void greet(std::uint32_t carried) override;
  std::uint32_t carried() const override { return met_ ? 1 : 0; }
  taken take(std::string_view bytes) override;
  bool say(std::uint32_t id, const answer&, const listener_rules&, std::string& out) override;

  bool met_ = false;  // the client has said its version
};

}  // namespace authbroker
