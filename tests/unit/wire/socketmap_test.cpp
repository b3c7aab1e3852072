#include "wire/socketmap.hpp"

#include <gtest/gtest.h>

#include "wire/netstring.hpp"

namespace authbroker {
namespace {

using std::string_literals::operator""s;

progress judged(std::string_view in) { return parse_netstring(in, 10'000).what; }

TEST(netstring, TakesDigitsAndNothingElse_N01) {
  for (const std::string_view bad : {"5:a b c.", "4:a b,c", ":", ",", " 3:a b,", "03:a b,", "00:,", "-1:", "+3:", "3 :", "3;a b,", "x", "\n"}) EXPECT_EQ(judged(bad), progress::malformed) << bad;
  EXPECT_EQ(judged("0:,"), progress::message) << "a frame without a payload: what it asks is judged later";
  EXPECT_EQ(judged(""), progress::need_more);
  EXPECT_EQ(judged("5:a b c"), progress::need_more);
  EXPECT_EQ(judged("5:a b cX"), progress::malformed);
}

TEST(netstring, StopsAtTheSeventhDigit_N02) {
  EXPECT_EQ(judged("99999999999999999999:"), progress::malformed);
  EXPECT_EQ(parse_netstring("1000000", 99'999'999).what, progress::malformed) << "though the limit would allow it";
  EXPECT_EQ(parse_netstring("100000", 99'999'999).what, progress::need_more);
}

TEST(netstring, RefusesALongOneBeforeItsBytes_N03) {
  EXPECT_EQ(judged("10001"), progress::malformed);
  EXPECT_EQ(judged("10001:"), progress::malformed);
  EXPECT_EQ(judged("10000:"), progress::need_more);
  EXPECT_EQ(judged("100001:"), progress::malformed);
  EXPECT_EQ(parse_netstring("4:", 3).what, progress::malformed);
  const std::string longest = "10000:" + std::string(10'000, 'x') + ",";
  EXPECT_EQ(parse_netstring(longest, 10'000).used, longest.size());
}

TEST(socketmap, SplitsAtTheFirstSpace_N04) {
  struct row {
    std::string_view in, map, key;
    bool has_key;
  };
  for (const row& r : {row{"18:mailbox ann@b.test,", "mailbox", "ann@b.test", true}, {"9:m \"a b\"@c,", "m", "\"a b\"@c", true}, {"2:m ,", "m", "", true}, {"2: k,", "", "k", true},
                       {"1:m,", "m", "", false}, {"0:,", "", "", false}, {"4:m  k,", "m", " k", true}}) {
    const auto got = parse_socketmap(r.in);
    ASSERT_EQ(got.what, progress::message) << r.in;
    EXPECT_EQ(got.used, r.in.size());
    EXPECT_EQ(got.request.map, r.map) << r.in;
    EXPECT_EQ(got.request.key, r.key) << r.in;
    EXPECT_EQ(got.has_key, r.has_key) << r.in;
  }
}

TEST(socketmap, WaitsAtEverySplit_N06) {
  const std::string whole = encode_socketmap({"mailbox", "ann smith@example.com"});
  EXPECT_EQ(whole, "29:mailbox ann smith@example.com,");
  for (std::size_t n = 0; n < whole.size(); ++n) EXPECT_EQ(parse_socketmap(std::string_view(whole).substr(0, n)).what, progress::need_more) << n;
  EXPECT_EQ(parse_socketmap(whole + "7:next").used, whole.size());
}

TEST(socketmap, KeepsEveryByteOfAKey_N05) {
  const std::string key = "A\0b\nC\xff@D"s;
  const std::string whole = encode_socketmap({"m", key});
  EXPECT_EQ(parse_socketmap(whole).request.key, key);
}

std::string said(socketmap_status s, std::string_view text) {
  std::string out;
  append_socketmap(out, s, text);
  return out;
}

TEST(socketmap, SaysEachStatusAsBothClientsReadIt_N07) {
  EXPECT_EQ(said(socketmap_status::ok, "ann@example.com"), "18:OK ann@example.com,");
  EXPECT_EQ(said(socketmap_status::not_found, ""), "9:NOTFOUND ,");
  EXPECT_EQ(said(socketmap_status::temp, "down"), "9:TEMP down,");
}

TEST(socketmap, NeverSaysAnEmptyOrEndlessValue_N08) {
  EXPECT_EQ(said(socketmap_status::ok, ""), "30:TEMP no value that can be said,");
  EXPECT_EQ(said(socketmap_status::ok, std::string(200'000, 'x')), "30:TEMP no value that can be said,");
  EXPECT_LE(said(socketmap_status::ok, std::string(socketmap_text_bytes_max, 'x')).size(), 100'000U);
}

}  // namespace
}  // namespace authbroker
