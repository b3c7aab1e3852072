// What Postfix gets from the tcp_table socket.
#include "wire/tcp_table.hpp"

#include "unit/front/fixture.hpp"

namespace authbroker::testing_front {
namespace {

class tcp_table : public front_fixture {
 protected:
  tcp_table() {
    rules_.protocol = listener_protocol::tcp_table;
    rules_.address.is_unix = false;
  }
  std::string answer_to(std::string_view bytes) const {
    const caller c = connect();
    c.send(bytes);
    return c.receive();
  }
};

TEST_F(tcp_table, SaysEachVerdict) {
  start();
  EXPECT_EQ(answer_to("get ann@example.com\n"), "200 ann@example.com\n");
  EXPECT_EQ(answer_to("get nobody@example.com\n"), "500 not%20found\n");
  EXPECT_EQ(answer_to("get broken@example.com\n"), "400 upstream_down\n");
  EXPECT_EQ(answer_to("get throw@example.com\n"), "400 internal\n");
  EXPECT_EQ(answer_to("get ann@nowhere\n"), "400 no_route\n");
  EXPECT_EQ(answer_to("get cannot@example.com\n"), "200 cannot@example.com\n");
  EXPECT_EQ(answer_to("get a%20b@example.com\n"), "200 \"a%20b\"@example.com\n");
  EXPECT_EQ(answer_to("put a b\n"), "400 not%20a%20question\n");
  EXPECT_EQ(answer_to("get a%2\n"), "400 not%20a%20question\n");
}

TEST_F(tcp_table, TheTableIsTheConfigurations) {
  rules_.tables.maps = {{"*", table_kind::domain}};
  rules_.unverifiable = unverifiable_as::absent;
  start();
  EXPECT_EQ(answer_to("get example.com\n"), "200 example.com\n");
  EXPECT_EQ(answer_to("get example.net\n"), "500 not%20found\n");
}

TEST_F(tcp_table, UnverifiableIsWhatTheListenerSays) {
  rules_.unverifiable = unverifiable_as::absent;
  start();
  EXPECT_EQ(answer_to("get cannot@example.com\n"), "500 not%20found\n");
  EXPECT_EQ(asker_.logged(), "mailbox:absent");
}

TEST_F(tcp_table, AnIdleConnectionStaysUnlessThereIsNoRoom) {
  rules_.limits.idle = 1ms;
  rules_.limits.connections = 1;
  start();
  const caller first = connect();
  first.send("get nobody@example.com\n");
  EXPECT_EQ(first.receive(), "500 not%20found\n");
  for (const auto until = steady::now() + 50ms; steady::now() < until;) on_worker([] {});
  first.send("get ann@example.com\n");
  EXPECT_EQ(first.receive(), "200 ann@example.com\n") << "long after limits.idle";
  const caller second = connect();
  EXPECT_EQ(first.receive_all(), "") << "the place is needed";
  second.send("get ann@example.com\n");
  EXPECT_EQ(second.receive(), "200 ann@example.com\n");
}

TEST_F(tcp_table, ALongLineEndsTheConnection) {
  start();
  const caller c = connect();
  c.send("get nobody@b\nget " + std::string(4092, 'x'));
  EXPECT_EQ(c.receive_all(), "500 not%20found\n");
}

TEST_F(tcp_table, HalfALineIsNotWaitedForForEver) {
  parts_.times.request = 100ms;
  start();
  const caller c = connect();
  c.send("get ann@");
  EXPECT_EQ(c.receive_all(), "");
}

}  // namespace
}  // namespace authbroker::testing_front
