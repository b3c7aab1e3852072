// Which binds bear the password policy control: all, or none, or those at a server that does not say that it does not know it.
#include "ldap_fixture.hpp"

namespace {

using namespace ldap_test;

const table where_known{{"password_policy", "auto"}};
table automatic() { return with(template_bind(), where_known); }
const asked root{.base = "", .scope = 0, .size = 0, .seconds = 0, .attributes = names({"supportedControl", "supportedExtension"})};
std::string what_it_knows(int id) { return search(id, present("objectClass"), root); }
constexpr std::string_view transactions = "1.3.6.1.1.21.1";  // of OpenLDAP since 2.5
std::string knows(int id, std::initializer_list<std::string_view> controls, std::string_view extension = transactions) {
  return entry(id, "", attribute("supportedControl", controls) + attribute("supportedExtension", {"1.3.6.1.1.8", extension}));
}
std::string without_control(int id, const std::string& dn, const std::string& secret) { return message(id, 0x60, number(2, 3) + tlv(4, dn) + tlv(0x80, secret)); }

const std::string paged = "1.2.840.113556.1.4.319";

TEST(LdapPolicy, IsAskedForWhereItIsKnown) {
  auto t = story(automatic()).says(what_it_knows(1));
  t.upstream(knows(1, {paged, policy_oid}) + done(1)).says_secret(bind(2, ann_dn, password), password);
  EXPECT_PLAYS(t.upstream(bound(2, 0)).expect(ABK_YES, ABK_REASON_NONE, "bind.success").stays_ready());
}

// OpenLDAP writes to its log of each bind that bears what it does not know.
TEST(LdapPolicy, IsNotAskedForWhereItIsUnknown) {
  auto t = story(automatic()).says(what_it_knows(1));
  t.upstream(knows(1, {paged, policy_oid + "0"}) + done(1)).says_secret(without_control(2, ann_dn, password), password);
  EXPECT_PLAYS(t.upstream(bound(2, 0)).expect(ABK_YES, ABK_REASON_NONE, "bind.success").stays_ready());
}

// An OpenLDAP up to 2.4.50 knows it and does not list it: who must change the password would be let in.
TEST(LdapPolicy, IsAskedForWhereItMayBeHidden) {
  auto t = story(automatic()).says(what_it_knows(1));
  t.upstream(knows(1, {paged}, "1.3.6.1.4.1.1466.20037") + done(1)).says_secret(bind(2, ann_dn, password), password);
  EXPECT_PLAYS(t.upstream(bound(2, 0, "", policy(error(2)))).expect(ABK_NO, ABK_REASON_PASSWORD_MUST_CHANGE, "bind.must-change").stays_ready());
}

TEST(LdapPolicy, IsAskedForWhereTheServerDoesNotTell) {
  for (const int code : {0, 1, 8, 10, 32, 48, 50, 51, 53, 80}) {
    auto t = story(automatic()).says(what_it_knows(1));
    t.upstream(done(1, code)).says_secret(bind(2, ann_dn, password), password);
    EXPECT_PLAYS(t.upstream(bound(2, 49)).expect(ABK_NO, ABK_REASON_WRONG_PASSWORD, "bind.refused").stays_ready()) << code;
  }
  for (const std::string& some : {entry(1, "", ""), entry(1, "", attribute("supportedControl", {})), entry(1, "", attribute("vendorName", {"x"}))}) {
    auto t = story(automatic()).says(what_it_knows(1));
    t.upstream(some + done(1)).says_secret(bind(2, ann_dn, password), password);
    EXPECT_PLAYS(t.upstream(bound(2, 0)).expect(ABK_YES, ABK_REASON_NONE, "bind.success").stays_ready());
  }
}

TEST(LdapPolicy, IsFoundOutInsideTlsAndOnce) {
  auto t = story(automatic()).channel(ABK_STARTTLS_WANTED);
  t.says(start_tls(1)).upstream(extended(1, 0)).starts_tls().says(what_it_knows(2)).upstream(knows(2, {paged}) + done(2)).says_secret(without_control(3, ann_dn, password), password);
  EXPECT_PLAYS(t.upstream(bound(3, 0)).expect(ABK_YES, ABK_REASON_NONE, "bind.success").stays_ready());

  abk::test::host_rig host(plugin(), automatic());
  abk::test::connection_rig up(host, ABK_TLS, 1);
  EXPECT_EQ(up.take_sent(), what_it_knows(1));
  up.feed(knows(1, {paged}) + done(1));
  abk::test::ask q;
  q.login_name = "ann@example.com";
  q.password = password;
  for (const int id : {2, 3}) {
    up.begin(q);
    EXPECT_EQ(up.take_sent(), without_control(id, ann_dn, password));
    up.feed(bound(id, 0));
  }
}

TEST(LdapPolicy, IsFoundOutWhereverSomebodyIsBound) {
  auto t = story(with(as_reader(), where_known)).says(what_it_knows(1));
  t.upstream(knows(1, {paged}) + done(1)).says_secret(without_control(2, "cn=reader,dc=x", "reader secret"), "reader secret").upstream(bound(2, 0)).says(search(3, by_mail));
  t.upstream(ann(3)).upstream(done(3)).goes_on(1).says(what_it_knows(1)).upstream(knows(1, {policy_oid}) + done(1)).says_secret(bind(2, ann_dn, password), password);
  EXPECT_PLAYS(t.upstream(bound(2, 0)).expect(ABK_YES, ABK_REASON_NONE, "bind.success").stays_ready());

  auto anonymous = story(with(searching(), where_known)).says(search(1, by_mail));
  EXPECT_PLAYS(anonymous.upstream(done(1)).expect(ABK_NO, ABK_REASON_NO_SUCH_USER, "search.none").stays_ready());
}

TEST(LdapPolicy, IsAskedForUnlessSomethingElseIsSaid) {
  for (const table& settings : {template_bind(), with(template_bind(), {{"password_policy", "always"}})}) {
    auto t = story(settings).says_secret(bind(1, ann_dn, password), password);
    EXPECT_PLAYS(t.upstream(bound(1, 0)).expect(ABK_YES, ABK_REASON_NONE, "bind.success").stays_ready());
  }
}

TEST(LdapPolicy, NeverIsNeitherAskedNorAskedFor) {
  auto direct = story(with(template_bind(), {{"password_policy", "never"}}));
  direct.says_secret(without_control(1, ann_dn, password), password);
  EXPECT_PLAYS(direct.upstream(bound(1, 0)).expect(ABK_YES, ABK_REASON_NONE, "bind.success").stays_ready());
  auto searched = story(with(as_reader(), {{"password_policy", "never"}}));
  searched.says_secret(without_control(1, "cn=reader,dc=x", "reader secret"), "reader secret").upstream(bound(1, 0)).says(search(2, by_mail));
  searched.upstream(ann(2)).upstream(done(2)).goes_on(1).says_secret(without_control(1, ann_dn, password), password);
  EXPECT_PLAYS(searched.upstream(bound(1, 0)).expect(ABK_YES, ABK_REASON_NONE, "bind.success").stays_ready());
}

TEST(LdapPolicy, AnAnswerToSomethingElseEndsTheConnection) {
  const auto refused = [](const std::string& reply) {
    auto t = story(automatic()).says(what_it_knows(1)).unsplit();
    return t.upstream(reply).expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "message.unasked").closes().run();
  };
  EXPECT_EQ(refused(knows(2, {paged})), "");
  EXPECT_EQ(refused(done(2)), "");
  EXPECT_EQ(refused(bound(1, 0)), "");
  EXPECT_EQ(refused(extended(1, 0)), "");
  std::string endless;
  for (int i = 0; i < 17; ++i) endless += reference(1, "ldap://elsewhere.example/");
  EXPECT_EQ(refused(endless), "");
}

TEST(LdapPolicy, WhatElseComesWithItIsPassedOver) {
  auto t = story(automatic()).says(what_it_knows(1));
  t.upstream(reference(1, "ldap://elsewhere.example/") + knows(1, {paged}) + message(1, 0x79, "") + done(1)).says_secret(without_control(2, ann_dn, password), password);
  EXPECT_PLAYS(t.upstream(bound(2, 0)).expect(ABK_YES, ABK_REASON_NONE, "bind.success").stays_ready());
}

// Some hang up on whoever reads before a bind, others after they refused it.
TEST(LdapPolicy, AServerThatMindsIsNotAskedAgain) {
  constexpr const char* key = "root entry";
  auto hangs_up = story(automatic()).says(what_it_knows(1));
  EXPECT_PLAYS(hangs_up.eof().expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_DOWN, "host.lost").learns(ABK_FACT_UPSTREAM, key, "1").closes());
  auto says_so = story(automatic()).says(what_it_knows(1));
  says_so.upstream(message(0, 0x78, result_fields(53) + tlv(0x8a, "1.3.6.1.4.1.1466.20036")));
  EXPECT_PLAYS(says_so.expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_DOWN, "message.disconnection").learns(ABK_FACT_UPSTREAM, key, "1").closes());
  auto refuses = story(automatic()).says(what_it_knows(1));
  refuses.upstream(done(1, 50)).says_secret(bind(2, ann_dn, password), password).learns(ABK_FACT_UPSTREAM, key, "1");
  EXPECT_PLAYS(refuses.upstream(bound(2, 0)).expect(ABK_YES, ABK_REASON_NONE, "bind.success").stays_ready());
  auto answers = story(automatic()).says(what_it_knows(1));
  answers.upstream(knows(1, {paged}) + done(1)).says_secret(without_control(2, ann_dn, password), password).knows_not(ABK_FACT_UPSTREAM, key);
  EXPECT_PLAYS(answers.upstream(bound(2, 0)).expect(ABK_YES, ABK_REASON_NONE, "bind.success").stays_ready());

  auto next = story(automatic()).knows(ABK_FACT_UPSTREAM, key, "1");
  next.says_secret(bind(1, ann_dn, password), password);
  EXPECT_PLAYS(next.upstream(bound(1, 0)).expect(ABK_YES, ABK_REASON_NONE, "bind.success").stays_ready());
}

// Else the next user's bind would have its reply already.
TEST(LdapPolicy, B_11_what_comes_before_it_is_asked_for_is_nobodys_reply) {
  auto t = story(automatic()).says(what_it_knows(1)).unsplit();
  EXPECT_PLAYS(t.upstream(done(1) + bound(2, 0)).expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "bind.nonsense").closes());
  auto goes_down = story(automatic()).says(what_it_knows(1)).unsplit();
  goes_down.upstream(done(1) + message(0, 0x78, result_fields(51) + tlv(0x8a, "1.3.6.1.4.1.1466.20036")));
  EXPECT_PLAYS(goes_down.expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_BUSY, "message.disconnection").closes());
  auto searching = story(as_reader()).unsplit();
  searching.says_secret(bind(1, "cn=reader,dc=x", "reader secret"), "reader secret");
  EXPECT_PLAYS(searching.upstream(bound(1, 0) + done(2)).expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "message.unasked").closes());
}

}  // namespace
