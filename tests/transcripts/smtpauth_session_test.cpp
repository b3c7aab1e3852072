// Several logins on one connection, logins for a client that is named, and what is told of a server.
#include <algorithm>
#include <cstdlib>

#include "smtpauth_fixture.hpp"

namespace {

using namespace smtpauth_test;
using abk::test::connection_rig;
using abk::test::host_rig;
using state = connection_rig::state;

// A connection on which one login after another is asked.
class several {
 public:
  explicit several(abk::test::table more = {}) : host_(plugin(), with(std::move(more)), {}, ABK_TLS), up_(host_, ABK_TLS, 0) {
    up_.unwatch();
    says(greeting, ehlo);
    says(extensions(), "");
  }
  // What the server says, and what is said next.
  void says(const std::string& bytes, const std::string& next) {
    up_.feed(bytes);
    EXPECT_EQ(up_.take_sent(), next);
  }
  void ask(const std::string& command) {
    ASSERT_EQ(up_.is(), state::ready);
    abk::test::ask q;
    q.login_name = "ann@example.com";
    q.password = "open sesame";
    id_ = up_.begin(q);
    EXPECT_EQ(up_.take_sent(), command);
  }
  void expect(std::uint32_t verdict, const std::string& rule) {
    ASSERT_EQ(up_.answers.size(), 1U);
    EXPECT_EQ(up_.answers[0].verdict, verdict);
    EXPECT_EQ(up_.answers[0].rule, rule);
    up_.answers.clear();
  }
  void refused_by_initial_response() {
    ask("AUTH PLAIN " + plain + "\r\n");
    says("535 5.7.8 no\r\n", "");
    expect(ABK_NO, "auth-plain.535");
  }
  void refused_as_kept() {
    ask("AUTH PLAIN\r\n");
    says("334 \r\n", plain + "\r\n");
  }
  connection_rig& up() { return up_; }
  const std::vector<std::string>& complaints() const { return host_.complaints; }
  std::uint32_t id() const { return id_; }

 private:
  static abk::test::table with(abk::test::table more) {
    more.merge(settings({"PLAIN", "LOGIN"}));
    return more;
  }
  host_rig host_;
  connection_rig up_;
  std::uint32_t id_ = 0;
};

TEST(SmtpAuthSession, ThreeRefusalsAConnection) {
  several s;
  s.refused_by_initial_response();
  s.refused_as_kept();
  s.says("535 5.7.8 no\r\n", "");
  s.expect(ABK_NO, "auth-plain.535");
  s.refused_as_kept();
  s.says("535 5.7.8 no\r\n", "QUIT\r\n");
  s.expect(ABK_NO, "auth-plain.535");
  EXPECT_EQ(s.up().is(), state::closed);
  EXPECT_TRUE(s.complaints().empty());
}

TEST(SmtpAuthSession, session_logins) {
  several one({{"session_logins", std::int64_t{1}}});
  one.ask("AUTH PLAIN " + plain + "\r\n");
  one.says("535 5.7.8 no\r\n", "QUIT\r\n");
  one.expect(ABK_NO, "auth-plain.535");
  EXPECT_EQ(one.up().is(), state::closed);

  several many({{"session_logins", std::int64_t{10}}});
  many.refused_by_initial_response();
  for (int i = 0; i < 8; ++i) {
    many.refused_as_kept();
    many.says("535 5.7.8 no\r\n", "");
    many.expect(ABK_NO, "auth-plain.535");
  }
  many.refused_as_kept();
  many.says("535 5.7.8 no\r\n", "QUIT\r\n");
}

TEST(SmtpAuthSession, F_11_a_success_is_the_last_login) {
  several s;
  s.refused_by_initial_response();
  s.refused_as_kept();
  s.says("235 2.7.0 ok\r\n", "QUIT\r\n");
  s.expect(ABK_YES, "auth-plain.235");
  EXPECT_EQ(s.up().is(), state::closed);
}

TEST(SmtpAuthSession, TroubleIsTheLastLogin) {
  several s;
  s.ask("AUTH PLAIN " + plain + "\r\n");
  s.says("454 4.7.0 later\r\n", "QUIT\r\n");
  s.expect(ABK_TEMPFAIL, "auth-plain.4xx");
  EXPECT_EQ(s.up().is(), state::closed);
}

TEST(SmtpAuthSession, AKeptConnectionThatClosesLosesNoLogin) {
  for (const std::string last : {"421 4.4.2 mail.example.com Error: timeout exceeded\r\n", ""}) {
    several s;
    s.refused_by_initial_response();
    s.ask("AUTH PLAIN\r\n");
    if (last.empty()) s.up().end();
    else s.says(last, "");
    EXPECT_TRUE(s.up().answers.empty());
    EXPECT_TRUE(s.up().goes_on);
    EXPECT_EQ(s.up().next_role, 1U);
    EXPECT_EQ(s.up().is(), state::closed);
    EXPECT_TRUE(s.complaints().empty());
  }
}

TEST(SmtpAuthSession, ALoginThatWasHandedOnIsNotHandedOnAgain) {
  auto t = server();
  t.asks({ABK_LOGIN, "ann@example.com", "open sesame", "", "", "again"}).says_secret("AUTH PLAIN " + plain + "\r\n", plain);
  EXPECT_PLAYS(judged(t, "421 4.3.2 bye\r\n", ABK_TEMPFAIL, ABK_REASON_UPSTREAM_BUSY, "auth-plain.421"));
}

TEST(SmtpAuthSession, AConnectionOfTheSecondRoleServesOneLogin) {
  host_rig host(plugin(), settings({"PLAIN"}), {}, ABK_TLS);
  connection_rig up(host, ABK_TLS, 1);
  up.unwatch();
  for (const std::string& bytes : {greeting, extensions()}) up.feed(bytes);
  abk::test::ask q;
  q.login_name = "ann";
  q.password = "open sesame";
  q.carry = "again";
  up.begin(q);
  up.feed("535 5.7.8 no\r\n");
  ASSERT_EQ(up.answers.size(), 1U);
  EXPECT_EQ(up.answers[0].verdict, ABK_NO);
  EXPECT_EQ(up.is(), state::closed);
}

TEST(SmtpAuthSession, AfterThePasswordNothingIsHandedOn) {
  several s;
  s.refused_by_initial_response();
  s.refused_as_kept();
  s.says("421 4.4.2 bye\r\n", "QUIT\r\n");
  s.expect(ABK_TEMPFAIL, "auth-plain.421");
  EXPECT_FALSE(s.up().goes_on);
}

TEST(SmtpAuthSession, AnIdleConnectionThatIsLeftIsToldSo) {
  several s;
  s.refused_by_initial_response();
  s.up().dismiss();
  EXPECT_EQ(s.up().take_sent(), "QUIT\r\n");
}

TEST(SmtpAuthSession, WordsForAnIdleConnectionEndItAndCountForNothing) {
  several s;
  s.refused_by_initial_response();
  s.up().feed("421 4.4.2 mail.example.com Error: timeout exceeded\r\n");
  EXPECT_EQ(s.up().is(), state::closed);
  EXPECT_TRUE(s.up().answers.empty());
}

TEST(SmtpAuthSession, F_10_a_late_reply_has_nobody_to_go_to) {
  several s;
  s.ask("AUTH PLAIN " + plain + "\r\n");
  EXPECT_FALSE(s.up().cancel(s.id()));
  EXPECT_TRUE(s.up().answers.empty());
}

// ---- forward_client

abk::test::transcript forwarding(const std::string& attributes, const std::string& client = "192.0.2.7") {
  auto t = story();
  t.settings({{"forward_client", true}}).client(client).upstream(greeting).says(ehlo).upstream("250-mail.example.com\r\n250-AUTH PLAIN\r\n250 XCLIENT" + attributes + "\r\n");
  return t;
}
abk::test::transcript& and_logs_in(abk::test::transcript& t) {
  t.says_secret("AUTH PLAIN " + plain + "\r\n", plain).upstream("535 5.7.8 no\r\n").expect(ABK_NO, ABK_REASON_WRONG_PASSWORD, "auth-plain.535");
  return t.says("QUIT\r\n").closes();
}

TEST(SmtpAuthForwardClient, TheClientIsToldAndTheConnectionIsItsAlone) {
  auto v4 = forwarding(" NAME ADDR PORT PROTO HELO LOGIN");
  v4.says("XCLIENT ADDR=192.0.2.7 NAME=[UNAVAILABLE]\r\n").upstream("220 mail.example.com ESMTP Postfix\r\n").says(ehlo).upstream("250-mail.example.com\r\n250 AUTH PLAIN\r\n");
  EXPECT_PLAYS(and_logs_in(v4));
  auto v6 = forwarding(" ADDR PORT", "2001:db8::7");
  v6.says("XCLIENT ADDR=IPV6:2001:db8::7\r\n").upstream("220 mail.example.com ESMTP\r\n").says(ehlo).upstream("250-mail.example.com\r\n250 AUTH PLAIN\r\n");
  EXPECT_PLAYS(and_logs_in(v6));
}

TEST(SmtpAuthForwardClient, OnlyWhatIsListedIsSaid) {
  for (const std::string attributes : {"", " NAME PORT", " ADDRESS"}) {
    auto t = forwarding(attributes);
    EXPECT_PLAYS(and_logs_in(t)) << attributes;
  }
  auto nobody = forwarding(" ADDR", "");
  EXPECT_PLAYS(and_logs_in(nobody));
  auto no_address = forwarding(" ADDR", "mail.example.com");
  EXPECT_PLAYS(and_logs_in(no_address));
}

TEST(SmtpAuthForwardClient, ARefusalIsRememberedAndDoesNoHarm) {
  auto t = forwarding(" ADDR");
  t.says("XCLIENT ADDR=192.0.2.7\r\n").upstream("550 5.7.0 Error: insufficient authorization\r\n").learns(ABK_FACT_UPSTREAM, "smtp.xclient", "refused");
  EXPECT_PLAYS(and_logs_in(t));
  auto next = forwarding(" ADDR").knows(ABK_FACT_UPSTREAM, "smtp.xclient", "refused");
  EXPECT_PLAYS(and_logs_in(next));
  // A Postfix without IPv6 takes addresses of IPv4 all the same.
  auto v6 = forwarding(" ADDR", "2001:db8::7");
  v6.says("XCLIENT ADDR=IPV6:2001:db8::7\r\n").upstream("501 5.5.4 Bad ADDR syntax: IPV6:2001:db8::7\r\n").learns(ABK_FACT_UPSTREAM, "smtp.xclient6", "refused").knows_not(ABK_FACT_UPSTREAM, "smtp.xclient");
  EXPECT_PLAYS(and_logs_in(v6));
}

TEST(SmtpAuthForwardClient, TroubleIsTempfail) {
  auto later = forwarding(" ADDR");
  later.says("XCLIENT ADDR=192.0.2.7\r\n");
  EXPECT_PLAYS(later.upstream("421 4.3.0 no\r\n").expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_BUSY, "xclient.4xx").closes());
  auto nonsense = forwarding(" ADDR");
  nonsense.says("XCLIENT ADDR=192.0.2.7\r\n");
  EXPECT_PLAYS(nonsense.upstream("235 2.7.0 ok\r\n").expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "xclient.nonsense").closes());
}

TEST(SmtpAuthForwardClient, MechanismsMayChangeWithTheClient) {
  auto t = forwarding(" ADDR");
  t.says("XCLIENT ADDR=192.0.2.7\r\n").upstream("220 mail.example.com ESMTP\r\n").says(ehlo);
  EXPECT_PLAYS(t.upstream("250 mail.example.com\r\n").expect(ABK_TEMPFAIL, ABK_REASON_MISCONFIGURED, "local.no-mechanism").says("QUIT\r\n").closes());
}

TEST(SmtpAuthForwardClient, OffUnlessAskedFor) {
  auto t = story();
  t.client("192.0.2.7").upstream(greeting).says(ehlo).upstream("250-mail.example.com\r\n250-AUTH PLAIN\r\n250 XCLIENT ADDR\r\n").says_secret("AUTH PLAIN " + plain + "\r\n", plain);
  EXPECT_PLAYS(judged(t, "235 ok\r\n", ABK_YES, ABK_REASON_NONE, "auth-plain.235"));
}

// ---- what is told of a server

using attributes = std::vector<std::pair<std::string, std::string>>;

TEST(SmtpAuthTells, AProbeTellsWhatTheServerOffers) {
  auto t = story();
  t.asks({ABK_PROBE, "", "", "", "", ""}).upstream(greeting).says(ehlo).upstream(extensions("AUTH PLAIN LOGIN SCRAM-SHA-256 XOAUTH2 W\xc3\xa4"));
  EXPECT_PLAYS(t.expect(ABK_YES, ABK_REASON_NONE, "probe").stays_ready());
  EXPECT_EQ(t.answer().attributes, (attributes{{"sasl-scram-sha-256", "yes"}, {"sasl-scram-sha-1", "no"}, {"sasl-digest-md5", "no"}, {"sasl-cram-md5", "no"}, {"sasl-ntlm", "no"}, {"sasl-plain", "yes"},
                                               {"sasl-login", "yes"}, {"sasl-xoauth2", "yes"}, {"login-disabled", "no"}, {"ehlo", "yes"}, {"xclient", "no"}, {"pipelining", "yes"}, {"smtputf8", "yes"},
                                               {"size", "10240000"}}));
}

TEST(SmtpAuthTells, WhoWatchesLearnsWhetherTheServerHangsUp) {
  for (const auto& [bye, fact] : std::initializer_list<std::pair<std::string, std::string>>{{"221 2.0.0 Bye\r\n", "no"}, {"421 4.7.0 too many errors\r\n", "yes"}}) {
    abk::test::transcript t(plugin());
    t.settings(settings({"PLAIN"})).login("ann@example.com", "open sesame").upstream(greeting).says(ehlo).upstream(extensions()).says_secret("AUTH PLAIN " + plain + "\r\n", plain);
    t.upstream("535 5.7.8 no\r\n").expect(ABK_NO, ABK_REASON_WRONG_PASSWORD, "auth-plain.535").says("QUIT\r\n").upstream(bye).learns(ABK_FACT_UPSTREAM, "hangs-up", fact).closes();
    EXPECT_PLAYS(t);
  }
}

// ---- settings

std::vector<std::string> problems(abk::test::table t) { return host_rig(plugin(), std::move(t), {}, ABK_TLS).problems; }
bool mentions(const std::vector<std::string>& all, const std::string& part) {
  return std::any_of(all.begin(), all.end(), [&part](const std::string& one) { return one.find(part) != std::string::npos; });
}

TEST(SmtpAuthSettings, Defaults) {
  EXPECT_TRUE(problems({}).empty());
  abk::test::transcript t(plugin());  // SCRAM-SHA-256 before PLAIN before LOGIN, and none of the others
  t.settings({{"helo", "broker.example.com"}}).login("ann", "open sesame").unwatched().upstream(greeting).says(ehlo).upstream(extensions("AUTH CRAM-MD5 DIGEST-MD5 NTLM LOGIN PLAIN"));
  const abk::secret_text message = abk::sasl_plain("ann", abk::secret_view("open sesame"));
  const std::string encoded(message.view().reveal());
  t.says_secret("AUTH PLAIN " + encoded + "\r\n", encoded);
  EXPECT_PLAYS(judged(t, "235 ok\r\n", ABK_YES, ABK_REASON_NONE, "auth-plain.235"));
}

TEST(SmtpAuthSettings, WhatIsWrongIsSaid) {
  EXPECT_TRUE(mentions(problems({{"mechanisms", std::vector<std::string>{}}}), "empty list"));
  EXPECT_TRUE(mentions(problems({{"mechanisms", std::vector<std::string>{"GSSAPI"}}}), "GSSAPI"));
  EXPECT_TRUE(mentions(problems({{"mechanisms", std::vector<std::string>{"plain"}}}), "wanted"));
  EXPECT_TRUE(mentions(problems({{"mechanisms", std::vector<std::string>{"PLAIN", "PLAIN"}}}), "twice"));
  EXPECT_TRUE(mentions(problems({{"helo", "not a name"}}), "wanted: a domain"));
  EXPECT_TRUE(mentions(problems({{"preset", "imail"}}), "imail"));
  EXPECT_FALSE(problems({{"session_logins", std::int64_t{0}}}).empty());
  EXPECT_FALSE(problems({{"session_logins", std::int64_t{101}}}).empty());
}

// On a host without the package, as a process of its own.
[[noreturn]] void without_the_package() {
  setenv("SASL_PATH", "/nonexistent", 1);
  const auto listed = problems({{"mechanisms", std::vector<std::string>{"SCRAM-SHA-256", "PLAIN"}}});
  const bool told = mentions(listed, "SCRAM-SHA-256") && mentions(listed, "libsasl2-modules");
  host_rig by_default(plugin(), {}, {}, ABK_TLS);
  const bool left_out = by_default.problems.empty() && mentions(by_default.log, "mechanism_left_out") && mentions(by_default.log, "libsasl2-modules");
  std::fprintf(stderr, "%s, %s\n", told ? "an error that names the package" : "no error", left_out ? "left out by default" : "not left out");
  std::_Exit(0);
}
TEST(SmtpAuthSettingsDeathTest, AMechanismThatIsNotInstalled) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(without_the_package(), testing::ExitedWithCode(0), "an error that names the package, left out by default");
}

TEST(SmtpAuthSettings, helo) {
  auto t = story();
  t.settings({{"helo", "[192.0.2.1]"}}).upstream(greeting).says("EHLO [192.0.2.1]\r\n").upstream(extensions()).says_secret("AUTH PLAIN " + plain + "\r\n", plain);
  EXPECT_PLAYS(judged(t, "235 ok\r\n", ABK_YES, ABK_REASON_NONE, "auth-plain.235"));
}

}  // namespace
