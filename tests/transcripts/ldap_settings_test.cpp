// Each setting of an ldap backend, where only it changes and something that can be seen does.
#include "ldap_fixture.hpp"

namespace {

using namespace ldap_test;

// What a question makes a backend of these settings say first.
std::string said(const table& settings, std::uint32_t kind = ABK_LOGIN, const std::string& address = "ann@example.com", std::uint32_t role = 0) {
  abk::test::host_rig host(plugin(), settings);
  if (!host.problems.empty()) return host.problems.front();
  abk::test::connection_rig up(host, ABK_TLS, role);
  abk::test::ask q;
  q.kind = kind;
  q.login_name = address;
  if (kind == ABK_LOGIN) q.password = password;
  if (up.is() == abk::test::connection_rig::state::ready) up.begin(q);
  return up.sent();
}
std::string problem(const table& settings) {
  abk::test::host_rig host(plugin(), settings);
  return host.problems.empty() ? "" : host.problems.front();
}
const table plain = searching();

TEST(LdapSettings, TheDefaultsAreThoseOfTheManual) {
  asked all;
  all.attributes = names({"mail", "mailAlternateAddress", "objectClass"});
  EXPECT_EQ(said({{"base", "ou=people,dc=x"}}), search(1, either(by_mail + equals("uid", "ann")), all));
  EXPECT_EQ(said({{"base", "ou=people,dc=x"}}, ABK_MAILBOX), search(1, either(by_mail + equals("mailAlternateAddress", "ann@example.com")), all));
}

TEST(LdapSettings, user_dn) {
  abk::test::host_rig host(plugin(), template_bind());
  EXPECT_EQ(host.backend()->login_role, 1U);
  EXPECT_EQ(host.backend()->kinds & ABK_MAILBOX, 0U);
  EXPECT_EQ(said(template_bind(), ABK_LOGIN, "ann@example.com", 1), bind(1, ann_dn, password));
  EXPECT_EQ(said(with(mailboxes_only(), template_bind()), ABK_MAILBOX), search(1, by_mail));
  EXPECT_NE(problem({{"user_dn", "uid={user},dc=x"}}).find("user_dn: "), std::string::npos);
  EXPECT_NE(problem({{"user_dn", "no dn {local}"}}).find("user_dn: "), std::string::npos);
}

TEST(LdapSettings, base) {
  asked root;
  root.base = "";
  EXPECT_EQ(said(with(plain, {{"base", texts{""}}})), search(1, by_mail, root));
  EXPECT_EQ(problem({}), "base: is missing; wanted: base, under which names are searched, or user_dn, as which they are bound");
  EXPECT_EQ(problem({{"base", texts(9, "dc=x")}}), "base: more than 8 of them; wanted: at most 8");
  EXPECT_NE(problem({{"base", "people"}}).find("base: "), std::string::npos);
}

TEST(LdapSettings, scope) {
  for (const auto& [word, n] : {std::pair("base", 0), std::pair("one", 1), std::pair("sub", 2)}) {
    asked a;
    a.scope = n;
    EXPECT_EQ(said(with(plain, {{"scope", word}})), search(1, by_mail, a));
  }
  EXPECT_EQ(problem(with(plain, {{"scope", "tree"}})), "scope: \"tree\"; wanted: \"sub\", \"one\" or \"base\"");
}

TEST(LdapSettings, filter) {
  EXPECT_EQ(said(with(plain, {{"filter", "(uid={local})"}})), search(1, equals("uid", "ann")));
  EXPECT_EQ(said(with(plain, {{"filter", "(uid={local})"}}), ABK_MAILBOX), search(1, by_mail));
  for (const char* bad : {"uid={local}", "(uid={local}", "(uid={user})", "({local}=x)", "(|)x"}) EXPECT_NE(problem(with(plain, {{"filter", bad}})).find("filter: "), std::string::npos) << bad;
}

TEST(LdapSettings, mailbox_filter) {
  EXPECT_EQ(said(with(plain, {{"mailbox_filter", "(uid={local})"}}), ABK_MAILBOX), search(1, equals("uid", "ann")));
  EXPECT_EQ(said(with(plain, {{"mailbox_filter", "(uid={local})"}})), search(1, by_mail));
  abk::test::host_rig host(plugin(), with(plain, {{"mailbox_filter", ""}}));
  EXPECT_EQ(host.backend()->kinds & ABK_MAILBOX, 0U);
}

TEST(LdapSettings, require_filter) {
  asked bare;
  bare.attributes = names({"1.1"});
  EXPECT_EQ(said(with(plain, {{"require_filter", "(ou=staff)"}})), search(1, by_mail) + search(2, both(by_mail + equals("ou", "staff")), bare));
  EXPECT_EQ(said(with(plain, {{"require_filter", "(ou=staff)"}}), ABK_MAILBOX), search(1, by_mail));
  EXPECT_NE(problem(with(template_bind(), {{"require_filter", "(ou=staff)"}})).find("require_filter: "), std::string::npos);
  EXPECT_NE(problem(with(plain, {{"require_filter", "(ou=staff"}})).find("require_filter: "), std::string::npos);
}

// What is said once ann is found.
std::string said_of_groups(const table& settings) {
  abk::test::host_rig host(plugin(), settings);
  if (!host.problems.empty()) return host.problems.front();
  abk::test::connection_rig up(host, ABK_TLS, 0);
  abk::test::ask q;
  q.login_name = "ann@example.com";
  q.password = password;
  up.begin(q);
  up.take_sent();
  up.feed(entry(1, ann_dn, attribute("uid", {"ann"})) + done(1));
  return up.sent();
}
std::string of_group(int id, const std::string& filter, const std::string& group) {
  asked a;
  a.base = group;
  a.scope = 0;
  a.attributes = names({"1.1"});
  return search(id, filter, a);
}

TEST(LdapSettings, require_group) {
  EXPECT_EQ(said_of_groups(plain), "");
  const std::string ann_listed = either(equals("member", ann_dn) + equals("uniqueMember", ann_dn) + equals("memberUid", "ann"));
  EXPECT_EQ(said_of_groups(with(plain, {{"require_group", texts{"cn=staff,dc=x"}}})), of_group(2, ann_listed, "cn=staff,dc=x"));
  EXPECT_EQ(said_of_groups(with(plain, {{"require_group", texts{"cn=staff,dc=x", "cn=board,dc=x"}}})), of_group(2, ann_listed, "cn=staff,dc=x") + of_group(3, ann_listed, "cn=board,dc=x"));
  EXPECT_EQ(problem(with(template_bind(), {{"require_group", texts{"cn=staff,dc=x"}}})),
            "require_group: with logins that are bound without a search, so that there is no entry whose groups could be asked; wanted: base and filter instead of user_dn");
  EXPECT_EQ(problem(with(plain, {{"require_group", texts(9, "cn=staff,dc=x")}})), "require_group: more than 8 of them; wanted: at most 8");
  for (const char* bad : {"", "staff", "cn={local},dc=x"}) EXPECT_NE(problem(with(plain, {{"require_group", texts{bad}}})).find("require_group: "), std::string::npos) << bad;
  // Groups are asked with longer names than searches.
  const auto at_a_time = [](const table& settings) {
    abk::test::host_rig host(plugin(), settings);
    return host.backend()->questions_max[0];
  };
  EXPECT_GT(at_a_time(with(plain, {{"require_group", texts{"cn=staff,dc=x"}}})), 8U);
  EXPECT_LT(at_a_time(with(plain, {{"require_group", texts(8, "cn=staff,dc=x")}})), 8U);
}

TEST(LdapSettings, group_attributes) {
  const table staff = with(plain, {{"require_group", texts{"cn=staff,dc=x"}}});
  EXPECT_EQ(said_of_groups(with(staff, {{"group_attributes", texts{"roleOccupant"}}})), of_group(2, either(equals("roleOccupant", ann_dn)), "cn=staff,dc=x"));
  EXPECT_EQ(said_of_groups(with(staff, {{"group_attributes", texts{"MEMBERUID"}}})), of_group(2, either(equals("MEMBERUID", "ann")), "cn=staff,dc=x"));
  EXPECT_EQ(problem(with(staff, {{"group_attributes", texts{}}})), "group_attributes: is empty; wanted: where groups list their members, such as \"member\"");
  for (const std::string& bad : {std::string("no name"), std::string("{local}"), std::string(65, 'm')})
    EXPECT_NE(problem(with(staff, {{"group_attributes", texts{bad}}})).find("group_attributes: "), std::string::npos) << bad;
}

TEST(LdapSettings, bind_dn_and_bind_password) {
  EXPECT_EQ(said(as_reader()), bind(1, "cn=reader,dc=x", "reader secret"));
  EXPECT_EQ(said(with(as_reader(), {{"bind_dn", "reader@x"}})), bind(1, "reader@x", "reader secret"));
  EXPECT_EQ(problem(with(plain, {{"bind_dn", "cn=reader,dc=x"}})), "bind_password: is missing or empty; wanted: the password of bind_dn");
  EXPECT_EQ(problem(with(plain, {{"bind_dn", "cn=reader,dc=x"}, {"bind_password", ""}})), "bind_password: is missing or empty; wanted: the password of bind_dn");
  EXPECT_EQ(problem(with(plain, {{"bind_password", "reader secret"}})), "bind_dn: is missing; wanted: whose password bind_password is");
  EXPECT_NE(problem(with(as_reader(), {{"bind_dn", "cn=reader,,"}})).find("bind_dn: "), std::string::npos);
}

TEST(LdapSettings, AnAccountAboveAllAccessControlIsWarnedOf) {
  for (const char* dn : {"cn=admin,dc=x", "CN=Manager,dc=x", "cn=Directory Manager", "cn=root,o=x"}) {
    abk::test::host_rig host(plugin(), with(as_reader(), {{"bind_dn", dn}}));
    ASSERT_EQ(host.log.size(), 1U) << dn;
    EXPECT_NE(host.log[0].find(std::string("rootdn backend=test bind_dn=") + dn), std::string::npos) << host.log[0];
  }
  abk::test::host_rig host(plugin(), as_reader());
  EXPECT_TRUE(host.log.empty());
}

TEST(LdapSettings, time_limit) {
  asked a;
  a.seconds = 60;
  EXPECT_EQ(said(with(plain, {{"time_limit", "1m"}})), search(1, by_mail, a));
  EXPECT_NE(problem(with(plain, {{"time_limit", "0s"}})).find("time_limit: "), std::string::npos);
  EXPECT_NE(problem(with(plain, {{"time_limit", "2h"}})).find("time_limit: "), std::string::npos);
}

TEST(LdapSettings, password_policy) {  // what the words do: ldap_policy_test.cpp
  const std::string said = problem(with(plain, {{"password_policy", "sometimes"}}));
  EXPECT_NE(said.find("password_policy: \"sometimes\""), std::string::npos) << said;
}

TEST(LdapSettings, mail_attribute_alias_attributes_attributes_and_group_classes_are_asked_for) {
  asked a;
  a.attributes = names({"maildrop", "mailAlternateAddress"});
  EXPECT_EQ(said(with(plain, {{"mail_attribute", "maildrop"}})), search(1, by_mail, a));
  a.attributes = names({"mail", "mailAlias"});
  EXPECT_EQ(said(with(plain, {{"alias_attributes", texts{"mailAlias", "MAIL"}}})), search(1, by_mail, a));
  a.attributes = names({"mail", "mailAlternateAddress", "displayName"});
  EXPECT_EQ(said(with(plain, {{"attributes", texts{"displayName"}}})), search(1, by_mail, a));
  a.attributes = names({"mail", "mailAlternateAddress", "objectClass"});
  EXPECT_EQ(said(with(plain, {{"group_classes", texts{"list"}}})), search(1, by_mail, a));
  for (const char* key : {"alias_attributes", "attributes", "group_classes"}) EXPECT_NE(problem(with(plain, {{key, texts{"no name"}}})).find(key), std::string::npos) << key;
  EXPECT_NE(problem(with(plain, {{"mail_attribute", "no name"}})).find("mail_attribute: "), std::string::npos);
}

// Else every name would be one person, whose password lets in everybody.
TEST(LdapSettings, WhatMeansAPersonMustFollowFromTheName) {
  for (const char* fixed : {"(uid=bob)", "(|(mail={address})(uid=bob))", "(mail=*@{domain})", "(!(mail={address}))"})
    for (const char* key : {"filter", "mailbox_filter"})
      EXPECT_EQ(problem(with(plain, {{key, fixed}})), std::string(key) + ": \"" + fixed + "\", which can mean the same whatever the name is; wanted: {address} or {local} in it, in each alternative");
  for (const char* fixed : {"uid=admin,dc=x", "ou={domain},dc=x"}) EXPECT_NE(problem({{"user_dn", fixed}}).find("which can mean the same whatever the name is"), std::string::npos) << fixed;
  EXPECT_EQ(problem({{"user_dn", "uid={local},dc=x"}}), "");
  EXPECT_EQ(problem({{"user_dn", "mail={address},dc=x"}}), "");
  EXPECT_EQ(problem(with(plain, {{"filter", "(&(objectClass=person)(!(ou=gone))(uid={local}))"}})), "");
}

TEST(LdapSettings, WhoFindsPeopleWithoutTheirDomainSaysSo) {
  const auto flags = [](const table& settings) {
    abk::test::host_rig host(plugin(), settings);
    return host.backend()->flags & (ABK_LOCAL_LOGIN | ABK_LOCAL_MAILBOX);
  };
  EXPECT_EQ(flags(plain), 0U);
  EXPECT_EQ(flags(template_bind()), static_cast<std::uint32_t>(ABK_LOCAL_LOGIN));
  EXPECT_EQ(flags({{"user_dn", "uid={local},o={domain},dc=x"}}), 0U);
  EXPECT_EQ(flags(with(plain, {{"filter", "(|(mail={address})(uid={local}))"}})), static_cast<std::uint32_t>(ABK_LOCAL_LOGIN));
  EXPECT_EQ(flags(with(plain, {{"mailbox_filter", "(uid={local})"}})), static_cast<std::uint32_t>(ABK_LOCAL_MAILBOX));
  EXPECT_EQ(flags({{"base", "dc=x"}, {"preset", "posix"}}), static_cast<std::uint32_t>(ABK_LOCAL_LOGIN | ABK_LOCAL_MAILBOX));
}

TEST(LdapSettings, WhatWouldDoNothingIsRefused) {
  EXPECT_EQ(problem(with(plain, {{"filter", ""}})), "filter: is empty; wanted: which entry a login means, such as \"(mail={address})\"");
  EXPECT_EQ(problem(with(plain, template_bind())), "filter: beside user_dn, which is bound without a search; wanted: one of the two");
  EXPECT_NE(problem(with(plain, {{"mailbox_filter", "(uid={local})"}, {"catch_all", "@{domain}"}})).find("catch_all: \"@{domain}\" beside a mailbox_filter without {address}"), std::string::npos);
  EXPECT_NE(problem(with(plain, {{"mailbox_filter", ""}, {"catch_all", "@{domain}"}})).find("catch_all: "), std::string::npos);
  EXPECT_EQ(problem({{"base", "dc=x"}, {"preset", "sun-one"}, {"mailbox_filter", "(uid={local})"}}), "");  // a preset's is no demand
}

// What the host would queue for a server that has stopped reading is bounded, and so is what is asked of it at a time.
TEST(LdapSettings, TooMuchIsNeverSentAtOnce) {
  const auto at_a_time = [](const table& settings) {
    abk::test::host_rig host(plugin(), settings);
    return host.backend() == nullptr ? 0 : host.backend()->questions_max[0];
  };
  EXPECT_EQ(at_a_time(plain), 32U);
  EXPECT_EQ(at_a_time(template_bind()), 32U);
  const table long_ones = with(plain, {{"base", texts(8, "ou=people,dc=x")}, {"filter", "(|(a={address})(b={address})(c={address}))"}});
  EXPECT_LT(at_a_time(long_ones), 10U);
  abk::test::host_rig host(plugin(), long_ones);
  abk::test::connection_rig up(host, ABK_TLS, 0);
  abk::test::ask q;
  q.password = password;
  q.login_name = std::string(64, 'a') + "@" + std::string(255, 'b');
  for (std::uint32_t i = 0; i < at_a_time(long_ones); ++i) up.begin(q);
  EXPECT_GT(up.sent().size(), 32'768U);
  EXPECT_TRUE(host.complaints.empty()) << host.complaints.front();
  std::string monster = "(|";
  for (int i = 0; i < 200; ++i) monster += "(a={address})";
  EXPECT_NE(problem(with(plain, {{"filter", monster + ")"}})).find("filter: too much to be sent at once"), std::string::npos);
}

TEST(LdapSettings, catch_all) {
  auto t = mailbox_story(with(plain, {{"catch_all", "*@{domain}"}}));
  t.says(search(1, by_mail)).upstream(done(1)).says(search(2, equals("mail", "*@example.com")));
  EXPECT_PLAYS(t.upstream(done(2)).expect(ABK_NO, ABK_REASON_NONE, "catch-all.none").stays_ready());
  EXPECT_EQ(problem(with(plain, {{"catch_all", "@{local}"}})), "catch_all: \"@{local}\"; wanted: an address with {domain} in it, such as \"@{domain}\"");
  EXPECT_EQ(problem(with(plain, {{"catch_all", "rest@example.com"}})), "catch_all: \"rest@example.com\"; wanted: an address with {domain} in it, such as \"@{domain}\"");
}

TEST(LdapSettings, preset) {
  const table only_base{{"base", "ou=people,dc=x"}};
  const auto like = [&](const char* name, std::uint32_t kind) { return said(with(only_base, {{"preset", name}}), kind); };
  asked a;
  a.attributes = names({"mail", "mailAlternateAddress", "objectClass"});
  EXPECT_EQ(like("openldap", ABK_LOGIN), search(1, either(by_mail + equals("uid", "ann")), a));
  a.attributes = names({"objectClass"});
  EXPECT_EQ(like("posix", ABK_LOGIN), search(1, both(equals("objectClass", "posixAccount") + equals("uid", "ann")), a));
  EXPECT_EQ(like("posix", ABK_MAILBOX), search(1, either(both(equals("objectClass", "posixAccount") + equals("uid", "ann")) + both(equals("objectClass", "nisMailAlias") + equals("cn", "ann"))), a));
  a.attributes = names({"mail", "mailAlternateAddress", "mailEquivalentAddress", "objectClass"});
  EXPECT_EQ(like("sun-one", ABK_LOGIN), search(1, both(equals("objectClass", "inetMailUser") + either(by_mail + equals("uid", "ann"))), a));
  a.attributes = names({"mail", "uid", "shortName", "objectClass"});
  EXPECT_EQ(like("domino", ABK_MAILBOX), search(1, either(by_mail + equals("uid", "ann@example.com") + equals("shortName", "ann@example.com")), a));
  a.attributes = names({"mail", "internetEMailAddress", "objectClass"});
  EXPECT_EQ(like("groupwise", ABK_LOGIN), search(1, either(by_mail + equals("cn", "ann")), a));
  EXPECT_EQ(said(with(plain, {{"preset", "posix"}, {"mail_attribute", "mail"}, {"alias_attributes", texts{"mailAlternateAddress"}}})), search(1, by_mail));  // what is set wins
  EXPECT_EQ(problem(with(only_base, {{"preset", "exchange"}})), "preset: \"exchange\"; wanted: \"\", \"openldap\", \"posix\", \"sun-one\", \"domino\" or \"groupwise\"");
}

TEST(LdapSettings, Notes_show_what_was_asked_and_found) {
  abk::test::host_rig host(plugin(), as_reader());
  abk::test::connection_rig up(host, ABK_TLS, 0);
  up.feed(bound(1, 0));
  abk::test::ask q;
  q.login_name = "ann*@example.com";
  q.password = password;
  up.begin(q);
  up.feed(ann(2) + reference(2, "ldap://x") + done(2));
  const texts wanted{"service account: cn=reader,dc=x: success (0)", "search: base=\"ou=people,dc=x\" scope=sub filter=(mail=ann\\2a@example.com)", "entry: " + ann_dn,
                     "found: 1 entry under \"ou=people,dc=x\", success (0), 1 reference to another server, not followed", "mapped: mailbox=ann@example.com addresses=ann@example.com,a.smith@example.com"};
  EXPECT_EQ(up.notes, wanted);
  ASSERT_TRUE(up.goes_on);
  abk::test::connection_rig binding(host, ABK_TLS, 1);
  q.carry = up.carry;
  binding.begin(q);
  binding.feed(bound(1, 49, "no", policy(error(1))));
  EXPECT_EQ(binding.notes, (texts{"bind: " + ann_dn, "bind result: invalidCredentials (49): no; policy: the account is locked"}));
}

TEST(LdapSettings, Notes_show_the_filter_that_logins_must_match) {
  abk::test::host_rig host(plugin(), with(plain, {{"require_filter", "(&(ou=staff)(uid={local}))"}}));
  abk::test::connection_rig up(host, ABK_TLS, 0);
  abk::test::ask q;
  q.login_name = "ann*@example.com";
  q.password = password;
  up.begin(q);
  const std::string both = "(&(mail=ann\\2a@example.com)(&(ou=staff)(uid=ann\\2a)))";
  EXPECT_EQ(up.notes, (texts{"search: base=\"ou=people,dc=x\" scope=sub filter=(mail=ann\\2a@example.com)", "required: base=\"ou=people,dc=x\" scope=sub filter=" + both}));
  up.feed(ann(1) + done(1) + done(2));
  ASSERT_EQ(up.answers.size(), 1U);
  EXPECT_EQ(up.answers[0].operator_text, ann_dn + " does not match " + both + ", as logins must");
}

}  // namespace
