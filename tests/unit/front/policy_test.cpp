// What Postfix gets from the policy socket.
#include "unit/front/fixture.hpp"

namespace authbroker::testing_front {
namespace {

class policy : public front_fixture {
 protected:
  policy() { rules_.protocol = listener_protocol::policy; }
  std::string answer_to(std::string_view bytes) const {
    const caller c = connect();
    c.send(bytes);
    c.say_no_more();
    return c.receive_all();
  }
};

std::string request(std::string_view recipient, std::string_view state = "RCPT", std::string_view more = {}) {
  return "request=smtpd_access_policy\nprotocol_state=" + std::string(state) + "\nrecipient=" + std::string(recipient) + "\n" + std::string(more) + "\n";
}

const std::string dunno = "action=DUNNO\n\n", unknown = "action=550 5.1.1 User unknown\n\n",
                  later = "action=DEFER_IF_PERMIT 4.3.0 The recipient cannot be checked now, try again later\n\n";

TEST_F(policy, SaysEachVerdict_O06) {
  start();
  EXPECT_EQ(answer_to(request("ann@example.com")), dunno);
  EXPECT_EQ(answer_to(request("nobody@example.com")), unknown);
  EXPECT_EQ(asker_.logged(), "policy:");
  EXPECT_EQ(answer_to(request("cannot@example.com")), dunno);
  EXPECT_EQ(asker_.logged(), "policy:DUNNO");
  EXPECT_EQ(answer_to(request("ann@nowhere")), dunno);
  EXPECT_EQ(asker_.logged(), "policy:nothing");
  EXPECT_EQ(answer_to(request("broken@example.com")), later);
  EXPECT_EQ(asker_.logged(), "policy:");
  EXPECT_EQ(answer_to(request("throw@example.com")), later);
}

TEST_F(policy, OtherStagesAreNoQuestion_O04) {
  start();
  for (const std::string_view state : {"CONNECT", "EHLO", "HELO", "MAIL", "DATA", "END-OF-MESSAGE", "VRFY", "ETRN", "rcpt"}) EXPECT_EQ(answer_to(request("nobody@example.com", state)), dunno) << state;
  EXPECT_EQ(answer_to(request("")), dunno) << "nobody is named";
  EXPECT_TRUE(asker_.questions().empty());
}

TEST_F(policy, RecipientsGetTheirQuotes_O03) {
  start();
  EXPECT_EQ(answer_to(request("a b@example.com")), dunno);
  EXPECT_EQ(answer_to(request("no body@example.com")), dunno) << "the asker's \"no...\" begins with a quote now";
  EXPECT_EQ(asker_.questions().at(0).address, "\"a b\"@example.com");
  EXPECT_EQ(asker_.questions().at(0).kind, question_kind::mailbox);
}

TEST_F(policy, InTroubleItClosesWithoutAWord_O01_O02_O05) {
  start();
  for (const std::string& bad : {std::string("recipient=a@b\n\n"), std::string("\n"), std::string("GET / HTTP/1.1\n\n"), request("a@b", "RCPT", "recipient=c@d\n"), request("a@b", "RCPT", "x\n"), request("a@b", "RCPT", std::string(9000, 'x') + "=1\n")})
    EXPECT_EQ(answer_to(request("nobody@b") + bad + request("nobody@b")), unknown) << "the one before is answered, nothing after";
}

TEST_F(policy, NothingIsKeptForTheNext_O07) {
  rules_.trust_client_all = true;
  start();
  EXPECT_EQ(answer_to(request("ann@example.com", "RCPT", "instance=1.a\nclient_address=192.0.2.7\n") + request("nobody@example.com", "RCPT", "instance=2.b\n") + request("ann@example.com", "DATA") + request("bob@example.com")),
            dunno + unknown + dunno + dunno);
  const auto asked = asker_.questions();
  ASSERT_EQ(asked.size(), 3U);
  EXPECT_EQ(asked[0].session, "1.a");
  EXPECT_EQ(asked[0].client, "192.0.2.7");
  EXPECT_TRUE(asked[0].client_believed);
  EXPECT_EQ(asked[1].session, "2.b");
  EXPECT_EQ(asked[1].client, "");
  EXPECT_FALSE(asked[1].client_believed);
  EXPECT_EQ(asked[2].session, "");
}

TEST_F(policy, TheRequestLimitIsTheConfigurations_O02) {
  rules_.limits.request_bytes = 64 * 1024;
  start();
  EXPECT_EQ(answer_to(request("a@b", "RCPT", "x=" + std::string(60'000, 'x') + "\n")), dunno);
  EXPECT_EQ(answer_to(request("a@b", "RCPT", "x=" + std::string(66'000, 'x') + "\n")), "");
}

TEST_F(policy, ValuesAreTheConfigurations) {
  rules_.tables.reply(table_kind::policy, table_row::absent).text = "REJECT 5.1.1 nobody here";
  rules_.tables.reply(table_kind::policy, table_row::unverifiable).what = table_reply::form::temporary;
  start();
  EXPECT_EQ(answer_to(request("nobody@b") + request("cannot@b")), "action=REJECT 5.1.1 nobody here\n\n" + later);
}

TEST_F(policy, EverySplitIsTheSameQuestion) {
  start();
  const std::string whole = request("nobody@example.com");
  const caller c = connect();
  for (std::size_t n = 1; n < whole.size(); ++n) {
    c.send(std::string_view(whole).substr(0, n));
    on_worker([] {});
    c.send(std::string_view(whole).substr(n));
    ASSERT_EQ(c.receive(), unknown) << n;
  }
}

}  // namespace
}  // namespace authbroker::testing_front
