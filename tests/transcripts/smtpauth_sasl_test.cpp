// Mechanisms with challenges, as conversations. What they compute is tested with the library itself.
#include "smtpauth_fixture.hpp"

namespace {

using namespace smtpauth_test;
using abk::test::connection_rig;
using abk::test::host_rig;
using state = connection_rig::state;

std::string base64(const std::string& bytes) {
  const abk::secret_text encoded = abk::base64(abk::secret_view(bytes));
  return std::string(encoded.view().reveal());
}

abk::test::transcript cram() {
  auto t = server("AUTH CRAM-MD5 PLAIN", {"CRAM-MD5"});
  t.login("tim", "tanstaaftanstaaf").says("AUTH CRAM-MD5\r\n");
  return t;
}
const std::string rfc2195 = base64("tim b913a602c7eda7a495b4e6e7334d3890");
abk::test::transcript at_digest() {
  auto t = cram();
  t.upstream("334 " + base64("<1896.697170952@postoffice.reston.mci.net>") + "\r\n").says_secret(rfc2195 + "\r\n", rfc2195);
  return t;
}

TEST(SmtpAuthMechanisms, CramMd5) {
  auto yes = at_digest();
  EXPECT_PLAYS(judged(yes, "235 2.7.0 ok\r\n", ABK_YES, ABK_REASON_NONE, "auth-cram-md5.235"));
  auto no = at_digest();
  EXPECT_PLAYS(judged(no, "535 5.7.8 no\r\n", ABK_NO, ABK_REASON_WRONG_PASSWORD, "auth-cram-md5.535"));
  auto more = at_digest();
  EXPECT_PLAYS(more.upstream("334 YQ==\r\n").expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "auth-cram-md5.endless").says("*\r\n").closes());
}

TEST(SmtpAuthMechanisms, E_04_a_challenge_that_is_no_base64_is_cancelled) {
  for (const std::string challenge : {"<1896.697170952@postoffice>", "====", "YQ", "YQ==YQ==", "YR==", " YQ=="}) {
    auto t = cram();
    EXPECT_PLAYS(t.upstream("334 " + challenge + "\r\n").expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "auth-cram-md5.bad-base64").says("*\r\n").upstream("501 5.7.0 Authentication aborted\r\n").closes()) << challenge;
  }
}

TEST(SmtpAuthMechanisms, E_04_an_empty_challenge_is_none_for_them) {
  for (const std::string bare : {"334 \r\n", "334\r\n"}) {
    auto t = cram();
    EXPECT_PLAYS(t.upstream(bare).expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "auth-cram-md5.bad-challenge").says("*\r\n").closes());
  }
}

TEST(SmtpAuthMechanisms, E_04_a_long_challenge) {
  auto fits = cram();
  fits.unsplit().upstream("334 " + base64("<" + std::string(900, 'a') + ">") + "\r\n");
  EXPECT_NE(fits.run().find("unexpected \"dGltI"), std::string::npos);
  auto endless = cram();
  EXPECT_PLAYS(endless.unsplit().upstream("334 " + std::string(20'000, 'A')).expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "line.too-long").closes());
}

TEST(SmtpAuthMechanisms, AYesBeforeTheMechanismIsThroughIsNone) {
  auto early = cram();
  EXPECT_PLAYS(judged(early, "235 2.7.0 ok\r\n", ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "auth-cram-md5.nonsense"));
}

TEST(SmtpAuthMechanisms, AMechanismThatIsRefusedIsFollowedByTheNext) {
  auto t = server("AUTH CRAM-MD5 PLAIN", {"CRAM-MD5", "PLAIN"});
  t.says("AUTH CRAM-MD5\r\n").upstream("504 5.5.4 Unrecognized authentication type\r\n").says_secret("AUTH PLAIN " + plain + "\r\n", plain);
  EXPECT_PLAYS(judged(t, "535 5.7.8 no\r\n", ABK_NO, ABK_REASON_WRONG_PASSWORD, "auth-plain.535"));
  auto digest = at_digest();
  EXPECT_PLAYS(judged(digest, "504 5.5.4 what?\r\n", ABK_TEMPFAIL, ABK_REASON_MISCONFIGURED, "auth-cram-md5.50x"));
  auto transition = at_digest();
  EXPECT_PLAYS(judged(transition, "432 4.7.12 A password transition is needed\r\n", ABK_TEMPFAIL, ABK_REASON_MISCONFIGURED, "auth-cram-md5.432"));
}

TEST(SmtpAuthMechanisms, NtlmsFirstChallengeIsText) {
  const std::string first = base64(std::string("NTLMSSP\0\1\0\0\0\7\2\0\0", 16) + std::string(16, '\0'));
  for (const std::string challenge : {"334 ntlm supported\r\n", "334 \r\n"}) {
    auto t = server("AUTH NTLM", {"NTLM"});
    t.says("AUTH NTLM\r\n").upstream(challenge);
    EXPECT_NE(t.run().find("unexpected \"TlRMTVNTUAAB"), std::string::npos) << challenge;
  }
}

// A login by SCRAM, whose nonce differs each time: what is said is looked at here.
class scram {
 public:
  explicit scram(std::initializer_list<std::string> mechanisms = {"SCRAM-SHA-256", "PLAIN"}) : host_(plugin(), settings(mechanisms), {}, ABK_TLS), up_(host_, ABK_TLS, 0) {
    up_.unwatch();
    up_.feed(greeting);
    up_.feed(extensions("AUTH PLAIN SCRAM-SHA-256"));
    up_.take_sent();
    up_.take_marks();
    abk::test::ask q;
    q.login_name = "ann";
    q.password = "open sesame";
    up_.begin(q);
    first_ = sent(false);
  }
  std::string client_first() const { return first_; }
  // What the plugin says to `reply`; all of it is secret, or nothing.
  std::string hears(const std::string& reply, bool secret) {
    up_.feed(reply);
    return sent(secret);
  }
  void expect(std::uint32_t verdict, const std::string& rule) {
    ASSERT_EQ(up_.answers.size(), 1U);
    EXPECT_EQ(up_.answers[0].verdict, verdict);
    EXPECT_EQ(up_.answers[0].rule, rule);
    EXPECT_TRUE(host_.complaints.empty());
  }
  // A challenge that the client goes on with: from its own nonce.
  std::string challenge(const std::string& iterations = "4096") const {
    const std::string prefix = "AUTH SCRAM-SHA-256 ";
    std::string nonce = first_.substr(prefix.size());
    nonce.resize(nonce.size() - 2);
    return "334 " + base64("r=" + decoded(nonce).substr(decoded(nonce).find("r=") + 2) + "SERVER,s=c2FsdHNhbHQ=,i=" + iterations) + "\r\n";
  }
  connection_rig& up() { return up_; }

 private:
  static std::string decoded(const std::string& text) {
    std::string out;
    std::uint32_t group = 0;
    int bits = 0;
    for (const char c : text) {
      const auto v = std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/").find(c);
      if (v == std::string_view::npos) break;
      group = group << 6 | static_cast<std::uint32_t>(v);
      bits += 6;
      if (bits >= 8) {
        bits -= 8;
        out += static_cast<char>(group >> bits & 0xffU);
      }
    }
    return out;
  }
  std::string sent(bool secret) {
    const std::string out = up_.take_sent(), marks = up_.take_marks();
    EXPECT_EQ(marks.find('x') != marks.npos, secret) << out;
    return out;
  }
  host_rig host_;
  connection_rig up_;
  std::string first_;
};

// Thousands of hashes, which no event loop shall compute; the name beside it is cheap.
TEST(SmtpAuthScram, TheProofIsComputedElsewhere) {
  scram s;
  EXPECT_EQ(s.up().computed, 0);
  s.hears(s.challenge(), true);
  EXPECT_EQ(s.up().computed, 1);
}

TEST(SmtpAuthScram, TheNameGoesWithTheCommandAndIsNoSecret) {
  scram s;
  EXPECT_EQ(s.client_first().rfind("AUTH SCRAM-SHA-256 biwsbj1hbm4scj", 0), 0U) << s.client_first();  // "n,,n=ann,r="
}

TEST(SmtpAuthScram, AYesWithoutTheServersProofIsNone) {
  scram s;
  EXPECT_NE(s.hears(s.challenge(), true), "");
  EXPECT_EQ(s.hears("235 2.7.0 ok\r\n", false), "QUIT\r\n");
  s.expect(ABK_TEMPFAIL, "auth-scram-sha-256.unproven");
}

TEST(SmtpAuthScram, AWrongProofIsCancelled) {
  scram s;
  s.hears(s.challenge(), true);
  EXPECT_EQ(s.hears("334 " + base64("v=" + base64(std::string(32, 'x'))) + "\r\n", false), "*\r\n");
  s.expect(ABK_TEMPFAIL, "auth-scram-sha-256.unproven");
}

TEST(SmtpAuthScram, AWrongPasswordIsANo) {
  scram s;
  s.hears(s.challenge(), true);
  EXPECT_EQ(s.hears("535 5.7.8 no\r\n", false), "");
  s.expect(ABK_NO, "auth-scram-sha-256.535");
  EXPECT_EQ(s.up().is(), state::ready);
}

TEST(SmtpAuthScram, ARefusalWithinTheMechanismIsOneWhenTheReplySaysSo) {
  scram s;
  s.hears(s.challenge(), true);
  EXPECT_EQ(s.hears("334 " + base64("e=invalid-proof") + "\r\n", false), "\r\n");
  s.hears("535 5.7.8 no\r\n", false);
  s.expect(ABK_NO, "auth-scram-sha-256.535");
  scram pretends;
  pretends.hears(pretends.challenge(), true);
  pretends.hears("334 " + base64("e=invalid-proof") + "\r\n", false);
  pretends.hears("235 2.7.0 ok\r\n", false);
  pretends.expect(ABK_TEMPFAIL, "auth-scram-sha-256.unproven");
}

TEST(SmtpAuthScram, AStrangeNonceIsCancelledBeforeThePassword) {
  scram s;
  EXPECT_EQ(s.hears("334 " + base64("r=another,s=c2FsdHNhbHQ=,i=4096") + "\r\n", false), "*\r\n");
  s.expect(ABK_TEMPFAIL, "auth-scram-sha-256.bad-challenge");
}

TEST(SmtpAuthScram, AHashThatWouldTakeLongIsNotComputed) {
  for (const std::string count : {"20001", "4294967296", "x", ""}) {
    scram s;
    EXPECT_EQ(s.hears(s.challenge(count), false), "*\r\n") << count;
    s.expect(ABK_TEMPFAIL, "auth-scram-sha-256.too-costly");
  }
  scram s;
  EXPECT_NE(s.hears(s.challenge("20000"), true), "*\r\n");
}

// A server may know somebody, and have no SCRAM secret of theirs: the name was refused before anything of the password was sent.
TEST(SmtpAuthScram, ARefusedNameIsNoVerdictWhereTheNextMechanismCanTell) {
  const std::string refused = "535 5.7.8 Error: authentication failed: user not found\r\n";
  scram right;
  EXPECT_EQ(right.hears(refused, true).rfind("AUTH PLAIN ", 0), 0U);
  right.hears("235 2.7.0 ok\r\n", false);
  right.expect(ABK_YES, "auth-plain.235");
  scram wrong;
  wrong.hears(refused, true);
  wrong.hears("535 5.7.8 no\r\n", false);
  wrong.expect(ABK_NO, "auth-plain.535");
  scram only({"SCRAM-SHA-256"});
  EXPECT_EQ(only.hears(refused, false), "");
  only.expect(ABK_NO, "auth-scram-sha-256.535-name");
}

TEST(SmtpAuthScram, ANameThatDoesNotFitGoesOnALineOfItsOwn) {
  host_rig host(plugin(), settings({"SCRAM-SHA-256"}), {}, ABK_TLS);
  connection_rig up(host, ABK_TLS, 0);
  up.feed(greeting);
  up.feed(extensions("AUTH SCRAM-SHA-256"));
  up.take_sent();
  abk::test::ask q;
  q.login_name = std::string(400, 'a');
  q.password = "open sesame";
  up.begin(q);
  EXPECT_EQ(up.take_sent(), "AUTH SCRAM-SHA-256\r\n");
  up.feed("334 \r\n");
  EXPECT_EQ(up.take_sent().rfind("biwsbj1hYWFh", 0), 0U);
  EXPECT_TRUE(host.complaints.empty());
}

}  // namespace
