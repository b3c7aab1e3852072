// Conversations of the exchange plugin with a domain controller. Where only a setting or a number differs they are not split at
// every byte again.
#include "exchange_fixture.hpp"

namespace {

using namespace exchange_test;
using abk::test::transcript;

// ---------------------------------------------------------------- logins by the DN that was found

TEST(exchange_login, a_right_password) {
  transcript t = at_password();
  t.upstream(bound(1)).expect(ABK_YES, ABK_REASON_NONE, "bind.success").stays_ready();
  EXPECT_PLAYS(t);
  EXPECT_EQ(t.answer().mailbox, "ann@example.com");
  EXPECT_EQ(t.answer().addresses, (list{"ann@example.com", "a.anders@example.com"}));
  EXPECT_EQ(t.answer().kind, static_cast<std::uint32_t>(ABK_KIND_USER));
}

TEST(exchange_login, B_13_the_number_in_the_text_says_why_not) {
  const auto ends = [](const char* number, std::uint32_t verdict, std::uint32_t reason, const char* rule) {
    transcript t = at_password();
    t.upstream(refused(1, number)).expect(verdict, reason, rule);
    EXPECT_PLAYS(t.unsplit()) << number;
  };
  ends("52e", ABK_NO, ABK_REASON_WRONG_PASSWORD, "bind.ad-52e-wrong");
  ends("533", ABK_NO, ABK_REASON_ACCOUNT_DISABLED, "bind.ad-533-disabled");
  ends("775", ABK_NO, ABK_REASON_ACCOUNT_LOCKED, "bind.ad-775-locked");
  ends("701", ABK_NO, ABK_REASON_ACCOUNT_EXPIRED, "bind.ad-701-expired");
  ends("773", ABK_NO, ABK_REASON_PASSWORD_MUST_CHANGE, "bind.ad-773-must-change");
  ends("51f", ABK_TEMPFAIL, ABK_REASON_UPSTREAM_BUSY, "bind.ad-51f-no-logon-server");
}

// A controller takes it for "Ann", and whoever counts by name for somebody else.
TEST(exchange_login, B_14_another_spelling_is_refused_and_nothing_is_searched) {
  for (const char* name : {"\xef\xbd\x81nn@example.com", "ann  anders@example.com", "an\xc2\xadn@example.com"}) {
    transcript t = story();
    t.login(name, "open sesame").expect(ABK_NO, ABK_REASON_BAD_NAME, "local.bad-name");
    EXPECT_PLAYS(t);
  }
}

TEST(exchange_login, nobody_of_that_name) {
  transcript t = story();
  t.says(search(2, "ann@example.com")).upstream(done(2)).expect(ABK_NO, ABK_REASON_NO_SUCH_USER, "search.none").stays_ready();
  EXPECT_PLAYS(t);
}

TEST(exchange_login, B_05_two_of_that_name_though_the_controller_minds_no_size_limit) {
  transcript t = story();
  t.says(search(2, "ann@example.com"))
      .upstream(person(2) + person(2, "512", "CN=Other,DC=ad") + person(2, "512", "CN=Third,DC=ad") + done(2))
      .expect(ABK_TEMPFAIL, ABK_REASON_MISCONFIGURED, "search.ambiguous");
  EXPECT_PLAYS(t);
}

TEST(exchange_login, B_08_references_to_other_partitions_are_not_followed) {
  transcript t = story();
  t.says(search(2, "ann@example.com")).upstream(person(2) + reference(2) + reference(2) + done(2)).goes_on(1).says_secret(bind(1, ann_dn, "open sesame"), "open sesame");
  t.upstream(bound(1)).expect(ABK_YES, ABK_REASON_NONE, "bind.success").stays_ready();
  EXPECT_PLAYS(t);
}

TEST(exchange_login, B_08_references_to_other_partitions_are_not_where_people_are) {
  transcript t = story();
  t.says(search(2, "ann@example.com")).upstream(reference(2) + reference(2) + done(2)).expect(ABK_NO, ABK_REASON_NO_SUCH_USER, "search.none").stays_ready();
  EXPECT_PLAYS(t.unsplit());
}

TEST(exchange_login, values_that_found_no_room_are_told_of) {
  transcript t = story({{"attributes", list{"memberOf"}}});
  const list groups(20, "CN=" + std::string(250, 'g'));
  t.says(search(2, "ann@example.com", {.attributes = {"memberOf"}})).upstream(person(2, "512", ann_dn, bytes::wide(0x30, bytes::tlv(4, "memberOf") + bytes::wide(0x31, [&] {
    std::string all;
    for (const std::string& g : groups) all += bytes::wide(4, g);
    return all;
  }()))) + done(2)).goes_on(1);
  t.says_secret(bind(1, ann_dn, "open sesame"), "open sesame").upstream(bound(1)).expect(ABK_YES, ABK_REASON_NONE, "bind.success");
  EXPECT_PLAYS(t.unsplit());
  EXPECT_LT(t.answer().attributes.size(), groups.size());
  EXPECT_NE(t.answer().operator_text.find("values of attributes were left out"), std::string::npos);
}

TEST(exchange_login, a_disabled_account_is_refused_before_its_password_is_sent) {
  transcript t = story();
  t.says(search(2, "ann@example.com")).upstream(person(2, "514") + done(2)).expect(ABK_NO, ABK_REASON_ACCOUNT_DISABLED, "search.disabled").stays_ready();
  EXPECT_PLAYS(t);
}

TEST(exchange_login, disabled_login_ask_leaves_it_to_the_controller) {
  transcript t = story({{"disabled_login", "ask"}});
  t.says(search(2, "ann@example.com")).upstream(person(2, "514") + done(2)).goes_on(1).says_secret(bind(1, ann_dn, "open sesame"), "open sesame");
  t.upstream(refused(1, "533")).expect(ABK_NO, ABK_REASON_ACCOUNT_DISABLED, "bind.ad-533-disabled");
  EXPECT_PLAYS(t);
}

TEST(exchange_login, a_locked_account_is_refused_before_its_password_is_sent) {
  transcript t = story();
  t.says(search(2, "ann@example.com"))
      .upstream(person(2, "512", ann_dn, bytes::attribute("msDS-User-Account-Control-Computed", {"16"})) + done(2))
      .expect(ABK_NO, ABK_REASON_ACCOUNT_LOCKED, "search.locked");
  EXPECT_PLAYS(t);
}

TEST(exchange_login, filter_replaces_what_is_searched) {
  transcript t = story({{"filter", "(sAMAccountName={local})"}});
  t.says(search(2, "ann@example.com", {.filter = "(sAMAccountName=ann)"})).upstream(done(2)).expect(ABK_NO, ABK_REASON_NO_SUCH_USER, "search.none");
  EXPECT_PLAYS(t.unsplit());
}

TEST(exchange_login, every_base_is_searched) {
  transcript t = story({{"base", list{base, "DC=other,DC=example"}}});
  t.says(search(2, "ann@example.com") + search(3, "ann@example.com", {.base = "DC=other,DC=example"})).upstream(done(2)).upstream(done(3));
  t.expect(ABK_NO, ABK_REASON_NO_SUCH_USER, "search.none");
  EXPECT_PLAYS(t.unsplit());
}

TEST(exchange_login, scope_and_time_limit_are_asked_for) {
  transcript scope = story({{"scope", "one"}});
  scope.says(search(2, "ann@example.com", {.scope = 1})).upstream(done(2)).expect(ABK_NO, ABK_REASON_NO_SUCH_USER, "search.none");
  EXPECT_PLAYS(scope.unsplit());
  transcript time = story({{"time_limit", "3s"}});
  time.says(search(2, "ann@example.com", {.seconds = 3})).upstream(done(2)).expect(ABK_NO, ABK_REASON_NO_SUCH_USER, "search.none");
  EXPECT_PLAYS(time.unsplit());
}

TEST(exchange_login, attributes_reach_the_caller) {
  transcript t = story({{"attributes", list{"displayName"}}});
  t.says(search(2, "ann@example.com", {.attributes = {"displayName"}})).upstream(person(2, "512", ann_dn, bytes::attribute("displayName", {"Ann Anders"})) + done(2)).goes_on(1);
  t.says_secret(bind(1, ann_dn, "open sesame"), "open sesame").upstream(bound(1)).expect(ABK_YES, ABK_REASON_NONE, "bind.success");
  EXPECT_PLAYS(t.unsplit());
  ASSERT_EQ(t.answer().attributes.size(), 1U);
  EXPECT_EQ(t.answer().attributes[0].second, "Ann Anders");
}

// ---------------------------------------------------------------- the service account

TEST(exchange_service, B_19_a_refused_account_is_nobodys_wrong_password) {
  transcript t(plugin());
  t.settings(settings()).login("ann@example.com", "open sesame").says_secret(bind(1, "reader@ad.example.com", "reader's secret"), "reader's secret");
  t.upstream(refused(1, "52e")).expect(ABK_TEMPFAIL, ABK_REASON_SERVICE_ACCOUNT, "service.refused").closes();
  EXPECT_PLAYS(t);
}

TEST(exchange_service, bind_dn_and_bind_password_are_what_is_bound) {
  const auto binds = [](const abk::test::table& change, const char* name, const char* password) {
    transcript t(plugin());
    t.settings(settings(change)).login("ann@example.com", "open sesame").says_secret(bind(1, name, password), password);
    t.upstream(bound(1)).says(search(2, "ann@example.com")).upstream(done(2)).expect(ABK_NO, ABK_REASON_NO_SUCH_USER, "search.none");
    EXPECT_PLAYS(t.unsplit());
  };
  binds({{"bind_dn", "EXAMPLE\\reader"}}, "EXAMPLE\\reader", "reader's secret");
  binds({{"bind_password", "another secret"}}, "reader@ad.example.com", "another secret");
}

TEST(exchange_service, a_controller_that_wants_tls_is_a_matter_of_configuration) {
  transcript t(plugin());
  t.settings(settings()).login("ann@example.com", "open sesame").says_secret(bind(1, "reader@ad.example.com", "reader's secret"), "reader's secret");
  t.upstream(bound(1, 8, "BindSimple: Transport encryption required.")).expect(ABK_TEMPFAIL, ABK_REASON_MISCONFIGURED, "service.wants-tls").closes();
  EXPECT_PLAYS(t);
}

TEST(exchange_service, a_search_that_is_not_allowed_or_goes_nowhere_leaves_everything_open) {
  const auto ends = [](int code, std::uint32_t reason, const char* rule) {
    transcript t = story();
    t.says(search(2, "ann@example.com")).upstream(done(2, code, "00002020: Operation unavailable without authentication")).expect(ABK_TEMPFAIL, reason, rule);
    EXPECT_PLAYS(t.unsplit()) << code;
  };
  ends(1, ABK_REASON_SERVICE_ACCOUNT, "search.operations-error");
  ends(32, ABK_REASON_MISCONFIGURED, "search.no-such-base");
  ends(10, ABK_REASON_MISCONFIGURED, "search.referral");
  ends(52, ABK_REASON_UPSTREAM_BUSY, "search.unavailable");
}

// ---------------------------------------------------------------- mailboxes

TEST(exchange_mailbox, a_primary_address_an_alias_and_none) {
  transcript primary = mailbox("ann@example.com");
  primary.upstream(person(2) + done(2)).expect(ABK_YES, ABK_REASON_NONE, "search.found").stays_ready();
  EXPECT_PLAYS(primary);
  EXPECT_EQ(primary.answer().kind, static_cast<std::uint32_t>(ABK_KIND_USER));
  EXPECT_EQ(primary.answer().addresses, (list{"ann@example.com", "a.anders@example.com"}));
  EXPECT_NE(primary.answer().flags & ABK_ANSWER_ADDRESSES_COMPLETE, 0U);
  transcript alias = mailbox("A.Anders@example.com");
  alias.upstream(person(2) + done(2)).expect(ABK_YES, ABK_REASON_NONE, "search.found").stays_ready();
  EXPECT_PLAYS(alias);
  EXPECT_EQ(alias.answer().mailbox, "ann@example.com");
  EXPECT_EQ(alias.answer().kind, static_cast<std::uint32_t>(ABK_KIND_ALIAS));
  transcript none = mailbox("nobody@example.com");
  none.upstream(done(2)).expect(ABK_NO, ABK_REASON_NONE, "search.none").stays_ready();
  EXPECT_PLAYS(none);
}

TEST(exchange_mailbox, a_shared_mailbox_hangs_on_a_disabled_account) {
  transcript exists = mailbox("ann@example.com");
  exists.upstream(person(2, "514") + done(2)).expect(ABK_YES, ABK_REASON_NONE, "search.found");
  EXPECT_PLAYS(exists);
  EXPECT_EQ(exists.answer().kind, static_cast<std::uint32_t>(ABK_KIND_SHARED));
  transcript absent = mailbox("ann@example.com", {{"disabled_mailbox", "absent"}});
  absent.upstream(person(2, "514") + done(2)).expect(ABK_NO, ABK_REASON_NONE, "search.disabled");
  EXPECT_PLAYS(absent);
}

TEST(exchange_mailbox, a_group) {
  transcript t = mailbox("staff@example.com");
  t.upstream(bytes::entry(2, "CN=Staff,DC=ad", bytes::attribute("objectClass", {"top", "group"}) + bytes::attribute("proxyAddresses", {"SMTP:staff@example.com"})) + done(2));
  t.expect(ABK_YES, ABK_REASON_NONE, "search.found");
  EXPECT_PLAYS(t);
  EXPECT_EQ(t.answer().kind, static_cast<std::uint32_t>(ABK_KIND_GROUP));
}

TEST(exchange_mailbox, mailbox_filter_replaces_what_is_searched) {
  transcript t = mailbox("ann@example.com", {{"mailbox_filter", "(userPrincipalName={address})"}}, {.filter = "(userPrincipalName={address})"});
  t.upstream(done(2)).expect(ABK_NO, ABK_REASON_NONE, "search.none");
  EXPECT_PLAYS(t.unsplit());
}

TEST(exchange_mailbox, the_root_of_a_global_catalog_is_a_base) {
  transcript t = mailbox("ann@example.com", {{"base", list{""}}}, {.base = "", .filter = mailbox_filter});
  t.upstream(person(2) + done(2)).expect(ABK_YES, ABK_REASON_NONE, "search.found");
  EXPECT_PLAYS(t.unsplit());
}

TEST(exchange_mailbox, a_list_that_comes_in_parts_is_not_complete) {
  transcript t = mailbox("ann@example.com");
  t.upstream(bytes::entry(2, ann_dn, bytes::attribute("proxyAddresses", {}) + bytes::attribute("proxyAddresses;range=0-1499", {"SMTP:ann@example.com"})) + done(2));
  t.expect(ABK_YES, ABK_REASON_NONE, "search.found");
  EXPECT_PLAYS(t);
  EXPECT_EQ(t.answer().mailbox, "ann@example.com");
  EXPECT_EQ(t.answer().flags & ABK_ANSWER_ADDRESSES_COMPLETE, 0U);
}

TEST(exchange_mailbox, B_01_a_name_full_of_syntax_is_a_value) {
  const std::string name = "*)(objectClass=*@example.com";
  transcript t = mailbox(name);
  t.upstream(done(2)).expect(ABK_NO, ABK_REASON_NONE, "search.none");
  EXPECT_PLAYS(t);
}

// ---------------------------------------------------------------- require_filter: who may log in at all

TEST(exchange_require, only_who_matches_both_filters_is_asked_for_a_password) {
  const std::string group = "(memberOf:1.2.840.113556.1.4.1941:=CN=Portal,DC=ad)";
  const std::string both = bytes::tlv(0xa0, directory::filter_template::parse(login_filter).value->encode({"ann@example.com", "ann", "example.com"}) +
                                                directory::filter_template::parse(group).value->encode({}));
  const auto number = [](int tag, int n) { return bytes::tlv(tag, std::string(1, static_cast<char>(n))); };
  const std::string second = bytes::message(3, 0x63, bytes::tlv(4, base) + number(0x0a, 2) + number(0x0a, 0) + number(2, 2) + number(2, 5) + bytes::tlv(1, std::string(1, '\0')) + both + bytes::tlv(0x30, bytes::tlv(4, "1.1")));
  transcript in = story({{"require_filter", group}});
  in.says(search(2, "ann@example.com") + second).upstream(person(2) + done(2) + bytes::entry(3, ann_dn, "") + done(3)).goes_on(1).says_secret(bind(1, ann_dn, "open sesame"), "open sesame");
  in.upstream(bound(1)).expect(ABK_YES, ABK_REASON_NONE, "bind.success");
  EXPECT_PLAYS(in);
  transcript out = story({{"require_filter", group}});
  out.says(search(2, "ann@example.com") + second).upstream(person(2) + done(2) + done(3)).expect(ABK_NO, ABK_REASON_NOT_PERMITTED, "search.not-permitted");
  EXPECT_PLAYS(out);
  EXPECT_NE(out.answer().operator_text.find(group), std::string::npos);
}

}  // namespace
