// The protocol of Dovecot's auth-userdb socket: does this user exist, and who is it? Asked by Dovecot's LMTP and doveadm.
//
// Pure. Many requests at a time, told apart by ids; replies come in any order.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "wire/dovecot_line.hpp"

namespace authbroker {

enum class userdb_word : std::uint8_t { version, user, pass, list };

// One line of a client. Views into it; values are still escaped, but for the user's name, which clients send as it is.
struct userdb_line {
  userdb_word word = userdb_word::version;
  std::uint32_t major = 0, minor = 0;  // version
  std::uint32_t id = 0;                // the others
  std::string_view user;               // user, pass
  std::string_view service, client, session;
};
// Nullopt: no line of this protocol, after which nothing can be made of the connection.
std::optional<userdb_line> parse_dovecot_userdb(std::string_view line);

// All that the server says first: anything more, and clients would take this for the socket of logins.
void append_userdb_greeting(std::string& out, std::uint32_t process);

// It exists, and this is its name.
void append_userdb_user(std::string& out, std::uint32_t id, std::string_view name);
void append_userdb_absent(std::string& out, std::uint32_t id);
// Cannot tell now. Also the reply to PASS: no passwords are told here.
void append_userdb_trouble(std::string& out, std::uint32_t id);
// A list that ends at once, with the word that this is not all: nobody here knows all addresses.
void append_userdb_no_list(std::string& out, std::uint32_t id);

}  // namespace authbroker
