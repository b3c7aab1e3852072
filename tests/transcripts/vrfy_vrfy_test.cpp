// Questions by VRFY, whether it is to be believed, and what comes after it; accept-all detection.
#include "vrfy_fixture.hpp"

namespace {

using namespace vrfy_test;

TEST(VrfyVrfy, WhoIsVerifiedExists) {
  auto t = at_vrfy();
  t.upstream("250 2.1.5 Ann <ann@mail.example.com>\r\n").expect(ABK_YES, ABK_REASON_NONE, "vrfy.ok").learns(of_upstream, "vrfy.works", "yes");
  EXPECT_PLAYS(t.stays_ready());
  EXPECT_EQ(t.answer().mailbox, "");  // a host's own name is not the address
}

TEST(VrfyVrfy, E_11_CannotVerifyIsNeverAYes) {
  auto t = at_vrfy();
  t.upstream("252 2.5.2 Cannot VRFY user\r\n").expect(ABK_UNVERIFIABLE, ABK_REASON_VRFY_UNSUPPORTED, "vrfy.252").learns(of_domain, "vrfy.unsupported", "252");
  EXPECT_PLAYS(t.stays_ready());
  ASSERT_EQ(t.log().size(), 1U);
  EXPECT_EQ(t.log()[0], "vrfy_unsupported backend=test domain=example.com said=252 2.5.2 Cannot VRFY user");
}

TEST(VrfyVrfy, E_11_WhoDoesNotHaveVrfyIsRemembered) {
  for (const char* reply : {"502 5.5.1 VRFY command is disabled\r\n", "500 what\r\n"}) {
    const std::string code = std::string(reply, 3);
    auto t = at_vrfy();
    t.upstream(reply).expect(ABK_UNVERIFIABLE, ABK_REASON_VRFY_UNSUPPORTED, "vrfy." + code).learns(of_upstream, "vrfy.unsupported", code);
    EXPECT_PLAYS(t.stays_ready());
  }
  for (const std::uint32_t scope : {of_upstream, of_domain}) {
    abk::test::transcript t(plugin());
    t.settings(by({"vrfy"})).knows(scope, "vrfy.unsupported", "502").mailbox("ann@example.com").upstream("220 hi\r\n").says(ehlo).upstream(can);
    EXPECT_PLAYS(t.expect(ABK_UNVERIFIABLE, ABK_REASON_VRFY_UNSUPPORTED, "vrfy.remembered").stays_ready());
  }
}

TEST(VrfyVrfy, RcptIsAskedWhereVrfyDoesNotTell) {
  for (const char* reply : {"252 maybe\r\n", "502 5.5.1 no\r\n", "501 what\r\n", "550 5.7.1 VRFY is not for you\r\n", "550 5.2.1 disabled\r\n", "553 ambiguous\r\n"}) {
    auto t = at_vrfy(by({"vrfy", "rcpt"}));
    t.upstream(reply).says(mail).upstream(ok).says(rcpt("ann@example.com")).upstream(unknown).expect(ABK_NO, ABK_REASON_NONE, "rcpt.unknown");
    EXPECT_PLAYS(t.stays_ready());
  }
  abk::test::transcript t(plugin());
  t.settings(by({"vrfy", "rcpt"})).knows(of_upstream, "vrfy.unsupported", "502").mailbox("ann@example.com").upstream("220 hi\r\n").says(ehlo).upstream(can);
  EXPECT_PLAYS(t.says(mail).upstream(ok).says(rcpt("ann@example.com")).upstream(ok).expect(ABK_YES, ABK_REASON_NONE, "rcpt.ok").stays_ready());
}

TEST(VrfyVrfy, VrfyIsAskedWhereRcptDoesNotTell) {
  auto t = at_rcpt(by({"rcpt", "vrfy"}));
  t.upstream("252 maybe\r\n").says("VRFY ann@example.com\r\n").upstream("250 <ann@mail>\r\n").expect(ABK_YES, ABK_REASON_NONE, "vrfy.ok");
  EXPECT_PLAYS(t.stays_ready());
  auto neither = at_rcpt(by({"rcpt", "vrfy"}));
  neither.upstream("252 maybe\r\n").says("VRFY ann@example.com\r\n").upstream("502 no\r\n").expect(ABK_UNVERIFIABLE, ABK_REASON_CANNOT_VERIFY, "rcpt.252");
  EXPECT_PLAYS(neither.stays_ready());
}

TEST(VrfyVrfy, E_14_ARefusalOfUsIsNoAbsence) {
  auto t = at_vrfy();
  EXPECT_PLAYS(t.upstream("554 5.7.1 <ann@example.com>: Relay access denied\r\n").expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_REFUSES_US, "vrfy.policy").stays_ready());
}

TEST(VrfyVrfy, AnAbsenceCountsOnceVrfyHasFoundSomebody) {
  auto t = at_vrfy();
  t.upstream(unknown).says("VRFY postmaster@example.com\r\n").upstream("250 <postmaster@mail>\r\n").expect(ABK_NO, ABK_REASON_NONE, "vrfy.unknown").learns(of_upstream, "vrfy.works", "yes");
  EXPECT_PLAYS(t.stays_ready());
  abk::test::transcript known(plugin());
  known.settings(by({"vrfy"})).knows(of_upstream, "vrfy.works", "yes").mailbox("ann@example.com").upstream("220 hi\r\n").says(ehlo).upstream(can).says("VRFY ann@example.com\r\n");
  EXPECT_PLAYS(known.upstream(unknown).expect(ABK_NO, ABK_REASON_NONE, "vrfy.unknown").stays_ready());
  connection c(by({"vrfy"}));
  c.ask("ann@example.com");
  EXPECT_EQ(c.feed("250 ok\r\n"), "1 yes vrfy.ok");
  c.ask("bob@example.com");
  EXPECT_EQ(c.feed(unknown), "2 no vrfy.unknown");
}

TEST(VrfyVrfy, AnAbsenceOfEverybodyIsNone) {
  for (const char* reply : {"550 5.1.1 User unknown\r\n", "252 maybe\r\n", "550 5.7.1 no\r\n", "502 no\r\n"}) {
    auto t = at_vrfy();
    t.upstream(unknown).says("VRFY postmaster@example.com\r\n").upstream(reply).expect(ABK_UNVERIFIABLE, ABK_REASON_VRFY_UNSUPPORTED, "vrfy.not-believed");
    EXPECT_PLAYS(t.learns(of_domain, "vrfy.unsupported", std::string(reply, 3)).stays_ready());
  }
  auto both = at_vrfy(by({"vrfy", "rcpt"}));
  both.upstream(unknown).says("VRFY postmaster@example.com\r\n").upstream(unknown).says(mail).upstream(ok).says(rcpt("ann@example.com"));
  EXPECT_PLAYS(both.upstream(ok).expect(ABK_YES, ABK_REASON_NONE, "rcpt.ok").stays_ready());
  auto busy = at_vrfy();
  busy.upstream(unknown).says("VRFY postmaster@example.com\r\n").upstream("450 busy\r\n").expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_BUSY, "vrfy.4xx").knows_not(of_domain, "vrfy.unsupported");
  EXPECT_PLAYS(busy.stays_ready());
}

TEST(VrfyVrfy, OnePostmasterServesAllWhoWait) {
  connection c(by({"vrfy"}));
  c.ask("ann@example.com");
  c.ask("bob@example.com");
  EXPECT_EQ(c.says(), "VRFY ann@example.com\r\n");  // no pipelining behind VRFY
  c.feed(unknown);
  EXPECT_EQ(c.says(), "VRFY postmaster@example.com\r\n");
  EXPECT_EQ(c.feed("250 ok\r\n"), "1 no vrfy.unknown");
  EXPECT_EQ(c.says(), "VRFY bob@example.com\r\n");
  EXPECT_EQ(c.feed(unknown), "2 no vrfy.unknown");
}

TEST(VrfyVrfy, A252OfOneAddressIsNotRememberedWhereVrfyWorks) {
  abk::test::transcript t(plugin());
  t.settings(by({"vrfy"})).knows(of_upstream, "vrfy.works", "yes").mailbox("x@other.example").upstream("220 hi\r\n").says(ehlo).upstream(can).says("VRFY x@other.example\r\n");
  EXPECT_PLAYS(t.upstream("252 2.1.5 <x@other.example>\r\n").expect(ABK_UNVERIFIABLE, ABK_REASON_VRFY_UNSUPPORTED, "vrfy.252").knows_not(of_domain, "vrfy.unsupported").stays_ready());
}

TEST(VrfyVrfy, ABareNameIsAskedAboutAsTheRouteHasIt) {
  auto t = greeted(by({"vrfy"}), "ann");
  EXPECT_PLAYS(t.says("VRFY ann\r\n").upstream(unknown).says("VRFY postmaster\r\n").upstream("250 ok\r\n").expect(ABK_NO, ABK_REASON_NONE, "vrfy.unknown").stays_ready());
}

TEST(VrfyVrfy, Utf8IsSaid) {
  auto t = greeted(by({"vrfy"}), "j\xc3\xbcrgen@example.com");
  EXPECT_PLAYS(t.says("VRFY j\xc3\xbcrgen@example.com SMTPUTF8\r\n").upstream("250 ok\r\n").expect(ABK_YES, ABK_REASON_NONE, "vrfy.ok").stays_ready());
}

TEST(VrfyVrfy, AfterFiveTheSessionEnds) {
  connection c(by({"vrfy"}));
  for (std::uint32_t i = 1; i < 5; ++i) {
    EXPECT_EQ(c.ask("ann@example.com"), i);
    c.feed("250 ok\r\n");
    EXPECT_TRUE(c.ready());
  }
  c.says();
  c.ask("ann@example.com");
  EXPECT_TRUE(c.up.draining());
  c.feed("250 ok\r\n");
  EXPECT_EQ(c.says(), "VRFY ann@example.com\r\nQUIT\r\n");
  EXPECT_TRUE(c.closed());
  connection domino(with({{"preset", "domino"}}));
  for (int i = 0; i < 20; ++i) {
    domino.ask("ann@example.com");
    domino.feed("250 ok\r\n");
    EXPECT_TRUE(domino.ready());
  }
}

// ---- accept-all

table looking(texts methods = {"rcpt"}) {
  return {{"helo", "broker.example.com"}, {"methods", std::move(methods)}};
}
// The random address in "RCPT TO:<...>" or "VRFY ...".
std::string decoy_in(const std::string& sent, const std::string& before) {
  EXPECT_TRUE(sent.starts_with(before)) << sent;
  const std::string out = sent.substr(before.size(), 24);
  EXPECT_EQ(out.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789"), out.npos) << sent;
  EXPECT_TRUE(sent.substr(before.size() + 24).starts_with("@example.com")) << sent;
  return out;
}

struct accept_all_row {
  const char* reply;
  std::string told, fact;
};

TEST(VrfyAcceptAll, E_12_ARandomAddressIsAskedAboutBeforeTheFirstYes) {
  const accept_all_row rows[] = {
      {"550 5.1.1 unknown\r\n", "1 yes rcpt.ok", "no"},
      {"550 5.2.1 what\r\n", "1 yes rcpt.ok", "no"},
      {"250 2.1.5 Ok\r\n", "1 unverifiable rcpt.accepts-all", "yes"},
      {"450 4.2.0 busy\r\n", "1 yes rcpt.ok", "later"},
      {"554 5.7.1 policy\r\n", "1 yes rcpt.ok", "later"},
      {"252 maybe\r\n", "1 yes rcpt.ok", "later"},
      {"421 4.3.2 bye\r\n", "1 yes rcpt.ok", "later"},
  };
  for (const accept_all_row& r : rows) {
    connection c(looking());
    c.ask("ann@example.com");
    c.feed("250 ok\r\n");
    c.says();
    EXPECT_EQ(c.feed(ok), "");
    decoy_in(c.says(), "RCPT TO:<");
    EXPECT_EQ(c.feed(r.reply), r.told) << r.reply;
    EXPECT_EQ(c.host.facts["3/rcpt.accepts-all"], r.fact) << r.reply;
  }
}

TEST(VrfyAcceptAll, E_12_TheStreamsEndBeforeItIsKnownLeavesTheYes) {
  connection c(looking());
  c.ask("ann@example.com");
  c.feed("250 ok\r\n");
  c.feed(ok);
  c.up.end();
  EXPECT_EQ(c.told(), "1 yes rcpt.ok");
  EXPECT_EQ(c.host.facts["3/rcpt.accepts-all"], "later");
}

TEST(VrfyAcceptAll, E_12_WhatIsRememberedIsNotAskedAgain) {
  for (const auto& [fact, told] : std::map<std::string, std::string>{{"no", "1 yes rcpt.ok"}, {"later", "1 yes rcpt.ok"}, {"yes", "1 unverifiable rcpt.accepts-all"}}) {
    connection c(looking(), can, {{"3/rcpt.accepts-all", fact}});
    c.ask("ann@example.com");
    c.feed("250 ok\r\n");
    EXPECT_EQ(c.feed(ok), told);
  }
  connection absent(looking(), can, {{"3/rcpt.accepts-all", "yes"}});
  absent.ask("ann@example.com");
  absent.feed("250 ok\r\n");
  EXPECT_EQ(absent.feed(unknown), "1 no rcpt.unknown");
}

TEST(VrfyAcceptAll, E_12_OneServesAllWhoWait) {
  connection c(looking());
  c.ask("ann@example.com");
  c.feed("250 ok\r\n");
  c.ask("bob@example.com");
  c.ask("eve@example.com");
  EXPECT_EQ(c.says(), mail + rcpt("ann@example.com") + rcpt("bob@example.com") + rcpt("eve@example.com"));
  EXPECT_EQ(c.feed(ok), "");
  const std::string decoy = decoy_in(c.says(), "RCPT TO:<");
  EXPECT_EQ(c.feed(ok), "");
  EXPECT_EQ(c.feed(unknown), "3 no rcpt.unknown");
  EXPECT_EQ(c.says(), "");
  EXPECT_EQ(c.feed("550 5.1.1 <" + decoy + "@example.com>: unknown\r\n"), "1 yes rcpt.ok; 2 yes rcpt.ok");
  EXPECT_TRUE(c.ready());
}

TEST(VrfyAcceptAll, E_12_ItIsReported) {
  connection c(looking());
  c.ask("ann@example.com");
  c.feed("250 ok\r\n");
  c.feed(ok);
  c.feed(ok);
  EXPECT_EQ(c.host.log, texts{"accepts_all backend=test domain=example.com method=rcpt"});
}

TEST(VrfyAcceptAll, E_12_VrfyIsLookedAtInTheSameWay) {
  connection c(looking({"vrfy", "rcpt"}));
  c.ask("ann@example.com");
  c.says();
  EXPECT_EQ(c.feed("250 ok\r\n"), "");
  decoy_in(c.says(), "VRFY ");
  EXPECT_EQ(c.feed("250 ok\r\n"), "");  // everybody: then RCPT
  EXPECT_EQ(c.host.facts["3/vrfy.accepts-all"], "yes");
  EXPECT_EQ(c.says(), mail);
  c.feed(ok);
  c.feed(ok);
  EXPECT_EQ(c.feed(unknown), "1 yes rcpt.ok");
  connection tells(looking({"vrfy"}));
  tells.ask("ann@example.com");
  tells.feed("250 ok\r\n");
  EXPECT_EQ(tells.feed("252 maybe\r\n"), "1 yes vrfy.ok");
  EXPECT_EQ(tells.host.facts["3/vrfy.accepts-all"], "no");
}

TEST(VrfyAcceptAll, ItCanBeSwitchedOff) {
  connection c;
  c.ask("ann@example.com");
  c.feed("250 ok\r\n");
  EXPECT_EQ(c.feed(ok), "1 yes rcpt.ok");
}

TEST(VrfyAcceptAll, WhoLeavesMeanwhileIsNotTold) {
  connection c(looking());
  const std::uint32_t id = c.ask("ann@example.com");
  c.feed("250 ok\r\n");
  c.feed(ok);
  EXPECT_TRUE(c.up.cancel(id));
  EXPECT_EQ(c.feed(unknown), "");
  EXPECT_TRUE(c.ready());
  EXPECT_EQ(c.host.facts.count("3/rcpt.accepts-all"), 0U);
}

// ---- probes

TEST(VrfyProbe, TellsWhatTheServerCan) {
  abk::test::transcript t(plugin());
  abk::test::ask q;
  q.kind = ABK_PROBE;
  t.settings(with()).asks(q).upstream("220 hi\r\n").says(ehlo).upstream(can).says("VRFY postmaster\r\n").upstream("252 maybe\r\n").says(mail).upstream(ok).says("RCPT TO:<postmaster>\r\n");
  EXPECT_PLAYS(t.upstream(ok).expect(ABK_YES, ABK_REASON_NONE, "probe").stays_ready());
  const std::vector<std::pair<std::string, std::string>> wanted{{"pipelining", "yes"}, {"smtputf8", "yes"}, {"xclient", "no"}, {"vrfy", "no"}, {"rcpt", "yes"}, {"null-sender", "yes"}};
  EXPECT_EQ(t.answer().attributes, wanted);
  abk::test::transcript refused(plugin());
  refused.settings(with()).asks(q).upstream("220 hi\r\n").says(ehlo).upstream("250 mail\r\n").says("VRFY postmaster\r\n").upstream("250 ok\r\n").says(mail).upstream("550 5.7.1 no\r\n");
  EXPECT_PLAYS(refused.expect(ABK_YES, ABK_REASON_NONE, "probe").says("QUIT\r\n").closes());
  EXPECT_EQ(refused.answer().attributes.back(), (std::pair<std::string, std::string>{"null-sender", "no"}));
}

}  // namespace
