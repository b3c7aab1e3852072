#include "base/domain.hpp"

#include <gtest/gtest.h>

namespace authbroker {
namespace {

std::string a_label(std::string_view s) {
  const auto out = to_a_label(s);
  return out ? *out : "refused";
}

TEST(Domain, OneForm) {
  EXPECT_EQ(a_label("Example.COM"), "example.com");
  EXPECT_EQ(a_label("localhost"), "localhost");
  EXPECT_EQ(a_label("_dmarc.example.com"), "_dmarc.example.com");
  EXPECT_EQ(a_label("B\xC3\x9C" "CHER.example"), "xn--bcher-kva.example");
  EXPECT_EQ(a_label("b\xC3\xBC" "cher.example"), "xn--bcher-kva.example");
  EXPECT_EQ(a_label("fa\xC3\x9F.example"), "xn--fa-hia.example");
  EXPECT_EQ(a_label("xn--bcher-kva.example"), "xn--bcher-kva.example");
  EXPECT_EQ(a_label(std::string(63, 'a') + ".example"), std::string(63, 'a') + ".example");
}

TEST(Domain, WhatIsNone) {
  for (const std::string& bad : std::vector<std::string>{"", ".", "example.com.", ".example.com", "a..b", "-a.example", "a-.example", "a b.example", "a/b", "a@b", "*.example", std::string(64, 'a') + ".example",
                                                        std::string(250, 'a') + ".com", std::string("a\0b", 3), "a\r\n", "\xFF.example", "a:1", "[::1]", "\xC3\xBC" "\xE2\x80\xAE.example"})
    EXPECT_EQ(a_label(bad), "refused") << bad;
}

TEST(Domain, EveryByteInEveryPlaceOfALabel) {
  for (const std::string_view around : {"", "a.", "abcdefgh.b."})
    for (std::size_t length = 1; length <= 12; ++length)
      for (std::size_t at = 0; at < length; ++at)
        for (int c = 0; c < 0x80; ++c) {
          std::string label(length, 'x');
          label[at] = static_cast<char>(c);
          const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
          const bool inner = at > 0 && at + 1 < length;
          const std::string whole = std::string(around) + label;
          std::string wanted = letter || ((c == '-' || c == '.') && inner) ? whole : "refused";
          if (c >= 'A' && c <= 'Z') wanted[around.size() + at] = static_cast<char>(c - 'A' + 'a');
          ASSERT_EQ(a_label(whole), wanted) << whole << ' ' << c;
        }
  const std::string label(62, 'a');
  EXPECT_EQ(a_label("a" + label + '.' + label + '.' + label + '.' + label + "b"), "a" + label + '.' + label + '.' + label + '.' + label + "b");  // 253
  EXPECT_EQ(a_label("a" + label + '.' + label + '.' + label + '.' + label + "bc"), "refused");
}

TEST(Domain, Patterns) {
  EXPECT_TRUE(domain_matches("*", "anything.example"));
  EXPECT_TRUE(domain_matches("*.example.org", "a.example.org"));
  EXPECT_TRUE(domain_matches("*.example.org", "a.b.example.org"));
  EXPECT_FALSE(domain_matches("*.example.org", "example.org"));
  EXPECT_FALSE(domain_matches("*.example.org", ".example.org"));
  EXPECT_FALSE(domain_matches("*.example.org", "badexample.org"));
  EXPECT_TRUE(domain_matches("example.org", "example.org"));
  EXPECT_FALSE(domain_matches("example.org", "a.example.org"));
}

}  // namespace
}  // namespace authbroker
