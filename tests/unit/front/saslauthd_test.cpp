// What libsasl and Exim get from the saslauthd socket.
#include "wire/saslauthd.hpp"

#include "unit/front/fixture.hpp"

namespace authbroker::testing_front {
namespace {

class saslauthd : public front_fixture {
 protected:
  saslauthd() { rules_.protocol = listener_protocol::saslauthd; }
  std::string answer_to(std::string_view request) const {
    const caller c = connect();
    c.send(request);
    return c.receive_all();
  }
};

const std::string yes(saslauthd_yes), no(saslauthd_no);

std::string request(std::string_view login, std::string_view password, std::string_view realm = {}, std::string_view client = {}) {
  return encode_saslauthd({login, password, "imap", realm, client});
}

TEST_F(saslauthd, HasTwoReplies_L09) {
  start();
  EXPECT_EQ(answer_to(request("ann", "right", "example.com")), yes);
  EXPECT_EQ(answer_to(request("ann", "wrong", "example.com")), no);
  EXPECT_EQ(answer_to(request("ann", "locked", "example.com")), no);
  EXPECT_EQ(asker_.logged(), ":");
  EXPECT_EQ(answer_to(request("ann", "right", "nowhere")), no);
  EXPECT_EQ(asker_.logged(), ":reject");
  const auto asked = asker_.questions().at(0);
  EXPECT_EQ(asked.address, "ann@example.com");
  EXPECT_EQ(asked.password, "right");
  EXPECT_EQ(asked.service, "imap");
}

TEST_F(saslauthd, CannotTellIsTheEndWithoutAReply_L08_G08) {
  start();
  EXPECT_EQ(answer_to(request("ann", "broken")), "");
  EXPECT_EQ(answer_to(request("ann", "throw")), "");
  EXPECT_EQ(answer_to(request("ann", "broken", "", "192.0.2.1;1") + "and more"), "") << "not a reset";
}

TEST_F(saslauthd, EverySplitIsOneRequest_L04) {
  start();
  const std::string whole = request("ann@example.com", "right", "", "192.0.2.1;1");
  const std::size_t four = request("ann@example.com", "right").size();
  for (std::size_t n = 1; n < whole.size(); ++n) {
    const caller c = connect();
    c.send(std::string_view(whole).substr(0, n));
    on_worker([] {});
    c.send(std::string_view(whole).substr(n));
    std::string reply = c.receive_all();
    // Four strings are a request: what is sent of a fifth after them may meet the end of the connection, behind the reply.
    if (n >= four && reply.ends_with("RESET")) reply.resize(reply.size() - std::string_view("RESET").size());
    ASSERT_EQ(reply, yes) << n;
  }
}

TEST_F(saslauthd, PartOfARequestIsNoQuestion_L04) {
  start();
  const std::string whole = request("ann@example.com", "right");
  for (std::size_t n = 0; n < whole.size(); ++n) {
    const caller c = connect();
    c.send(std::string_view(whole).substr(0, n));
    c.say_no_more();
    ASSERT_EQ(c.receive_all(), "") << n;
  }
  EXPECT_TRUE(asker_.questions().empty());
}

TEST_F(saslauthd, OverlongFieldsAreNotRead_L03) {
  start();
  EXPECT_EQ(answer_to("\xff\xff"), "");
  EXPECT_EQ(answer_to(request("ann", std::string(1025, 'x'))), "");
  EXPECT_EQ(answer_to(request(std::string(1024, 'a'), std::string(1024, 'x'))), "") << "the largest: asked, and a tempfail";
  EXPECT_EQ(asker_.questions().size(), 1U);
}

TEST_F(saslauthd, TheFifthStringCountsFromTrustedPeersOnly_L02) {
  start();
  EXPECT_EQ(answer_to(request("ann", "right", "", "203.0.113.7;4711")), yes);
  rules_.trust_client_all = true;
  ASSERT_TRUE(listener_->update(rules()));
  on_worker([] {});
  EXPECT_EQ(answer_to(request("ann", "right", "", "2001:db8::7;4711")), yes);
  EXPECT_EQ(answer_to(request("ann", "right")), yes);
  const auto asked = asker_.questions();
  EXPECT_EQ(asked.at(0).client, "203.0.113.7");
  EXPECT_FALSE(asked.at(0).client_believed);
  EXPECT_EQ(asked.at(1).client, "2001:db8::7");
  EXPECT_TRUE(asked.at(1).client_believed);
  EXPECT_FALSE(asked.at(2).client_believed);
}

TEST_F(saslauthd, OneRequestPerConnection_L06) {
  start();
  EXPECT_EQ(answer_to(request("ann", "right") + request("bob", "right")), yes);
  EXPECT_EQ(asker_.questions().size(), 1U);
}

TEST_F(saslauthd, AVanishedClientCancels_J11) {
  start();
  caller c = connect();
  c.send(request("ann", "hold"));
  ASSERT_TRUE(asker_.wait_held());
  c.hang_up();
  EXPECT_TRUE(asker_.wait_cancelled());
}

TEST_F(saslauthd, AboveInFlightItHangsUp) {
  rules_.limits.in_flight = 1;
  start();
  caller first = connect();
  first.send(request("ann", "hold"));
  ASSERT_TRUE(asker_.wait_held());
  EXPECT_EQ(answer_to(request("bob", "right")), "");
  release();
  EXPECT_EQ(first.receive_all(), yes);
}

TEST_F(saslauthd, ANoWaitsForTheFloor_S10) {
  parts_.times.floor = 200ms;
  start();
  const auto began = steady::now();
  EXPECT_EQ(answer_to(request("ann", "wrong")), no);
  EXPECT_GE(steady::now() - began, 200ms);
}

TEST_F(saslauthd, WithoutPermissionItCannotTell) {
  rules_.allow = {permission::mailbox};
  start();
  EXPECT_EQ(answer_to(request("ann", "right")), "");
  EXPECT_TRUE(asker_.questions().empty());
}

TEST_F(saslauthd, LeavesNoSecretBehind_S13) {
  start();
  answer_to(request("ann", "right"));
  EXPECT_TRUE(eventually([&] { return listener_->sessions() == 0; }));
  EXPECT_TRUE(eventually([] { return secrets_alive() == 0; }));
}

}  // namespace
}  // namespace authbroker::testing_front
