// Many questions on one connection, and its end.
#include "vrfy_fixture.hpp"

namespace {

using namespace vrfy_test;

std::string at(const std::string& name) { return name + "@example.com"; }

TEST(VrfySession, ATransactionStaysOpenForTheNextQuestion) {
  connection c;
  c.ask(at("ann"));
  EXPECT_EQ(c.says(), mail);
  c.feed("250 ok\r\n");
  EXPECT_EQ(c.says(), rcpt(at("ann")));
  EXPECT_EQ(c.feed(ok), "1 yes rcpt.ok");
  EXPECT_TRUE(c.ready());
  c.ask(at("bob"));
  EXPECT_EQ(c.says(), rcpt(at("bob")));
  EXPECT_EQ(c.feed(unknown), "2 no rcpt.unknown");
  c.up.dismiss();
  EXPECT_EQ(c.says(), "QUIT\r\n");
}

TEST(VrfySession, E_08_RecipientsArePipelinedAndJudgedInOrder) {
  connection c;
  c.ask(at("a"));
  c.ask(at("b"));
  c.ask(at("c"));
  EXPECT_EQ(c.says(), mail);  // alone: what follows depends on it
  c.feed("250 ok\r\n");
  EXPECT_EQ(c.says(), rcpt(at("a")) + rcpt(at("b")) + rcpt(at("c")));
  EXPECT_EQ(c.feed(ok + unknown), "1 yes rcpt.ok; 2 no rcpt.unknown");
  c.ask(at("d"));
  EXPECT_EQ(c.says(), rcpt(at("d")));
  EXPECT_EQ(c.feed("450 4.3.0 busy\r\n" + ok), "3 tempfail rcpt.4xx; 4 yes rcpt.ok");
  EXPECT_TRUE(c.ready());
}

TEST(VrfySession, E_08_WithoutPipeliningEachWaits) {
  connection c(with(), "250-mail\r\n250 SIZE\r\n");
  c.ask(at("a"));
  c.ask(at("b"));
  c.feed("250 ok\r\n");
  EXPECT_EQ(c.says(), mail + rcpt(at("a")));
  EXPECT_EQ(c.feed(ok), "1 yes rcpt.ok");
  EXPECT_EQ(c.says(), rcpt(at("b")));
  EXPECT_EQ(c.feed(unknown), "2 no rcpt.unknown");
}

TEST(VrfySession, E_08_NonsenseIsNoAnswerToAnybody) {
  connection c;
  for (const char* name : {"a", "b", "c"}) c.ask(at(name));
  c.feed("250 ok\r\n");
  EXPECT_EQ(c.feed(ok), "1 yes rcpt.ok");
  const std::string told = c.feed("garbage\r\n" + ok);
  EXPECT_NE(told.find("2 tempfail rcpt.nonsense"), std::string::npos) << told;
  EXPECT_NE(told.find("3 tempfail rcpt.nonsense"), std::string::npos) << told;
  EXPECT_TRUE(c.closed());
}

TEST(VrfySession, E_08_AReplyThatNamesAnotherAddressIsOutOfStep) {
  connection c;
  for (const char* name : {"a", "b"}) c.ask(at(name));
  c.feed("250 ok\r\n");
  EXPECT_EQ(c.feed("550 5.1.1 <B@example.com>: unknown\r\n").find("yes"), std::string::npos);
  EXPECT_TRUE(c.closed());
  connection late;
  for (const char* name : {"a", "b"}) late.ask(at(name));
  late.feed("250 ok\r\n");
  EXPECT_EQ(late.feed("550 5.1.1 <a@example.com>: unknown\r\n"), "1 no rcpt.unknown");
  EXPECT_EQ(late.feed("550 5.1.1 <a@example.com>: unknown\r\n"), "2 tempfail reply.another");
  connection fine;  // an address rewritten by the server is nobody else's
  for (const char* name : {"a", "b"}) fine.ask(at(name));
  fine.feed("250 ok\r\n");
  EXPECT_EQ(fine.feed("550 5.1.1 <real.a@internal.example>: unknown\r\n250 <b@example.com> ok\r\n"), "1 no rcpt.unknown; 2 yes rcpt.ok");
  connection forwards;
  for (const char* name : {"a", "b"}) forwards.ask(at(name));
  forwards.feed("250 ok\r\n");
  EXPECT_EQ(forwards.feed("251 will forward to <b@example.com>\r\n551 try <a@example.com>\r\n"), "1 yes rcpt.ok; 2 no rcpt.bare");
}

TEST(VrfySession, E_18_NoSequenceOfRepliesBringsDataAbout) {
  const char* replies[] = {"250 ok\r\n", "550 5.1.1 no\r\n", "452 4.5.3 too many recipients\r\n", "354 go ahead\r\n", "421 bye\r\n", "503 no\r\n"};
  for (const char* one : replies)
    for (const char* two : replies)
      for (const char* three : replies) {
        connection c(by({"rcpt", "vrfy"}));
        c.ask(at("a"));
        c.ask(at("b"));
        for (const char* reply : {one, two, three}) c.up.feed(reply);
        const std::string said = "\r\n" + c.says();
        EXPECT_EQ(said.find("\r\nDATA"), said.npos);
        EXPECT_EQ(said.find("\r\nBDAT"), said.npos);
        EXPECT_EQ(said.find("\r\nEXPN"), said.npos);
      }
}

TEST(VrfySession, AfterAHundredRecipientsThereIsANewTransaction) {
  connection c(with({{"session_questions", std::int64_t{1000}}}));
  c.ask(at("x"));
  c.feed("250 ok\r\n");
  c.feed(ok);
  for (int i = 1; i < 100; ++i) {
    c.ask(at("x"));
    c.feed(ok);
  }
  c.says();
  c.ask(at("y"));
  EXPECT_EQ(c.says(), "RSET\r\n");
  c.feed("250 ok\r\n");
  EXPECT_EQ(c.says(), mail);
  c.feed("250 ok\r\n");
  EXPECT_EQ(c.says(), rcpt(at("y")));
  c.told();
  EXPECT_EQ(c.feed(ok), "101 yes rcpt.ok");
}

TEST(VrfySession, AFullTransactionIsBegunAnewAndItsBoundRemembered) {
  connection c;
  for (const char* name : {"a", "b", "c", "d"}) c.ask(at(name));
  c.feed("250 ok\r\n");
  c.says();
  EXPECT_EQ(c.feed(ok + ok + "452 4.5.3 Error: too many recipients\r\n"), "1 yes rcpt.ok; 2 yes rcpt.ok");
  EXPECT_EQ(c.says(), "RSET\r\n");
  c.feed("250 ok\r\n");
  EXPECT_EQ(c.says(), mail);
  c.feed("250 ok\r\n");
  EXPECT_EQ(c.says(), rcpt(at("d")) + rcpt(at("c")));
  EXPECT_EQ(c.feed(ok + unknown), "4 yes rcpt.ok; 3 no rcpt.unknown");
  c.ask(at("e"));
  EXPECT_EQ(c.says(), "RSET\r\n");
}

TEST(VrfySession, ATransactionThatIsFullFromTheStartIsTrouble) {
  connection c;
  c.ask(at("a"));
  c.feed("250 ok\r\n");
  EXPECT_EQ(c.feed("452 4.5.3 too many recipients\r\n"), "1 tempfail rcpt.452");
  EXPECT_TRUE(c.ready());
}

TEST(VrfySession, Utf8HasATransactionOfItsOwn) {
  connection c;
  c.ask(at("a"));
  c.feed("250 ok\r\n");
  c.feed(ok);
  c.says();
  c.ask("j\xc3\xbcrgen@example.com");
  EXPECT_EQ(c.says(), "RSET\r\n");
  c.feed("250 ok\r\n");
  EXPECT_EQ(c.says(), "MAIL FROM:<> SMTPUTF8\r\n");
}

// ---- servers lose patience

TEST(VrfySession, TheLastQuestionEndsTheSession) {
  connection c(with({{"session_questions", std::int64_t{2}}}));
  c.ask(at("a"));
  EXPECT_FALSE(c.up.draining());
  c.ask(at("b"));
  EXPECT_TRUE(c.up.draining());
  c.feed("250 ok\r\n");
  c.says();
  EXPECT_EQ(c.feed(ok + ok), "1 yes rcpt.ok; 2 yes rcpt.ok");
  EXPECT_EQ(c.says(), "QUIT\r\n");
  EXPECT_TRUE(c.closed());
}

// A server that knows nobody, one reply at a time; returns what it was told, as far as it got.
std::string refuse_one(connection& c, std::string& pending) {
  std::string seen;
  for (;;) {
    pending += c.says();
    const std::size_t end = pending.find("\r\n");
    if (end == pending.npos) return seen;
    const std::string line = pending.substr(0, end);
    pending.erase(0, end + 2);
    seen += line + "\n";
    if (line == "QUIT") return seen;
    const bool about = line.starts_with("RCPT");
    c.feed(about ? unknown : "250 ok\r\n");
    if (about) return seen;
  }
}

TEST(VrfySession, RefusalsAndThoseUnderWayAreNeverMoreThanTen) {
  connection slow;
  std::string pending;
  for (int i = 1; i <= 10; ++i) {
    ASSERT_TRUE(slow.ready());
    slow.ask(at("x"));
    EXPECT_EQ(slow.up.draining(), i == 10);
    refuse_one(slow, pending);
  }
  EXPECT_EQ(refuse_one(slow, pending), "QUIT\n");
  EXPECT_TRUE(slow.closed());
  connection busy;
  pending.clear();
  for (int i = 0; i < 5; ++i) busy.ask(at("x"));
  for (int i = 0; i < 5; ++i) {
    EXPECT_FALSE(busy.up.draining());
    refuse_one(busy, pending);
    busy.ask(at("x"));
  }
  EXPECT_TRUE(busy.up.draining());  // five refused, five under way
  for (int i = 0; i < 5; ++i) {
    EXPECT_FALSE(busy.closed());
    refuse_one(busy, pending);
  }
  EXPECT_EQ(refuse_one(busy, pending), "QUIT\n");
  EXPECT_TRUE(busy.closed());
}

TEST(VrfySession, AfterThreeRefusedRecipientsThereIsANewTransaction) {
  connection c;
  for (int i = 0; i < 5; ++i) c.ask(at("x"));
  c.feed("250 ok\r\n");
  EXPECT_EQ(c.says(), mail + rcpt(at("x")) + rcpt(at("x")) + rcpt(at("x")));  // no more: they could all be refused
  c.feed(unknown);
  c.feed(ok);
  EXPECT_EQ(c.says(), rcpt(at("x")));  // one refused, and two could be
  c.feed(unknown);
  EXPECT_EQ(c.says(), "");
  c.feed(unknown);
  EXPECT_EQ(c.says(), "RSET\r\n");
  c.feed("250 ok\r\n");
  c.feed("250 ok\r\n");
  EXPECT_EQ(c.says(), mail + rcpt(at("x")));
}

TEST(VrfySession, WhereEverybodyExistsMoreIsPipelined) {
  connection c;
  for (int i = 0; i < 5; ++i) c.ask(at("x"));
  c.feed("250 ok\r\n");
  c.feed(ok + ok + ok);
  c.says();
  for (int i = 0; i < 3; ++i) c.ask(at("y"));
  EXPECT_EQ(c.says(), rcpt(at("y")) + rcpt(at("y")) + rcpt(at("y")));  // five under way
}

TEST(VrfySession, A421MovesThoseThatHaveNotBeenHeard) {
  connection c;
  c.ask(at("a"));
  c.feed("250 ok\r\n");
  EXPECT_EQ(c.feed(ok), "1 yes rcpt.ok");
  c.ask(at("b"));
  c.ask(at("c"));
  EXPECT_EQ(c.feed("421 4.7.0 Error: too many errors\r\n"), "");
  EXPECT_TRUE(c.up.goes_on);
  EXPECT_EQ(c.up.carry, "1");
  EXPECT_EQ(c.up.next_role, 0U);  // that of the last, which had no part in it
  EXPECT_TRUE(c.closed());
}

TEST(VrfySession, WhoeverASessionEndedAtIsAskedAgainAlone) {
  connection c;
  c.ask(at("a"));
  c.feed("250 ok\r\n");
  EXPECT_EQ(c.feed(ok), "1 yes rcpt.ok");
  c.ask(at("b"));
  EXPECT_EQ(c.feed("421 4.7.0 go away\r\n"), "");
  EXPECT_EQ(c.up.next_role, 1U);
  auto t = at_rcpt();  // a fresh session: it is the answer, and remembered
  t.upstream("421 4.7.0 go away\r\n").expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_BUSY, "rcpt.421").learns(of_question, "vrfy.ends-sessions", "yes");
  EXPECT_PLAYS(t.closes());
  abk::test::transcript again(plugin());
  again.settings(with()).knows(of_question, "vrfy.ends-sessions", "yes").mailbox(at("b")).upstream("220 hi\r\n").says(ehlo).upstream(can).goes_on(1);
  again.upstream("220 hi\r\n").says(ehlo).upstream(can).says(mail).upstream(ok).says(rcpt(at("b"))).upstream(ok).expect(ABK_YES, ABK_REASON_NONE, "rcpt.ok");
  EXPECT_PLAYS(again.stays_ready());
}

TEST(VrfySession, A421BehindTheLastReplyChangesNothing) {
  connection c;
  c.ask(at("a"));
  c.ask(at("b"));
  c.feed("250 ok\r\n");
  EXPECT_EQ(c.feed(unknown + "421 4.7.0 Error: too many errors\r\n"), "1 no rcpt.unknown");
  EXPECT_TRUE(c.up.goes_on);
  EXPECT_TRUE(c.closed());
  connection all;
  all.ask(at("a"));
  all.feed("250 ok\r\n");
  EXPECT_EQ(all.feed(unknown + "421 4.7.0 Error: too many errors\r\n"), "1 no rcpt.unknown");
  EXPECT_FALSE(all.up.goes_on);
  EXPECT_TRUE(all.closed());
  connection torn;
  torn.ask(at("a"));
  torn.feed("250 ok\r\n");
  EXPECT_EQ(torn.feed(unknown + "42"), "1 no rcpt.unknown");
  EXPECT_TRUE(torn.closed());
}

TEST(VrfySession, WhoEndsAFreshSessionIsNotAskedAgainOthersAre) {
  connection c;
  c.ask(at("a"));
  c.ask(at("b"));
  c.feed("250 ok\r\n");
  EXPECT_EQ(c.feed("421 4.7.0 go away\r\n"), "1 tempfail rcpt.421");
  EXPECT_TRUE(c.up.goes_on);
  EXPECT_TRUE(c.closed());
}

TEST(VrfySession, F_02_TheStreamsEndMovesThoseThatHaveNotBeenHeard) {
  connection c;
  c.ask(at("a"));
  c.feed("250 ok\r\n");
  EXPECT_EQ(c.feed(ok), "1 yes rcpt.ok");
  c.ask(at("b"));
  c.feed("250 2.1.");
  c.up.end();
  EXPECT_EQ(c.told(), "");
  EXPECT_TRUE(c.up.goes_on);
  EXPECT_EQ(c.up.carry, "1");
}

TEST(VrfySession, F_02_AfterThreeSessionsItIsEnough) {
  connection c;
  c.ask(at("a"));
  c.feed("250 ok\r\n");
  c.feed(ok);
  c.told();
  c.ask(at("b"), "2");
  c.ask(at("d"), "3");
  EXPECT_EQ(c.feed("421 bye\r\n"), "3 tempfail rcpt.421");
  EXPECT_TRUE(c.up.goes_on);
  EXPECT_EQ(c.up.carry, "3");
  EXPECT_EQ(c.up.next_role, 1U);
}

TEST(VrfySession, ARefusedResetEndsTheSession) {
  connection c;
  c.ask(at("a"));
  c.feed("250 ok\r\n");
  c.feed(ok);
  c.told();
  c.ask("j\xc3\xbcrgen@example.com");
  EXPECT_EQ(c.feed("554 Too many nonmail commands\r\n"), "");
  EXPECT_TRUE(c.up.goes_on);
  EXPECT_TRUE(c.closed());
}

TEST(VrfySession, AServerThatIsDoneWithOurCommandsEndsTheSession) {
  connection c(by({"vrfy"}));
  c.ask(at("a"));
  EXPECT_EQ(c.feed("250 ok\r\n"), "1 yes vrfy.ok");
  c.ask(at("b"));
  EXPECT_EQ(c.feed("554 Too many nonmail commands\r\n"), "");
  EXPECT_TRUE(c.up.goes_on);
}

// ---- askers leave

TEST(VrfySession, F_10_TheReplyForWhoeverLeftIsNobodys) {
  connection c;
  const std::uint32_t a = c.ask(at("a"));
  c.ask(at("b"));
  c.feed("250 ok\r\n");
  EXPECT_TRUE(c.up.cancel(a));
  EXPECT_EQ(c.feed(ok), "");
  EXPECT_EQ(c.feed(unknown), "2 no rcpt.unknown");
  EXPECT_TRUE(c.ready());
}

TEST(VrfySession, F_10_AServerThatSaidNothingIsNotTrusted) {
  connection c;
  c.ask(at("a"));
  c.feed("250 ok\r\n");
  c.feed(ok);
  const std::uint32_t b = c.ask(at("b"));
  EXPECT_FALSE(c.up.cancel(b));
}

TEST(VrfySession, WhatWasNotSentIsNotAsked) {
  connection c;
  c.ask(at("a"));
  const std::uint32_t b = c.ask(at("b"));
  EXPECT_TRUE(c.up.cancel(b));
  c.feed("250 ok\r\n");
  EXPECT_EQ(c.says(), mail + rcpt(at("a")));
}

TEST(VrfySession, ARefusedSenderIsTheAnswerToAllAndEndsTheSession) {
  connection c;
  c.ask(at("a"));
  c.ask(at("b"));
  EXPECT_EQ(c.feed("451 4.3.0 later\r\n"), "1 tempfail mail.4xx; 2 tempfail mail.4xx");
  EXPECT_EQ(c.says(), mail + "QUIT\r\n");
  EXPECT_TRUE(c.closed());
  connection grey;
  grey.ask(at("a"));
  EXPECT_EQ(grey.feed("451 4.7.1 greylisted\r\n"), "1 tempfail mail.greylisted");
  EXPECT_EQ(grey.host.facts.count("2/mail.greylisted"), 1U);
}

TEST(VrfySession, TheRestOfADomainOfDifferentServersIsLeftToThem) {
  connection c;
  c.ask("ann@a.example");
  c.ask("ann@b.example");
  c.feed("250 ok\r\n");
  c.says();
  EXPECT_EQ(c.feed(ok + "451 4.3.0 Multiple destination domains per transaction is unsupported\r\n"), "1 yes rcpt.ok");
  EXPECT_EQ(c.says(), "RSET\r\n");
}

}  // namespace
