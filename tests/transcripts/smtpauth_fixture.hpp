// The beginnings that most SMTP AUTH transcripts share.
#pragma once
#include <abk/secret.hpp>
#include <abk/transcript.hpp>
#include <gtest/gtest.h>

#include <initializer_list>

namespace smtpauth_test {

inline const abk_plugin* plugin() {
  static const abk_plugin* const loaded = abk::test::load(BINARY_DIR "/plugins/smtpauth.so");
  return loaded;
}
inline abk::test::table settings(std::initializer_list<std::string> mechanisms) {
  abk::test::table out;
  out["helo"] = std::string("broker.example.com");
  out["mechanisms"] = std::vector<std::string>(mechanisms);
  return out;
}
inline abk::test::transcript story(std::initializer_list<std::string> mechanisms = {"PLAIN", "LOGIN"}) {
  abk::test::transcript t(plugin());
  t.settings(settings(mechanisms)).login("ann@example.com", "open sesame").unwatched();
  return t;
}

// Of "\0ann@example.com\0open sesame", and of its halves.
inline const std::string plain = "AGFubkBleGFtcGxlLmNvbQBvcGVuIHNlc2FtZQ==";
inline const std::string name = "YW5uQGV4YW1wbGUuY29t";
inline const std::string password = "b3BlbiBzZXNhbWU=";

inline const std::string greeting = "220 mail.example.com ESMTP Postfix\r\n";
inline const std::string ehlo = "EHLO broker.example.com\r\n";
inline std::string extensions(const std::string& auth = "AUTH PLAIN LOGIN") {
  return "250-mail.example.com\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n250-VRFY\r\n" + (auth.empty() ? auth : "250-" + auth + "\r\n") +
         "250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250-DSN\r\n250 SMTPUTF8\r\n";
}

// Greeting and EHLO.
inline abk::test::transcript server(const std::string& auth = "AUTH PLAIN LOGIN", std::initializer_list<std::string> mechanisms = {"PLAIN", "LOGIN"}) {
  abk::test::transcript t = story(mechanisms);
  t.upstream(greeting).says(ehlo).upstream(extensions(auth));
  return t;
}
// ... up to the reply to AUTH PLAIN.
inline abk::test::transcript at_password() {
  abk::test::transcript t = server();
  t.says_secret("AUTH PLAIN " + plain + "\r\n", plain);
  return t;
}
// What a server said to the password, and what it means. A refusal keeps the connection, nothing else does.
inline abk::test::transcript& judged(abk::test::transcript& t, const std::string& reply, std::uint32_t verdict, std::uint32_t reason, const std::string& rule) {
  t.upstream(reply).expect(verdict, reason, rule);
  if (verdict == ABK_NO) return t.stays_ready();
  return t.says("QUIT\r\n").upstream("221 2.0.0 Bye\r\n").closes();
}

}  // namespace smtpauth_test

// A transcript without trouble.
#define EXPECT_PLAYS(T) EXPECT_EQ((T).run(), "")
