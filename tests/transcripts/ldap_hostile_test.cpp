// A directory that lies, stutters or floods: never a yes, never a no that it did not give in full, and nothing without end.
#include "ldap_fixture.hpp"

namespace {

using namespace ldap_test;

std::string wide_length(int tag, const std::string& length, const std::string& content) { return std::string(1, static_cast<char>(tag)) + length + content; }

std::string large_entry(int id, std::size_t bytes) {
  const std::string values = bytes::wide(0x31, bytes::wide(4, std::string(bytes, 'x')));
  return bytes::wide(0x30, number(2, id) + bytes::wide(0x64, tlv(4, ann_dn) + bytes::wide(0x30, bytes::wide(0x30, tlv(4, "memberOf") + values))));
}

TEST(LdapHostile, B_05_two_entries_are_no_yes_and_nothing_is_bound) {
  auto t = at_search();
  t.upstream(ann(1)).upstream(ann(1, "uid=ann2,ou=people,dc=x"));
  EXPECT_PLAYS(t.upstream(done(1)).expect(ABK_TEMPFAIL, ABK_REASON_MISCONFIGURED, "search.ambiguous").stays_ready());
  EXPECT_NE(t.answer().operator_text.find("uid=ann2"), std::string::npos);
  auto limited = at_search();
  limited.upstream(ann(1)).upstream(ann(1, "uid=ann2,ou=people,dc=x"));
  EXPECT_PLAYS(limited.upstream(done(1, 4)).expect(ABK_TEMPFAIL, ABK_REASON_MISCONFIGURED, "search.ambiguous").stays_ready());
  auto hidden = at_search();  // stopped early, and one entry says nothing about a second
  EXPECT_PLAYS(hidden.upstream(ann(1)).upstream(done(1, 4)).expect(ABK_TEMPFAIL, ABK_REASON_MISCONFIGURED, "search.size-limit").stays_ready());
}

TEST(LdapHostile, B_05_one_entry_told_twice_before_a_limit_may_not_be_the_only_one) {
  auto t = at_search();
  t.upstream(ann(1)).upstream(ann(1));
  EXPECT_PLAYS(t.upstream(done(1, 4)).expect(ABK_TEMPFAIL, ABK_REASON_MISCONFIGURED, "search.size-limit").stays_ready());
  asked bare;
  bare.attributes = names({"1.1"});
  auto second = story(with(searching(), {{"require_filter", "(ou=staff)"}}));  // whoever was cut off may be the one
  second.says(search(1, by_mail) + search(2, both(by_mail + equals("ou", "staff")), bare)).upstream(ann(1)).upstream(done(1)).upstream(entry(2, "uid=bob,dc=x", ""));
  EXPECT_PLAYS(second.upstream(done(2, 4)).expect(ABK_TEMPFAIL, ABK_REASON_MISCONFIGURED, "search.size-limit").stays_ready());
}

TEST(LdapHostile, B_05_a_server_that_minds_no_size_limit) {
  auto t = at_search().unsplit();
  std::string flood;
  for (int i = 0; i < 500; ++i) flood += ann(1, "uid=ann" + std::to_string(i) + ",dc=x");
  EXPECT_PLAYS(t.upstream(flood).upstream(done(1)).expect(ABK_TEMPFAIL, ABK_REASON_MISCONFIGURED, "search.ambiguous").stays_ready());
}

TEST(LdapHostile, B_06_an_empty_dn_is_not_bound) {
  auto t = at_search();
  EXPECT_PLAYS(t.upstream(ann(1, "")).upstream(done(1)).expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "search.empty-dn").stays_ready());
}

TEST(LdapHostile, B_07_a_success_that_bears_something_else_is_no_success) {
  const std::string referrals = tlv(0xa3, tlv(4, "ldap://evil.example/"));
  for (const std::string& reply : {message(1, 0x61, result_fields(0) + referrals), message(1, 0x61, result_fields(0) + tlv(0x87, "token")), bound(1, 0, "", controls(control("1.2.3.4", "x")))}) {
    auto t = at_bind();
    EXPECT_PLAYS(t.upstream(reply).expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "bind.not-plain").closes());
  }
  for (const std::string& value : {std::string("\x02\x01\x00", 3), std::string("\x30\x03\x81\x01", 4), std::string("\x30\x80\x81\x01\x01\x00\x00", 7)}) {
    auto t = at_bind();
    EXPECT_PLAYS(t.upstream(bound(1, 0, "", controls(control(policy_oid, value)))).expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "bind.policy-unreadable").closes());
  }
}

TEST(LdapHostile, B_08_referrals_are_reported_and_not_followed) {
  const std::string to_evil = tlv(0xa3, tlv(4, "ldap://evil.example:389/dc=x"));
  auto bind_refers = at_bind();
  EXPECT_PLAYS(bind_refers.upstream(message(1, 0x61, result_fields(10) + to_evil)).expect(ABK_TEMPFAIL, ABK_REASON_MISCONFIGURED, "bind.referral").closes());
  EXPECT_NE(bind_refers.answer().operator_text.find("ldap://evil.example:389/dc=x"), std::string::npos);
  auto search_refers = at_search();
  EXPECT_PLAYS(search_refers.upstream(message(1, 0x65, result_fields(10) + to_evil)).expect(ABK_TEMPFAIL, ABK_REASON_MISCONFIGURED, "search.referral").stays_ready());
  EXPECT_NE(search_refers.answer().operator_text.find("ldap://evil.example:389/dc=x"), std::string::npos);
  auto continued = at_search();
  continued.upstream(reference(1, "ldap://evil.example:389/dc=x??sub")).upstream(done(1));
  EXPECT_PLAYS(continued.expect(ABK_TEMPFAIL, ABK_REASON_MISCONFIGURED, "search.elsewhere").stays_ready());  // who is not here may be there
  EXPECT_NE(continued.answer().operator_text.find("ldap://evil.example:389/dc=x"), std::string::npos);
  auto refers_at_the_end = at_search();
  EXPECT_PLAYS(refers_at_the_end.upstream(message(1, 0x65, result_fields(0) + to_evil)).expect(ABK_TEMPFAIL, ABK_REASON_MISCONFIGURED, "search.elsewhere").stays_ready());
  auto found = at_search();
  found.upstream(reference(1, "ldap://evil.example:389/dc=x??sub")).upstream(ann(1)).upstream(done(1)).goes_on(1).says_secret(bind(1, ann_dn, password), password);
  EXPECT_PLAYS(found.upstream(bound(1, 0)).expect(ABK_YES, ABK_REASON_NONE, "bind.success").stays_ready());
  auto rest = mailbox_story(with(searching(), {{"catch_all", "@{domain}"}}));  // nobody has the rest of a domain until it is known that nobody has the address
  rest.says(search(1, by_mail)).upstream(reference(1, "ldap://evil.example:389/dc=x??sub"));
  EXPECT_PLAYS(rest.upstream(done(1)).expect(ABK_TEMPFAIL, ABK_REASON_MISCONFIGURED, "search.elsewhere").stays_ready());
}

TEST(LdapHostile, B_09_notice_of_disconnection) {
  const std::string notice = extended(0, 52, "1.3.6.1.4.1.1466.20036");
  auto searching = at_search();
  EXPECT_PLAYS(searching.upstream(notice).expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_DOWN, "message.disconnection").closes());
  auto binding = at_bind();
  EXPECT_PLAYS(binding.upstream(notice).expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_DOWN, "message.disconnection").closes());
  auto busy = at_bind();
  EXPECT_PLAYS(busy.upstream(extended(0, 51, "1.3.6.1.4.1.1466.20036")).expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_BUSY, "message.disconnection").closes());
}

TEST(LdapHostile, B_09_a_reply_to_something_else) {
  for (const int id : {0, 2, 77}) {
    auto binding = at_bind();
    EXPECT_PLAYS(binding.upstream(bound(id, 0)).expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "bind.nonsense").closes()) << id;
    auto searching = at_search();
    EXPECT_PLAYS(searching.upstream(ann(id)).expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "message.unasked").closes()) << id;
  }
  for (const std::string& reply : {done(1), ann(1), reference(1, "ldap://x"), extended(1, 0), message(1, 0x6b, result_fields(0))}) {
    auto t = at_bind();
    EXPECT_PLAYS(t.upstream(reply).expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "bind.nonsense").closes());
  }
  for (const std::string& reply : {bound(1, 0), extended(1, 0), message(1, 0x6b, result_fields(0))}) {
    auto t = at_search();
    EXPECT_PLAYS(t.upstream(reply).expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "search.nonsense").closes());
  }
}

TEST(LdapHostile, B_09_two_replies_to_one_bind) {
  for (const auto& [first, second] : {std::pair(0, 49), std::pair(49, 0), std::pair(0, 0)}) {
    auto t = at_bind().unsplit();
    EXPECT_PLAYS(t.upstream(bound(1, first) + bound(1, second)).expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "bind.more").closes());
  }
}

TEST(LdapHostile, B_09_two_replies_to_one_search) {
  auto t = at_search().unsplit();
  t.upstream(done(1) + done(1)).expect(ABK_NO, ABK_REASON_NO_SUCH_USER, "search.none").closes();
  EXPECT_PLAYS(t);
}

TEST(LdapHostile, B_09_a_reply_before_the_request) {
  abk::test::host_rig host(plugin(), template_bind());
  abk::test::connection_rig up(host, ABK_TLS, 1);
  ASSERT_EQ(up.is(), abk::test::connection_rig::state::ready);
  up.feed(bound(1, 0));  // the host ends a connection that speaks unasked
  EXPECT_EQ(up.is(), abk::test::connection_rig::state::closed);
  EXPECT_TRUE(up.answers.empty());
  auto to_prepare = story(as_reader()).unsplit();  // in one with the reply to the service account's bind
  to_prepare.says_secret(bind(1, "cn=reader,dc=x", "reader secret"), "reader secret").upstream(bound(1, 49) + done(2));
  EXPECT_PLAYS(to_prepare.expect(ABK_TEMPFAIL, ABK_REASON_SERVICE_ACCOUNT, "service.refused").closes());
}

TEST(LdapHostile, B_10_lengths_that_lie) {
  const std::string bad[] = {
      wide_length(0x30, "\x80", number(2, 1)),                      // indefinite
      wide_length(0x30, std::string("\x84\xff\xff\xff\xff", 5), ""),  // 4 GiB
      wide_length(0x30, std::string("\x88\0\0\0\0\0\0\0\1", 9), ""),  // too many digits
      tlv(0x31, number(2, 1)),
      tlv(0x30, number(2, 1)),                                      // no operation
      tlv(0x30, tlv(2, "\xff") + tlv(0x61, result_fields(0))),      // a negative id
      tlv(0x30, number(2, 1) + wide_length(0x61, std::string("\x84\x7f\xff\xff\xff", 5), "")),
      tlv(0x30, number(2, 1) + tlv(0x61, number(0x0a, 0))),         // a result that ends early
      tlv(0x30, number(2, 1) + tlv(0x61, result_fields(0)) + tlv(0xa0, "\x30\x7f")),
      std::string(64, '\x30') + "x",
      "HTTP/1.1 400 Bad Request\r\n\r\n",
  };
  for (const std::string& bytes : bad) {
    auto binding = at_bind();
    EXPECT_PLAYS(binding.unsplit().upstream(bytes).expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "message.malformed").closes()) << bytes::to_hex(bytes);
    auto searching = at_search();
    EXPECT_PLAYS(searching.unsplit().upstream(bytes).expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "message.malformed").closes()) << bytes::to_hex(bytes);
  }
}

TEST(LdapHostile, B_10_nesting_without_end) {
  std::string deep = number(2, 1);
  for (int i = 0; i < 9'000; ++i) deep = tlv(0x30, deep);
  auto t = at_search().unsplit();
  EXPECT_PLAYS(t.upstream(deep).expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "message.malformed").closes());
}

TEST(LdapHostile, B_10_more_attributes_than_anybody_has) {
  std::string all;
  for (int i = 0; i < 4096; ++i) all += attribute("a" + std::to_string(i), {});
  auto t = at_search().unsplit();
  t.upstream(entry(1, ann_dn, all)).upstream(done(1)).goes_on(1).says_secret(bind(1, ann_dn, password), password);
  EXPECT_PLAYS(t.upstream(bound(1, 0)).expect(ABK_YES, ABK_REASON_NONE, "bind.success").stays_ready());
  EXPECT_EQ(t.answer().flags & ABK_ANSWER_ADDRESSES_COMPLETE, 0U);
}

TEST(LdapHostile, B_13_a_text_decides_nothing) {
  auto t = at_bind();
  EXPECT_PLAYS(t.upstream(bound(1, 0, "comment: AcceptSecurityContext error, data 52e, v2580")).expect(ABK_YES, ABK_REASON_NONE, "bind.success").stays_ready());
  auto no = at_bind();
  EXPECT_PLAYS(no.upstream(bound(1, 49, "success (0) account inactivated, locked, data 775, v1")).expect(ABK_NO, ABK_REASON_WRONG_PASSWORD, "bind.refused").stays_ready());
}

TEST(LdapHostile, B_15_trouble_is_no_refusal) {
  for (const int code : {1, 2, 3, 4, 7, 8, 10, 11, 12, 13, 14, 19, 34, 50, 51, 52, 53, 80, 123}) {
    abk::test::host_rig host(plugin(), template_bind()), searched(plugin(), searching());
    abk::test::ask q;
    q.login_name = "ann@example.com";
    q.password = password;
    abk::test::connection_rig binding(host, ABK_TLS, 1);
    binding.begin(q);
    binding.feed(bound(1, code));
    ASSERT_EQ(binding.answers.size(), 1U) << code;
    EXPECT_EQ(binding.answers[0].verdict, static_cast<std::uint32_t>(ABK_TEMPFAIL)) << code;
    EXPECT_EQ(binding.is(), abk::test::connection_rig::state::closed) << code;
    abk::test::connection_rig searching(searched, ABK_TLS, 0);
    searching.begin(q);
    searching.feed(done(1, code));
    ASSERT_EQ(searching.answers.size(), 1U) << code;
    EXPECT_EQ(searching.answers[0].verdict, static_cast<std::uint32_t>(ABK_TEMPFAIL)) << code;
    EXPECT_TRUE(host.complaints.empty() && searched.complaints.empty());
  }
}

TEST(LdapHostile, B_20_an_entry_too_large_to_be_read_costs_one_question) {
  const std::string large = large_entry(1, 1'100'000);
  auto t = at_search().unsplit();
  for (std::size_t at = 0; at < large.size(); at += 60'000) t.upstream(large.substr(at, 60'000));
  EXPECT_PLAYS(t.upstream(done(1)).expect(ABK_TEMPFAIL, ABK_REASON_MISCONFIGURED, "search.entry-too-large").stays_ready());
  auto endless = at_search().unsplit();  // beyond what any entry has
  EXPECT_PLAYS(endless.upstream(wide_length(0x30, std::string("\x84\x02\0\0\0", 5), number(2, 1) + "xxxxxxx")).expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "message.malformed").closes());
}

TEST(LdapHostile, B_20_an_entry_as_large_as_a_member_of_thousands_of_groups_is_read) {
  std::string groups;
  for (int i = 0; i < 8000; ++i) groups += tlv(4, "cn=a group of which there are many " + std::to_string(i) + ",ou=groups,dc=example,dc=com");
  const std::string large = bytes::wide(0x30, number(2, 1) + bytes::wide(0x64, tlv(4, ann_dn) + bytes::wide(0x30, bytes::wide(0x30, tlv(4, "memberOf") + bytes::wide(0x31, groups)) +
                                                                                                             attribute("mail", {"ann@example.com"}))));
  ASSERT_GT(large.size(), 500'000U);
  auto t = at_search().unsplit();
  for (std::size_t at = 0; at < large.size(); at += 60'000) t.upstream(large.substr(at, 60'000));
  t.upstream(done(1)).goes_on(1).says_secret(bind(1, ann_dn, password), password);
  EXPECT_PLAYS(t.upstream(bound(1, 0)).expect(ABK_YES, ABK_REASON_NONE, "bind.success").stays_ready());
  EXPECT_EQ(t.answer().mailbox, "ann@example.com") << "what comes behind the many values counts";
  EXPECT_NE(t.answer().flags & ABK_ANSWER_ADDRESSES_COMPLETE, 0U) << "groups are missing, and no addresses";
}

TEST(LdapHostile, B_20_an_entry_that_nobody_waits_for_takes_no_memory) {
  const std::string large = large_entry(1, 300'000);
  abk::test::host_rig host(plugin(), searching());
  abk::test::connection_rig up(host, ABK_TLS, 0);
  abk::test::ask q;
  q.login_name = "ann@example.com";
  q.kind = ABK_MAILBOX;
  const auto id = up.begin(q);
  up.feed(reference(1, "ldap://elsewhere/"));
  up.cancel(id);
  for (std::size_t at = 0; at < large.size(); at += 30'000) up.feed(large.substr(at, 30'000));
  up.feed(done(1));
  EXPECT_TRUE(up.answers.empty());
  EXPECT_TRUE(host.complaints.empty());
}

TEST(LdapHostile, B_20_large_entries_of_many_questions_are_kept_up_to_a_limit) {
  const std::size_t each = 900'000;
  abk::test::host_rig host(plugin(), searching());
  abk::test::connection_rig up(host, ABK_TLS, 0);
  abk::test::ask q;
  q.login_name = "ann@example.com";
  q.kind = ABK_MAILBOX;
  constexpr int questions = 6;
  for (int i = 0; i < questions; ++i) up.begin(q);
  for (int i = 1; i <= questions; ++i) {
    const std::string large = large_entry(i, each);
    for (std::size_t at = 0; at < large.size(); at += 60'000) up.feed(large.substr(at, 60'000));
  }
  EXPECT_TRUE(up.answers.empty());
  for (int i = 1; i <= questions; ++i) up.feed(done(i));
  ASSERT_EQ(up.answers.size(), static_cast<std::size_t>(questions));
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(up.answers[i].rule, "search.found") << i;
  for (std::size_t i = 4; i < questions; ++i) {
    EXPECT_EQ(up.answers[i].rule, "search.too-much") << i;
    EXPECT_EQ(up.answers[i].verdict, static_cast<std::uint32_t>(ABK_TEMPFAIL));
    EXPECT_EQ(up.answers[i].reason, static_cast<std::uint32_t>(ABK_REASON_UPSTREAM_BUSY));
  }
}

TEST(LdapHostile, B_20_the_head_of_a_large_entry_may_come_in_pieces) {
  const std::string large = large_entry(1, 70'000);
  abk::test::host_rig host(plugin(), searching());
  abk::test::connection_rig up(host, ABK_TLS, 0);
  abk::test::ask q;
  q.login_name = "ann@example.com";
  q.kind = ABK_MAILBOX;
  up.begin(q);
  for (std::size_t i = 0; i < 20; ++i) up.feed(large.substr(i, 1));
  for (std::size_t at = 20; at < large.size(); at += 30'000) up.feed(large.substr(at, 30'000));
  EXPECT_TRUE(up.answers.empty());
  up.feed(done(1));
  ASSERT_EQ(up.answers.size(), 1U);
  EXPECT_EQ(up.answers[0].rule, "search.found");
  EXPECT_TRUE(host.complaints.empty());
}

TEST(LdapHostile, B_20_a_reply_to_a_bind_is_never_that_large) {
  auto t = at_bind().unsplit();
  t.upstream(bytes::wide(0x30, number(2, 1) + bytes::wide(0x61, number(0x0a, 0) + tlv(4, "") + bytes::wide(4, std::string(66'000, 'x')))).substr(0, 60'000));
  EXPECT_PLAYS(t.expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "message.too-large").closes());
}

TEST(LdapHostile, F_02_the_end_of_the_connection_is_a_tempfail) {
  auto searching = at_search();
  EXPECT_PLAYS(searching.eof().expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_DOWN, "host.lost").closes());
  auto binding = at_bind();
  EXPECT_PLAYS(binding.eof().expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_DOWN, "host.lost").closes());
}

}  // namespace
