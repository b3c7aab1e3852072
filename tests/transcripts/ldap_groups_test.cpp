// Logins for the members of groups, in directories whose people's entries do not say what they are members of.
#include "ldap_fixture.hpp"

namespace {

using namespace ldap_test;

const std::string staff = "cn=staff,dc=x", board = "cn=board,dc=x";

std::string of_group(int id, const std::string& filter, const std::string& group = staff) {
  asked a;
  a.base = group;
  a.scope = 0;
  a.attributes = names({"1.1"});
  return search(id, filter, a);
}
std::string by_dn(const std::string& dn = ann_dn) { return equals("member", dn); }
const std::string anybody = either(present("member"));
std::string group_entry(int id, const std::string& group = staff) { return entry(id, group, ""); }

table members(const texts& groups = {staff}, const texts& attributes = {"member"}) { return with(searching(), {{"require_group", groups}, {"group_attributes", attributes}}); }
// The entry was found, and the groups were asked for it.
abk::test::transcript at_groups(const table& settings, const std::string& sent) {
  abk::test::transcript t = story(settings);
  t.says(search(1, by_mail)).upstream(ann(1)).upstream(done(1)).says(sent);
  return t;
}

std::string uid(const texts& all) {
  std::string values;
  for (const std::string& one : all) values += tlv(4, one);
  return tlv(0x30, tlv(4, "uid") + tlv(0x31, values));
}

TEST(LdapGroups, AMemberIsBound) {
  auto t = at_groups(members(), of_group(2, either(by_dn())));
  t.upstream(group_entry(2)).upstream(done(2)).goes_on(1).says_secret(bind(1, ann_dn, password), password);
  EXPECT_PLAYS(t.upstream(bound(1, 0)).expect(ABK_YES, ABK_REASON_NONE, "bind.success").stays_ready());
  EXPECT_EQ(t.answer().mailbox, "ann@example.com");
  auto wrong = at_groups(members(), of_group(2, either(by_dn())));
  wrong.upstream(group_entry(2)).upstream(done(2)).goes_on(1).says_secret(bind(1, ann_dn, password), password);
  EXPECT_PLAYS(wrong.upstream(bound(1, 49)).expect(ABK_NO, ABK_REASON_WRONG_PASSWORD, "bind.refused").stays_ready());
}

TEST(LdapGroups, WhoIsNoMemberIsNotAskedForAPassword) {
  auto t = at_groups(members(), of_group(2, either(by_dn())));
  t.upstream(done(2)).says(of_group(3, anybody)).upstream(group_entry(3));
  EXPECT_PLAYS(t.upstream(done(3)).expect(ABK_NO, ABK_REASON_NOT_PERMITTED, "group.not-a-member").stays_ready());
  EXPECT_EQ(t.answer().operator_text, ann_dn + " is not a member of " + staff);
}

TEST(LdapGroups, WhoIsNobodyIsNoSuchUser) {
  auto t = story(members());
  t.says(search(1, by_mail));
  EXPECT_PLAYS(t.upstream(done(1)).expect(ABK_NO, ABK_REASON_NO_SUCH_USER, "search.none").stays_ready());
}

TEST(LdapGroups, AMailboxNeedsNoGroup) {
  auto t = mailbox_story(members());
  t.says(search(1, by_mail)).upstream(ann(1));
  EXPECT_PLAYS(t.upstream(done(1)).expect(ABK_YES, ABK_REASON_NONE, "search.found").stays_ready());
}

// A group that may not be read lists nobody, either.
TEST(LdapGroups, G_01_what_cannot_be_read_turns_nobody_away) {
  auto missing = at_groups(members(), of_group(2, either(by_dn())));
  EXPECT_PLAYS(missing.upstream(done(2, 32)).expect(ABK_TEMPFAIL, ABK_REASON_MISCONFIGURED, "group.none").stays_ready());
  EXPECT_NE(missing.answer().operator_text.find("\"cn=staff,dc=x\": there is none, or the account may not know"), std::string::npos) << missing.answer().operator_text;
  auto unreadable = at_groups(members(), of_group(2, either(by_dn())));
  unreadable.upstream(done(2)).says(of_group(3, anybody));
  EXPECT_PLAYS(unreadable.upstream(done(3)).expect(ABK_TEMPFAIL, ABK_REASON_MISCONFIGURED, "group.no-members").stays_ready());
  const std::tuple<int, std::uint32_t, const char*> troubles[] = {{50, ABK_REASON_SERVICE_ACCOUNT, "group.no-access"}, {51, ABK_REASON_UPSTREAM_BUSY, "group.busy"}, {3, ABK_REASON_UPSTREAM_BUSY, "group.time-limit"},
                                                                  {10, ABK_REASON_MISCONFIGURED, "group.referral"}, {99, ABK_REASON_UPSTREAM_NONSENSE, "group.unknown-result"}};
  for (const auto& [code, why, rule] : troubles) {
    auto first = at_groups(members(), of_group(2, either(by_dn())));
    EXPECT_PLAYS(first.upstream(done(2, code)).expect(ABK_TEMPFAIL, why, rule).stays_ready()) << code;
    auto listed = at_groups(members(), of_group(2, either(by_dn())));  // a search that fails has told nothing
    EXPECT_PLAYS(listed.upstream(group_entry(2)).upstream(done(2, code)).expect(ABK_TEMPFAIL, why, rule).stays_ready()) << code;
    auto second = at_groups(members(), of_group(2, either(by_dn())));
    second.upstream(done(2)).says(of_group(3, anybody));
    EXPECT_PLAYS(second.upstream(done(3, code)).expect(ABK_TEMPFAIL, why, rule).stays_ready()) << code;
  }
  auto elsewhere = at_groups(members(), of_group(2, either(by_dn())));
  EXPECT_PLAYS(elsewhere.upstream(reference(2, "ldap://other/cn=staff")).upstream(done(2)).expect(ABK_TEMPFAIL, ABK_REASON_MISCONFIGURED, "group.elsewhere").stays_ready());
  auto two = at_groups(members(), of_group(2, either(by_dn())));
  two.upstream(group_entry(2)).upstream(group_entry(2, board));
  EXPECT_PLAYS(two.upstream(done(2)).expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "group.contradicts").stays_ready());
}

TEST(LdapGroups, OneOfSeveralIsEnough) {
  const table settings = members({staff, board});
  const std::string both_asked = of_group(2, either(by_dn())) + of_group(3, either(by_dn()), board);
  auto second = at_groups(settings, both_asked);
  second.upstream(done(2, 32)).upstream(group_entry(3, board)).upstream(done(3)).goes_on(1).says_secret(bind(1, ann_dn, password), password);
  EXPECT_PLAYS(second.upstream(bound(1, 0)).expect(ABK_YES, ABK_REASON_NONE, "bind.success").stays_ready());
  auto perhaps = at_groups(settings, both_asked);  // who knows what the first would have said
  EXPECT_PLAYS(perhaps.upstream(done(3)).upstream(done(2, 51)).expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_BUSY, "group.busy").stays_ready());
  auto neither = at_groups(settings, both_asked);
  neither.upstream(done(2)).upstream(done(3)).says(of_group(4, anybody) + of_group(5, anybody, board)).upstream(group_entry(4)).upstream(done(4)).upstream(group_entry(5, board));
  EXPECT_PLAYS(neither.upstream(done(5)).expect(ABK_NO, ABK_REASON_NOT_PERMITTED, "group.not-a-member").stays_ready());
}

// By the entry's own uid: what was typed may be an alias of one person, and the uid of another.
TEST(LdapGroups, B_14_a_posix_group_is_asked_for_the_entrys_uid_and_not_for_what_was_typed) {
  asked with_uid;
  with_uid.attributes = names({"mail", "mailAlternateAddress", "uid"});
  const auto found = [&](const texts& uids, const std::string& says) {
    abk::test::transcript t = story(members({staff}, {"memberUid", "member"}));
    t.says(search(1, by_mail, with_uid)).upstream(entry(1, "cn=Bob,dc=x", attribute("mail", {"bob@example.com"}) + (uids.empty() ? "" : uid(uids)))).upstream(done(1)).says(says);
    return t;
  };
  auto bob = found({"bob(*)"}, of_group(2, either(by_dn("cn=Bob,dc=x") + equals("memberUid", "bob(*)"))));
  EXPECT_PLAYS(bob.upstream(done(2, 51)).expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_BUSY, "group.busy").stays_ready());
  auto two = found({"bob", "robert"}, of_group(2, either(by_dn("cn=Bob,dc=x") + equals("memberUid", "bob") + equals("memberUid", "robert"))));
  EXPECT_PLAYS(two.upstream(done(2, 51)).expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_BUSY, "group.busy").stays_ready());
  auto none = found({}, of_group(2, either(by_dn("cn=Bob,dc=x"))));
  EXPECT_PLAYS(none.upstream(done(2, 51)).expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_BUSY, "group.busy").stays_ready());
  const auto nothing_to_ask = [&](const table& settings, const std::string& who) {
    auto t = story(settings);
    t.says(search(1, by_mail, with_uid)).upstream(who);
    EXPECT_PLAYS(t.upstream(done(1)).expect(ABK_TEMPFAIL, ABK_REASON_MISCONFIGURED, "group.cannot-ask").stays_ready());
  };
  nothing_to_ask(members({staff}, {"memberUid"}), ann(1));
  nothing_to_ask(members({staff}, {"memberUid"}), entry(1, ann_dn, attribute("uid", {""})));
  nothing_to_ask(members({staff}, {"memberUid"}), entry(1, ann_dn, uid(texts(17, "ann"))));
  nothing_to_ask(members({staff}, {"memberUid"}), entry(1, ann_dn, attribute("uid", {std::string(513, 'a')})));
  nothing_to_ask(members({staff}, {"member", "memberUid"}), entry(1, "uid=" + std::string(600, 'a'), attribute("uid", {"ann"})));
}

// Questions share the connection, each in its own round, whatever order the replies come in.
TEST(LdapGroups, F_10_questions_do_not_mix) {
  abk::test::host_rig host(plugin(), members());
  abk::test::connection_rig up(host, ABK_TLS, 0);
  abk::test::ask q;
  q.password = password;
  for (const char* name : {"ann@example.com", "bob@example.com"}) {
    q.login_name = name;
    up.begin(q);
  }
  up.take_sent();
  up.feed(entry(2, "uid=bob,dc=x", "") + done(2) + ann(1) + done(1));
  EXPECT_EQ(up.take_sent(), of_group(3, either(by_dn("uid=bob,dc=x"))) + of_group(4, either(by_dn())));
  up.feed(group_entry(4) + done(4));
  EXPECT_TRUE(up.goes_on) << "ann is one of them";
  EXPECT_TRUE(up.answers.empty());
  up.feed(done(3));
  EXPECT_EQ(up.take_sent(), of_group(5, anybody));
  up.feed(group_entry(5) + done(5));
  ASSERT_EQ(up.answers.size(), 1U);
  EXPECT_EQ(up.answers[0].rule, "group.not-a-member");
  EXPECT_EQ(host.complaints, texts{});
}

TEST(LdapGroups, ALoginThatIsGivenUpLeavesNothingBehind) {
  abk::test::host_rig host(plugin(), members());
  abk::test::connection_rig up(host, ABK_TLS, 0);
  abk::test::ask q;
  q.login_name = "ann@example.com";
  q.password = password;
  const std::uint32_t id = up.begin(q);
  up.feed(ann(1) + done(1));
  EXPECT_TRUE(up.cancel(id));
  up.feed(group_entry(2) + done(2));
  EXPECT_FALSE(up.goes_on);
  EXPECT_TRUE(up.answers.empty());
}

TEST(LdapGroups, AProbeCountsTheMembers) {
  asked all, group;
  all.size = group.size = 500;
  all.attributes = names({"1.1"});
  group.base = staff;
  group.scope = 0;
  group.attributes = names({"member", "uniqueMember"});
  const auto probe = [&] {
    abk::test::ask count;
    count.kind = ABK_PROBE;
    abk::test::transcript t(plugin());
    t.settings(members({staff}, {"member", "uniqueMember"})).asks(count);
    t.says(search(1, present("objectClass"), all) + search(2, present("objectClass"), group)).upstream(ann(1)).upstream(done(1));
    return t;
  };
  auto t = probe();
  t.upstream(entry(2, staff, attribute("member", {ann_dn, "uid=bob,dc=x"}) + attribute("uniqueMember", {"uid=eve,dc=x"})));
  EXPECT_PLAYS(t.upstream(done(2)).expect(ABK_YES, ABK_REASON_NONE, "probe").stays_ready());
  EXPECT_EQ(t.answer().attributes, (std::vector<std::pair<std::string, std::string>>{{"ou=people,dc=x", "1 entry"}, {staff, "3 members"}}));
  auto none = probe();
  EXPECT_PLAYS(none.upstream(group_entry(2)).upstream(done(2)).expect(ABK_TEMPFAIL, ABK_REASON_MISCONFIGURED, "group.no-members").stays_ready());
  auto missing = probe();
  EXPECT_PLAYS(missing.upstream(done(2, 32)).expect(ABK_TEMPFAIL, ABK_REASON_MISCONFIGURED, "group.none").stays_ready());
}

TEST(LdapGroups, NotesShowWhatWasAsked) {
  abk::test::host_rig host(plugin(), members({staff}, {"member", "memberUid"}));
  abk::test::connection_rig up(host, ABK_TLS, 0);
  abk::test::ask q;
  q.login_name = "ann@example.com";
  q.password = password;
  up.begin(q);
  up.feed(entry(1, "uid=a\\2ab,dc=x", attribute("uid", {"a*b"})) + done(1));
  up.notes.clear();
  up.feed(done(2) + group_entry(3) + done(3));
  EXPECT_EQ(up.notes, (texts{"group found: 0 entries under \"cn=staff,dc=x\", success (0)", "group visible: base=\"cn=staff,dc=x\" scope=base", "group visible found: 1 entry under \"cn=staff,dc=x\", success (0)"}));
}

}  // namespace
