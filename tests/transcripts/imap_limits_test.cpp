// Nothing the server sends is unbounded, and the line that decides decides whatever else is in it.
#include "imap_fixture.hpp"

namespace {

using namespace imap_test;
using abk::test::connection_rig;
using abk::test::host_rig;

std::string lines(int n, const std::string& line) {
  std::string out;
  for (int i = 0; i < n; ++i) out += line;
  return out;
}

TEST(ImapLimits, F_04_a_line_has_an_end) {
  auto fits = story().unsplit();
  fits.upstream("* OK [CAPABILITY IMAP4rev1] " + std::string(8192 - 30, 'a') + "\r\n");
  fits = at_login(fits);
  EXPECT_PLAYS(judged(fits, "A1 OK\r\n", ABK_YES, ABK_REASON_NONE, "login.ok"));
  auto too_long = story().unsplit();
  EXPECT_PLAYS(left(too_long, "* OK [CAPABILITY IMAP4rev1] " + std::string(8192 - 29, 'a') + "\r\n", ABK_REASON_UPSTREAM_NONSENSE, "line.too-long"));
  auto endless = at_login(old_server()).unsplit();
  EXPECT_PLAYS(left(endless, std::string(60'000, 'A'), ABK_REASON_UPSTREAM_NONSENSE, "line.too-long"));
}

TEST(ImapLimits, F_05_replies_have_an_end) {
  auto fits = at_login(old_server()).unsplit();
  EXPECT_PLAYS(judged(fits, lines(63, "* 1 EXISTS\r\n") + "A1 OK\r\n", ABK_YES, ABK_REASON_NONE, "login.ok"));
  auto many = at_login(old_server()).unsplit();
  EXPECT_PLAYS(left(many, lines(65, "* 1 EXISTS\r\n"), ABK_REASON_UPSTREAM_NONSENSE, "reply.too-many"));
  auto large = at_login(old_server()).unsplit();
  EXPECT_PLAYS(left(large, lines(17, "* X" + std::string(1000, ' ') + "\r\n"), ABK_REASON_UPSTREAM_NONSENSE, "reply.too-long"));
  auto capabilities = story().unsplit();
  EXPECT_PLAYS(left(capabilities.upstream("* OK hi\r\n").says("A1 CAPABILITY\r\n"), lines(65, "* CAPABILITY X\r\n"), ABK_REASON_UPSTREAM_NONSENSE, "reply.too-many"));
}

TEST(ImapLimits, ALiteralIsBelievedUpToItsBound) {
  auto fits = at_login(old_server()).unsplit();
  EXPECT_PLAYS(judged(fits, "* X {16000}\r\n" + std::string(16'000, '\n') + "\r\nA1 OK\r\n", ABK_YES, ABK_REASON_NONE, "login.ok"));
  for (const std::string size : {"16385", "4294967295", "99999999999999999999"}) {
    auto large = at_login(old_server()).unsplit();
    EXPECT_PLAYS(left(large, "* X {" + size + "}\r\n", ABK_REASON_UPSTREAM_NONSENSE, "reply.too-long")) << size;
  }
  auto cut = at_login(old_server());
  EXPECT_PLAYS(cut.upstream("* X {20}\r\nA1 OK in\r\n").eof().expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_DOWN, "host.lost").closes());
}

TEST(ImapLimits, F_07_zeros_and_junk_are_text) {
  auto t = at_login(old_server());
  EXPECT_PLAYS(judged(t, std::string("A1 NO [AUTHENTICATIONFAILED] a\0b\xff\xfe\r\n", 37), ABK_NO, ABK_REASON_WRONG_PASSWORD, "login.no-authenticationfailed"));
  auto before = at_login(old_server());
  EXPECT_PLAYS(left(before, std::string("A1\0 OK\r\n", 8), ABK_REASON_UPSTREAM_NONSENSE, "login.nonsense"));
}

TEST(ImapLimits, F_08_bare_line_feeds_end_lines_but_make_no_yes) {
  auto refusal = story();
  refusal.upstream("* OK hi\n").says("A1 CAPABILITY\r\n").upstream("* CAPABILITY IMAP4rev1\nA1 OK\n").says("A2 LOGIN ann@example.com \"open sesame\"\r\n");
  EXPECT_PLAYS(judged(refusal, "A2 NO no\n", ABK_NO, ABK_REASON_WRONG_PASSWORD, "login.no", "A3"));
  auto yes = at_login(old_server());
  EXPECT_PLAYS(judged(yes, "A1 OK in\n", ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "login.nonsense"));
}

TEST(ImapLimits, F_10_a_late_reply_has_nobody_to_go_to) {
  host_rig host(plugin());
  connection_rig up(host, ABK_TLS);
  up.feed("* OK [CAPABILITY IMAP4rev1] hi\r\n");
  abk::test::ask question;
  question.login_name = "ann";
  question.password = "open sesame";
  const std::uint32_t id = up.begin(question);
  up.feed("* OK wait\r\n");
  EXPECT_FALSE(up.cancel(id));  // the connection must not be used again
  up.destroy();
  EXPECT_TRUE(up.answers.empty());
  EXPECT_TRUE(host.complaints.empty());
}

}  // namespace
