#include "wire/sasl_plain.hpp"

#include <gtest/gtest.h>

#include "base/text.hpp"

namespace authbroker {
namespace {

using std::string_literals::operator""s;

sasl_plain plain(const std::string& message) { return parse_sasl_plain(base64_encode(message)); }

TEST(sasl_plain, IsThreeStrings) {
  const auto got = plain("\0ann@example.com\0pa ss"s);
  ASSERT_EQ(got.state, sasl_state::good);
  EXPECT_EQ(got.name, "ann@example.com");
  EXPECT_EQ(got.password.reveal(), "pa ss");
  EXPECT_EQ(plain("ann\0ann\0pw"s).state, sasl_state::good) << "as doveadm sends it";
}

TEST(sasl_plain, NobodyActsAsSomebodyElse) {
  EXPECT_EQ(plain("admin\0ann\0pw"s).state, sasl_state::proxied);
  EXPECT_EQ(plain("Ann\0ann\0pw"s).state, sasl_state::proxied);
}

TEST(sasl_plain, WhatIsNoneIsNone) {
  EXPECT_EQ(plain("").state, sasl_state::malformed);
  EXPECT_EQ(plain("ann").state, sasl_state::malformed);
  EXPECT_EQ(plain("\0ann"s).state, sasl_state::malformed);
  EXPECT_EQ(parse_sasl_plain("AGFubg").state, sasl_state::not_base64);
  EXPECT_EQ(parse_sasl_plain("!!!!").state, sasl_state::not_base64);
  EXPECT_EQ(parse_sasl_plain("=").state, sasl_state::not_base64);
}

// They are judged where all names and passwords are, and refused there.
TEST(sasl_plain, KeepsNulAndEmptiness) {
  const auto got = plain("\0ann\0p\0w"s);
  ASSERT_EQ(got.state, sasl_state::good);
  EXPECT_EQ(got.password.reveal(), "p\0w"s);
  const auto empty = plain("\0\0"s);
  ASSERT_EQ(empty.state, sasl_state::good);
  EXPECT_TRUE(empty.password.empty());
  EXPECT_EQ(parse_sasl_password("").state, sasl_state::good);
}

TEST(sasl_plain, HasLimits) {
  EXPECT_EQ(plain("\0ann\0"s + std::string(1024, 'x')).state, sasl_state::good);
  EXPECT_EQ(plain("\0ann\0"s + std::string(1025, 'x')).state, sasl_state::too_long);
  EXPECT_EQ(plain("\0"s + std::string(1025, 'a') + "\0x"s).state, sasl_state::too_long);
  EXPECT_EQ(plain(std::string(1024, 'a') + "\0"s + std::string(1024, 'a') + "\0"s + std::string(1024, 'x')).state, sasl_state::good);
  EXPECT_EQ(plain(std::string(16'000, 'a')).state, sasl_state::too_long);
  EXPECT_EQ(parse_sasl_password(base64_encode(std::string(1024, 'x'))).state, sasl_state::good);
  EXPECT_EQ(parse_sasl_password(base64_encode(std::string(1025, 'x'))).state, sasl_state::too_long);
  EXPECT_EQ(parse_sasl_name(base64_encode(std::string(1025, 'x'))).state, sasl_state::too_long);
  EXPECT_EQ(parse_sasl_name(base64_encode("ann")).name, "ann");
  EXPECT_EQ(parse_sasl_name("?").state, sasl_state::not_base64);
}

}  // namespace
}  // namespace authbroker
