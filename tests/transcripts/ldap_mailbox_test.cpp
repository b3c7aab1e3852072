// Whose mailbox an address is, as a directory tells it.
#include "ldap_fixture.hpp"

namespace {

using namespace ldap_test;

asked asking(std::initializer_list<std::string> attributes) {
  asked a;
  a.attributes = names(attributes);
  return a;
}

TEST(LdapMailbox, AnEntryIsAMailbox) {
  auto t = mailbox_story(searching());
  t.says(search(1, by_mail)).upstream(ann(1));
  EXPECT_PLAYS(t.upstream(done(1)).expect(ABK_YES, ABK_REASON_NONE, "search.found").stays_ready());
  EXPECT_EQ(t.answer().mailbox, "ann@example.com");
  EXPECT_EQ(t.answer().addresses, (texts{"ann@example.com", "a.smith@example.com"}));
  EXPECT_EQ(t.answer().kind, static_cast<std::uint32_t>(ABK_KIND_USER));
  EXPECT_EQ(t.answer().operator_text, ann_dn);
  EXPECT_NE(t.answer().flags & ABK_ANSWER_ADDRESSES_COMPLETE, 0U);
}

TEST(LdapMailbox, AListWithoutTheAddressThatWasAskedForIsNotAll) {
  auto t = mailbox_story(searching(), "third@example.com");
  t.says(search(1, equals("mail", "third@example.com"))).upstream(ann(1));
  EXPECT_PLAYS(t.upstream(done(1)).expect(ABK_YES, ABK_REASON_NONE, "search.found").stays_ready());
  EXPECT_EQ(t.answer().flags & ABK_ANSWER_ADDRESSES_COMPLETE, 0U);
  auto folded = mailbox_story(searching(), "A.Smith@Example.com");
  folded.says(search(1, equals("mail", "A.Smith@Example.com"))).upstream(ann(1));
  EXPECT_PLAYS(folded.upstream(done(1)).expect(ABK_YES, ABK_REASON_NONE, "search.found").stays_ready());
  EXPECT_NE(folded.answer().flags & ABK_ANSWER_ADDRESSES_COMPLETE, 0U);
}

TEST(LdapMailbox, NoEntryIsAbsent) {
  auto t = mailbox_story(searching());
  EXPECT_PLAYS(t.says(search(1, by_mail)).upstream(done(1)).expect(ABK_NO, ABK_REASON_NONE, "search.none").stays_ready());
}

TEST(LdapMailbox, AnAliasLeadsToItsMailbox) {
  auto t = mailbox_story(with(searching(), {{"mailbox_filter", "(|(mail={address})(mailAlternateAddress={address}))"}}), "a.smith@example.com");
  t.says(search(1, either(equals("mail", "a.smith@example.com") + equals("mailAlternateAddress", "a.smith@example.com")))).upstream(ann(1));
  EXPECT_PLAYS(t.upstream(done(1)).expect(ABK_YES, ABK_REASON_NONE, "search.found").stays_ready());
  EXPECT_EQ(t.answer().mailbox, "ann@example.com");
  EXPECT_EQ(t.answer().kind, static_cast<std::uint32_t>(ABK_KIND_ALIAS));
}

TEST(LdapMailbox, OfProxyAddressesThoseForMailCount) {
  auto t = mailbox_story(with(searching(), {{"alias_attributes", texts{"proxyAddresses"}}}));
  t.says(search(1, by_mail, asking({"mail", "proxyAddresses"})));
  t.upstream(entry(1, "uid=ann,dc=x", attribute("mail", {"ann@example.com"}) +
                                          attribute("proxyAddresses", {"SMTP:ann@example.com", "smtp:a.smith@example.com", "sip:ann@sip.example.com", "X400:c=DE;o=x@y", "bare@example.com"})));
  EXPECT_PLAYS(t.upstream(done(1)).expect(ABK_YES, ABK_REASON_NONE, "search.found").stays_ready());
  EXPECT_EQ(t.answer().addresses, (texts{"ann@example.com", "a.smith@example.com", "bare@example.com"}));
}

TEST(LdapMailbox, AGroupIsKnownByItsClass) {
  auto t = mailbox_story(with(searching(), {{"group_classes", texts{"groupOfNames"}}}));
  t.says(search(1, by_mail, asking({"mail", "mailAlternateAddress", "objectClass"})));
  t.upstream(entry(1, "cn=staff,dc=x", attribute("mail", {"ann@example.com"}) + attribute("objectclass", {"top", "GROUPOFNAMES"})));
  EXPECT_PLAYS(t.upstream(done(1)).expect(ABK_YES, ABK_REASON_NONE, "search.found").stays_ready());
  EXPECT_EQ(t.answer().kind, static_cast<std::uint32_t>(ABK_KIND_GROUP));
}

TEST(LdapMailbox, TheRestOfADomainIsAskedForOnlyWhenNobodyIsThere) {
  const table settings = with(searching(), {{"catch_all", "@{domain}"}});
  auto somebody = mailbox_story(settings);
  EXPECT_PLAYS(somebody.says(search(1, by_mail)).upstream(ann(1)).upstream(done(1)).expect(ABK_YES, ABK_REASON_NONE, "search.found").stays_ready());
  auto rest = mailbox_story(settings);
  rest.says(search(1, by_mail)).upstream(done(1)).says(search(2, equals("mail", "@example.com")));
  rest.upstream(entry(2, "cn=rest,dc=x", attribute("mail", {"@example.com", "office@example.com"})));
  EXPECT_PLAYS(rest.upstream(done(2)).expect(ABK_YES, ABK_REASON_NONE, "catch-all.found").stays_ready());
  EXPECT_EQ(rest.answer().mailbox, "office@example.com");
  EXPECT_EQ(rest.answer().addresses, (texts{"office@example.com"}));
  EXPECT_EQ(rest.answer().flags & ABK_ANSWER_ADDRESSES_COMPLETE, 0U);  // whatever nobody else has
  EXPECT_EQ(rest.answer().kind, static_cast<std::uint32_t>(ABK_KIND_ALIAS));
  auto nobody = mailbox_story(settings);
  nobody.says(search(1, by_mail)).upstream(done(1)).says(search(2, equals("mail", "@example.com")));
  EXPECT_PLAYS(nobody.upstream(done(2)).expect(ABK_NO, ABK_REASON_NONE, "catch-all.none").stays_ready());
  auto login = story(settings);  // nobody logs in as the rest of a domain
  EXPECT_PLAYS(login.says(search(1, by_mail)).upstream(done(1)).expect(ABK_NO, ABK_REASON_NO_SUCH_USER, "search.none").stays_ready());
}

TEST(LdapMailbox, WithoutAMailAttributeTheAddressIsTheOneAskedFor) {
  auto t = mailbox_story(with(searching(), {{"mail_attribute", ""}, {"alias_attributes", texts{}}, {"mailbox_filter", "(uid={local})"}}));
  t.says(search(1, equals("uid", "ann"), asking({"1.1"}))).upstream(entry(1, ann_dn, ""));
  EXPECT_PLAYS(t.upstream(done(1)).expect(ABK_YES, ABK_REASON_NONE, "search.found").stays_ready());
  EXPECT_EQ(t.answer().mailbox, "ann@example.com");
  EXPECT_EQ(t.answer().addresses, (texts{"ann@example.com"}));
  EXPECT_EQ(t.answer().flags & ABK_ANSWER_ADDRESSES_COMPLETE, 0U);  // where others are nobody knows
  EXPECT_EQ(t.answer().kind, static_cast<std::uint32_t>(ABK_KIND_USER));
}

TEST(LdapMailbox, AnEntryThatLacksTheMailAttributeIsKnownByTheAddressAskedFor) {
  auto t = mailbox_story(searching());
  t.says(search(1, by_mail)).upstream(entry(1, ann_dn, attribute("mailAlternateAddress", {"a.smith@example.com", "no address", "x@" + std::string(320, 'a')})));
  EXPECT_PLAYS(t.upstream(done(1)).expect(ABK_YES, ABK_REASON_NONE, "search.found").stays_ready());
  EXPECT_EQ(t.answer().mailbox, "ann@example.com");
  EXPECT_EQ(t.answer().addresses, (texts{"ann@example.com", "a.smith@example.com"}));
}

TEST(LdapMailbox, SeveralValuesOfTheMailAttributeAreAddressesAndTheFirstIsTheMailbox) {
  auto t = mailbox_story(searching());
  t.says(search(1, by_mail)).upstream(entry(1, ann_dn, attribute("mail", {"ann@example.com", "ann@example.org", "ANN@example.com"})));
  EXPECT_PLAYS(t.upstream(done(1)).expect(ABK_YES, ABK_REASON_NONE, "search.found").stays_ready());
  EXPECT_EQ(t.answer().addresses, (texts{"ann@example.com", "ann@example.org"}));
}

TEST(LdapMailbox, AttributesGoToTheCallerEachValueByItself) {
  auto t = mailbox_story(with(searching(), {{"attributes", texts{"displayName", "memberOf"}}}));
  t.says(search(1, by_mail, asking({"mail", "mailAlternateAddress", "displayName", "memberOf"})));
  t.upstream(entry(1, ann_dn, attribute("MEMBEROF", {"cn=a", "cn=b"}) + attribute("displayname", {"Ann"})));
  EXPECT_PLAYS(t.upstream(done(1)).expect(ABK_YES, ABK_REASON_NONE, "search.found").stays_ready());
  const std::vector<std::pair<std::string, std::string>> wanted{{"displayName", "Ann"}, {"memberOf", "cn=a"}, {"memberOf", "cn=b"}};
  EXPECT_EQ(t.answer().attributes, wanted);
}

TEST(LdapMailbox, B_05_two_entries_are_no_answer) {
  auto t = mailbox_story(searching());
  t.says(search(1, by_mail)).upstream(ann(1)).upstream(ann(1, "uid=bob,dc=x"));
  EXPECT_PLAYS(t.upstream(done(1)).expect(ABK_TEMPFAIL, ABK_REASON_MISCONFIGURED, "search.ambiguous").stays_ready());
}

TEST(LdapMailbox, ABaseThatIsNotThereIsNotAnEmptyOne) {
  auto t = mailbox_story(searching());
  EXPECT_PLAYS(t.says(search(1, by_mail)).upstream(done(1, 32)).expect(ABK_TEMPFAIL, ABK_REASON_MISCONFIGURED, "search.no-such-base").stays_ready());
  EXPECT_NE(t.answer().operator_text.find("ou=people,dc=x"), std::string::npos);
}

TEST(LdapMailbox, WhoMayNotSearchIsToldWhatToDo) {
  for (const int code : {50, 1, 48}) {
    abk::test::host_rig host(plugin(), searching());
    abk::test::connection_rig up(host, ABK_TLS, 0);
    abk::test::ask q;
    q.kind = ABK_MAILBOX;
    q.login_name = "ann@example.com";
    up.begin(q);
    up.feed(done(1, code));
    ASSERT_EQ(up.answers.size(), 1U);
    EXPECT_EQ(up.answers[0].reason, static_cast<std::uint32_t>(ABK_REASON_SERVICE_ACCOUNT));
    EXPECT_NE(up.answers[0].operator_text.find("set bind_dn and bind_password"), std::string::npos);
  }
}

// ---- many at a time

struct many {
  abk::test::host_rig host{plugin(), searching()};
  abk::test::connection_rig up{host, ABK_TLS, 0};
  std::uint32_t ask(const std::string& address) {
    abk::test::ask q;
    q.kind = ABK_MAILBOX;
    q.login_name = address;
    return up.begin(q);
  }
};

TEST(LdapMailbox, F_10_thirty_two_questions_are_answered_each_by_its_own_reply) {
  many m;
  for (int i = 1; i <= 32; ++i) m.ask("u" + std::to_string(i) + "@example.com");
  for (int i = 32; i >= 1; --i) {  // backwards, the odd ones exist
    const std::string own = i % 2 == 1 ? entry(i, "uid=u" + std::to_string(i), attribute("mail", {"u" + std::to_string(i) + "@example.com"})) : "";
    m.up.feed(own + done(i));
  }
  ASSERT_EQ(m.up.answers.size(), 32U);
  for (const auto& a : m.up.answers) {
    EXPECT_EQ(a.verdict, static_cast<std::uint32_t>(a.id % 2 == 1 ? ABK_YES : ABK_NO)) << a.id;
    EXPECT_EQ(a.mailbox, a.id % 2 == 1 ? "u" + std::to_string(a.id) + "@example.com" : "") << a.id;
  }
  EXPECT_EQ(m.up.is(), abk::test::connection_rig::state::ready);
  EXPECT_TRUE(m.host.complaints.empty());
}

TEST(LdapMailbox, F_10_the_late_reply_to_a_question_given_up_is_nobodys) {
  many m;
  const std::uint32_t ann_id = m.ask("ann@example.com");
  const std::uint32_t bob_id = m.ask("bob@example.com");
  EXPECT_FALSE(m.up.cancel(bob_id));  // nothing has come since it was asked: the server may be gone
  many again;
  again.ask("ann@example.com");
  const std::uint32_t second = again.ask("bob@example.com");
  again.up.feed(ann(1));
  again.up.feed(ann(2));
  EXPECT_TRUE(again.up.cancel(second));
  const std::uint32_t third = again.ask("carol@example.com");
  again.up.feed(done(2) + done(1) + done(3));
  ASSERT_EQ(again.up.answers.size(), 2U);
  EXPECT_EQ(again.up.answers[0].id, ann_id);
  EXPECT_EQ(again.up.answers[0].verdict, static_cast<std::uint32_t>(ABK_YES));
  EXPECT_EQ(again.up.answers[1].id, third);
  EXPECT_EQ(again.up.answers[1].verdict, static_cast<std::uint32_t>(ABK_NO));
  EXPECT_TRUE(again.host.complaints.empty());
}

TEST(LdapMailbox, F_10_what_nobody_waits_for_is_bounded_too) {
  const table long_ones = with(searching(), {{"base", texts(8, "ou=people,dc=x")}, {"mailbox_filter", "(|(a={address})(b={address})(c={address}))"}});
  abk::test::host_rig host(plugin(), long_ones);
  abk::test::connection_rig up(host, ABK_TLS, 0);
  abk::test::ask q;
  q.kind = ABK_MAILBOX;
  q.login_name = std::string(64, 'a') + "@" + std::string(255, 'b');
  const std::uint32_t first = up.begin(q), second = up.begin(q);
  up.begin(q);
  up.feed(ann(1));  // the server lives
  EXPECT_TRUE(up.cancel(first));
  EXPECT_FALSE(up.cancel(second));  // more, beside what may still be asked, would not fit
}

TEST(LdapMailbox, NonsenseOnASharedConnectionIsATempfailForAllWhoWait) {
  many m;
  for (const char* who : {"ann@example.com", "bob@example.com", "carol@example.com"}) m.ask(who);
  m.up.feed(done(2) + done(99));
  ASSERT_EQ(m.up.answers.size(), 3U);
  EXPECT_EQ(m.up.answers[0].verdict, static_cast<std::uint32_t>(ABK_NO));
  for (const std::size_t i : {1U, 2U}) EXPECT_EQ(m.up.answers[i].verdict, static_cast<std::uint32_t>(ABK_TEMPFAIL));
  EXPECT_EQ(m.up.is(), abk::test::connection_rig::state::closed);
  EXPECT_TRUE(m.host.complaints.empty());
}

TEST(LdapMailbox, B_20_an_entry_too_large_costs_nobody_else_the_answer) {
  many m;
  m.ask("ann@example.com"), m.ask("huge@example.com");
  const std::string values = bytes::wide(0x31, bytes::wide(4, std::string(1'100'000, 'x')));
  const std::string large = bytes::wide(0x30, number(2, 2) + bytes::wide(0x64, tlv(4, "cn=huge") + bytes::wide(0x30, bytes::wide(0x30, tlv(4, "mail") + values))));
  std::size_t at = 0;
  for (; large.size() - at > 60'000; at += 50'000) m.up.feed(large.substr(at, 50'000));
  m.up.feed(large.substr(at) + ann(1) + done(2) + done(1));
  ASSERT_EQ(m.up.answers.size(), 2U);
  EXPECT_EQ(m.up.answers[0].rule, "search.entry-too-large");
  EXPECT_EQ(m.up.answers[1].rule, "search.found");
  EXPECT_TRUE(m.host.complaints.empty());
}

}  // namespace
