// What Dovecot's LMTP and doveadm get from the dovecot-userdb socket.
#include "unit/front/fixture.hpp"

namespace authbroker::testing_front {
namespace {

const std::string hello = "VERSION\t1\t0\n";

class dovecot_userdb : public front_fixture {
 protected:
  dovecot_userdb() { rules_.protocol = listener_protocol::dovecot_userdb; }
  // Without the greeting.
  std::string hears(std::string_view lines) const {
    const caller c = connect();
    c.send(lines);
    c.say_no_more();
    std::string got = c.receive_all();
    if (got.ends_with("RESET")) got.resize(got.size() - 5);  // what it did not read, behind what it said
    const std::string greeting = "VERSION\t1\t1\nSPID\t" + std::to_string(getpid()) + "\n";
    EXPECT_TRUE(got.starts_with(greeting)) << got;
    return got.substr(std::min(got.size(), greeting.size()));
  }
};

TEST_F(dovecot_userdb, SaysWhoExists) {
  start();
  EXPECT_EQ(hears(hello + "USER\t131072\tann@example.com\tservice=lmtp\n"), "USER\t131072\tann@example.com\n");
  EXPECT_EQ(hears(hello + "USER\t131072\tnobody@example.com\tservice=lmtp\n"), "NOTFOUND\t131072\n");
  const auto asked = asker_.questions().at(0);
  EXPECT_EQ(asked.kind, question_kind::mailbox);
  EXPECT_EQ(asked.address, "ann@example.com");
  EXPECT_EQ(asked.service, "lmtp");
}

TEST_F(dovecot_userdb, SaysTheCanonicalName) {
  asker_.extra.found.mailbox = "ann.smith@example.com";
  start();
  EXPECT_EQ(hears(hello + "USER\t1\tann@example.com\n"), "USER\t1\tann.smith@example.com\n");
}

TEST_F(dovecot_userdb, UnverifiableIsWhatTheListenerSays) {
  start();
  EXPECT_EQ(hears(hello + "USER\t1\tcannot@example.com\n"), "USER\t1\tcannot@example.com\n");
  EXPECT_EQ(asker_.logged(), "userdb:exists");
  rules_.unverifiable = unverifiable_as::absent;
  ASSERT_TRUE(listener_->update(rules()));
  on_worker([] {});
  EXPECT_EQ(hears(hello + "USER\t1\tcannot@example.com\n"), "NOTFOUND\t1\n");
  EXPECT_EQ(asker_.logged(), "userdb:absent");
  rules_.unverifiable = unverifiable_as::tempfail;
  ASSERT_TRUE(listener_->update(rules()));
  on_worker([] {});
  EXPECT_EQ(hears(hello + "USER\t1\tcannot@example.com\n"), "FAIL\t1\n");
  EXPECT_EQ(asker_.logged(), "userdb:tempfail");
  EXPECT_EQ(hears(hello + "USER\t1\tnobody@nowhere\n"), "NOTFOUND\t1\n");
  EXPECT_EQ(asker_.logged(), "userdb:absent");
  EXPECT_EQ(hears(hello + "USER\t1\tnobody@example.com\n"), "NOTFOUND\t1\n");
  EXPECT_EQ(asker_.logged(), "userdb:");
}

TEST_F(dovecot_userdb, CannotTellIsAFailure) {
  rules_.allow = {permission::login};
  start();
  EXPECT_EQ(hears(hello + "USER\t1\tann@example.com\nUSER\t2\tnobody\n"), "FAIL\t1\nFAIL\t2\n");
  EXPECT_TRUE(asker_.questions().empty());
}

TEST_F(dovecot_userdb, TellsNoPasswordsAndNoLists) {
  start();
  EXPECT_EQ(hears(hello + "PASS\t1\tann@example.com\tservice=imap\nLIST\t2\tuser=*\tservice=doveadm\n"), "FAIL\t1\nDONE\t2\tfail\n");
  EXPECT_TRUE(asker_.questions().empty());
}

TEST_F(dovecot_userdb, NonsenseEndsTheConnectionAfterTheAnswers) {
  start();
  const std::string one = "USER\t1\tann\n", said = "USER\t1\tann\n";
  for (const std::string& bad : {std::string("REQUEST\t1\t2\t3\t4\n"), std::string("USER\t0\tann\n"), hello, std::string("\n"), std::string(4096, 'x')})
    EXPECT_EQ(hears(hello + one + bad + "USER\t9\tbob\n"), said) << bad.substr(0, 20);
  EXPECT_EQ(hears(one), "") << "no version";
  EXPECT_EQ(hears("VERSION\t2\t0\n" + one), "");
}

TEST_F(dovecot_userdb, EverySplitIsTheSameRequests) {
  start();
  const std::string whole = hello + "USER\t1\tann@example.com\tservice=lmtp\nLIST\t2\tuser=*\n";
  for (std::size_t n = 1; n < whole.size(); ++n) {
    const caller c = connect();
    c.send(std::string_view(whole).substr(0, n));
    on_worker([] {});
    c.send(std::string_view(whole).substr(n));
    c.say_no_more();
    const std::string got = c.receive_all();
    EXPECT_TRUE(has(got, "USER\t1\tann@example.com\n") && has(got, "DONE\t2\tfail\n")) << n << got;
  }
}

}  // namespace
}  // namespace authbroker::testing_front
