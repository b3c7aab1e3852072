// The beginnings that most IMAP transcripts share.
#pragma once
#include <abk/transcript.hpp>
#include <gtest/gtest.h>

namespace imap_test {

inline const abk_plugin* plugin() {
  static const abk_plugin* const loaded = abk::test::load(BINARY_DIR "/plugins/imap.so");
  return loaded;
}
inline abk::test::transcript story() {
  abk::test::transcript t(plugin());
  t.login("ann@example.com", "open sesame");
  return t;
}

inline constexpr const char* ann_plain = "AGFubkBleGFtcGxlLmNvbQBvcGVuIHNlc2FtZQ==";
inline constexpr const char* dovecot = "IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE LITERAL+ AUTH=PLAIN AUTH=LOGIN";
inline constexpr const char* courier = "IMAP4rev1 UIDPLUS IDLE AUTH=PLAIN";
inline constexpr const char* old = "IMAP4";

// A server whose greeting says what it can do.
inline abk::test::transcript server_with(const std::string& capabilities) {
  abk::test::transcript t = story();
  t.upstream("* OK [CAPABILITY " + capabilities + "] ready\r\n");
  return t;
}
// Only the command LOGIN, and no literal without waiting.
inline abk::test::transcript old_server() { return server_with(old); }

// ... up to the reply to the password, whose tag is A1.
inline abk::test::transcript at_login(abk::test::transcript t) {
  t.says_secret("A1 LOGIN ann@example.com \"open sesame\"\r\n", "\"open sesame\"");
  return t;
}
inline abk::test::transcript at_plain(abk::test::transcript t) {
  t.says_secret(std::string("A1 AUTHENTICATE PLAIN ") + ann_plain + "\r\n", ann_plain);
  return t;
}
// ... and from there to the end: what the server said, what it means. `logout` is that command's tag.
inline abk::test::transcript& judged(abk::test::transcript& t, const std::string& reply, std::uint32_t verdict, std::uint32_t reason, const std::string& rule,
                                     const std::string& logout = "A2") {
  return t.upstream(reply).expect(verdict, reason, rule).says(logout + " LOGOUT\r\n").upstream("* BYE bye\r\n" + logout + " OK done\r\n").closes();
}
// The server is left without a word: it waits for something else than a command, or has none to say.
inline abk::test::transcript& left(abk::test::transcript& t, const std::string& reply, std::uint32_t reason, const std::string& rule) {
  return t.upstream(reply).expect(ABK_TEMPFAIL, reason, rule).closes();
}

}  // namespace imap_test

// A transcript without trouble.
#define EXPECT_PLAYS(T) EXPECT_EQ((T).run(), "")
