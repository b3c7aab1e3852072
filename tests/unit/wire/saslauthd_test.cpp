#include "wire/saslauthd.hpp"

#include <gtest/gtest.h>

namespace authbroker {
namespace {

using std::string_literals::operator""s;

TEST(saslauthd, AnswersAfterFourStrings_L01) {
  const std::string in = "\0\5alice\0\2pw\0\4imap\0\0"s;
  const auto got = parse_saslauthd(in);
  ASSERT_EQ(got.what, progress::message);
  EXPECT_EQ(got.used, in.size());
  EXPECT_EQ(got.request.login, "alice");
  EXPECT_EQ(got.request.password, "pw");
  EXPECT_EQ(got.request.service, "imap");
  EXPECT_EQ(got.request.realm, "");
  EXPECT_EQ(got.request.client, "");
}

TEST(saslauthd, TakesAFifthStringThatIsThere_L02) {
  const std::string four = "\0\5alice\0\2pw\0\4imap\0\0"s, fifth = "\0\x10" "203.0.113.7;4711"s;
  const std::string five = four + fifth;
  EXPECT_EQ(parse_saslauthd(five).request.client, "203.0.113.7;4711");
  for (std::size_t part = 0; part < fifth.size(); ++part) {
    const std::string in = four + fifth.substr(0, part);
    const auto got = parse_saslauthd(in);
    ASSERT_EQ(got.what, progress::message) << part;
    EXPECT_EQ(got.used, four.size()) << part;
    EXPECT_EQ(got.request.client, "") << part;
  }
  EXPECT_EQ(parse_saslauthd(four + "\xff\xff"s).what, progress::message);
}

TEST(saslauthd, CapsEveryField_L03) {
  EXPECT_EQ(parse_saslauthd("\xff\xff"s).what, progress::malformed);
  EXPECT_EQ(parse_saslauthd("\4\1"s).what, progress::malformed);
  EXPECT_EQ(parse_saslauthd("\4\0"s).what, progress::need_more);
  EXPECT_EQ(parse_saslauthd("\1\1"s, {256}).what, progress::malformed);
  EXPECT_EQ(parse_saslauthd("\0\1a\x20\0"s).what, progress::malformed) << "the second field too";
  EXPECT_EQ(parse_saslauthd("\0\0\0\0\0\0\0\0"s).what, progress::message) << "empty is judged later";
}

TEST(saslauthd, WaitsAtEverySplit_L04) {
  const std::string whole = encode_saslauthd({"ann@example.com", "pa ss", "smtp", "r", ""});
  for (std::size_t n = 0; n < whole.size(); ++n) EXPECT_EQ(parse_saslauthd(std::string_view(whole).substr(0, n)).what, progress::need_more) << n;
  EXPECT_EQ(parse_saslauthd(whole).what, progress::message);
}

TEST(saslauthd, KeepsNulBytes_L05) {
  const std::string in = "\0\3a\0b\0\3p\0w\0\0\0\0"s;
  const auto got = parse_saslauthd(in);
  ASSERT_EQ(got.what, progress::message);
  EXPECT_EQ(got.request.login, "a\0b"s);
  EXPECT_EQ(got.request.password, "p\0w"s);
}

TEST(saslauthd, LeavesWhatFollowsAlone_L06) {
  const std::string whole = encode_saslauthd({"ann", "pw", "imap", "", "127.0.0.1;1"});
  const auto got = parse_saslauthd(whole + "more of it");
  ASSERT_EQ(got.what, progress::message);
  EXPECT_EQ(got.used, whole.size());
}

TEST(saslauthd, JoinsLoginAndRealm_L07) {
  EXPECT_EQ(saslauthd_address("ann", "example.com"), "ann@example.com");
  EXPECT_EQ(saslauthd_address("ann", ""), "ann");
  EXPECT_EQ(saslauthd_address("ann@example.com", "example.org"), "ann@example.com");
  EXPECT_EQ(saslauthd_address("", "example.org"), "@example.org");
}

TEST(saslauthd, HasExactlyTwoReplies_L09) {
  EXPECT_EQ(saslauthd_yes, "\0\2OK"s);
  EXPECT_EQ(saslauthd_no, "\0\2NO"s);
}

}  // namespace
}  // namespace authbroker
