#include "wire/tcp_table.hpp"

#include <gtest/gtest.h>

namespace authbroker {
namespace {

TEST(tcp_table, DecodesAKey) {
  struct row {
    std::string_view line, key;
    bool is_get;
  };
  for (const row& r : {row{"get joe+test@example.com\n", "joe+test@example.com", true},
                       {"get Joe%20x%25+%C3%A9@Example.COM\n", "Joe x%+\xc3\xa9@Example.COM", true},
                       {"get %0a%0D%00\n", std::string_view("\n\r\0", 3), true},
                       {"get \n", "", true},
                       {"get a b\n", "", false},
                       {"get a%\n", "", false},
                       {"get a%4\n", "", false},
                       {"get a%4g\n", "", false},
                       {"get a\r\n", "", false},
                       {"get \xc3\xa9\n", "", false},
                       {"put a b\n", "", false},
                       {"get\n", "", false},
                       {"GET a\n", "", false},
                       {"\n", "", false}}) {
    const auto got = parse_tcp_table(r.line);
    ASSERT_EQ(got.what, progress::message) << r.line;
    EXPECT_EQ(got.used, r.line.size());
    EXPECT_EQ(got.is_get, r.is_get) << r.line;
    EXPECT_EQ(got.key, r.key) << r.line;
  }
}

TEST(tcp_table, WaitsAtEverySplit) {
  const std::string whole = encode_tcp_table("ann smith%@example.com");
  EXPECT_EQ(whole, "get ann%20smith%25@example.com\n");
  for (std::size_t n = 0; n < whole.size(); ++n) EXPECT_EQ(parse_tcp_table(std::string_view(whole).substr(0, n)).what, progress::need_more) << n;
  EXPECT_EQ(parse_tcp_table(whole + whole).used, whole.size());
}

TEST(tcp_table, RefusesLongLines) {
  const std::string line = "get " + std::string(4091, 'x');
  EXPECT_EQ(parse_tcp_table(line + "\n").what, progress::message);
  EXPECT_EQ(parse_tcp_table(line).what, progress::need_more);
  EXPECT_EQ(parse_tcp_table(line + "x").what, progress::malformed);
  EXPECT_EQ(parse_tcp_table(line + "x\n").what, progress::malformed);
}

std::string said(tcp_table_status s, std::string_view text) {
  std::string out = "before";
  append_tcp_table(out, s, text);
  return out.substr(6);
}

TEST(tcp_table, SaysALineThatPostfixTakes) {
  EXPECT_EQ(said(tcp_table_status::found, "ann@example.com"), "200 ann@example.com\n");
  EXPECT_EQ(said(tcp_table_status::found, "a b\n%\xc3\xa9"), "200 a%20b%0A%25%C3%A9\n");
  EXPECT_EQ(said(tcp_table_status::not_found, "not found"), "500 not%20found\n");
  EXPECT_EQ(said(tcp_table_status::temporary, "down"), "400 down\n");
  EXPECT_EQ(said(tcp_table_status::found, ""), "400 no%20value%20that%20can%20be%20said\n") << "never \"200\" without a value";
  EXPECT_EQ(said(tcp_table_status::found, std::string(4092, 'x')), "400 no%20value%20that%20can%20be%20said\n");
  EXPECT_EQ(said(tcp_table_status::found, std::string(4091, 'x')).size(), 4096U);
  EXPECT_EQ(said(tcp_table_status::found, std::string(2000, ' ')), "400 no%20value%20that%20can%20be%20said\n") << "too long once encoded";
}

}  // namespace
}  // namespace authbroker
