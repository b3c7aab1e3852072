// What Postfix, Exim and Dovecot's login processes take for Dovecot's auth-client socket. PLAIN and LOGIN; logins only.
#pragma once
#include <unordered_map>

#include "front/concurrent_session.hpp"
#include "wire/dovecot_auth.hpp"
#include "wire/sasl_plain.hpp"

namespace authbroker {

class dovecot_auth_session final : public concurrent_session {
 public:
  dovecot_auth_session(std::shared_ptr<branch> home, int fd, peer who);

 private:
  // A request whose client has been sent a challenge. It holds no password.
  struct dialogue {
    enum class step : std::uint8_t { plain, login_name, login_password };
    step waits_for = step::plain;
    query begun;
    steady::time_point until;
  };

  void greet(std::uint32_t carried) override;
  std::uint32_t carried() const override { return handshake_.carried(); }
  taken take(std::string_view bytes) override;
  bool say(std::uint32_t id, const answer&, const listener_rules&, std::string& out) override;
  bool dialogues_open() const override { return !dialogues_.empty(); }

  void begin(const dovecot_auth_line&);
  void go_on(const dovecot_auth_line&);
  void challenge(std::uint32_t id, dialogue);
  void on_response(std::uint32_t id, dialogue, std::string_view base64);
  void refuse(std::uint32_t id, sasl_state, const query&);
  void drop_stale();

  dovecot_handshake handshake_;
  std::unordered_map<std::uint32_t, dialogue> dialogues_;
};

}  // namespace authbroker
