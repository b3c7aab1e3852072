// Nothing the server sends is unbounded, and nothing that is sent breaks a line or a limit.
#include "pop3_fixture.hpp"

namespace {

using namespace pop3_test;

std::string lines(int n, const std::string& line) {
  std::string out;
  for (int i = 0; i < n; ++i) out += line;
  return out;
}

TEST(Pop3Limits, A_07_blanks_in_passwords_are_sent_as_they_are) {
  for (const std::string password : {" secret ", "pass word", "  ", "tab\tin it"}) {
    auto t = old_server();
    t.login("ann", password).says("USER ann\r\n").upstream("+OK\r\n").says_secret("PASS " + password + "\r\n", password);
    EXPECT_PLAYS(judged(t, "+OK\r\n", ABK_YES, ABK_REASON_NONE, "pass.ok")) << password;
  }
}

TEST(Pop3Limits, A_12_bytes_above_127_are_sent_as_they_are) {
  for (const std::string password : {"caf\xe9", "caf\xc3\xa9"}) {
    auto t = old_server();
    t.login("ann", password).says("USER ann\r\n").upstream("+OK\r\n").says_secret("PASS " + password + "\r\n", password);
    EXPECT_PLAYS(judged(t, "-ERR no\r\n", ABK_NO, ABK_REASON_WRONG_PASSWORD, "pass.err"));
  }
}

TEST(Pop3Limits, A_08_what_is_too_long_is_not_sent) {
  for (const std::size_t n : {249U, 505U, 1024U}) {
    auto t = old_server();
    EXPECT_PLAYS(t.login("ann", std::string(n, 'p')).expect(ABK_NO, ABK_REASON_TOO_LONG, "local.too-long").stays_ready()) << n;
  }
  auto longest = old_server();
  const std::string password(248, 'p');
  longest.login("ann", password).says("USER ann\r\n").upstream("+OK\r\n").says_secret("PASS " + password + "\r\n", password);
  EXPECT_PLAYS(judged(longest, "+OK\r\n", ABK_YES, ABK_REASON_NONE, "pass.ok"));
}

TEST(Pop3Limits, A_09_a_long_name_is_sent_whole) {  // a server that cuts at 40 octets is never helped to log in somebody else
  const std::string name(41, 'a');
  auto t = old_server();
  t.login(name, "secret").says("USER " + name + "\r\n").upstream("+OK\r\n").says_secret("PASS secret\r\n", "secret");
  EXPECT_PLAYS(judged(t, "+OK\r\n", ABK_YES, ABK_REASON_NONE, "pass.ok"));
}

TEST(Pop3Limits, A_04_what_would_break_a_line_is_not_sent) {
  auto name = old_server();
  EXPECT_PLAYS(name.login("bob\r\nPASS x", "secret").expect(ABK_NO, ABK_REASON_BAD_NAME, "local.bad-name").stays_ready());
  auto password = old_server();
  EXPECT_PLAYS(password.login("bob", "x\r\nDELE 1\r\n").expect(ABK_NO, ABK_REASON_BAD_PASSWORD, "local.bad-password").stays_ready());
}

TEST(Pop3Limits, A_06_a_name_with_a_blank_needs_auth) {
  auto t = old_server();
  EXPECT_PLAYS(t.login("bob admin", "secret").expect(ABK_NO, ABK_REASON_BAD_NAME, "local.blank-in-name").stays_ready());
}

TEST(Pop3Limits, AMissingMechanismIsTheOperatorsMatter) {
  auto t = server_with("+OK\r\nUSER\r\n.\r\n");
  EXPECT_PLAYS(t.settings({{"mechanisms", std::vector<std::string>{"PLAIN"}}}).expect(ABK_TEMPFAIL, ABK_REASON_MISCONFIGURED, "local.no-mechanism").stays_ready());
}

TEST(Pop3Limits, D_10_capa_has_an_end) {
  auto fits = at_password(server_with("+OK\r\n" + lines(64, "X\r\n") + ".\r\n"));
  EXPECT_PLAYS(judged(fits, "+OK\r\n", ABK_YES, ABK_REASON_NONE, "pass.ok"));
}

TEST(Pop3Limits, D_10_capa_without_an_end) {
  auto many = server_with("+OK\r\n" + lines(65, "X\r\n"));
  EXPECT_PLAYS(many.expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "capa.too-long").closes());
  auto large = server_with("+OK\r\n" + lines(9, "X" + std::string(1000, ' ') + "\r\n")).unsplit();
  EXPECT_PLAYS(large.expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "capa.too-long").closes());
}

TEST(Pop3Limits, D_10_only_a_lone_dot_is_the_end) {
  auto t = server_with("+OK\r\n..\r\n. \r\n .\r\nUSER\r\n.\r\n");
  t = at_password(t);
  EXPECT_PLAYS(judged(t, "+OK\r\n", ABK_YES, ABK_REASON_NONE, "pass.ok"));
}

TEST(Pop3Limits, F_04_a_line_has_an_end) {
  auto fits = story().unsplit();
  fits.upstream("+OK " + std::string(2042, 'a') + "\r\n").says("CAPA\r\n").upstream("-ERR\r\n");
  fits = at_password(fits);
  EXPECT_PLAYS(judged(fits, "+OK\r\n", ABK_YES, ABK_REASON_NONE, "pass.ok"));
  auto too_long = story().unsplit();
  EXPECT_PLAYS(too_long.upstream("+OK " + std::string(2043, 'a') + "\r\n").expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "line.too-long").closes());
  auto endless = at_password(old_server()).unsplit();
  EXPECT_PLAYS(endless.upstream(std::string(60'000, 'A')).expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "line.too-long").closes());
}

TEST(Pop3Limits, F_07_zeros_and_junk_are_text) {
  auto t = at_password(old_server());
  EXPECT_PLAYS(judged(t, std::string("-ERR [AUTH] a\0b\xff\xfe\r\n", 19), ABK_NO, ABK_REASON_WRONG_PASSWORD, "pass.err-auth"));
}

TEST(Pop3Limits, F_08_bare_line_feeds_end_lines_but_make_no_yes) {
  auto refusal = story();
  refusal.upstream("+OK\n").says("CAPA\r\n").upstream("+OK\nUSER\n.\n").says("USER ann@example.com\r\n").upstream("+OK\n").says("PASS open sesame\r\n");
  EXPECT_PLAYS(judged(refusal, "-ERR no\n", ABK_NO, ABK_REASON_WRONG_PASSWORD, "pass.err"));
  auto yes = at_password(old_server());
  EXPECT_PLAYS(judged(yes, "+OK\n", ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "pass.nonsense"));
}

}  // namespace
