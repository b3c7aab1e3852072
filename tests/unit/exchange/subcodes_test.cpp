#include <exchange/subcodes.hpp>

#include <gtest/gtest.h>

namespace {

using namespace directory;
using abk::reason;
using abk::verdict;

abk::answer judged(std::string_view text, result_code code = result_code::invalid_credentials) {
  bind_result said;
  said.of.code = code;
  said.of.text = text;
  return judge_bind({said, {}, "CN=Ann,DC=ad"}, exchange::subcodes());
}
std::string diagnostic(std::string_view number) { return "80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data " + std::string(number) + ", v1db1"; }

struct row {
  const char* number;
  verdict what;
  reason why;
  const char* rule;
};
const row rows[] = {
    {"525", verdict::no, reason::no_such_user, "bind.ad-525-unknown"},
    {"52e", verdict::no, reason::wrong_password, "bind.ad-52e-wrong"},
    {"52f", verdict::no, reason::not_permitted, "bind.ad-52f-restricted"},
    {"530", verdict::no, reason::not_permitted, "bind.ad-530-hours"},
    {"531", verdict::no, reason::not_permitted, "bind.ad-531-workstation"},
    {"532", verdict::no, reason::password_expired, "bind.ad-532-password-expired"},
    {"533", verdict::no, reason::account_disabled, "bind.ad-533-disabled"},
    {"569", verdict::no, reason::not_permitted, "bind.ad-569-logon-type"},
    {"701", verdict::no, reason::account_expired, "bind.ad-701-expired"},
    {"773", verdict::no, reason::password_must_change, "bind.ad-773-must-change"},
    {"775", verdict::no, reason::account_locked, "bind.ad-775-locked"},
    {"51f", verdict::tempfail, reason::upstream_busy, "bind.ad-51f-no-logon-server"},
    {"80090346", verdict::tempfail, reason::upstream_refuses_us, "bind.ad-other"},
    {"0", verdict::tempfail, reason::upstream_refuses_us, "bind.ad-other"},
    {"6fb", verdict::tempfail, reason::upstream_refuses_us, "bind.ad-other"},
};

TEST(subcodes, B_13_each_number_has_its_verdict) {
  for (const row& r : rows) {
    const abk::answer a = judged(diagnostic(r.number));
    EXPECT_EQ(a.what, r.what) << r.number;
    EXPECT_EQ(a.why, r.why) << r.number;
    EXPECT_EQ(a.rule, r.rule) << r.number;
  }
}

TEST(subcodes, every_row_of_the_table_is_in_the_test) {
  EXPECT_EQ(exchange::subcodes().size() + 2, std::size(rows)) << "three rows here show the last one there";
  for (const bind_row& r : exchange::subcodes()) {
    bool shown = false;
    for (const row& tested : rows) shown = shown || "bind." + std::string(r.name) == tested.rule;
    EXPECT_TRUE(shown) << r.name;
    EXPECT_NE(r.what, verdict::yes) << r.name;
  }
}

TEST(subcodes, B_13_a_name_that_quotes_a_number_does_not_choose_the_verdict) {
  EXPECT_EQ(judged("CN=x, data 52e, v1: " + diagnostic("775")).why, reason::account_locked);
  EXPECT_EQ(judged("user \", data 51f, v1\": " + diagnostic("52e")).why, reason::wrong_password);
}

TEST(subcodes, B_13_a_number_counts_beside_49_alone) {
  EXPECT_EQ(judged(diagnostic("775"), result_code::success).what, verdict::yes) << "no text takes a yes away, or gives one";
  EXPECT_EQ(judged(diagnostic("52e"), result_code::busy).what, verdict::tempfail);
  EXPECT_EQ(judged(diagnostic("52e"), result_code::unwilling_to_perform).what, verdict::tempfail);
}

TEST(subcodes, a_49_without_a_number_is_a_wrong_password) {
  EXPECT_EQ(judged("").why, reason::wrong_password);
  EXPECT_EQ(judged("Invalid credentials").rule, "bind.refused");
}

TEST(subcodes, B_15_trouble_is_no_refusal) {
  for (const int code : {1, 2, 3, 8, 10, 11, 13, 51, 52, 53, 80, 99}) EXPECT_EQ(judged("", result_code{code}).what, verdict::tempfail) << code;
}

}  // namespace
