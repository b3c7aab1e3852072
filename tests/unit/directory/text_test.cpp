#include <directory/text.hpp>

#include <gtest/gtest.h>

#include <type_traits>

namespace {

using directory::dn_value;
using directory::filter_value;

// B-04: what was escaped for one place cannot be used in the other, nor can raw text pass for either.
static_assert(!std::is_constructible_v<dn_value, filter_value> && !std::is_constructible_v<filter_value, dn_value>);
static_assert(!std::is_convertible_v<std::string_view, dn_value> && !std::is_convertible_v<std::string_view, filter_value>);
static_assert(!std::is_convertible_v<dn_value, std::string> && !std::is_convertible_v<filter_value, std::string>);
static_assert(!std::is_assignable_v<dn_value&, filter_value> && !std::is_assignable_v<filter_value&, dn_value>);

TEST(escaped_text, B_04_what_is_for_one_place_does_not_fit_another) {
  EXPECT_FALSE((std::is_constructible_v<dn_value, filter_value> || std::is_constructible_v<filter_value, dn_value>));
  EXPECT_FALSE((std::is_convertible_v<std::string_view, dn_value> || std::is_convertible_v<std::string_view, filter_value>));
  EXPECT_NE(filter_value("*").text(), dn_value("*").text());
}

std::string undone(std::string_view escaped) {
  std::string out;
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  for (std::size_t i = 0; i < escaped.size(); ++i) {
    if (escaped[i] != '\\') {
      out.push_back(escaped[i]);
      continue;
    }
    out.push_back(static_cast<char>(digit(escaped[i + 1]) * 16 + digit(escaped[i + 2])));
    i += 2;
  }
  return out;
}

bool has_any(std::string_view text, std::string_view of) { return text.find_first_of(of) != std::string_view::npos; }

void filter_holds(const std::string& raw) {
  const std::string text = filter_value(raw).text();
  ASSERT_EQ(undone(text), raw);
  ASSERT_FALSE(has_any(text, std::string_view("*()\0", 4))) << text;
  for (const char c : text) ASSERT_TRUE(c >= 0x20 && c < 0x7f) << text;
}

void dn_holds(const std::string& raw) {
  const std::string text = dn_value(raw).text();
  ASSERT_EQ(undone(text), raw);
  ASSERT_FALSE(has_any(text, std::string_view(",+\"<>;=\0\r\n", 10))) << text;
  if (!text.empty()) {
    ASSERT_FALSE(text.front() == ' ' || text.front() == '#' || text.back() == ' ') << text;
  }
}

TEST(filter_value, B_01_every_byte_and_every_pair_of_bytes_comes_back_and_none_is_syntax) {
  for (int a = 0; a < 256; ++a) {
    filter_holds(std::string(1, static_cast<char>(a)));
    for (int b = 0; b < 256; ++b) filter_holds({static_cast<char>(a), static_cast<char>(b)});
  }
}

TEST(filter_value, B_01_names_that_are_filters_become_text) {
  EXPECT_EQ(filter_value("*").text(), "\\2a");
  EXPECT_EQ(filter_value("a*").text(), "a\\2a");
  EXPECT_EQ(filter_value("*)(uid=*))(|(uid=*").text(), "\\2a\\29\\28uid=\\2a\\29\\29\\28|\\28uid=\\2a");
  EXPECT_EQ(filter_value("admin)(!(&(1=0").text(), "admin\\29\\28!\\28&\\281=0");
  EXPECT_EQ(filter_value("j\xc3\xbcrgen").text(), "j\\c3\\bcrgen");
  EXPECT_EQ(filter_value(std::string_view("a\0b", 3)).text(), "a\\00b");
}

TEST(filter_value, B_02_a_backslash_is_escaped_before_everything_else) {
  EXPECT_EQ(filter_value("\\2a").text(), "\\5c2a");
  EXPECT_EQ(filter_value("\\28").text(), "\\5c28");
  EXPECT_EQ(filter_value("a\\").text(), "a\\5c");
}

TEST(dn_value, B_03_every_byte_and_every_pair_of_bytes_comes_back_and_none_is_syntax) {
  for (int a = 0; a < 256; ++a) {
    dn_holds(std::string(1, static_cast<char>(a)));
    for (int b = 0; b < 256; ++b) {
      dn_holds({static_cast<char>(a), static_cast<char>(b)});
      dn_holds({'x', static_cast<char>(a), static_cast<char>(b), 'y'});
    }
  }
}

TEST(dn_value, B_03_names_that_are_dns_become_text) {
  EXPECT_EQ(dn_value("bob,ou=admins").text(), "bob\\2cou\\3dadmins");
  EXPECT_EQ(dn_value("bob+cn=x").text(), "bob\\2bcn\\3dx");
  EXPECT_EQ(dn_value(" bob").text(), "\\20bob");
  EXPECT_EQ(dn_value("bob ").text(), "bob\\20");
  EXPECT_EQ(dn_value(" ").text(), "\\20");
  EXPECT_EQ(dn_value("#04").text(), "\\2304");
  EXPECT_EQ(dn_value("\"bob\"").text(), "\\22bob\\22");
  EXPECT_EQ(dn_value("bob\\,x").text(), "bob\\5c\\2cx");
  EXPECT_EQ(dn_value("b b#").text(), "b b#");
  EXPECT_EQ(dn_value("j\xc3\xbcrgen").text(), "j\xc3\xbcrgen");
}

TEST(same_word, folds_ascii_and_nothing_else) {
  EXPECT_TRUE(directory::same_word("proxyAddresses", "PROXYADDRESSES"));
  EXPECT_FALSE(directory::same_word("mail", "mai"));
  EXPECT_FALSE(directory::same_word("[", "{"));
  EXPECT_FALSE(directory::same_word("\xc3\x84", "\xc3\xa4"));
}

}  // namespace
