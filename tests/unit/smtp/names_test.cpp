// Names in commands.
#include <gtest/gtest.h>
#include <smtp/names.hpp>

namespace {

TEST(SmtpNames, WhatEhloTakes) {
  for (const std::string good : {"broker.example.com", "a", "localhost", "xn--mnchen-3ya.example", "[192.0.2.1]", "[IPv6:2001:db8::1]", "1.example"}) EXPECT_EQ(smtp::helo_problem(good), "") << good;
  for (const std::string bad : {"", ".", "a..b", ".a", "a.", "-a.example", "a-.example", "a b", "a_b.example", "b\xc3\xbc.example", "a\r\nRSET", "[192.0.2.256]", "[2001:db8::1]",
                                "[IPv6:192.0.2.1]", "[]", "[", "[192.0.2.1", "192.0.2.1]", "a@b"})
    EXPECT_NE(smtp::helo_problem(bad), "") << bad;
  EXPECT_EQ(smtp::helo_problem(std::string(63, 'a') + ".example"), "");
  EXPECT_NE(smtp::helo_problem(std::string(64, 'a') + ".example"), "");
  std::string longest;
  for (int i = 0; i < 4; ++i) longest += std::string(i == 3 ? 63 : 63, 'a') + (i == 3 ? "" : ".");
  EXPECT_EQ(smtp::helo_problem(longest), "");
  EXPECT_NE(smtp::helo_problem("b." + longest), "");
}

TEST(SmtpNames, OurOwnNameIsOneThatEhloTakes) {
  const std::string name = smtp::own_name();
  EXPECT_EQ(smtp::helo_problem(name), "");
  EXPECT_NE(name.find('.'), name.npos);
}

TEST(SmtpNames, AddressesOfClients) {
  EXPECT_EQ(smtp::xclient_address("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(smtp::xclient_address("2001:db8::1"), "IPV6:2001:db8::1");
  for (const std::string bad : {"", "mail.example.com", "192.0.2.1 LOGIN=ann", "192.0.2", "fe80::1%eth0", "[192.0.2.1]"}) EXPECT_EQ(smtp::xclient_address(bad), "") << bad;
}

TEST(SmtpNames, Xtext) {
  EXPECT_EQ(smtp::xtext("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(smtp::xtext("a+b=c d\r\n\xff"), "a+2Bb+3Dc+20d+0D+0A+FF");
}

}  // namespace
