// The beginnings that most POP3 transcripts share. USER comes first in them, as it does at most servers in the field.
#pragma once
#include <abk/transcript.hpp>
#include <gtest/gtest.h>

namespace pop3_test {

inline const abk_plugin* plugin() {
  static const abk_plugin* const loaded = abk::test::load(BINARY_DIR "/plugins/pop3.so");
  return loaded;
}
inline abk::test::transcript story() {
  abk::test::transcript t(plugin());
  t.login("ann@example.com", "open sesame").settings({{"mechanisms", std::vector<std::string>{"USER", "PLAIN", "LOGIN"}}});
  return t;
}

inline constexpr const char* capa_dovecot =
    "+OK\r\nCAPA\r\nTOP\r\nUIDL\r\nRESP-CODES\r\nPIPELINING\r\nAUTH-RESP-CODE\r\nUSER\r\nSASL PLAIN LOGIN CRAM-MD5\r\n.\r\n";
inline constexpr const char* capa_courier = "+OK Here's what I can do:\r\nSASL PLAIN LOGIN CRAM-MD5\r\nTOP\r\nUSER\r\nLOGIN-DELAY 10\r\nUIDL\r\n.\r\n";

// Greeting and a refused CAPA, as the oldest servers do it.
inline abk::test::transcript old_server(const std::string& greeting = "+OK hello\r\n") {
  abk::test::transcript t = story();
  t.upstream(greeting).says("CAPA\r\n").upstream("-ERR unknown command\r\n");
  return t;
}
inline abk::test::transcript server_with(const std::string& capabilities) {
  abk::test::transcript t = story();
  t.upstream("+OK hello\r\n").says("CAPA\r\n").upstream(capabilities);
  return t;
}
// ... up to the reply to PASS.
inline abk::test::transcript at_password(abk::test::transcript t) {
  t.says("USER ann@example.com\r\n").upstream("+OK\r\n").says_secret("PASS open sesame\r\n", "open sesame");
  return t;
}
// ... and from there to the end: what the server said, what it means.
inline abk::test::transcript& judged(abk::test::transcript& t, const std::string& reply, std::uint32_t verdict, std::uint32_t reason, const std::string& rule) {
  return t.upstream(reply).expect(verdict, reason, rule).says("QUIT\r\n").upstream("+OK bye\r\n").closes();
}

}  // namespace pop3_test

// A transcript without trouble.
#define EXPECT_PLAYS(T) EXPECT_EQ((T).run(), "")
