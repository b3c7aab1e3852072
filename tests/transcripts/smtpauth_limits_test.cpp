// What servers say that breaks the protocol, or has no end; and what is never sent.
#include "smtpauth_fixture.hpp"

namespace {

using namespace smtpauth_test;

std::string times(int n, const std::string& line) {
  std::string out;
  for (int i = 0; i < n; ++i) out += line;
  return out;
}

TEST(SmtpAuthLimits, E_01_E_07_a_reply_that_is_none_is_no_verdict) {
  for (const std::string reply : {"2350 ok\r\n", "23 ok\r\n", "abc\r\n", "235ok\r\n", "235-2.7.0 ok\r\n535 5.7.8 no\r\n", "535-5.7.8 no\r\n235 2.7.0 ok\r\n", "250 2.7.0 ok\r\n", "+OK\r\n", "235 2.7.0 ok\n",
                                  "235 5.7.8 ok\r\n", "535ok\r\n"}) {
    auto t = at_password();
    EXPECT_PLAYS(judged(t, reply, ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "auth-plain.nonsense")) << reply;
  }
}

TEST(SmtpAuthLimits, E_02_E_03_refusals_of_several_lines_and_of_none) {
  auto lines = at_password();
  EXPECT_PLAYS(judged(lines, "535-5.7.8 Username and Password not accepted.\r\n535 5.7.8 https://support.example.com\r\n", ABK_NO, ABK_REASON_WRONG_PASSWORD, "auth-plain.535"));
  auto bare = at_password();
  EXPECT_PLAYS(judged(bare, "535\r\n", ABK_NO, ABK_REASON_WRONG_PASSWORD, "auth-plain.535"));
  auto tenant = at_password();
  EXPECT_PLAYS(judged(tenant, "535 5.7.139 Authentication unsuccessful, basic authentication is disabled.\r\n", ABK_TEMPFAIL, ABK_REASON_MISCONFIGURED, "auth-plain.535-7-139"));
  auto later = at_password();
  EXPECT_PLAYS(judged(later, "454 4.7.0 Temporary authentication failure\r\n", ABK_TEMPFAIL, ABK_REASON_UPSTREAM_BUSY, "auth-plain.4xx"));
  auto going = at_password();
  EXPECT_PLAYS(judged(going, "421 4.3.2 shutting down\r\n", ABK_TEMPFAIL, ABK_REASON_UPSTREAM_BUSY, "auth-plain.421"));
}

TEST(SmtpAuthLimits, E_04_a_challenge_has_an_end) {
  auto t = server("AUTH LOGIN");
  t.unsplit().says("AUTH LOGIN\r\n");
  EXPECT_PLAYS(t.upstream("334 " + std::string(16'000, 'A') + "\r\n").expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "line.too-long").closes());
}

TEST(SmtpAuthLimits, E_04_a_challenge_is_one_line) {
  auto t = server("AUTH LOGIN");
  t.says("AUTH LOGIN\r\n");
  EXPECT_PLAYS(t.upstream("334-VXNlcm5hbWU6\r\n334 VXNlcm5hbWU6\r\n").expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "auth-login.nonsense").says("*\r\n").closes());
}

TEST(SmtpAuthLimits, E_19_F_05_lists_without_end) {
  auto lines = story();
  lines.unsplit().upstream(greeting).says(ehlo);
  EXPECT_PLAYS(lines.upstream(times(64, "250-X\r\n") + "250 X\r\n").expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "ehlo.nonsense").closes());
  auto bytes = story();
  bytes.unsplit().upstream(greeting).says(ehlo);
  EXPECT_PLAYS(bytes.upstream(times(9, "250-" + std::string(1000, 'X') + "\r\n") + "250 X\r\n").expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "ehlo.nonsense").closes());
  auto banner = story();
  banner.unsplit();
  EXPECT_PLAYS(banner.upstream(times(129, "220-hello\r\n")).expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "greeting.nonsense").closes());
  auto verdict = at_password();
  verdict.unsplit();
  EXPECT_PLAYS(verdict.upstream(times(129, "235-2.7.0 ok\r\n")).expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "auth-plain.nonsense").says("QUIT\r\n").closes());
}

TEST(SmtpAuthLimits, F_04_a_line_has_an_end) {
  auto banner = story();
  EXPECT_PLAYS(banner.unsplit().upstream("220 " + std::string(4000, 'A')).expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "line.too-long").closes());
  auto verdict = at_password();
  EXPECT_PLAYS(verdict.unsplit().upstream("235 " + std::string(4000, 'A')).expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "line.too-long").closes());
  auto longer_than_the_rfc = at_password();
  EXPECT_PLAYS(judged(longer_than_the_rfc, "235 " + std::string(600, 'A') + "\r\n", ABK_YES, ABK_REASON_NONE, "auth-plain.235"));
}

TEST(SmtpAuthLimits, F_07_zeros_and_junk_are_text) {
  using namespace std::string_literals;
  auto t = at_password();
  EXPECT_PLAYS(judged(t, "535 \0 235 2.7.0 ok\xff\r\n"s, ABK_NO, ABK_REASON_WRONG_PASSWORD, "auth-plain.535"));
}

TEST(SmtpAuthLimits, F_08_bare_line_feeds_end_lines_but_make_no_yes) {
  auto yes = at_password();
  EXPECT_PLAYS(judged(yes, "235-ok\n235 ok\r\n", ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "auth-plain.nonsense"));
  auto no = at_password();
  EXPECT_PLAYS(no.upstream("535 5.7.8 no\n").expect(ABK_NO, ABK_REASON_WRONG_PASSWORD, "auth-plain.535").says("QUIT\r\n").closes());
}

TEST(SmtpAuthLimits, F_09_replies_that_come_too_early_are_no_verdict) {
  auto greeting_and_more = story();
  EXPECT_PLAYS(greeting_and_more.unsplit().upstream(greeting + "250 mail\r\n").expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "reply.early").closes());
  auto ehlo_and_more = story();
  EXPECT_PLAYS(ehlo_and_more.unsplit().upstream(greeting).says(ehlo).upstream(extensions() + "235 2.7.0 ok\r\n").expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "reply.early").closes());
  auto name_and_more = server("AUTH LOGIN");
  name_and_more.unsplit().says("AUTH LOGIN\r\n");
  EXPECT_PLAYS(name_and_more.upstream("334 VXNlcm5hbWU6\r\n334 UGFzc3dvcmQ6\r\n").expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "reply.early").closes());
  auto verdict_and_more = at_password();
  EXPECT_PLAYS(verdict_and_more.unsplit().upstream("235 2.7.0 ok\r\n250 ok\r\n").expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "auth-plain.unread").closes());
  auto refusal_and_more = at_password();
  EXPECT_PLAYS(refusal_and_more.unsplit().upstream("535 5.7.8 no\r\n421 4.7.0 too many errors\r\n").expect(ABK_NO, ABK_REASON_WRONG_PASSWORD, "auth-plain.535").closes());
}

TEST(SmtpAuthLimits, A_04_what_would_break_a_line_is_not_sent) {
  auto name_of_two_lines = server();
  EXPECT_PLAYS(name_of_two_lines.login("bob\r\nRSET", "secret").expect(ABK_NO, ABK_REASON_BAD_NAME, "local.bad-name").stays_ready());
  auto password_of_two_lines = server();
  EXPECT_PLAYS(password_of_two_lines.login("bob", "x\r\nDATA\r\n").expect(ABK_NO, ABK_REASON_BAD_PASSWORD, "local.bad-password").stays_ready());
}

TEST(SmtpAuthLimits, A_08_the_longest_password) {
  const std::string longest(9'000, 'x');
  auto t = story({"PLAIN"}).login("ann", longest);
  const abk::secret_text message = abk::sasl_plain("ann", abk::secret_view(longest));
  const std::string encoded(message.view().reveal());
  t.unsplit().upstream(greeting).says(ehlo).upstream(extensions()).says("AUTH PLAIN\r\n").upstream("334 \r\n").says_secret(encoded + "\r\n", encoded);
  EXPECT_PLAYS(judged(t, "535 5.7.8 no\r\n", ABK_NO, ABK_REASON_WRONG_PASSWORD, "auth-plain.535"));
  auto longer = server("AUTH PLAIN");
  EXPECT_PLAYS(longer.unsplit().login("ann", std::string(9'300, 'x')).expect(ABK_NO, ABK_REASON_TOO_LONG, "local.too-long").stays_ready());
}

}  // namespace
