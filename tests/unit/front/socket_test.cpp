// Making sockets, and who may use them.
#include <fcntl.h>
#include <sys/stat.h>

#include "front/host_check.hpp"
#include "front/sockets.hpp"
#include "unit/front/fixture.hpp"

namespace authbroker::testing_front {
namespace {

class sockets : public front_fixture {
 protected:
  std::string path() const { return folder_ + "/s"; }
  result<unix_socket> make(std::uint32_t mode = 0660) const { return unix_socket::make(path(), mode, "", ""); }
  static mode_t mode_of(const std::string& file) {
    struct stat is {};
    EXPECT_EQ(lstat(file.c_str(), &is), 0) << file;
    return is.st_mode & 0777U;
  }
  static bool exists(const std::string& file) {
    struct stat is {};
    return lstat(file.c_str(), &is) == 0;
  }
};

TEST_F(sockets, ModeAndUmaskAreAsAsked_J02) {
  const mode_t before = umask(0);
  auto made = make(0620);
  EXPECT_EQ(umask(before), 0U) << "left as it was";
  ASSERT_TRUE(made) << made.error().text;
  EXPECT_EQ(mode_of(path()), 0620U);
  EXPECT_EQ(mode_of(path() + ".lock"), 0600U);
}

TEST_F(sockets, TheFileGoesWithTheSocket) {
  {
    auto made = make();
    ASSERT_TRUE(made);
    EXPECT_TRUE(exists(path()));
  }
  EXPECT_FALSE(exists(path()));
}

TEST_F(sockets, AFileThatReplacedOursStays) {
  {
    auto made = make();
    ASSERT_TRUE(made);
    ASSERT_EQ(rename((path()).c_str(), (path() + ".old").c_str()), 0);
    ASSERT_EQ(symlink("/dev/null", path().c_str()), 0);
  }
  EXPECT_TRUE(exists(path()));
}

TEST_F(sockets, AStaleSocketIsReplaced_J04) {
  {
    const descriptor dead(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un a{};
    a.sun_family = AF_UNIX;
    path().copy(a.sun_path, sizeof a.sun_path - 1);
    ASSERT_EQ(bind(dead.get(), reinterpret_cast<sockaddr*>(&a), sizeof a), 0);
  }
  ASSERT_TRUE(exists(path()));
  auto made = make();
  ASSERT_TRUE(made) << made.error().text;
  EXPECT_TRUE(caller("unix:" + path()).connected());
}

TEST_F(sockets, ASecondInstanceIsRefused_J05) {
  auto first = make();
  ASSERT_TRUE(first);
  const auto second = make();
  ASSERT_FALSE(second);
  EXPECT_TRUE(has(second.error().text, "another authbroker")) << second.error().text;
  EXPECT_TRUE(caller("unix:" + path()).connected()) << "the first keeps its socket";
}

TEST_F(sockets, AForeignListenerIsRefused_J05) {
  const descriptor other(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un a{};
  a.sun_family = AF_UNIX;
  path().copy(a.sun_path, sizeof a.sun_path - 1);
  ASSERT_EQ(bind(other.get(), reinterpret_cast<sockaddr*>(&a), sizeof a), 0);
  ASSERT_EQ(listen(other.get(), 1), 0);
  const auto made = make();
  ASSERT_FALSE(made);
  EXPECT_TRUE(has(made.error().text, "another process listens here")) << made.error().text;
}

TEST_F(sockets, WhatIsNoSocketStays_J03) {
  ASSERT_EQ(symlink("/tmp/elsewhere", path().c_str()), 0);
  EXPECT_TRUE(has(make().error().text, "no socket is in the way"));
  EXPECT_TRUE(exists(path()));
}

TEST_F(sockets, ADirectoryThatOthersMayWriteIsRefused_J03) {
  ASSERT_EQ(chmod(folder_.c_str(), 0770), 0);
  const auto made = make();
  ASSERT_FALSE(made);
  EXPECT_TRUE(has(made.error().text, "chmod go-w " + folder_)) << made.error().text;
  ASSERT_EQ(chmod(folder_.c_str(), 01777), 0);
  if (geteuid() == 0) {
    EXPECT_TRUE(make()) << "sticky, and root's";
  }
  ASSERT_EQ(chmod(folder_.c_str(), 0750), 0);
  EXPECT_TRUE(make());
}

TEST_F(sockets, PathsAreNeverCut_J06) {
  const std::string name = folder_ + "/" + std::string(107 - folder_.size() - 1, 'x');
  EXPECT_FALSE(unix_socket::make(name + "y", 0600, "", ""));
  EXPECT_TRUE(has(unix_socket::make(name + "y", 0600, "", "").error().text, "107 bytes"));
  EXPECT_TRUE(unix_socket::make(name, 0600, "", ""));
  EXPECT_FALSE(unix_socket::make("s", 0600, "", ""));
}

TEST_F(sockets, MissingOwnersAreNamed) {
  EXPECT_TRUE(has(unix_socket::make(path(), 0600, "no-such-user-here", "").error().text, "no-such-user-here"));
  EXPECT_TRUE(has(unix_socket::make(path(), 0600, "", "no-such-group-here").error().text, "no-such-group-here"));
  EXPECT_FALSE(exists(path()));
}

TEST_F(sockets, TcpIsLoopbackOnly_J14) {
  socket_address where;
  where.is_unix = false;
  for (const char* host : {"0.0.0.0", "::", "192.0.2.1", "example.com", "2001:db8::1"}) {
    where.host = host;
    EXPECT_FALSE(make_tcp_socket(where)) << host;
  }
  where.host = "127.0.0.1";
  EXPECT_TRUE(make_tcp_socket(where));
}

TEST_F(sockets, StrangersGetNotOneByte_J01) {
  rules_.peer_users = {std::to_string(getuid() + 4711)};
  start();
  caller c = connect();
  c.send(get("/healthz"));
  const std::string all = c.receive_all();
  EXPECT_TRUE(all.empty() || all == "RESET") << all;
  EXPECT_EQ(listener_->counts().not_admitted.load(), 1U);
  EXPECT_TRUE(has(log_text(), "peer_not_admitted"));
}

TEST_F(sockets, UsersAndGroupsAreAdmitted_J01) {
  rules_.peer_users = {std::to_string(getuid() + 4711), std::to_string(getuid())};
  start();
  EXPECT_EQ(status_of([&] { caller c = connect(); c.send(get("/healthz")); return c.reply(); }()), 200U);
  rules_.peer_users.clear();
  rules_.peer_groups = {std::to_string(getgid())};
  ASSERT_TRUE(listener_->update(rules()));
  on_worker([] {});
  EXPECT_EQ(status_of([&] { caller c = connect(); c.send(get("/healthz")); return c.reply(); }()), 200U);
  rules_.peer_groups = {std::to_string(getgid() + 4711)};
  ASSERT_TRUE(listener_->update(rules()));
  on_worker([] {});
  EXPECT_FALSE(has([&] { caller c = connect(); c.send(get("/healthz")); return c.receive_all(); }(), "ok"));
}

TEST_F(sockets, UnknownPeersAreNamed) {
  rules_.peer_groups = {"no-such-group-here"};
  const auto made = listener::open(rules(), parts_);
  ASSERT_FALSE(made);
  EXPECT_TRUE(has(made.error().text, "peers.groups: there is no group \"no-such-group-here\"")) << made.error().text;
}

TEST_F(sockets, TcpNetworksDecide) {
  rules_.address.is_unix = false;
  rules_.networks.clear();
  start();
  const std::string all = [&] { caller c = connect(); c.send(get("/healthz")); return c.receive_all(); }();
  EXPECT_TRUE(all.empty() || all == "RESET") << "default deny: " << all;
}

TEST_F(sockets, ATokenIsWanted_K11) {
  rules_.address.is_unix = false;
  rules_.token = secret("t0ken");
  start();
  const auto status = [&](std::string_view more) {
    caller c = connect();
    c.send(login("a@b", "right", more));
    return status_of(c.reply());
  };
  EXPECT_EQ(status(""), 403U);
  EXPECT_EQ(status("X-Authbroker-Token: t0keN\r\n"), 403U);
  EXPECT_EQ(status("X-Authbroker-Token: t0ken\r\n"), 200U);
  EXPECT_EQ(status("Authorization: bearer t0ken\r\n"), 200U);
  EXPECT_EQ(status("Authorization: Bearer t0ken2\r\n"), 403U);
  EXPECT_EQ(status_of([&] { caller c = connect(); c.send(get("/healthz")); return c.reply(); }()), 200U);
}

TEST_F(sockets, WebPagesMayNotAsk_K11) {
  rules_.address.is_unix = false;
  start();
  const auto status = [&](std::string_view host) {
    caller c = connect();
    const std::string body = R"({"address":"a@b","password":"right"})";
    c.send("POST /v1/login HTTP/1.1\r\nHost: " + std::string(host) + "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    return status_of(c.reply());
  };
  EXPECT_EQ(status("evil.example"), 403U);
  EXPECT_EQ(status("127.0.0.1.evil.example"), 403U);
  EXPECT_EQ(status("127.0.0.1:8089"), 200U);
  EXPECT_EQ(status("[::1]:8089"), 200U);
  EXPECT_EQ(status("LOCALHOST"), 200U);
}

TEST_F(sockets, SystemdMayMakeThem) {
  auto made = make();
  ASSERT_TRUE(made);
  workers_.push_back(std::make_unique<worker>(0U));
  parts_.workers.push_back(workers_.front().get());
  auto adopted = listener::adopt(dup(made->get()), rules(), parts_);
  ASSERT_TRUE(adopted) << adopted.error().text;
  listener_ = std::move(*adopted);
  EXPECT_EQ(listener_->address(), "unix:" + path());
  listener_->start();
  run();
  caller c = connect();
  c.send(get("/healthz"));
  EXPECT_EQ(status_of(c.reply()), 200U);
  listener_->close();
  on_worker([] {});
  EXPECT_TRUE(exists(path())) << "the file is systemd's";
  EXPECT_FALSE(listener::adopt(open("/dev/null", O_RDONLY | O_CLOEXEC), rules(), parts_));
}

TEST(networks, ContainAddresses) {
  network n;
  n.bytes[0] = 10;
  n.bytes[1] = 0x80;
  n.bits = 9;
  const auto in = [&](std::uint8_t a, std::uint8_t b) {
    const std::uint8_t bytes[4] = {a, b, 1, 2};
    return inside(n, bytes, false);
  };
  EXPECT_TRUE(in(10, 0x80));
  EXPECT_TRUE(in(10, 0xff));
  EXPECT_FALSE(in(10, 0x7f));
  EXPECT_FALSE(in(11, 0x80));
  const std::uint8_t six[16] = {10, 0x80};
  EXPECT_FALSE(inside(n, six, true));
  n.bits = 0;
  EXPECT_TRUE(in(1, 1));
}

}  // namespace
}  // namespace authbroker::testing_front
