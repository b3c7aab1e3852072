#include <abk/rig.hpp>
#include <exchange/rules.hpp>

#include <gtest/gtest.h>

namespace {

using abk::test::host_rig;
using abk::test::table;
using list = std::vector<std::string>;

const abk_plugin* plugin() {
  static const abk_plugin* const loaded = abk::test::load(BINARY_DIR "/plugins/exchange.so");
  return loaded;
}
table good() { return {{"base", list{"DC=ad,DC=example,DC=com"}}, {"bind_dn", "reader@ad.example.com"}, {"bind_password", "secret"}}; }
// What is said about settings that differ from good ones by `change`.
std::string complaint(const table& change, const list& without = {}) {
  table t = good();
  for (const auto& [key, v] : change) t[key] = v;
  for (const std::string& key : without) t.erase(key);
  const host_rig host(plugin(), t);
  std::string out;
  for (const std::string& p : host.problems) out += p + "\n";
  return out;
}

TEST(settings, host_base_account_and_password_are_enough) { EXPECT_EQ(complaint({}), ""); }

TEST(settings, what_the_backend_answers_and_where) {
  const host_rig searched(plugin(), good());
  EXPECT_EQ(searched.backend()->kinds, static_cast<std::uint32_t>(ABK_LOGIN | ABK_MAILBOX | ABK_PROBE));
  EXPECT_EQ(searched.backend()->login_role, 0U);
  EXPECT_EQ(searched.backend()->mailbox_role, 0U);
  EXPECT_EQ(searched.backend()->questions_max[1], 1U);
  EXPECT_NE(searched.backend()->flags & ABK_BINARY, 0U);
  const host_rig direct(plugin(), {{"bind_as", "upn"}});
  EXPECT_EQ(direct.backend()->kinds, static_cast<std::uint32_t>(ABK_LOGIN | ABK_PROBE));
  EXPECT_EQ(direct.backend()->login_role, 1U);
  table both = good();
  both["bind_as"] = "upn";
  const host_rig mixed(plugin(), both);
  EXPECT_EQ(mixed.backend()->kinds, static_cast<std::uint32_t>(ABK_LOGIN | ABK_MAILBOX | ABK_PROBE));
  EXPECT_EQ(mixed.backend()->login_role, 1U);
}

TEST(settings, who_finds_people_without_their_domain_says_so) {
  const std::uint32_t local = ABK_LOCAL_LOGIN;
  EXPECT_EQ(host_rig(plugin(), good()).backend()->flags & local, 0U);
  EXPECT_EQ(host_rig(plugin(), {{"bind_as", "upn"}}).backend()->flags & local, 0U);
  EXPECT_EQ(host_rig(plugin(), {{"bind_as", "down-level"}, {"netbios_domain", "EXAMPLE"}}).backend()->flags & local, local);
  table t = good();
  t["filter"] = "(sAMAccountName={local})";
  EXPECT_EQ(host_rig(plugin(), t).backend()->flags & local, local);
}

TEST(settings, complaints) {
  EXPECT_NE(complaint({{"bind_as", "sid"}}).find("\"sid\"; wanted: \"dn\", \"upn\" or \"down-level\""), std::string::npos);
  EXPECT_NE(complaint({{"bind_as", "down-level"}}).find("netbios_domain"), std::string::npos);
  EXPECT_EQ(complaint({{"bind_as", "down-level"}, {"netbios_domain", "EXAMPLE"}}), "");
  EXPECT_NE(complaint({{"netbios_domain", "EX\\AMPLE"}}), "");
  EXPECT_NE(complaint({{"netbios_domain", "SIXTEENLETTERSXX"}}), "");
  EXPECT_NE(complaint({}, {"base"}).find("base"), std::string::npos);
  EXPECT_NE(complaint({}, {"bind_dn", "bind_password"}).find("bind_dn"), std::string::npos);
  EXPECT_NE(complaint({}, {"bind_password"}).find("bind_password"), std::string::npos);
  EXPECT_NE(complaint({{"base", list{"ad.example.com"}}}).find("base"), std::string::npos);
  EXPECT_EQ(complaint({{"base", list{""}}}), "") << "the root of a global catalog";
  EXPECT_NE(complaint({{"filter", "(mail={address}"}}).find("\")\" is wanted"), std::string::npos);
  EXPECT_NE(complaint({{"mailbox_filter", "mail={address}"}}).find("mailbox_filter"), std::string::npos);
  EXPECT_NE(complaint({{"require_filter", "("}}).find("require_filter"), std::string::npos);
  EXPECT_NE(complaint({{"require_filter", "(a=b)"}, {"bind_as", "upn"}}).find("require_filter"), std::string::npos);
  EXPECT_NE(complaint({{"disabled_login", "maybe"}}).find("\"reject\" or \"ask\""), std::string::npos);
  EXPECT_NE(complaint({{"disabled_mailbox", "maybe"}}).find("\"exists\" or \"absent\""), std::string::npos);
  EXPECT_NE(complaint({{"attributes", list{"a b"}}}).find("attributes"), std::string::npos);
  EXPECT_NE(complaint({{"scope", "all"}}).find("scope"), std::string::npos);
  EXPECT_NE(complaint({{"time_limit", "0s"}}).find("time_limit"), std::string::npos);
  EXPECT_NE(complaint({{"bindpw", "x"}}).find("bindpw: nobody reads this key"), std::string::npos);
}

TEST(settings, what_means_a_person_must_follow_from_the_name) {
  for (const char* key : {"filter", "mailbox_filter"})
    for (const char* fixed : {"(sAMAccountName=bob)", "(|(mail={address})(cn=bob))", "(mail=*@{domain})"})
      EXPECT_EQ(complaint({{key, fixed}}), std::string(key) + ": \"" + fixed + "\", which can mean the same whatever the name is; wanted: {address} or {local} in it, in each alternative\n");
}

TEST(settings, what_would_do_nothing_is_refused) {
  EXPECT_EQ(complaint({{"filter", ""}}), "filter: is empty; wanted: which account a login means, such as \"(userPrincipalName={address})\"\n");
  EXPECT_EQ(complaint({{"filter", "(mail={address})"}, {"bind_as", "upn"}}), "filter: with bind_as other than \"dn\", which binds without a search; wanted: bind_as = \"dn\"\n");
  EXPECT_EQ(complaint({{"netbios_domain", "EXAMPLE"}}), "netbios_domain: with bind_as other than \"down-level\", which makes no use of it; wanted: bind_as = \"down-level\"\n");
  const list nobody{"base", "bind_dn", "bind_password"};
  EXPECT_EQ(complaint({{"attributes", list{"cn"}}, {"bind_as", "upn"}}, nobody), "attributes: without a search that could bring them; wanted: bind_as = \"dn\", or base for mailboxes\n");
  EXPECT_EQ(complaint({{"attributes", list{"cn"}}, {"bind_as", "upn"}}), "");  // mailboxes are searched
}

TEST(settings, an_administrator_is_warned_about) {
  for (const char* name : {"CN=Administrator,CN=Users,DC=ad", "administrator@ad.example.com", "EXAMPLE\\Administrator"}) {
    table t = good();
    t["bind_dn"] = name;
    const host_rig host(plugin(), t);
    ASSERT_EQ(host.log.size(), 1U) << name;
    EXPECT_TRUE(host.log[0].starts_with("rootdn ")) << host.log[0];
    EXPECT_TRUE(exchange::looks_like_administrator(name));
  }
  EXPECT_TRUE(host_rig(plugin(), good()).log.empty());
  EXPECT_FALSE(exchange::looks_like_administrator("CN=Reader,CN=Administrator,DC=ad"));
}

}  // namespace
