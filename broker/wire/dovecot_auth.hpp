// The protocol that Dovecot's auth-client socket speaks, which Postfix, Exim and Dovecot's own login processes ask. One
// connection carries many requests at a time, told apart by ids; replies come in any order.
//
// Pure. Written so that no reply can be made without an id, that an OK always names its user first, and that no value adds a
// field or a line.
#pragma once
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/answer.hpp"
#include "wire/dovecot_line.hpp"

namespace authbroker {

enum class dovecot_word : std::uint8_t { version, cpid, auth, cont, cancel };

// One line of a client. Views into it; values are still escaped.
struct dovecot_auth_line {
  dovecot_word word = dovecot_word::version;
  std::uint32_t major = 0, minor = 0;                 // version
  std::uint32_t id = 0;                               // auth, cont, cancel
  std::string_view mechanism;                         // auth, the rest too
  std::optional<std::string_view> service;            // `service`, or `protocol` as newer clients call it
  std::string_view client, session;                   // `rip`, `session`
  std::optional<std::string_view> response;           // base64, of auth as of cont; what would follow it is not looked at
};
// Nullopt: no line of this protocol, after which nothing can be made of the connection.
std::optional<dovecot_auth_line> parse_dovecot_auth(std::string_view line);

// VERSION, then CPID, then requests: each of the first two once.
class dovecot_handshake {
 public:
  dovecot_handshake() = default;
  // One that is done, as carried() told.
  explicit dovecot_handshake(std::uint32_t carried) : minor_(carried - 1), versioned_(true), met_(true) {}
  // False: the line may not come here.
  bool admits(const dovecot_auth_line&);
  bool done() const { return met_; }
  // Not 0 when it is done.
  std::uint32_t carried() const { return met_ ? std::min<std::uint32_t>(minor_, 1000) + 1 : 0; }
  // Whether an empty response is one: before 1.2 it only meant that there is none.
  bool empty_response_counts() const { return minor_ >= 2; }

 private:
  std::uint32_t minor_ = 0;
  bool versioned_ = false, met_ = false;
};

// Everything that the server says first. MECH before SPID: otherwise Postfix and Exim take this for another of Dovecot's
// sockets. Without a MECH line Postfix serves no SMTP at all. `cookie`: 32 hexadecimal digits.
void append_dovecot_greeting(std::string& out, std::uint32_t process, std::uint32_t connection, std::string_view cookie);

// What a client is told of a no.
enum class dovecot_refusal : std::uint8_t {
  credentials,       // and nothing more
  account_disabled,
  password_expired,
  not_authorised,    // to act as somebody else
  not_base64,
  temporary,         // Dovecot's own clients understand it; others read a plain no
};
void append_dovecot_fail(std::string& out, std::uint32_t id, dovecot_refusal, std::string_view reason_text = {});
void append_dovecot_challenge(std::string& out, std::uint32_t id, std::string_view base64);

// Appends the reply to a login and returns true, or returns false: "cannot tell now", for which most clients have no word.
// `reveal`: tell an account that is disabled, locked or expired from one that does not exist.
// What follows `reason=` reaches the remote client of a mail server, so it is the broker's own text, and is there only where
// it says more than the word does.
bool append_dovecot_answer(std::string& out, std::uint32_t id, const answer&, bool reveal);

// The challenges of LOGIN, as clients expect them.
inline constexpr std::string_view login_asks_name = "VXNlcm5hbWU6", login_asks_password = "UGFzc3dvcmQ6";

}  // namespace authbroker
