// Logins of the exchange plugin that bind at once, by a name that is made of the typed one.
#include <fstream>

#include "exchange_fixture.hpp"

namespace {

using namespace exchange_test;
using abk::test::connection_rig;
using abk::test::host_rig;

struct told {
  std::string sent;
  std::vector<abk::test::said_answer> answers;
  connection_rig::state then = connection_rig::state::closed;
};

// One login on a connection that binds as users; `reply` comes if something was sent.
told login(const abk::test::table& settings, const std::string& name, const std::string& reply, const std::string& address = {}) {
  host_rig host(plugin(), settings);
  EXPECT_EQ(host.problems, list{});
  if (!host.problems.empty()) return {};
  EXPECT_EQ(host.backend()->login_role, 1U);
  connection_rig up(host, ABK_TLS, host.backend()->login_role);
  EXPECT_EQ(up.is(), connection_rig::state::ready) << "no service account is bound here";
  abk::test::ask q;
  q.login_name = name;
  q.address = address;
  q.password = "open sesame";
  up.begin(q);
  told out;
  out.sent = up.take_sent();
  if (!out.sent.empty()) up.feed(reply);
  out.answers = up.answers;
  out.then = up.is();
  EXPECT_EQ(host.complaints, list{});
  return out;
}

const abk::test::table upn{{"bind_as", "upn"}};
const abk::test::table down_level{{"bind_as", "down-level"}, {"netbios_domain", "EXAMPLE"}};

void expect(const told& t, const std::string& sent, std::uint32_t verdict, std::uint32_t reason, const std::string& rule) {
  EXPECT_EQ(bytes::to_hex(t.sent), bytes::to_hex(sent));
  ASSERT_EQ(t.answers.size(), 1U);
  EXPECT_EQ(t.answers[0].verdict, verdict) << t.answers[0].rule;
  EXPECT_EQ(t.answers[0].reason, reason) << t.answers[0].rule;
  EXPECT_EQ(t.answers[0].rule, rule);
}

TEST(exchange_direct, bind_as_upn_binds_the_login_name) {
  const told t = login(upn, "ann@ad.example.com", bound(1), "ann@example.com");
  expect(t, bind(1, "ann@ad.example.com", "open sesame"), ABK_YES, ABK_REASON_NONE, "bind.success");
  EXPECT_EQ(t.then, connection_rig::state::ready);
  EXPECT_EQ(t.answers[0].mailbox, "") << "nothing was looked up";
  expect(login(upn, "ann@ad.example.com", refused(1, "52e")), bind(1, "ann@ad.example.com", "open sesame"), ABK_NO, ABK_REASON_WRONG_PASSWORD, "bind.ad-52e-wrong");
  expect(login(upn, "ann@ad.example.com", refused(1, "773")), bind(1, "ann@ad.example.com", "open sesame"), ABK_NO, ABK_REASON_PASSWORD_MUST_CHANGE, "bind.ad-773-must-change");
}

TEST(exchange_direct, bind_as_down_level_puts_netbios_domain_before_the_local_part) {
  expect(login(down_level, "ann@example.com", bound(1)), bind(1, "EXAMPLE\\ann", "open sesame"), ABK_YES, ABK_REASON_NONE, "bind.success");
  expect(login(down_level, "ann", refused(1, "533")), bind(1, "EXAMPLE\\ann", "open sesame"), ABK_NO, ABK_REASON_ACCOUNT_DISABLED, "bind.ad-533-disabled");
}

TEST(exchange_direct, netbios_domain_is_what_stands_before_the_backslash) {
  abk::test::table other = down_level;
  other["netbios_domain"] = "BRANCH";
  expect(login(other, "ann@example.com", bound(1)), bind(1, "BRANCH\\ann", "open sesame"), ABK_YES, ABK_REASON_NONE, "bind.success");
}

TEST(exchange_direct, B_14_other_forms_of_a_name_are_refused_and_nothing_is_sent) {
  for (const char* name : {"ann", "EXAMPLE\\ann", "CN=Ann,DC=ad", "CN=ann@x,DC=ad", "{x}@y"}) expect(login(upn, name, ""), "", ABK_NO, ABK_REASON_BAD_NAME, "bind.bad-name");
  for (const char* name : {"CN=Ann", "EXAMPLE\\ann", "a/b", "@example.com"}) expect(login(down_level, name, ""), "", ABK_NO, ABK_REASON_BAD_NAME, "bind.bad-name");
}

TEST(exchange_direct, B_11_nothing_is_searched_where_users_are_bound) {
  abk::test::table t = settings();
  t["bind_as"] = "upn";
  host_rig host(plugin(), t);
  connection_rig up(host, ABK_TLS, 1);
  abk::test::ask q;
  q.kind = ABK_MAILBOX;
  q.login_name = "ann@example.com";
  up.begin(q);
  EXPECT_EQ(up.sent(), "");
  ASSERT_EQ(up.answers.size(), 1U);
  EXPECT_EQ(up.answers[0].verdict, static_cast<std::uint32_t>(ABK_TEMPFAIL));
  EXPECT_EQ(host.backend()->mailbox_role, 0U);
}

TEST(exchange_direct, B_17_no_library_comes_along_that_traces_packets_or_reads_ldap_conf) {
  plugin();
  std::ifstream maps("/proc/self/maps");
  const std::string all{std::istreambuf_iterator<char>(maps), {}};
  EXPECT_NE(all.find("liblber"), std::string::npos);
  EXPECT_EQ(all.find("libldap"), std::string::npos);
  EXPECT_EQ(all.find("libgnutls"), std::string::npos);
}

TEST(exchange_direct, B_12_the_same_login_twice_is_two_binds) {
  host_rig host(plugin(), upn);
  connection_rig up(host, ABK_TLS, 1);
  abk::test::ask q;
  q.login_name = "ann@ad.example.com";
  q.password = "open sesame";
  up.begin(q);
  EXPECT_EQ(up.take_sent(), bind(1, q.login_name, q.password));
  up.feed(bound(1));
  up.begin(q);
  EXPECT_EQ(up.take_sent(), bind(2, q.login_name, q.password));
  up.feed(refused(2, "52e"));
  ASSERT_EQ(up.answers.size(), 2U);
  EXPECT_EQ(up.answers[0].verdict, static_cast<std::uint32_t>(ABK_YES));
  EXPECT_EQ(up.answers[1].verdict, static_cast<std::uint32_t>(ABK_NO));
}

}  // namespace
