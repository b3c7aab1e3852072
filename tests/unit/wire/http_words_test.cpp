#include <gtest/gtest.h>

#include "wire/basic_credentials.hpp"
#include "wire/client_address.hpp"
#include "wire/http_reply.hpp"
#include "wire/http_verdict.hpp"

#include "base/text.hpp"

namespace authbroker {
namespace {

using std::string_literals::operator""s;

std::string basic(std::string_view both) { return "Basic " + base64_encode(both); }

TEST(basic_credentials, FirstColonDivides_K16) {
  const auto got = parse_basic(basic("ann@example.com:pa:ss"));
  ASSERT_EQ(got.state, basic_state::present);
  EXPECT_EQ(got.name, "ann@example.com");
  EXPECT_EQ(got.password.reveal(), "pa:ss");
}

TEST(basic_credentials, EmptyPartsAreJudgedLater_K16) {
  EXPECT_EQ(parse_basic(basic("u:")).state, basic_state::present);
  EXPECT_TRUE(parse_basic(basic("u:")).password.empty());
  EXPECT_EQ(parse_basic(basic(":pw")).state, basic_state::present);
  EXPECT_EQ(parse_basic(basic("u\0x:p\0w"s)).password.reveal(), "p\0w"s);
}

TEST(basic_credentials, SchemeIsCaseInsensitive_K16) {
  EXPECT_EQ(parse_basic("bAsIc dTpw").state, basic_state::present);
  EXPECT_EQ(parse_basic("Basic  dTpw").state, basic_state::present);
  EXPECT_EQ(parse_basic("Bearer dTpw").state, basic_state::absent);
  EXPECT_EQ(parse_basic("Basically dTpw").state, basic_state::absent);
  EXPECT_EQ(parse_basic("").state, basic_state::absent);
}

TEST(basic_credentials, OneCanonicalFormOnly_A16) {
  for (const char* odd : {"Basic", "Basic ", "Basic dTp", "Basic dTpw=", "Basic dT pw", "Basic dTpw\t", "Basic dTp_", "Basic YQ==YQ==", "Basic YTpiYx==", "Basic =TpwdTpw",
                          "Basic dXB3"})
    EXPECT_EQ(parse_basic(odd).state, basic_state::malformed) << odd;
}

TEST(basic_credentials, LongOnesAreNotDecoded_K16) {
  EXPECT_EQ(parse_basic("Basic " + std::string(100'000, 'A')).state, basic_state::too_long);
  EXPECT_EQ(parse_basic(basic("u:" + std::string(1024, 'p'))).state, basic_state::present);
  EXPECT_EQ(parse_basic(basic("u:" + std::string(1025, 'p'))).state, basic_state::too_long);
  EXPECT_EQ(parse_basic(basic(std::string(1025, 'u') + ":p")).state, basic_state::too_long);
}

TEST(client_address, T_09_OnlyAddressesAreBelieved) {
  EXPECT_EQ(normal_client("203.0.113.7"), "203.0.113.7");
  EXPECT_EQ(normal_client("2001:DB8:0::1"), "2001:db8::1");
  EXPECT_EQ(normal_client("::ffff:203.0.113.7"), "203.0.113.7");
  for (const char* odd : {"", "localhost", "203.0.113.7:80", "203.0.113.7/24", "fe80::1%eth0", "[::1]", "203.0.113", "1.2.3.4 ", "::ffff:203.0.113.7\r\nX: y"})
    EXPECT_EQ(normal_client(odd), "") << odd;
  EXPECT_EQ(normal_client("1.2.3.4\0x"s), "");
}

TEST(http_verdict, StatusIsAYesOnlyForAYes_G01) {
  const auto status = [](question_kind k) {
    std::vector<unsigned> out;
    for (const verdict v : {verdict::accept, verdict::reject, verdict::tempfail, verdict::no_route, verdict::exists, verdict::absent, verdict::unverifiable}) out.push_back(http_status(k, v));
    return out;
  };
  EXPECT_EQ(status(question_kind::login), (std::vector<unsigned>{200, 401, 503, 401, 503, 503, 503}));
  EXPECT_EQ(status(question_kind::mailbox), (std::vector<unsigned>{503, 503, 503, 404, 200, 404, 200}));
  EXPECT_EQ(status(question_kind::probe), (std::vector<unsigned>(7, 503)));
}

TEST(http_verdict, StrangersCannotTellAccountsApart) {
  for (const verdict_row& row : verdict_table()) {
    if (row.what != verdict::reject && row.what != verdict::no_route) continue;
    EXPECT_EQ(told_reason(row.why, true), row.why);
    const reason told = told_reason(row.why, false);
    EXPECT_TRUE(told == reason::wrong_password || told == row.why);
  }
  for (const reason r : {reason::no_such_user, reason::account_disabled, reason::account_locked, reason::account_expired, reason::not_permitted, reason::known_wrong, reason::no_route})
    EXPECT_EQ(told_reason(r, false), reason::wrong_password);
  EXPECT_EQ(told_reason(reason::password_expired, false), reason::password_expired);
}

TEST(http_verdict, RetryAfterIsAtLeastASecondAndSpread_G09) {
  answer a;
  a.found.retry_after = std::chrono::milliseconds(1);
  EXPECT_EQ(retry_after_seconds(a), 1U);
  a.found.retry_after = std::chrono::milliseconds(2001);
  EXPECT_EQ(retry_after_seconds(a), 3U);
  a.found.retry_after = std::chrono::hours(1000);
  EXPECT_EQ(retry_after_seconds(a), 86'400U);
  a.found.retry_after = {};
  std::vector<bool> seen(10);
  for (char c = 'a'; c < 'z'; ++c) {
    a.id = std::string(1, c);
    const unsigned s = retry_after_seconds(a);
    ASSERT_GE(s, 5U);
    ASSERT_LT(s, 10U);
    seen[s] = true;
  }
  for (std::size_t s = 5; s < 10; ++s) EXPECT_TRUE(seen[s]) << s;
}

TEST(http_reply, HasLengthAndNoStore) {
  http_reply r;
  r.status = 200;
  r.body = "{}\n";
  std::string out;
  append_reply(out, r, {});
  EXPECT_EQ(out, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 3\r\nCache-Control: no-store\r\n\r\n{}\n");
}

TEST(http_reply, HeadHasNoBody) {
  http_reply r;
  r.body = "{}\n";
  std::string out;
  append_reply(out, r, {.keep_alive = true, .version_1_1 = false, .head_only = true});
  EXPECT_EQ(out, "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: 3\r\nCache-Control: no-store\r\nConnection: keep-alive\r\n\r\n");
}

TEST(http_reply, AFieldCannotEndItsLine_K17) {
  http_reply r;
  r.fields = {{"X-Auth-Identity", "a\r\nX-Evil: 1"}, {"X-Auth-Reason", "fine"}};
  std::string out;
  append_reply(out, r, {.keep_alive = false});
  EXPECT_EQ(out.find("Evil"), std::string::npos);
  EXPECT_NE(out.find("X-Auth-Reason: fine\r\n"), std::string::npos);
  EXPECT_NE(out.find("Connection: close\r\n"), std::string::npos);
}

TEST(http_reply, ErrorsAreJsonAndEndTheConnection) {
  const http_reply r = make_error(http_errors::bad_json, "say <what>");
  EXPECT_EQ(r.status, 400U);
  EXPECT_TRUE(r.close);
  EXPECT_EQ(r.body, "{\"error\":\"bad_json\",\"text\":\"say \\u003cwhat\\u003e\"}\n");
}

}  // namespace
}  // namespace authbroker
