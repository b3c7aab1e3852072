// Resumption: quicker, and never a way around a check. C-21.
#include "net/tls_sessions.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/net/servers.hpp"

namespace authbroker {
namespace {

using namespace authbroker::testing;

const certificate& leaf() {
  static const certificate c = [] {
    wish w;
    w.dns = {"good.example", "second.example"};
    return issue(w, good_ca());
  }();
  return c;
}
tls_server_wish of_version(int version) {
  tls_server_wish w;
  w.own = leaf();
  w.version_min = w.version_max = version;
  return w;
}

// Opens, asks once (a TLS 1.3 ticket comes after the handshake, with the first reply) and hangs up. Was it resumed?
bool resumes(const std::shared_ptr<tls_context>& context, std::uint16_t port, const std::string& name = "good.example") {
  client c(context);
  const auto o = c.open_tls(port, name);
  EXPECT_EQ(o.why, reason::none) << o.text;
  EXPECT_TRUE(c.write("x"));
  EXPECT_EQ(c.read_until([](const std::string& s) { return !s.empty(); }), "x");
  EXPECT_EQ(c.notes.size() == 3 && c.notes[2].second.find("resumed") != std::string::npos, c.stream->resumed());
  return c.stream->resumed();
}

struct Sessions : ::testing::TestWithParam<int> {};

TEST_P(Sessions, TheSecondConnectionResumes) {
  tls_server server(of_version(GetParam()));
  const auto context = context_for();
  EXPECT_FALSE(resumes(context, server.port()));
  EXPECT_TRUE(resumes(context, server.port()));
  EXPECT_TRUE(resumes(context, server.port()));
  EXPECT_EQ(server.resumed(), 2);
}

TEST_P(Sessions, C21AnotherTrustAnotherNameOrAnotherServerDoesNot) {
  tls_server server(of_version(GetParam())), elsewhere(of_version(GetParam()));
  const auto context = context_for();
  EXPECT_FALSE(resumes(context, server.port()));
  EXPECT_FALSE(resumes(context, server.port(), "second.example"));
  EXPECT_FALSE(resumes(context, elsewhere.port()));
  EXPECT_FALSE(resumes(context_for(), server.port()));
  client stranger(context_for({}, other_ca()));
  EXPECT_EQ(stranger.open_tls(server.port()).why, reason::tls_untrusted);
}

TEST_P(Sessions, C21PinsHoldForResumedSessionsToo) {
  tls_server server(of_version(GetParam()));
  tls_settings s;
  s.pin_sha256 = {leaf().pin()};
  const auto context = context_for(s);
  EXPECT_FALSE(resumes(context, server.port()));
  EXPECT_TRUE(resumes(context, server.port()));
}

TEST_P(Sessions, C21AServerThatFailedItsChecksLeavesNoSession) {
  tls_server server(of_version(GetParam()));
  tls_settings s;
  s.pin_sha256 = {good_ca().pin()};
  const auto context = context_for(s);
  for (int i = 0; i < 2; ++i) {
    client c(context);
    EXPECT_EQ(c.open_tls(server.port()).why, reason::tls_untrusted);
  }
  EXPECT_EQ(server.resumed(), 0);
}

INSTANTIATE_TEST_SUITE_P(Tls, Sessions, ::testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const auto& i) { return std::string(i.param == TLS1_2_VERSION ? "Tls12" : "Tls13"); });

TEST(TlsSessions, HoldsABoundedNumberOfServersAndForgetsTheOldest) {
  const std::unique_ptr<SSL_SESSION, void (*)(SSL_SESSION*)> made(SSL_SESSION_new(), SSL_SESSION_free);
  const unsigned char id[] = {1, 2, 3, 4};
  ASSERT_EQ(SSL_SESSION_set1_id(made.get(), id, sizeof id), 1);
  tls_sessions sessions;
  for (std::size_t i = 0; i < tls_sessions::keys_max + 5; ++i) sessions.put("server " + std::to_string(i), made.get());
  EXPECT_EQ(sessions.size(), tls_sessions::keys_max);
  EXPECT_FALSE(sessions.take_copy("server 0"));
  EXPECT_TRUE(sessions.take_copy("server " + std::to_string(tls_sessions::keys_max + 4)));
  sessions.drop("server " + std::to_string(tls_sessions::keys_max + 4));
  EXPECT_FALSE(sessions.take_copy("server " + std::to_string(tls_sessions::keys_max + 4)));
}

}  // namespace
}  // namespace authbroker
