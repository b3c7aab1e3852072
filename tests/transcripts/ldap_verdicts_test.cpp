// The tables that turn results into answers, row by row; and what no row may do.
#include <directory/carry.hpp>
#include <directory/fold.hpp>
#include <gtest/gtest.h>

#include <fstream>
#include <set>

namespace {

using namespace directory;
using abk::reason;
using abk::verdict;

constexpr verdict yes = verdict::yes;
constexpr verdict no = verdict::no;
constexpr verdict tempfail = verdict::tempfail;

const std::string locked("\x30\x03\x81\x01\x01"), expired("\x30\x03\x81\x01\x00", 5), must_change("\x30\x03\x81\x01\x02"), too_young("\x30\x03\x81\x01\x07");
const std::string grace("\x30\x05\xa0\x03\x81\x01\x02"), soon("\x30\x06\xa0\x04\x80\x02\x0e\x10"), broken("\x30\x03\x81\x01");
const std::string expired_with_grace("\x30\x08\xa0\x03\x81\x01\x02\x81\x01\x00", 10);

abk::answer judged(int code, const std::string& text = {}, std::vector<control> controls = {}, const std::string& matched = {}) {
  bind_result said;
  said.of.code = static_cast<result_code>(code);
  said.of.text = text;
  said.of.matched = matched;
  return judge_bind({said, controls, "uid=ann,ou=people,dc=x"}, {});
}
std::vector<control> policy(const std::string& value) { return {{oid_password_policy, false, std::string_view(value)}}; }

struct expectation {
  int code;
  const std::string* policy;
  std::string text;
  verdict what;
  reason why;
  std::string rule;
};

TEST(LdapVerdicts, EachRowOfTheTable) {
  const expectation all[] = {
      {0, nullptr, "", yes, reason::none, "bind.success"},
      {0, &broken, "", tempfail, reason::upstream_nonsense, "bind.policy-unreadable"},
      {0, &too_young, "", tempfail, reason::upstream_nonsense, "bind.policy-unreadable"},
      {0, &must_change, "", no, reason::password_must_change, "bind.must-change"},
      {0, &locked, "", tempfail, reason::upstream_nonsense, "bind.policy-contradicts"},
      {0, &grace, "", yes, reason::password_expiring, "bind.grace"},
      {0, &expired_with_grace, "", yes, reason::password_expiring, "bind.grace"},
      {0, &expired, "", no, reason::password_must_change, "bind.expired-let-in"},
      {0, &soon, "", yes, reason::password_expiring, "bind.expiring"},
      {49, nullptr, "", no, reason::wrong_password, "bind.refused"},
      {49, &broken, "", tempfail, reason::upstream_nonsense, "bind.policy-unreadable-49"},
      {49, &too_young, "", no, reason::wrong_password, "bind.refused"},
      {49, &locked, "", no, reason::account_locked, "bind.locked"},
      {49, &expired, "", no, reason::password_expired, "bind.expired"},
      {49, &expired_with_grace, "", no, reason::password_expired, "bind.expired"},
      {49, &must_change, "", no, reason::password_must_change, "bind.must-change-refused"},
      {50, &locked, "", no, reason::account_locked, "bind.locked-50"},
      {50, nullptr, "", tempfail, reason::upstream_refuses_us, "bind.no-access"},
      {53, &locked, "", no, reason::account_locked, "bind.locked-53"},
      {53, &expired, "", no, reason::password_expired, "bind.expired-53"},
      {53, nullptr, "Account inactivated. Contact system administrator.", no, reason::account_disabled, "bind.inactivated"},
      {53, nullptr, "unauthenticated bind (DN with no password) disallowed", tempfail, reason::upstream_refuses_us, "bind.unwilling"},
      {19, &locked, "", no, reason::account_locked, "bind.locked-19"},
      {19, nullptr, "Exceed password retry limit. Please try later.", no, reason::account_locked, "bind.locked-retries"},
      {19, nullptr, "", tempfail, reason::upstream_refuses_us, "bind.constraint"},
      {48, nullptr, "", no, reason::wrong_password, "bind.no-password-set"},
      {32, nullptr, "", tempfail, reason::misconfigured, "bind.no-such-place"},
      {1, nullptr, "", tempfail, reason::misconfigured, "bind.operations-error"},
      {2, nullptr, "", tempfail, reason::misconfigured, "bind.protocol-error"},
      {3, nullptr, "", tempfail, reason::upstream_busy, "bind.time-limit"},
      {7, nullptr, "", tempfail, reason::misconfigured, "bind.method-refused"},
      {8, nullptr, "", tempfail, reason::misconfigured, "bind.wants-tls-8"},
      {10, nullptr, "", tempfail, reason::misconfigured, "bind.referral"},
      {11, nullptr, "", tempfail, reason::upstream_busy, "bind.admin-limit"},
      {12, nullptr, "", tempfail, reason::misconfigured, "bind.extension-refused"},
      {13, nullptr, "", tempfail, reason::misconfigured, "bind.wants-tls-13"},
      {14, nullptr, "", tempfail, reason::upstream_nonsense, "bind.sasl"},
      {34, nullptr, "", tempfail, reason::misconfigured, "bind.dn-refused"},
      {51, nullptr, "", tempfail, reason::upstream_busy, "bind.busy"},
      {52, nullptr, "", tempfail, reason::upstream_busy, "bind.unavailable"},
      {80, nullptr, "", tempfail, reason::upstream_busy, "bind.other"},
      {99, nullptr, "", tempfail, reason::upstream_nonsense, "bind.unknown-result"},
  };
  std::set<std::string> seen{"bind.no-such-entry"};  // the test after this one
  for (const expectation& e : all) {
    const abk::answer a = judged(e.code, e.text, e.policy != nullptr ? policy(*e.policy) : std::vector<control>());
    EXPECT_EQ(a.what, e.what) << e.rule << ": " << a.rule;
    EXPECT_EQ(a.why, e.why) << e.rule;
    EXPECT_EQ(a.rule, e.rule) << e.code;
    seen.insert(e.rule);
  }
  for (const bind_row& r : bind_table()) EXPECT_EQ(seen.count("bind." + std::string(r.name)), 1U) << "no test has the row " << r.name;
}

TEST(LdapVerdicts, AnEntryThatIsNotThereIsOneOnlyWhereItsPlaceIs) {
  EXPECT_EQ(judged(32, "", {}, "OU=People, dc=x").rule, "bind.no-such-entry");
  EXPECT_EQ(judged(32, "", {}, "OU=People, dc=x").why, reason::no_such_user);
  EXPECT_EQ(judged(32, "", {}, "dc=x").rule, "bind.no-such-place");
  EXPECT_EQ(judged(32, "", {}, "uid=ann,ou=people,dc=x").rule, "bind.no-such-place");
}

TEST(LdapVerdicts, NetscapesControls) {
  const control is_expired{oid_netscape_expired, false, std::string_view("0")}, expires{oid_netscape_expiring, false, std::string_view("86400")};
  EXPECT_EQ(judged(0, "", {is_expired}).rule, "bind.expired-let-in");
  EXPECT_EQ(judged(49, "", {is_expired}).why, reason::password_expired);
  EXPECT_EQ(judged(0, "", {expires}).why, reason::password_expiring);
  EXPECT_EQ(judged(0, "", {expires}).password_expires_in, std::chrono::seconds(86400));
}

// Over all numbers, texts and controls: a yes needs a success; a refusal needs one of the numbers that can be one.
TEST(LdapVerdicts, B_15_G_01_no_other_number_is_a_yes_or_a_no) {
  const std::set<int> refusals{0, 19, 32, 48, 49, 50, 53};
  for (int code = -20; code <= 123; ++code)
    for (const std::string* p : std::initializer_list<const std::string*>{nullptr, &locked, &expired, &must_change, &grace, &soon, &broken, &too_young})
      for (const char* text : {"", "success", "account inactivated; locked; retry limit", ", data 52e, v1"}) {
        const abk::answer a = judged(code, text, p != nullptr ? policy(*p) : std::vector<control>(), "ou=people,dc=x");
        EXPECT_TRUE(a.what != yes || code == 0) << code;
        EXPECT_TRUE(a.what != no || refusals.count(code) == 1) << code << " " << a.rule;
        EXPECT_NE(a.rule, "");
      }
}

TEST(LdapVerdicts, B_07_what_a_success_must_not_bear) {
  bind_result said;
  said.of.code = result_code::success;
  const bind_row rows[] = {{any_code, says::anything, sees::anything, 0, yes, reason::none, "own"}};  // not even by a plugin's own row
  said.sasl_credentials = true;
  EXPECT_EQ(judge_bind({said, {}, "cn=a"}, rows).rule, "bind.not-plain");
  said.sasl_credentials = false;
  said.of.referrals.emplace_back("ldap://x");
  EXPECT_EQ(judge_bind({said, {}, "cn=a"}, rows).rule, "bind.not-plain");
  said.of.referrals.clear();
  const control other{"1.2.3", false, {}};
  EXPECT_EQ(judge_bind({said, {&other, 1}, "cn=a"}, rows).rule, "bind.not-plain");
  EXPECT_EQ(judge_bind({said, {}, "cn=a"}, rows).what, yes);
  said.of.code = result_code::invalid_credentials;
  EXPECT_EQ(judge_bind({said, {}, "cn=a"}, rows).what, tempfail);
}

TEST(LdapVerdicts, EachSearchThatFailsLeavesTheQuestionOpen) {
  std::set<std::string> seen;
  for (int code = 1; code <= 123; ++code) {
    result said;
    said.code = static_cast<result_code>(code);
    const abk::answer a = judge_search(said, "ou=people,dc=x", code % 2 == 0);
    EXPECT_EQ(a.what, tempfail) << code;
    EXPECT_NE(a.operator_text.find("ou=people,dc=x"), std::string::npos) << code;
    seen.insert(a.rule);
  }
  for (const search_row& r : search_table()) EXPECT_EQ(seen.count("search." + std::string(r.name)), 1U) << r.name;
  result refused;
  refused.code = result_code::insufficient_access;
  EXPECT_NE(judge_search(refused, "", true).operator_text.find("set bind_dn"), std::string::npos);
  EXPECT_EQ(judge_search(refused, "", false).operator_text.find("set bind_dn"), std::string::npos);
}

TEST(LdapVerdicts, TheServiceAccountIsGoodAfterAPlainSuccessOnly) {
  for (int code = -1; code <= 123; ++code) {
    bind_result said;
    said.of.code = static_cast<result_code>(code);
    const auto why = judge_service_bind({said, {}, "cn=reader"});
    EXPECT_EQ(why.has_value(), code != 0) << code;
    EXPECT_EQ(why.value_or(abk::answer()).what, tempfail) << code;
  }
  bind_result let_in;  // and refused whatever it asks, until its password is a new one
  let_in.of.code = result_code::success;
  const control netscape{oid_netscape_expired, false, std::string_view("0")};
  for (const std::vector<control>& c : {policy(expired), {netscape}, policy(must_change)}) {
    const auto why = judge_service_bind({let_in, c, "cn=reader"});
    EXPECT_EQ(why.value_or(abk::answer()).why, reason::service_account);
  }
  EXPECT_EQ(judge_service_bind({let_in, policy(expired), "cn=reader"})->rule, "service.expired");
  EXPECT_FALSE(judge_service_bind({let_in, policy(expired_with_grace), "cn=reader"}));
  bind_result referred;
  referred.of.code = result_code::success;
  referred.of.referrals.emplace_back("ldap://x");
  EXPECT_TRUE(judge_service_bind({referred, {}, "cn=reader"}).has_value());
}

// ---- the manual's tables are these

std::string_view word(verdict v) { return v == yes ? "accept" : v == no ? "reject" : "tempfail"; }
std::string_view word(reason r) {
  switch (r) {
    case reason::none: return "";
    case reason::password_expiring: return " password_expiring";
    case reason::wrong_password: return " wrong_password";
    case reason::no_such_user: return " no_such_user";
    case reason::account_disabled: return " account_disabled";
    case reason::account_locked: return " account_locked";
    case reason::password_expired: return " password_expired";
    case reason::password_must_change: return " password_must_change";
    case reason::upstream_busy: return " upstream_busy";
    case reason::upstream_refuses_us: return " upstream_refuses_us";
    case reason::upstream_nonsense: return " upstream_nonsense";
    case reason::service_account: return " service_account";
    case reason::misconfigured: return " misconfigured";
    default: return "?";
  }
}

// The rows ".It NAME Ta ..." between two headings, each as its name and its end.
std::vector<std::string> rows_of_manual(const std::string& heading) {
  std::ifstream in(SOURCE_DIR "/plugins/ldap/authbroker-ldap.5");
  std::vector<std::string> out;
  bool here = false;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with(".S")) here = line == heading;
    if (here && line.starts_with(".It ") && !line.starts_with(".It Em") && line.find(" Ta ") != line.npos) out.push_back(line);
  }
  return out;
}

TEST(LdapVerdicts, TheManualHasEachRowOfTheTables) {
  const auto binds = rows_of_manual(".Ss Verdicts of a login");
  ASSERT_EQ(binds.size(), bind_table().size());
  for (std::size_t i = 0; i < binds.size(); ++i) {
    const bind_row& r = bind_table()[i];
    EXPECT_TRUE(binds[i].starts_with(".It " + std::string(r.name) + " Ta " + (r.code == any_code ? "any other" : std::to_string(static_cast<int>(r.code))))) << binds[i];
    EXPECT_TRUE(binds[i].ends_with(" Ta " + std::string(word(r.what)) + " Ta" + std::string(word(r.why)))) << binds[i];
  }
  const auto searches = rows_of_manual(".Ss Verdicts of a search");
  ASSERT_EQ(searches.size(), search_table().size() + 5);  // and five that are no result's
  for (std::size_t i = 0; i < search_table().size(); ++i) {
    const search_row& r = search_table()[i];
    EXPECT_TRUE(searches[i].starts_with(".It " + std::string(r.name) + " Ta " + (r.code == any_code ? "any other" : std::to_string(static_cast<int>(r.code))))) << searches[i];
    EXPECT_TRUE(searches[i].ends_with(" Ta" + std::string(word(r.why)))) << searches[i];
  }
}

TEST(LdapVerdicts, G_01_a_group_that_cannot_be_asked_leaves_the_question_open) {
  for (const search_row& r : search_table()) {
    result said;
    said.code = r.code == any_code ? result_code{99} : r.code;
    const abk::answer a = judge_group_search(said, "cn=staff,dc=x", false);
    EXPECT_EQ(a.what, abk::verdict::tempfail) << r.name;
    EXPECT_EQ(a.why, r.why) << r.name;
    EXPECT_EQ(a.rule, r.code == result_code::no_such_object ? "group.none" : "group." + std::string(r.name));
    EXPECT_NE(a.operator_text.find("group \"cn=staff,dc=x\""), std::string::npos) << a.operator_text;
  }
  EXPECT_EQ(rows_of_manual(".Ss Verdicts of a group").size(), 6U);
}

// ---- what goes from the search to the bind

TEST(LdapVerdicts, APersonSurvivesTheWay) {
  person who;
  who.dn = "uid=ann,dc=x";
  who.mailbox = "ann@example.com";
  who.kind = abk::mailbox_kind::shared;
  who.addresses = {"ann@example.com", "", std::string(300, 'a')};
  who.addresses_complete = true;
  who.attributes = {{"cn", "Ann"}, {"cn", ""}, {"memberOf", std::string(1000, 'x')}};
  const auto carry = to_carry(who);
  ASSERT_TRUE(carry);
  const auto back = from_carry(*carry);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->dn, who.dn);
  EXPECT_EQ(back->mailbox, who.mailbox);
  EXPECT_EQ(back->kind, who.kind);
  EXPECT_EQ(back->addresses, who.addresses);
  EXPECT_TRUE(back->addresses_complete);
  EXPECT_EQ(back->attributes, who.attributes);
  for (std::size_t n = 0; n < carry->size(); ++n)  // cut anywhere it is a shorter person or none, and the name is never cut
    EXPECT_EQ(from_carry(std::string_view(*carry).substr(0, n)).value_or(who).dn, who.dn);
}

TEST(LdapVerdicts, AnUnreadableControlIsNotOverruledByAnOwnRow) {
  bind_result said;
  said.of.code = result_code::invalid_credentials;
  const bind_row rows[] = {{result_code::invalid_credentials, says::anything, sees::anything, 0, no, reason::wrong_password, "own"}};
  EXPECT_EQ(judge_bind({said, {}, "cn=a"}, rows).rule, "bind.own");
  EXPECT_EQ(judge_bind({said, policy(broken), "cn=a"}, rows).what, tempfail);
}

TEST(LdapVerdicts, WhatDoesNotFitIsLeftOutButNeverTheName) {
  person who;
  who.dn = std::string(dn_bytes_max, 'd');
  who.mailbox = "ann@example.com";
  who.addresses.assign(50, std::string(100, 'a'));
  who.addresses_complete = true;
  const auto carry = to_carry(who);
  ASSERT_TRUE(carry);
  EXPECT_LE(carry->size(), carry_bytes_max);
  const auto back = from_carry(*carry);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->dn, who.dn);
  EXPECT_FALSE(back->addresses_complete);
  EXPECT_LT(back->addresses.size(), 50U);
  EXPECT_FALSE(back->attributes_left_out);
  who.attributes = {{"memberOf", "cn=admins"}};  // a portal that takes the list for all must have it
  EXPECT_EQ(from_carry(*to_carry(who))->attributes, who.attributes);
  who.attributes.assign(50, {"memberOf", std::string(100, 'a')});
  EXPECT_TRUE(from_carry(*to_carry(who))->attributes_left_out);
  who.dn += 'd';
  EXPECT_FALSE(to_carry(who));
  who.dn.clear();
  EXPECT_FALSE(to_carry(who));
}

TEST(LdapVerdicts, DnsOfOneServerAreCompared) {
  EXPECT_TRUE(same_dn("uid=ann,ou=people,dc=x", "UID=Ann, OU=People,  dc=x"));
  EXPECT_FALSE(same_dn("uid=ann,ou=people,dc=x", "uid=ann,ou=people,dc=xx"));
  EXPECT_FALSE(same_dn("uid=ann,ou=people,dc=x", "uid=an n,ou=people,dc=x"));
  EXPECT_FALSE(same_dn("uid=ann", ""));
  EXPECT_TRUE(same_dn("", ""));
}

}  // namespace
