// Logins at a directory: by template and by search, as the service account and anonymously, with StartTLS and without.
#include "ldap_fixture.hpp"

namespace {

using namespace ldap_test;

TEST(LdapLogin, TheTemplateIsBound) {
  auto yes = at_bind();
  EXPECT_PLAYS(yes.upstream(bound(1, 0)).expect(ABK_YES, ABK_REASON_NONE, "bind.success").stays_ready());
  auto no = at_bind();
  EXPECT_PLAYS(no.upstream(bound(1, 49)).expect(ABK_NO, ABK_REASON_WRONG_PASSWORD, "bind.refused").stays_ready());
}

TEST(LdapLogin, TheOneThatIsFoundIsBound) {
  auto yes = at_bind_after_search();
  EXPECT_PLAYS(yes.upstream(bound(1, 0)).expect(ABK_YES, ABK_REASON_NONE, "bind.success").stays_ready());
  EXPECT_EQ(yes.answer().mailbox, "ann@example.com");
  EXPECT_EQ(yes.answer().addresses, (texts{"ann@example.com", "a.smith@example.com"}));
  EXPECT_EQ(yes.answer().flags & ABK_ANSWER_ADDRESSES_COMPLETE, static_cast<std::uint32_t>(ABK_ANSWER_ADDRESSES_COMPLETE));
  EXPECT_EQ(yes.answer().kind, static_cast<std::uint32_t>(ABK_KIND_USER));
  auto no = at_bind_after_search();
  EXPECT_PLAYS(no.upstream(bound(1, 49, "try again")).expect(ABK_NO, ABK_REASON_WRONG_PASSWORD, "bind.refused").stays_ready());
  EXPECT_EQ(no.answer().mailbox, "");
  EXPECT_EQ(no.answer().operator_text, "invalidCredentials (49): try again");
}

TEST(LdapLogin, NobodyFoundIsNoSuchUserAndNothingIsBound) {
  auto t = at_search();
  EXPECT_PLAYS(t.upstream(done(1)).expect(ABK_NO, ABK_REASON_NO_SUCH_USER, "search.none").stays_ready());
  EXPECT_EQ(t.answer().operator_text, "no entry matches (mail=ann@example.com)");
}

TEST(LdapLogin, TheServiceAccountIsBoundFirst) {
  auto t = story(as_reader());
  t.says_secret(bind(1, "cn=reader,dc=x", "reader secret"), "reader secret").upstream(bound(1, 0)).says(search(2, by_mail));
  t.upstream(ann(2)).upstream(done(2)).goes_on(1).says_secret(bind(1, ann_dn, password), password);
  EXPECT_PLAYS(t.upstream(bound(1, 0)).expect(ABK_YES, ABK_REASON_NONE, "bind.success").stays_ready());
}

TEST(LdapLogin, B_19_a_refused_service_account_is_nobodys_wrong_password) {
  for (const int code : {49, 53, 32, 34, 48, 50, 19}) {
    auto t = story(as_reader());
    t.says_secret(bind(1, "cn=reader,dc=x", "reader secret"), "reader secret");
    EXPECT_PLAYS(t.upstream(bound(1, code)).expect(ABK_TEMPFAIL, ABK_REASON_SERVICE_ACCOUNT, "service.refused").closes()) << code;
    EXPECT_NE(t.answer().operator_text.find("cn=reader,dc=x"), std::string::npos);
  }
  for (const int code : {51, 52, 80, 3}) {  // the server's trouble, not the account's
    auto t = story(as_reader());
    t.says_secret(bind(1, "cn=reader,dc=x", "reader secret"), "reader secret");
    EXPECT_PLAYS(t.upstream(bound(1, code)).expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_BUSY, "service.busy").closes()) << code;
  }
  auto tls = story(as_reader());
  tls.says_secret(bind(1, "cn=reader,dc=x", "reader secret"), "reader secret");
  EXPECT_PLAYS(tls.upstream(bound(1, 13)).expect(ABK_TEMPFAIL, ABK_REASON_MISCONFIGURED, "service.wants-tls").closes());
  auto must_change = story(as_reader());
  must_change.says_secret(bind(1, "cn=reader,dc=x", "reader secret"), "reader secret");
  EXPECT_PLAYS(must_change.upstream(bound(1, 0, "", policy(error(2)))).expect(ABK_TEMPFAIL, ABK_REASON_SERVICE_ACCOUNT, "service.must-change").closes());
}

TEST(LdapLogin, StartTlsComesBeforeEverything) {
  auto direct = story(template_bind()).channel(ABK_STARTTLS_WANTED);
  direct.says(start_tls(1)).upstream(extended(1, 0)).starts_tls().says_secret(bind(2, ann_dn, password), password);
  EXPECT_PLAYS(direct.upstream(bound(2, 0)).expect(ABK_YES, ABK_REASON_NONE, "bind.success").stays_ready());
  auto found = story(as_reader()).channel(ABK_STARTTLS_WANTED);
  found.says(start_tls(1)).upstream(extended(1, 0, "")).starts_tls().says_secret(bind(2, "cn=reader,dc=x", "reader secret"), "reader secret");
  found.upstream(bound(2, 0)).says(search(3, by_mail)).upstream(ann(3)).upstream(done(3)).goes_on(1);
  found.says(start_tls(1)).upstream(extended(1, 0)).starts_tls().says_secret(bind(2, ann_dn, password), password);
  EXPECT_PLAYS(found.upstream(bound(2, 0)).expect(ABK_YES, ABK_REASON_NONE, "bind.success").stays_ready());
}

TEST(LdapLogin, C_01_a_refused_starttls_is_a_tempfail) {
  for (const int code : {1, 2, 52, 53, 80}) {
    auto t = story(template_bind()).channel(ABK_STARTTLS_WANTED);
    EXPECT_PLAYS(t.says(start_tls(1)).upstream(extended(1, code)).expect(ABK_TEMPFAIL, ABK_REASON_TLS_UNAVAILABLE, "starttls.refused").closes()) << code;
  }
}

TEST(LdapLogin, C_03_C_06_what_follows_the_reply_to_starttls_is_not_believed) {
  auto t = story(template_bind()).channel(ABK_STARTTLS_WANTED).unsplit();
  EXPECT_PLAYS(t.says(start_tls(1)).upstream(extended(1, 0) + bound(2, 0)).expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_DOWN, "host.lost").closes());
}

TEST(LdapLogin, AllBasesAreSearchedAtOnce) {
  const table settings = with(searching(), {{"base", texts{"ou=people,dc=x", "ou=more,dc=x"}}});
  asked more;
  more.base = "ou=more,dc=x";
  auto t = story(settings);
  t.says(search(1, by_mail) + search(2, by_mail, more)).upstream(done(1)).upstream(ann(2, "uid=ann,ou=more,dc=x")).upstream(done(2)).goes_on(1);
  t.says_secret(bind(1, "uid=ann,ou=more,dc=x", password), password);
  EXPECT_PLAYS(t.upstream(bound(1, 0)).expect(ABK_YES, ABK_REASON_NONE, "bind.success").stays_ready());

  auto both_know_her = story(settings);
  both_know_her.says(search(1, by_mail) + search(2, by_mail, more)).upstream(ann(1)).upstream(done(1)).upstream(ann(2, "uid=ann,ou=more,dc=x"));
  EXPECT_PLAYS(both_know_her.upstream(done(2)).expect(ABK_TEMPFAIL, ABK_REASON_MISCONFIGURED, "search.ambiguous").stays_ready());

  auto one_is_in_trouble = story(settings);
  one_is_in_trouble.says(search(1, by_mail) + search(2, by_mail, more)).upstream(ann(1)).upstream(done(1));
  EXPECT_PLAYS(one_is_in_trouble.upstream(done(2, 52)).expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_BUSY, "search.unavailable").stays_ready());
}

TEST(LdapLogin, AnEntryUnderTwoBasesIsOne) {
  auto t = story(with(searching(), {{"base", texts{"ou=people,dc=x", "dc=x"}}}));
  asked above;
  above.base = "dc=x";
  t.says(search(1, by_mail) + search(2, by_mail, above)).upstream(ann(1)).upstream(ann(2)).upstream(done(2)).upstream(done(1)).goes_on(1);
  t.says_secret(bind(1, ann_dn, password), password);
  EXPECT_PLAYS(t.upstream(bound(1, 0)).expect(ABK_YES, ABK_REASON_NONE, "bind.success").stays_ready());
}

// Spaces and capitals can be all that tells two entries apart.
TEST(LdapLogin, B_05_two_entries_whose_dns_are_nearly_the_same_are_two) {
  auto t = at_search();
  t.upstream(ann(1)).upstream(ann(1, "UID=Ann, ou=people, dc=x"));
  EXPECT_PLAYS(t.upstream(done(1)).expect(ABK_TEMPFAIL, ABK_REASON_MISCONFIGURED, "search.ambiguous").stays_ready());
  asked bare;
  bare.attributes = names({"1.1"});
  auto required = story(with(searching(), {{"require_filter", "(ou=staff)"}}));
  required.says(search(1, by_mail) + search(2, both(by_mail + equals("ou", "staff")), bare)).upstream(ann(1)).upstream(done(1)).upstream(entry(2, "UID=Ann, ou=people, dc=x", ""));
  EXPECT_PLAYS(required.upstream(done(2)).expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "search.contradicts").stays_ready());
}

TEST(LdapLogin, WhoIsNotOneOfThemIsNotAskedForAPassword) {
  const table settings = with(searching(), {{"require_filter", "(memberOf=cn=staff,dc=x)"}});
  const std::string second = both(by_mail + equals("memberOf", "cn=staff,dc=x"));
  asked bare;
  bare.attributes = names({"1.1"});
  auto member = story(settings);
  member.says(search(1, by_mail) + search(2, second, bare)).upstream(ann(1)).upstream(done(1)).upstream(entry(2, ann_dn, "")).upstream(done(2)).goes_on(1);
  member.says_secret(bind(1, ann_dn, password), password);
  EXPECT_PLAYS(member.upstream(bound(1, 0)).expect(ABK_YES, ABK_REASON_NONE, "bind.success").stays_ready());
  auto stranger = story(settings);
  stranger.says(search(1, by_mail) + search(2, second, bare)).upstream(done(2)).upstream(ann(1));
  EXPECT_PLAYS(stranger.upstream(done(1)).expect(ABK_NO, ABK_REASON_NOT_PERMITTED, "search.not-permitted").stays_ready());
  auto nobody = story(settings);
  nobody.says(search(1, by_mail) + search(2, second, bare)).upstream(done(2));
  EXPECT_PLAYS(nobody.upstream(done(1)).expect(ABK_NO, ABK_REASON_NO_SUCH_USER, "search.none").stays_ready());
  auto unknown = story(settings);
  unknown.says(search(1, by_mail) + search(2, second, bare)).upstream(ann(1)).upstream(done(1));
  EXPECT_PLAYS(unknown.upstream(done(2, 51)).expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_BUSY, "search.busy").stays_ready());
}

TEST(LdapLogin, NamesAreRawInFiltersAndEscapedInDns) {
  auto in_filter = story(searching());
  in_filter.login("*)(uid=*", password).says(search(1, equals("mail", "*)(uid=*")));
  EXPECT_PLAYS(in_filter.upstream(done(1)).expect(ABK_NO, ABK_REASON_NO_SUCH_USER, "search.none").stays_ready());
  auto in_dn = story(template_bind());
  in_dn.login("bob,ou=admins@example.com", password).says_secret(bind(1, "uid=bob\\2cou\\3dadmins,ou=people,dc=x", password), password);
  EXPECT_PLAYS(in_dn.upstream(bound(1, 49)).expect(ABK_NO, ABK_REASON_WRONG_PASSWORD, "bind.refused").stays_ready());
}

// OpenLDAP takes each of them for "ann anders" or "ann"; whoever counts by name would not.
TEST(LdapLogin, B_14_another_spelling_of_a_name_is_refused_and_nothing_is_sent) {
  for (const char* name : {"ann  anders@example.com", "\xef\xbd\x81nn@example.com", "an\xc2\xadn"}) {
    auto searched = story(searching());
    EXPECT_PLAYS(searched.login(name, password).expect(ABK_NO, ABK_REASON_BAD_NAME, "local.bad-name").stays_ready()) << name;
    auto bound_at_once = story(template_bind());
    EXPECT_PLAYS(bound_at_once.login(name, password).expect(ABK_NO, ABK_REASON_BAD_NAME, "local.bad-name").stays_ready()) << name;
  }
}

TEST(LdapLogin, B_14_however_it_is_written_the_mailbox_is_the_entrys) {
  for (const char* name : {"ANN@example.com", "Ann@EXAMPLE.com", "a.smith@example.com"}) {
    auto t = story(searching());
    t.login(name, password).says(search(1, equals("mail", name))).upstream(ann(1)).upstream(done(1)).goes_on(1).says_secret(bind(1, ann_dn, password), password);
    EXPECT_PLAYS(t.upstream(bound(1, 0)).expect(ABK_YES, ABK_REASON_NONE, "bind.success").stays_ready()) << name;
    EXPECT_EQ(t.answer().mailbox, "ann@example.com") << name;
  }
}

TEST(LdapLogin, ADnThatIsTooLongIsNotCut) {
  const std::string dn = "uid=" + std::string(2048, 'a') + ",dc=x";
  auto t = at_search().unsplit();
  EXPECT_PLAYS(t.upstream(ann(1, dn)).upstream(done(1)).expect(ABK_TEMPFAIL, ABK_REASON_MISCONFIGURED, "search.too-long").stays_ready());
}

TEST(LdapLogin, AddressesThatDoNotFitAreLeftOutAndMissed) {
  std::string values;
  std::string many;
  for (int i = 0; i < 200; ++i) values += tlv(4, "alias" + std::to_string(i) + "@long-domain-name.example.com");
  many = entry(1, ann_dn, attribute("mail", {"ann@example.com"}) + tlv(0x30, tlv(4, "mailAlternateAddress") + tlv(0x31, values)));
  auto t = at_search().unsplit();
  t.upstream(many).upstream(done(1)).goes_on(1).says_secret(bind(1, ann_dn, password), password);
  EXPECT_PLAYS(t.upstream(bound(1, 0)).expect(ABK_YES, ABK_REASON_NONE, "bind.success").stays_ready());
  EXPECT_EQ(t.answer().mailbox, "ann@example.com");
  EXPECT_GT(t.answer().addresses.size(), 50U);
  EXPECT_LT(t.answer().addresses.size(), 201U);
  EXPECT_EQ(t.answer().flags & ABK_ANSWER_ADDRESSES_COMPLETE, 0U);
}

TEST(LdapLogin, B_12_each_login_is_a_bind_of_its_own) {
  abk::test::host_rig host(plugin(), template_bind());
  abk::test::connection_rig up(host, ABK_TLS, 1);
  abk::test::ask q;
  q.login_name = "ann@example.com";
  q.password = password;
  for (const int id : {1, 2, 3}) {
    up.begin(q);
    EXPECT_EQ(up.take_sent(), bind(id, ann_dn, password));
    up.feed(bound(id, id == 2 ? 49 : 0));  // the password was changed, and changed back
    ASSERT_EQ(up.is(), abk::test::connection_rig::state::ready);
  }
  ASSERT_EQ(up.answers.size(), 3U);
  EXPECT_EQ(up.answers[0].verdict, static_cast<std::uint32_t>(ABK_YES));
  EXPECT_EQ(up.answers[1].verdict, static_cast<std::uint32_t>(ABK_NO));
  EXPECT_EQ(up.answers[2].verdict, static_cast<std::uint32_t>(ABK_YES));
  EXPECT_TRUE(host.complaints.empty());
}

TEST(LdapLogin, B_11_nothing_is_searched_where_users_are_bound) {
  abk::test::host_rig host(plugin(), with(mailboxes_only(), template_bind()));
  abk::test::connection_rig up(host, ABK_TLS, 1);
  abk::test::ask q;
  q.kind = ABK_MAILBOX;
  q.login_name = "ann@example.com";
  up.begin(q);
  EXPECT_EQ(up.sent(), "");
  ASSERT_EQ(up.answers.size(), 1U);
  EXPECT_EQ(up.answers[0].rule, "bind.not-a-login");
}

TEST(LdapLogin, ALoginThatIsGivenUpTakesItsConnectionAlong) {
  abk::test::host_rig host(plugin(), template_bind());
  abk::test::connection_rig up(host, ABK_TLS, 1);
  abk::test::ask q;
  q.login_name = "ann@example.com";
  q.password = password;
  const std::uint32_t id = up.begin(q);
  EXPECT_FALSE(up.cancel(id));  // its reply would come to the next one
}

TEST(LdapLogin, WhatIsLackingIsNotBound) {
  abk::test::host_rig host(plugin(), searching());
  for (const auto& [carry, secret, rule] : {std::tuple("", password, "bind.no-name"), std::tuple("nonsense", password, "bind.carry")}) {
    abk::test::connection_rig up(host, ABK_TLS, 1);
    abk::test::ask q;
    q.login_name = "ann@example.com";
    q.password = secret;
    q.carry = carry;
    up.begin(q);
    EXPECT_EQ(up.sent(), "");
    ASSERT_EQ(up.answers.size(), 1U);
    EXPECT_EQ(up.answers[0].rule, rule);
    EXPECT_EQ(up.answers[0].verdict, static_cast<std::uint32_t>(ABK_TEMPFAIL));
  }
  abk::test::host_rig direct(plugin(), template_bind());
  abk::test::connection_rig up(direct, ABK_TLS, 1);
  abk::test::ask q;
  q.login_name = "ann@example.com";  // and no password
  up.begin(q);
  EXPECT_EQ(up.sent(), "");
  EXPECT_EQ(up.answers.at(0).rule, "bind.no-password");
}

TEST(LdapLogin, WhatThePasswordPolicySaysReachesTheCaller) {
  auto expiring = at_bind();
  EXPECT_PLAYS(expiring.upstream(bound(1, 0, "", policy(tlv(0xa0, tlv(0x80, "\x0e\x10"))))).expect(ABK_YES, ABK_REASON_PASSWORD_EXPIRING, "bind.expiring").stays_ready());
  EXPECT_EQ(expiring.answer().password_expires_in_s, 3600);
  auto grace = at_bind();
  EXPECT_PLAYS(grace.upstream(bound(1, 0, "", policy(tlv(0xa0, number(0x81, 2))))).expect(ABK_YES, ABK_REASON_PASSWORD_EXPIRING, "bind.grace").stays_ready());
  EXPECT_EQ(grace.answer().grace_logins, 2);
  auto must = at_bind();
  EXPECT_PLAYS(must.upstream(bound(1, 0, "", policy(error(2)))).expect(ABK_NO, ABK_REASON_PASSWORD_MUST_CHANGE, "bind.must-change").stays_ready());
  auto locked = at_bind();
  EXPECT_PLAYS(locked.upstream(bound(1, 49, "", policy(error(1)))).expect(ABK_NO, ABK_REASON_ACCOUNT_LOCKED, "bind.locked").stays_ready());
  auto expired = at_bind();
  EXPECT_PLAYS(expired.upstream(bound(1, 49, "", policy(error(0)))).expect(ABK_NO, ABK_REASON_PASSWORD_EXPIRED, "bind.expired").stays_ready());
}

TEST(LdapLogin, AProbeCountsUnderEachBase) {
  abk::test::ask probe;
  probe.kind = ABK_PROBE;
  asked counting;
  counting.attributes = names({"1.1"});
  counting.size = 500;
  abk::test::transcript t(plugin());
  t.settings(searching()).asks(probe).says(search(1, present("objectClass"), counting)).upstream(entry(1, "ou=people,dc=x", "") + entry(1, ann_dn, ""));
  EXPECT_PLAYS(t.upstream(done(1)).expect(ABK_YES, ABK_REASON_NONE, "probe").stays_ready());
  ASSERT_EQ(t.answer().attributes.size(), 1U);
  EXPECT_EQ(t.answer().attributes[0], std::make_pair(std::string("ou=people,dc=x"), std::string("2 entries")));
  abk::test::transcript many(plugin());
  many.settings(searching()).asks(probe).says(search(1, present("objectClass"), counting)).upstream(entry(1, ann_dn, ""));
  EXPECT_PLAYS(many.upstream(done(1, 4)).expect(ABK_YES, ABK_REASON_NONE, "probe").stays_ready());
  EXPECT_EQ(many.answer().attributes.at(0).second, "at least 1 entry");
  abk::test::transcript none(plugin());
  none.settings(searching()).asks(probe).says(search(1, present("objectClass"), counting));
  EXPECT_PLAYS(none.upstream(done(1)).expect(ABK_TEMPFAIL, ABK_REASON_MISCONFIGURED, "probe.nothing").stays_ready());
  abk::test::transcript leads_away(plugin());
  leads_away.settings(searching()).asks(probe).says(search(1, present("objectClass"), counting)).upstream(entry(1, ann_dn, "") + reference(1, "ldap://elsewhere/ou=b"));
  EXPECT_PLAYS(leads_away.upstream(done(1)).expect(ABK_YES, ABK_REASON_NONE, "probe").stays_ready());
  ASSERT_EQ(leads_away.answer().attributes.size(), 2U);
  EXPECT_EQ(leads_away.answer().attributes[1].first, "references");
  EXPECT_EQ(leads_away.answer().attributes[1].second.find("to ldap://elsewhere/ou=b; not followed"), 0U);
  abk::test::transcript template_only(plugin());
  template_only.settings(template_bind()).asks(probe);
  EXPECT_PLAYS(template_only.expect(ABK_YES, ABK_REASON_NONE, "probe").stays_ready());
}

}  // namespace
