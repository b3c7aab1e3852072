#include "tool/admin.hpp"

#include <gmock/gmock.h>

#include "unit/tool/fake_daemon.hpp"

namespace authbroker {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using testing::fake_daemon;
using testing::manner;

TEST(Admin, SendsARequestAndReadsTheReply) {
  const fake_daemon daemon(fake_daemon::http(200, R"({"ok":true})"));
  const auto reply = ask_daemon(daemon.path(), "POST", "/admin/test", R"({"kind":"login"})", 5s);
  ASSERT_TRUE(reply) << reply.error().text;
  EXPECT_EQ(reply->status, 200);
  EXPECT_EQ(reply->body, R"({"ok":true})");
  EXPECT_THAT(daemon.request(), ::testing::StartsWith("POST /admin/test HTTP/1.1\r\nHost: authbroker\r\n"));
  EXPECT_THAT(daemon.request(), HasSubstr("Content-Length: 16\r\n"));
  EXPECT_THAT(daemon.request(), ::testing::EndsWith("\r\n\r\n{\"kind\":\"login\"}"));
}

TEST(Admin, AReplyInManyPiecesIsTheSameReply) {
  const fake_daemon daemon(fake_daemon::http(404, "{}"), manner::byte_by_byte);
  const auto reply = ask_daemon(daemon.path(), "GET", "/admin/why?id=x", {}, 5s);
  ASSERT_TRUE(reply) << reply.error().text;
  EXPECT_EQ(reply->status, 404);
  EXPECT_EQ(reply->body, "{}");
}

TEST(Admin, ASilentDaemonIsGivenUp) {
  const fake_daemon daemon("", manner::silent);
  const auto reply = ask_daemon(daemon.path(), "GET", "/admin/status", {}, 50ms);
  ASSERT_FALSE(reply);
  EXPECT_THAT(reply.error().text, HasSubstr("did not answer within 50ms"));
}

TEST(Admin, AClosedConnectionIsNoReply) {
  const fake_daemon daemon("");
  const auto reply = ask_daemon(daemon.path(), "GET", "/admin/status", {}, 5s);
  ASSERT_FALSE(reply);
  EXPECT_THAT(reply.error().text, HasSubstr("closed the connection without an answer"));
}

TEST(Admin, AMissingSocketSaysWhatToLookAt) {
  const testing::temporary_folder folder;
  const auto reply = ask_daemon(folder.file("none.sock"), "GET", "/admin/status", {}, 1s);
  ASSERT_FALSE(reply);
  EXPECT_THAT(reply.error().text, HasSubstr("cannot reach the daemon at " + folder.file("none.sock") + ": No such file or directory; is authbrokerd running"));
}

TEST(Admin, APathThatNoSocketCanHaveIsRefused) {
  EXPECT_FALSE(ask_daemon(std::string(108, 'x'), "GET", "/", {}, 1s));
  EXPECT_FALSE(ask_daemon("", "GET", "/", {}, 1s));
}

TEST(Admin, AReplyCutAnywhereIsNeverBelieved) {
  const std::string whole = fake_daemon::http(200, R"({"answer":{"verdict":"accept"}})");
  ASSERT_TRUE(parse_admin_reply(whole));
  for (std::size_t n = 0; n < whole.size(); ++n) EXPECT_FALSE(parse_admin_reply(whole.substr(0, n))) << n;
}

TEST(Admin, RepliesThatAreNotHttpAreRefused) {
  for (const char* bytes : {"SSH-2.0-OpenSSH_9.2\r\n\r\n", "HTTP/1.1 2x0 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 100 Go\r\nContent-Length: 0\r\n\r\n",
                            "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 2x\r\n\r\nab",
                            "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", "HTTP/1.\r\n\r\n", "HTTP/1.1\r\n\r\n"})
    EXPECT_FALSE(parse_admin_reply(bytes)) << bytes;
}

TEST(Admin, TheLengthIsFoundWhateverItsCase) {
  const auto reply = parse_admin_reply("HTTP/1.1 200 OK\r\nX: y\r\ncontent-length:  2 \r\n\r\nabc");
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->body, "ab");
}

TEST(Admin, IdsArePercentEncoded) { EXPECT_EQ(percent_encode("a-B_9.~ /?&\xC3\xA9"), "a-B_9.~%20%2F%3F%26%C3%A9"); }

}  // namespace
}  // namespace authbroker
