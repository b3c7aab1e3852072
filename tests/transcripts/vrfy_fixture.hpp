// The beginnings that most transcripts of mailbox questions share.
#pragma once
#include <abk/transcript.hpp>
#include <gtest/gtest.h>

namespace vrfy_test {

using abk::test::table;
using texts = std::vector<std::string>;

inline const abk_plugin* plugin() {
  static const abk_plugin* const loaded = abk::test::load(BINARY_DIR "/plugins/vrfy.so");
  return loaded;
}
inline const std::string ehlo = "EHLO broker.example.com\r\n";
inline const std::string can = "250-mail.example.com\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250 SMTPUTF8\r\n";
inline const std::string mail = "MAIL FROM:<>\r\n";
inline std::string rcpt(const std::string& address) { return "RCPT TO:<" + address + ">\r\n"; }
inline const std::string ok = "250 2.1.5 Ok\r\n";
inline const std::string unknown = "550 5.1.1 User unknown\r\n";

inline table with(table more = {}) {
  more.emplace("helo", "broker.example.com");
  more.emplace("detect_accept_all", false);
  return more;
}
inline table by(texts methods, table more = {}) {
  more.emplace("methods", std::move(methods));
  return with(std::move(more));
}
// What stands in ABK's numbers for a scope of facts.
inline constexpr std::uint32_t of_upstream = ABK_FACT_UPSTREAM, of_domain = ABK_FACT_UPSTREAM_DOMAIN, of_question = ABK_FACT_QUESTION;

// Greeting and EHLO.
inline abk::test::transcript greeted(table settings = with(), const std::string& address = "ann@example.com", const std::string& extensions = can) {
  abk::test::transcript t(plugin());
  t.settings(std::move(settings)).mailbox(address).upstream("220 mail.example.com ESMTP\r\n").says(ehlo).upstream(extensions);
  return t;
}
// ... and the question is asked.
inline abk::test::transcript at_rcpt(table settings = with(), const std::string& address = "ann@example.com") {
  abk::test::transcript t = greeted(std::move(settings), address);
  t.says(mail).upstream("250 2.1.0 Ok\r\n").says(rcpt(address));
  return t;
}
inline abk::test::transcript at_vrfy(table settings = by({"vrfy"}), const std::string& address = "ann@example.com") {
  abk::test::transcript t = greeted(std::move(settings), address);
  t.says("VRFY " + address + "\r\n");
  return t;
}

// Several questions over one connection, driven by hand.
struct connection {
  abk::test::host_rig host;
  abk::test::connection_rig up;
  explicit connection(table settings = with(), const std::string& extensions = can, std::map<std::string, std::string> known = {})
      : host(plugin(), std::move(settings), std::move(known)), up(host, ABK_TLS) {
    up.feed("220 mail.example.com ESMTP\r\n");
    EXPECT_EQ(up.take_sent(), ehlo);
    up.feed(extensions);
    EXPECT_EQ(up.is(), abk::test::connection_rig::state::ready);
  }
  ~connection() { EXPECT_EQ(host.complaints, texts{}); }
  std::uint32_t ask(const std::string& address, const std::string& carry = {}) {
    abk::test::ask q;
    q.kind = ABK_MAILBOX;
    q.login_name = address;
    q.carry = carry;
    return up.begin(q);
  }
  std::string says() { return up.take_sent(); }
  // Sends, and returns what is answered then: "1 yes rcpt.ok; 2 no rcpt.unknown".
  std::string feed(const std::string& bytes) { return up.feed(bytes), told(); }
  std::string told() {
    std::string out;
    for (const auto& a : up.answers) {
      static constexpr const char* words[] = {"tempfail", "yes", "no", "unverifiable"};
      out += (out.empty() ? "" : "; ") + std::to_string(a.id) + " " + words[a.verdict & 3] + " " + a.rule;
    }
    up.answers.clear();
    return out;
  }
  bool ready() const { return up.is() == abk::test::connection_rig::state::ready; }
  bool closed() const { return up.is() == abk::test::connection_rig::state::closed; }
};

}  // namespace vrfy_test

#define EXPECT_PLAYS(T) EXPECT_EQ((T).run(), "")
