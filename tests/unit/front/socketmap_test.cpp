// What Postfix and Sendmail get from the socketmap socket.
#include "wire/socketmap.hpp"

#include "unit/front/fixture.hpp"

namespace authbroker::testing_front {
namespace {

class socketmap : public front_fixture {
 protected:
  socketmap() { rules_.protocol = listener_protocol::socketmap; }
  // All that is said until the caller says no more.
  std::string answer_to(std::string_view bytes) const {
    const caller c = connect();
    c.send(bytes);
    c.say_no_more();
    return c.receive_all();
  }
};

std::string lookup(std::string_view map, std::string_view key) { return encode_socketmap({map, key}); }

TEST_F(socketmap, SaysEachVerdict_N07) {
  start();
  const caller c = connect();
  const auto said = [&](std::string_view map, std::string_view key) {
    c.send(lookup(map, key));
    return c.receive();
  };
  EXPECT_EQ(said("mailbox", "ann@example.com"), "18:OK ann@example.com,");
  EXPECT_EQ(said("mailbox", "nobody@example.com"), "9:NOTFOUND ,");
  EXPECT_EQ(said("mailbox", "broken@example.com"), "18:TEMP upstream_down,");
  EXPECT_EQ(said("mailbox", "ann@nowhere"), "13:TEMP no_route,");
  EXPECT_EQ(said("mailbox", "throw@example.com"), "13:TEMP internal,");
  EXPECT_EQ(said("mailbox", "odd@example.com"), "35:OK \"x@example.com,root\"@example.net,") << "one address, whatever it is";
  EXPECT_EQ(said("canonical", "alias@example.com"), "19:OK real@example.com,");
  EXPECT_EQ(said("canonical", "example.com"), "9:NOTFOUND ,");
  EXPECT_EQ(said("domain", "example.com"), "14:OK example.com,");
  EXPECT_EQ(said("domain", "example.net"), "9:NOTFOUND ,");
  EXPECT_EQ(said("domain", "unsure.example"), "18:TEMP shutting_down,");
  EXPECT_EQ(said("access", "ann@example.com"), "8:OK DUNNO,");
  EXPECT_EQ(said("access", "nobody@example.com"), "28:OK REJECT 5.1.1 User unknown,");
  EXPECT_EQ(said("access", "broken@example.com"), "18:TEMP upstream_down,");
  EXPECT_EQ(said("access", "ann@nowhere"), "9:NOTFOUND ,");
  EXPECT_EQ(listener_->sessions(), 1U) << "all on one connection";
}

TEST_F(socketmap, TheLogHearsWhichMapWasAskedAndWhatWasTold) {
  rules_.tables.maps = {{"virtuser", table_kind::canonical}};
  rules_.unverifiable = unverifiable_as::absent;
  start();
  EXPECT_EQ(answer_to(lookup("virtuser", "cannot@example.com")), "9:NOTFOUND ,");
  EXPECT_EQ(asker_.logged(), "virtuser:absent");
  EXPECT_EQ(answer_to(lookup("mailbox", "ann@example.com")), "18:OK ann@example.com,");
  EXPECT_EQ(asker_.logged(), "mailbox:");
  EXPECT_EQ(answer_to(lookup("access", "cannot@example.com")), "8:OK DUNNO,");
  EXPECT_EQ(asker_.logged(), "access:DUNNO");
}

TEST_F(socketmap, AnUnknownMapIsNeverANo_N04) {
  start();
  EXPECT_EQ(answer_to(lookup("virtuser", "nobody@example.com") + "4:what," + "0:," + lookup("mailbox", "nobody@b")),
            "21:TEMP no such map here,21:TEMP no such map here,21:TEMP no such map here,9:NOTFOUND ,");
  EXPECT_TRUE(has(log_text(), "event=unknown_map listener=portal map=virtuser")) << log_text();
}

TEST_F(socketmap, NamesOfMapsAreTheConfigurations) {
  rules_.tables.maps = {{"virtuser", table_kind::canonical}};
  rules_.tables.reply(table_kind::access, table_row::absent).text = "550 5.1.1 <{identity}>: who?";
  start();
  EXPECT_EQ(answer_to(lookup("virtuser", "alias@example.com")), "19:OK real@example.com,");
  EXPECT_EQ(answer_to(lookup("access", "no-one@example.com")), "39:OK 550 5.1.1 <no-one@example.com>: who?,");
}

TEST_F(socketmap, KeysKeepTheirSpacesAndGetTheirQuotes_N04_N05) {
  start();
  EXPECT_EQ(answer_to(lookup("mailbox", "ann smith@example.com") + lookup("mailbox", "\"ann smith\"@example.com")), "26:OK \"ann smith\"@example.com,26:OK \"ann smith\"@example.com,");
  EXPECT_EQ(answer_to(lookup("mailbox", "ANN@EXAMPLE.COM")), "18:OK ANN@EXAMPLE.COM,") << "what is folded is the broker's business";
  EXPECT_EQ(asker_.questions().at(0).address, "\"ann smith\"@example.com");
  EXPECT_EQ(asker_.questions().at(0).kind, question_kind::mailbox);
}

TEST_F(socketmap, ManyInOneSegmentAreAnsweredInOrder_N06) {
  start();
  std::string in, out;
  for (int i = 0; i < 50; ++i) {
    const bool there = i % 3 != 0;
    const std::string key = (there ? "a" : "no") + std::to_string(i) + "@example.com";
    in += i % 7 == 0 ? lookup("domain", "example.com") : lookup("mailbox", key);
    append_socketmap(out, i % 7 == 0 || there ? socketmap_status::ok : socketmap_status::not_found, i % 7 == 0 ? "example.com" : there ? key : "");
  }
  EXPECT_EQ(answer_to(in), out);
  const caller c = connect();
  c.send(lookup("mailbox", "hold@example.com") + lookup("mailbox", "nobody@example.com"));
  ASSERT_TRUE(asker_.wait_held());
  release();
  std::string both;
  while (both.size() < std::string_view("19:OK hold@example.com,9:NOTFOUND ,").size()) both += c.receive();
  EXPECT_EQ(both, "19:OK hold@example.com,9:NOTFOUND ,") << "not before the first is known";
}

TEST_F(socketmap, EverySplitIsTheSameQuestion_N06) {
  start();
  const std::string whole = lookup("mailbox", "ann@example.com");
  const caller c = connect();
  for (std::size_t n = 1; n < whole.size(); ++n) {
    c.send(std::string_view(whole).substr(0, n));
    on_worker([] {});
    c.send(std::string_view(whole).substr(n));
    ASSERT_EQ(c.receive(), "18:OK ann@example.com,") << n;
  }
}

TEST_F(socketmap, HalfAFrameIsWaitedForAndThenLeft_N06) {
  parts_.times.request = 100ms;
  rules_.limits.idle = 60s;
  start();
  const caller c = connect();
  c.send("18:mailbox ann@");
  EXPECT_EQ(c.receive_all(), "");
  EXPECT_TRUE(asker_.questions().empty());
}

TEST_F(socketmap, WhatIsNoNetstringEndsTheConnection_N01_N02_N03) {
  start();
  for (const std::string_view bad : {":", "03:a b,", "-1:", "99999999999999999999:", "10001:", "3:a bX", "GET / HTTP/1.1\r\n\r\n"})
    EXPECT_EQ(answer_to(std::string(lookup("mailbox", "no@b")) + std::string(bad)), "9:NOTFOUND ,") << bad << ": what came before is answered";
  EXPECT_EQ(asker_.questions().size(), 7U);
}

TEST_F(socketmap, TheRequestLimitIsTheConfigurations_N03) {
  rules_.limits.request_bytes = 300;
  start();
  const std::string domain(288, 'x');
  EXPECT_EQ(answer_to("300:mailbox no@b" + domain + ","), "9:NOTFOUND ,");
  EXPECT_EQ(answer_to("301:mailbox no@b" + domain + "x,"), "");
}

TEST_F(socketmap, AboveInFlightItCannotTell) {
  rules_.limits.in_flight = 1;
  start();
  const caller first = connect();
  first.send(lookup("mailbox", "hold@example.com"));
  ASSERT_TRUE(asker_.wait_held());
  EXPECT_EQ(answer_to(lookup("mailbox", "nobody@example.com")), "15:TEMP overloaded,");
  release();
  EXPECT_EQ(first.receive(), "19:OK hold@example.com,");
}

TEST_F(socketmap, WithoutPermissionItCannotTell) {
  rules_.allow = {permission::login};
  start();
  EXPECT_EQ(answer_to(lookup("mailbox", "nobody@example.com") + lookup("domain", "example.net")), "18:TEMP misconfigured,18:TEMP misconfigured,");
  EXPECT_TRUE(asker_.questions().empty());
}

TEST_F(socketmap, AVanishedClientCancels_J11) {
  start();
  caller c = connect();
  c.send(lookup("mailbox", "hold@example.com"));
  ASSERT_TRUE(asker_.wait_held());
  c.hang_up();
  EXPECT_TRUE(asker_.wait_cancelled());
}

}  // namespace
}  // namespace authbroker::testing_front
