// What Postfix, Exim and Dovecot's own processes get from the dovecot-auth socket: many questions at a time on one connection.
#include <algorithm>

#include "base/text.hpp"
#include "unit/front/fixture.hpp"
#include "wire/dovecot_line.hpp"

namespace authbroker::testing_front {
namespace {

using std::string_literals::operator""s;

const std::string hello = "VERSION\t1\t2\nCPID\t4711\n";

std::string plain(std::string_view name, std::string_view password) {
  return base64_encode("\0"s + std::string(name) + "\0"s + std::string(password));
}
std::string auth(int id, std::string_view name, std::string_view password, std::string_view more = {}) {
  return "AUTH\t" + std::to_string(id) + "\tPLAIN\tservice=smtp" + std::string(more) + "\tresp=" + plain(name, password) + "\n";
}
std::string ok(int id, std::string_view user) { return "OK\t" + std::to_string(id) + "\tuser=" + std::string(user) + "\n"; }
std::string fail(int id) { return "FAIL\t" + std::to_string(id) + "\n"; }
std::string temporary(int id) { return "FAIL\t" + std::to_string(id) + "\tcode=temp_fail\ttemp\n"; }

class dovecot_auth : public front_fixture {
 protected:
  dovecot_auth() {
    rules_.protocol = listener_protocol::dovecot_auth;
    parts_.times.floor = 0ms;
  }

  // A client that has been greeted.
  struct client : caller {
    explicit client(const std::string& address) : caller(address) { read_until("DONE\n"); }
    std::string read_until(std::string_view end) {
      while (kept.find(end) == std::string::npos) {
        const std::string more = receive();
        kept += more;
        if (more.empty() || more == "RESET" || more == "TIMEOUT") return std::exchange(kept, {});
      }
      const std::size_t n = kept.find(end) + end.size();
      std::string got = kept.substr(0, n);
      kept.erase(0, n);
      return got;
    }
    std::string line() { return read_until("\n"); }
    std::string rest() {
      std::string all = std::exchange(kept, {}) + receive_all();
      if (all.ends_with("RESET")) all.resize(all.size() - 5);  // our last bytes and its end may cross
      return all;
    }
    std::string kept;
  };
  client greeted() const { return client(listener_->address()); }
  // What a connection hears after the greeting, up to its end.
  std::string hears(std::string_view lines, bool says_no_more = true) const {
    client c = greeted();
    c.send(lines);
    if (says_no_more) c.say_no_more();
    return c.rest();
  }
  std::size_t asked_about(std::string_view name) {
    const auto all = asker_.questions();
    return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [&](const auto& q) { return q.address == name; }));
  }
};

TEST_F(dovecot_auth, GreetsAtOnce_M01) {
  start();
  const caller c = connect();
  const std::string first = c.receive();
  EXPECT_TRUE(first.starts_with("VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nMECH\tLOGIN\tplaintext\nSPID\t" + std::to_string(getpid()) + "\nCUID\t")) << first;
  EXPECT_TRUE(first.ends_with("\nDONE\n"));
  const caller other = connect();
  const std::string second = other.receive();
  const auto part = [](const std::string& all, const std::string& word) { return all.substr(all.find(word), all.find('\n', all.find(word)) - all.find(word)); };
  EXPECT_NE(part(first, "CUID"), part(second, "CUID"));
  EXPECT_NE(part(first, "COOKIE"), part(second, "COOKIE"));
  EXPECT_EQ(part(first, "COOKIE").size(), 7U + 32U);
}

TEST_F(dovecot_auth, YesAndNo) {
  start();
  EXPECT_EQ(hears(hello + auth(1, "ann@example.com", "right")), ok(1, "ann@example.com"));
  EXPECT_EQ(hears(hello + auth(1, "ann@example.com", "wrong")), fail(1));
  EXPECT_EQ(hears(hello + auth(1, "ann@example.com", "locked")), fail(1));
  EXPECT_EQ(asker_.logged(), ":");
  EXPECT_EQ(hears(hello + auth(1, "ann@nowhere", "right")), fail(1));
  EXPECT_EQ(asker_.logged(), ":reject");
  const auto asked = asker_.questions().at(0);
  EXPECT_EQ(asked.kind, question_kind::login);
  EXPECT_EQ(asked.address, "ann@example.com");
  EXPECT_EQ(asked.password, "right");
  EXPECT_EQ(asked.service, "smtp");
}

TEST_F(dovecot_auth, CannotTellIsTheEnd_M11_G08) {
  start();
  EXPECT_EQ(hears(hello + auth(1, "ann", "broken"), false), "");
  EXPECT_EQ(hears(hello + auth(1, "ann", "throw"), false), "");
}

// Postfix asks its next question on the same connection unless it cannot write there: half an end would be a tempfail again.
TEST_F(dovecot_auth, TheEndIsAWholeOne_M11) {
  start();
  client c = greeted();
  c.send(hello + auth(1, "ann", "broken"));
  EXPECT_EQ(c.rest(), "");
  EXPECT_FALSE(c.send(auth(2, "ann", "right")));
}

TEST_F(dovecot_auth, OverTcpNoReplyIsLost_M11) {
  rules_.address.is_unix = false;
  start();
  client c = greeted();
  c.send(hello + auth(1, "ann", "hold") + auth(2, "bob", "wrong"));
  ASSERT_TRUE(asker_.wait_held());
  EXPECT_EQ(c.line(), fail(2));
  c.send(auth(3, "carl", "broken"));
  ASSERT_TRUE(eventually([&] { return asked_about("carl") == 1; }));
  c.send(auth(4, "dora", "right"));  // unread, when the connection ends
  on_worker([] {});
  release();
  EXPECT_EQ(c.rest(), ok(1, "ann"));
}

TEST_F(dovecot_auth, CannotTellIsAWordWhereThatIsUnderstood) {
  rules_.tempfail_code = true;
  start();
  client c = greeted();
  c.send(hello + auth(1, "ann", "broken"));
  EXPECT_EQ(c.line(), temporary(1));
  c.send(auth(2, "ann", "throw"));
  EXPECT_EQ(c.line(), temporary(2));
  c.send(auth(3, "ann", "right"));
  EXPECT_EQ(c.line(), ok(3, "ann")) << "the connection goes on";
}

TEST_F(dovecot_auth, OthersAreAnsweredBeforeTheEnd_M11) {
  start();
  client c = greeted();
  c.send(hello + auth(1, "ann", "hold") + auth(2, "bob", "hold"));
  ASSERT_TRUE(asker_.wait_held(2));
  c.send(auth(3, "carl", "broken"));
  ASSERT_TRUE(eventually([&] { return asked_about("carl") == 1; }));
  c.send(auth(4, "dora", "right"));
  on_worker([] {});
  on_worker([] {});
  release();
  const std::string got = c.rest();
  EXPECT_TRUE(got == ok(1, "ann") + ok(2, "bob") || got == ok(2, "bob") + ok(1, "ann")) << got;
  EXPECT_EQ(asked_about("dora"), 0U) << "nothing new is taken meanwhile";
}

TEST_F(dovecot_auth, RepliesComeAsTheyAreKnown_M09) {
  start();
  client c = greeted();
  c.send(hello + auth(1, "ann", "hold") + auth(2, "bob", "right") + auth(3, "carl", "wrong"));
  EXPECT_EQ(c.line(), ok(2, "bob"));
  EXPECT_EQ(c.line(), fail(3));
  release();
  EXPECT_EQ(c.line(), ok(1, "ann"));
  client other = greeted();
  other.send(hello + auth(1, "eve", "wrong"));
  EXPECT_EQ(other.line(), fail(1)) << "ids belong to their connection";
}

TEST_F(dovecot_auth, OneBadRequestIsItsOwn_M07) {
  start();
  client c = greeted();
  std::string all = hello;
  for (int id = 1; id <= 50; ++id) all += id == 25 ? "AUTH\t25\tPLAIN\tservice=smtp\tresp=!!!\n" : auth(id, "u" + std::to_string(id), "hold");
  c.send(all);
  EXPECT_EQ(c.line(), "FAIL\t25\tcode=invalid_base64\n");
  ASSERT_TRUE(asker_.wait_held(49));
  release();
  std::string got;
  for (int n = 0; n < 49; ++n) got += c.line();
  for (int id = 1; id <= 50; ++id) {
    if (id == 25) continue;
    EXPECT_TRUE(has("\n" + got, "\n" + ok(id, "u" + std::to_string(id)))) << id;
  }
}

TEST_F(dovecot_auth, AVanishedClientCancelsAll_M08_J11) {
  start();
  client c = greeted();
  std::string all = hello;
  for (int id = 1; id <= 50; ++id) all += auth(id, "ann", "hold");
  c.send(all);
  ASSERT_TRUE(asker_.wait_held(50));
  c.hang_up();
  EXPECT_TRUE(asker_.wait_cancelled(50));
  EXPECT_TRUE(eventually([] { return secrets_alive() == 0; }));
  EXPECT_EQ(listener_->counts().vanished.load(), 50U);
  EXPECT_EQ(listener_->counts().in_flight.load(), 0U);
}

TEST_F(dovecot_auth, WhoSaysNoMoreIsStillAnswered) {
  start();
  client c = greeted();
  c.send(hello + auth(1, "ann", "hold") + auth(2, "bob", "wrong"));
  ASSERT_TRUE(asker_.wait_held());
  c.say_no_more();
  EXPECT_EQ(c.line(), fail(2));
  release();
  EXPECT_EQ(c.rest(), ok(1, "ann"));
}

TEST_F(dovecot_auth, CancelledQuestionsHaveNoReply_M03) {
  start();
  client c = greeted();
  c.send(hello + auth(1, "ann", "hold") + auth(2, "bob", "hold"));
  ASSERT_TRUE(asker_.wait_held(2));
  c.send("CANCEL\t1\nCANCEL\t7\n" + auth(1, "carl", "wrong"));
  EXPECT_TRUE(asker_.wait_cancelled());
  EXPECT_EQ(c.line(), fail(1)) << "the new one's";
  release();
  EXPECT_EQ(c.line(), ok(2, "bob"));
}

TEST_F(dovecot_auth, OneIdForTwoEndsBoth_M03) {
  start();
  client c = greeted();
  c.send(hello + auth(1, "ann", "hold") + auth(2, "bob", "hold"));
  ASSERT_TRUE(asker_.wait_held(2));
  c.send(auth(1, "carl", "right"));
  EXPECT_TRUE(asker_.wait_cancelled());
  release();
  EXPECT_EQ(c.rest(), ok(2, "bob"));
  EXPECT_EQ(asked_about("carl"), 0U);
}

TEST_F(dovecot_auth, AResponseToWhatIsAskedAlreadyEndsBoth_M03) {
  rules_.tempfail_code = true;
  start();
  client c = greeted();
  c.send(hello + "AUTH\t1\tPLAIN\tservice=smtp\n" + auth(2, "bob", "hold"));
  EXPECT_EQ(c.line(), "CONT\t1\t\n");
  c.send("CONT\t1\t" + plain("ann", "hold") + "\n");
  ASSERT_TRUE(asker_.wait_held(2));
  c.send("CONT\t1\t" + plain("ann", "right") + "\n");
  EXPECT_TRUE(asker_.wait_cancelled());
  release();
  EXPECT_EQ(c.rest(), ok(2, "bob"));
}

TEST_F(dovecot_auth, NonsenseEndsTheConnectionAfterTheAnswers_M01_M02_M03) {
  start();
  for (const std::string& bad : {"AUTH\t0\tPLAIN\n"s, "AUTH\t1abc\tPLAIN\n"s, "AUTH\t4294967296\tPLAIN\n"s, "NOOP\t1\n"s, hello, "\n"s, "CONT\n"s, std::string(16 * 1024, 'x')}) {
    client c = greeted();
    c.send(hello + auth(1, "ann", "hold"));
    ASSERT_TRUE(asker_.wait_held());
    c.send(bad + auth(2, "bob", "right"));
    on_worker([] {});
    release();
    EXPECT_EQ(c.rest(), ok(1, "ann")) << bad.substr(0, 20);
  }
  for (const std::string& bad : {auth(1, "ann", "right"), "VERSION\t2\t0\nCPID\t1\n" + auth(1, "ann", "right"), "VERSION\t1\t2\n" + auth(1, "ann", "right"),
                                 "CPID\t1\nVERSION\t1\t2\n" + auth(1, "ann", "right"), "VERSION\t1\t2\nCPID\t0\n" + auth(1, "ann", "right")})
    EXPECT_EQ(hears(bad, false), "") << bad;
  EXPECT_EQ(asked_about("bob"), 0U);
}

TEST_F(dovecot_auth, EverySplitIsTheSameRequests) {
  start();
  const std::string whole = hello + auth(1, "ann@example.com", "right") + "AUTH\t2\tLOGIN\tprotocol=imap\n";
  for (std::size_t n = 1; n < whole.size(); ++n) {
    client c = greeted();
    c.send(std::string_view(whole).substr(0, n));
    on_worker([] {});
    c.send(std::string_view(whole).substr(n));
    std::string got = c.line();
    got += c.line();
    EXPECT_TRUE(has(got, ok(1, "ann@example.com")) && has(got, "CONT\t2\tVXNlcm5hbWU6\n")) << n << got;
  }
}

TEST_F(dovecot_auth, PlainAndLoginTakeRounds) {
  start();
  client c = greeted();
  c.send(hello + "AUTH\t1\tPLAIN\tservice=imap\tsession=s1\n");
  EXPECT_EQ(c.line(), "CONT\t1\t\n");
  c.send("CONT\t1\t" + plain("ann", "right") + "\n");
  EXPECT_EQ(c.line(), ok(1, "ann"));
  c.send("AUTH\t2\tlogin\tservice=imap\n");
  EXPECT_EQ(c.line(), "CONT\t2\tVXNlcm5hbWU6\n");
  c.send("AUTH\t3\tLOGIN\tservice=imap\tresp=" + base64_encode("carl") + "\n");
  EXPECT_EQ(c.line(), "CONT\t3\tUGFzc3dvcmQ6\n");
  c.send("CONT\t2\t" + base64_encode("bob") + "\n");
  EXPECT_EQ(c.line(), "CONT\t2\tUGFzc3dvcmQ6\n");
  c.send("CONT\t3\t" + base64_encode("right") + "\nCONT\t2\t" + base64_encode("wrong") + "\n");
  const std::string got = c.line() + c.line();
  EXPECT_TRUE(has(got, ok(3, "carl")) && has(got, fail(2))) << got;
  const auto asked = asker_.questions();
  ASSERT_EQ(asked.size(), 3U);
  EXPECT_EQ(asked[0].service, "imap");
}

// Before protocol 1.2 an empty response said that there is none; Exim still sends one so.
TEST_F(dovecot_auth, AnEmptyResponse) {
  start();
  client old = greeted();
  old.send("VERSION\t1\t0\nCPID\t4711\nAUTH\t1\tPLAIN\tservice=smtp\tresp=\nAUTH\t2\tLOGIN\tservice=smtp\tresp=\n");
  EXPECT_EQ(old.line(), "CONT\t1\t\n");
  EXPECT_EQ(old.line(), "CONT\t2\tVXNlcm5hbWU6\n");
  client now = greeted();
  now.send(hello + "AUTH\t1\tPLAIN\tservice=smtp\tresp=\nAUTH\t2\tPLAIN\tservice=smtp\tresp==\nAUTH\t3\tLOGIN\tservice=smtp\tresp==\n");
  EXPECT_EQ(now.line(), fail(1));
  EXPECT_EQ(now.line(), fail(2));
  EXPECT_EQ(now.line(), "CONT\t3\tVXNlcm5hbWU6\n");
  EXPECT_TRUE(asker_.questions().empty());
}

TEST_F(dovecot_auth, RefusesWhatItDoesNotOffer_M10) {
  start();
  client c = greeted();
  for (const char* const mechanism : {"CRAM-MD5", "", "EXTERNAL", "PLAINX", "SCRAM-SHA-256"}) {
    c.send((c.kept.empty() && mechanism == "CRAM-MD5"s ? hello : ""s) + "AUTH\t1\t" + mechanism + "\tservice=smtp\tresp=" + plain("ann", "right") + "\n");
    EXPECT_EQ(c.line(), fail(1)) << mechanism;
  }
  c.send("AUTH\t2\tPLAIN\tresp=" + plain("ann", "right") + "\n");
  EXPECT_EQ(c.line(), fail(2)) << "no service";
  c.send("AUTH\t3\n");
  EXPECT_EQ(c.line(), fail(3));
  EXPECT_TRUE(asker_.questions().empty());
}

TEST_F(dovecot_auth, NobodyActsAsSomebodyElse) {
  start();
  client c = greeted();
  c.send(hello + "AUTH\t1\tPLAIN\tservice=smtp\tresp=" + base64_encode("admin\0ann\0right"s) + "\n");
  EXPECT_EQ(c.line(), "FAIL\t1\tcode=authz_fail\tauthz\n");
  c.send("AUTH\t2\tPLAIN\tservice=smtp\tresp=" + base64_encode("ann\0ann\0right"s) + "\n");
  EXPECT_EQ(c.line(), ok(2, "ann"));
}

// What it never was told about, or has dropped, may have had the right password.
TEST_F(dovecot_auth, AResponseToNothingCannotBeTold_M03) {
  start();
  EXPECT_EQ(hears(hello + "CONT\t5\t" + plain("ann", "right") + "\n", false), "");
  rules_.tempfail_code = true;
  ASSERT_TRUE(listener_->update(rules()));
  on_worker([] {});
  client c = greeted();
  c.send(hello + "CONT\t5\t" + plain("ann", "right") + "\n");
  EXPECT_EQ(c.line(), temporary(5));
}

TEST_F(dovecot_auth, TheClientsAddressCountsFromTrustedPeersOnly_M05) {
  start();
  const std::string_view claims = "\trip=203.0.113.7\tno-penalty\tvalid-client-cert\tcert_username=admin\tsecured";
  EXPECT_EQ(hears(hello + auth(1, "ann", "right", claims)), ok(1, "ann"));
  rules_.trust_client_all = true;
  ASSERT_TRUE(listener_->update(rules()));
  on_worker([] {});
  EXPECT_EQ(hears(hello + auth(1, "ann", "right", claims)), ok(1, "ann"));
  EXPECT_EQ(hears(hello + auth(1, "ann", "right", "\tlip=NULL\trip=somewhere")), ok(1, "ann"));
  const auto asked = asker_.questions();
  EXPECT_EQ(asked.at(0).address, "ann");
  EXPECT_EQ(asked.at(0).client, "203.0.113.7");
  EXPECT_FALSE(asked.at(0).client_believed);
  EXPECT_TRUE(asked.at(1).client_believed);
  EXPECT_FALSE(asked.at(2).client_believed);
}

TEST_F(dovecot_auth, ParametersBehindTheResponseAreNotRead_M04) {
  rules_.trust_client_all = true;
  start();
  client c = greeted();
  c.send(hello + "AUTH\t1\tPLAIN\tservice=smtp\tresp=" + plain("ann", "right") + "\trip=203.0.113.7\tservice=other\n");
  EXPECT_EQ(c.line(), ok(1, "ann"));
  EXPECT_EQ(asker_.questions().at(0).client, "");
  EXPECT_EQ(asker_.questions().at(0).service, "smtp");
}

TEST_F(dovecot_auth, WhatIsTooLongIsANo) {
  start();
  EXPECT_EQ(hears(hello + auth(1, "ann", std::string(1025, 'x'))), fail(1));
  EXPECT_EQ(hears(hello + auth(1, "ann", std::string(1024, 'x')), false), "") << "the longest: asked, and a tempfail";
}

TEST_F(dovecot_auth, DialoguesHaveALimit) {
  rules_.tempfail_code = true;
  start();
  client c = greeted();
  std::string all = hello;
  for (int id = 1; id <= 257; ++id) all += "AUTH\t" + std::to_string(id) + "\tLOGIN\tservice=imap\tsession=" + std::string(9000, 's') + "\n";
  std::thread sender([&] { c.send(all); });
  for (int id = 1; id <= 256; ++id) EXPECT_EQ(c.line(), "CONT\t" + std::to_string(id) + "\tVXNlcm5hbWU6\n");
  EXPECT_EQ(c.line(), temporary(257));
  sender.join();
  c.send("CANCEL\t1\nAUTH\t258\tLOGIN\tservice=imap\tresp=" + base64_encode("ann") + "\n");
  EXPECT_EQ(c.line(), "CONT\t258\tUGFzc3dvcmQ6\n");
  c.send("CONT\t258\t" + base64_encode("right") + "\nCONT\t7\t*\n");
  std::string got = c.line();
  got += c.line();
  EXPECT_TRUE(has(got, ok(258, "ann")) && has(got, "FAIL\t7\tcode=invalid_base64\n")) << got;
  EXPECT_EQ(listener_->counts().malformed.load(), 1U);
}

TEST_F(dovecot_auth, AFloodIsReadAsItIsAnswered) {
  rules_.limits.in_flight = 10'000;
  start();
  client c = greeted();
  std::string all = hello;
  for (int id = 1; id <= 500; ++id) all += auth(id, "ann", "hold");
  c.send(all);
  ASSERT_TRUE(asker_.wait_held(64));
  on_worker([] {});
  on_worker([] {});
  EXPECT_EQ(asker_.questions().size(), 64U) << "more are not taken";
  int answered = 0;
  while (answered < 500) {
    ASSERT_TRUE(asker_.wait_held(1));
    release();
    const std::string line = c.line();
    ASSERT_TRUE(line.starts_with("OK\t")) << line;
    for (++answered; has(c.kept, "\n"); ++answered) c.line();
  }
  EXPECT_EQ(asker_.questions().size(), 500U);
}

TEST_F(dovecot_auth, TheListenersLimitIsWaitedFor) {
  rules_.limits.in_flight = 2;
  start();
  client c = greeted();
  c.send(hello + auth(1, "ann", "hold") + auth(2, "bob", "hold") + auth(3, "carl", "right"));
  ASSERT_TRUE(asker_.wait_held(2));
  client other = greeted();
  other.send(hello + auth(1, "dora", "right"));
  EXPECT_EQ(other.rest(), "") << "who has nothing that could be waited for is told";
  EXPECT_EQ(asked_about("carl"), 0U);
  release();
  std::string got = c.line();
  got += c.line();
  got += c.line();
  EXPECT_TRUE(has(got, ok(1, "ann")) && has(got, ok(2, "bob")) && has(got, ok(3, "carl"))) << got;
}

TEST_F(dovecot_auth, WhoTakesNoRepliesIsNotRead) {
  rules_.tempfail_code = true;
  start();
  client c = greeted();
  const int small = 4096;
  setsockopt(c.fd(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  c.send(hello);
  std::string some;
  for (int id = 1; id <= 100; ++id) some += auth(id, "ann", "wrong");
  // Until the kernel takes no more of ours: then the broker has stopped.
  std::size_t sent = 0;
  for (int quiet = 0; quiet < 100;) {
    const std::size_t at = sent % some.size();
    const auto n = ::send(c.fd(), some.data() + at, some.size() - at, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0) {
      sent += static_cast<std::size_t>(n);
      quiet = 0;
      ASSERT_LT(sent, std::size_t{100} << 20) << "it reads for ever";
      continue;
    }
    ++quiet;
    on_worker([] {});
  }
  EXPECT_GT(sent, 0U);
}

TEST_F(dovecot_auth, ANoWaitsForTheFloorAndHoldsUpNobody) {
  parts_.times.floor = 200ms;
  start();
  bool held_up = true;
  for (int tries = 0; held_up && tries < 20; ++tries) {  // by it, and not by a machine that is busy at the moment
    client c = greeted();
    const auto began = steady::now();
    c.send(hello + auth(1, "ann", "wrong") + auth(2, "bob", "right"));
    EXPECT_EQ(c.line(), ok(2, "bob"));
    held_up = steady::now() - began >= 200ms;
    EXPECT_EQ(c.line(), fail(1));
    EXPECT_GE(steady::now() - began, 200ms);
  }
  EXPECT_FALSE(held_up);
}

TEST_F(dovecot_auth, ADrainAnswersAllAndEnds) {
  start();
  client busy = greeted(), idle = greeted();
  idle.send(hello);
  busy.send(hello + auth(1, "ann", "hold") + auth(2, "bob", "hold"));
  ASSERT_TRUE(asker_.wait_held(2));
  listener_->close();
  EXPECT_EQ(idle.rest(), "");
  release();
  const std::string got = busy.rest();
  EXPECT_TRUE(has(got, ok(1, "ann")) && has(got, ok(2, "bob"))) << got;
}

TEST_F(dovecot_auth, AtItsLimitItStillGreets) {
  rules_.limits.connections = 1;
  start();
  client first = greeted();
  first.send(hello + auth(1, "ann", "hold"));
  ASSERT_TRUE(asker_.wait_held());
  const caller second = connect();
  std::string got = second.receive();
  EXPECT_TRUE(got.starts_with("VERSION\t1\t2\nMECH\t") && got.ends_with("DONE\n")) << got;
  EXPECT_TRUE(second.send(hello)) << "who writes then is not cut off";
  EXPECT_EQ(second.receive_all(), "");
  EXPECT_TRUE(eventually([&] { return listener_->sessions() == 1; }));
  EXPECT_FALSE(second.send(auth(1, "bob", "right"))) << "so that it makes another connection";
  EXPECT_EQ(asked_about("bob"), 0U);
  release();
  EXPECT_EQ(first.line(), ok(1, "ann"));
}

TEST_F(dovecot_auth, RefusedConnectionsAreBoundedToo) {
  rules_.limits.connections = 1;
  parts_.times.farewell = 60'000ms;
  start();
  client first = greeted();
  first.send(hello + auth(1, "ann", "hold"));
  ASSERT_TRUE(asker_.wait_held());
  std::vector<caller> others;
  for (int n = 0; n < 80; ++n) others.push_back(connect());
  std::size_t greetings = 0;
  for (const auto& c : others) greetings += c.receive().starts_with("VERSION") ? 1U : 0U;
  EXPECT_EQ(greetings, 64U);
  EXPECT_TRUE(eventually([&] { return listener_->sessions() == 65; }));
}

TEST_F(dovecot_auth, WhoIsNotAdmittedIsGreetedAndNotServed) {
  rules_.peer_users = {"nobody"};
  start();
  const caller c = connect();
  const std::string got = c.receive();
  EXPECT_TRUE(got.starts_with("VERSION\t1\t2\n")) << got;
  c.send(hello + auth(1, "ann", "right"));
  EXPECT_EQ(c.receive_all(), "");
  EXPECT_TRUE(asker_.questions().empty());
  EXPECT_EQ(listener_->counts().not_admitted.load(), 1U);
}

TEST_F(dovecot_auth, SilenceEndsIt) {
  rules_.limits.idle = 50ms;
  parts_.times.request = 100ms;
  start();
  client idle = greeted();
  idle.send(hello);
  EXPECT_EQ(idle.rest(), "");
  client waiting = until_held([this] {
    client c = greeted();
    c.send(hello + auth(1, "ann", "hold"));
    return c;
  });
  client half = greeted();
  half.send(hello + "AUTH\t1\tPLA");
  EXPECT_EQ(half.rest(), "") << "half a line is not waited for";
  release();
  EXPECT_EQ(waiting.rest(), ok(1, "ann")) << "who waits for an answer is not silent";
}

TEST_F(dovecot_auth, WithoutPermissionItCannotTell) {
  rules_.allow = {permission::mailbox};
  start();
  EXPECT_EQ(hears(hello + auth(1, "ann", "right"), false), "");
  EXPECT_TRUE(asker_.questions().empty());
}

TEST_F(dovecot_auth, GoesToAnotherWorkerAsItIs) {
  parts_.saturated_percent = 0;  // any work is too much
  start(2);
  std::vector<client> clients;
  for (int n = 0; n < 8; ++n) clients.push_back(greeted());
  for (const auto& c : clients) c.send(hello);
  const auto moved = [&] { return listener_->loads().at(1) != 0; };
  int id = 0;
  for (const auto until = steady::now() + 60'000ms; !moved() && steady::now() < until;)
    for (auto& c : clients) {
      c.send(auth(++id, "ann", "right"));
      ASSERT_EQ(c.line(), ok(id, "ann"));
    }
  EXPECT_TRUE(moved());
  for (auto& c : clients) {
    c.send(auth(++id, "ann", "right"));
    EXPECT_EQ(c.line(), ok(id, "ann")) << "no second greeting";
  }
}

TEST_F(dovecot_auth, LeavesNoSecretBehind) {
  start();
  client c = greeted();
  c.send(hello + auth(1, "ann", "right") + auth(2, "ann", "wrong"));
  c.line();
  c.line();
  EXPECT_TRUE(eventually([] { return secrets_alive() == 0; }));
}

}  // namespace
}  // namespace authbroker::testing_front
