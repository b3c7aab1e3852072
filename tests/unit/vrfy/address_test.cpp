// What becomes of an address before it is put into a command.
#include <gtest/gtest.h>

#include "vrfy/address.hpp"

namespace {

using abk::reason;
using vrfy::mailbox;
using vrfy::parse_address;

struct row {
  const char* name;
  std::string typed, text;  // text "": refused
  reason why = reason::none;
};

const row rows[] = {
    {"plain", "ann@example.com", "ann@example.com"},
    {"letter case of the local part is the server's", "Ann.Smith@Example.COM", "Ann.Smith@example.com"},
    {"a sub-address is sent as it is", "ann+list=x@example.com", "ann+list=x@example.com"},
    {"all of atext", "!#$%&'*+-/=?^_`{|}~@example.com", "!#$%&'*+-/=?^_`{|}~@example.com"},
    {"E-09 a percent sign is a letter", "a%b@example.com", "a%b@example.com"},
    {"E-09 a hyphen in front", "-x@example.com", "-x@example.com"},
    {"E-09 quotes that are needed are written anew", R"("a b"@example.com)", R"("a b"@example.com)"},
    {"quotes that are not needed are left off", R"("ann"@example.com)", "ann@example.com"},
    {"escapes that are not needed are left off", R"("a\nn"@example.com)", "ann@example.com"},
    {"a quoted at sign", R"("a@b"@example.com)", R"("a@b"@example.com)"},
    {"a quoted angle bracket stays within its quotes", R"("a> SIZE=1"@example.com)", R"("a> SIZE=1"@example.com)"},
    {"escaped quote and backslash", R"("a\"b\\c"@example.com)", R"("a\"b\\c"@example.com)"},
    {"dots that need quotes", R"("a..b"@example.com)", R"("a..b"@example.com)"},
    {"an IDN domain is asked about as an A-label", "ann@b\xc3\xbc" "cher.example", "ann@xn--bcher-kva.example"},
    {"an IDN domain in capitals", "ann@B\xc3\x9c" "CHER.example", "ann@xn--bcher-kva.example"},
    {"an A-label stays", "ann@xn--bcher-kva.example", "ann@xn--bcher-kva.example"},
    {"an underscore in a domain", "ann@my_host.example", "ann@my_host.example"},

    {"E-09 a parameter smuggled in", "a@b> NOTIFY=SUCCESS", "", reason::bad_name},
    {"E-09 a command smuggled in", "a@b>\r\nDATA", "", reason::bad_name},
    {"E-09 a line break in the local part", "a\r\nDATA@b.example", "", reason::bad_name},
    {"E-09 a line break in quotes", "\"a\r\nDATA\"@b.example", "", reason::bad_name},
    {"E-09 NUL", std::string("a\0b@example.com", 15), "", reason::bad_name},
    {"E-09 NUL in quotes", std::string("\"a\0b\"@example.com", 17), "", reason::bad_name},
    {"E-09 angle brackets", "<a@b.example>", "", reason::bad_name},
    {"E-09 a source route", "@x.example,@y.example:a@b.example", "", reason::bad_name},
    {"E-09 an address literal", "a@[192.0.2.1]", "", reason::bad_name},
    {"E-09 nothing in quotes", R"(""@example.com)", "", reason::bad_name},
    {"E-09 no domain", "postmaster", "", reason::bad_name},
    {"a blank without quotes", "a b@example.com", "", reason::bad_name},
    {"a quote inside", R"("a"b"@example.com)", "", reason::bad_name},
    {"a quote in the middle", R"(a"b@example.com)", "", reason::bad_name},
    {"an escape of nothing", R"("a\"@example.com)", "", reason::bad_name},
    {"one quote", R"("@example.com)", "", reason::bad_name},
    {"dots at the ends", ".ann@example.com", R"(".ann"@example.com)"},
    {"dots in a row", "a..b@example.com", R"("a..b"@example.com)"},
    {"no local part", "@example.com", "", reason::bad_name},
    {"nothing at all", "", "", reason::bad_name},
    {"an empty label", "ann@example..com", "", reason::bad_name},
    {"a dot at the end", "ann@example.com.", "", reason::bad_name},
    {"a label of 64", "ann@" + std::string(64, 'a') + ".example", "", reason::bad_name},
    {"a blank in the domain", "ann@exa mple.com", "", reason::bad_name},
    {"a domain that no IDN is", "ann@\xe2\x80\xae.example", "", reason::bad_name},
    {"64 octets", std::string(64, 'a') + "@example.com", std::string(64, 'a') + "@example.com"},
    {"65 octets", std::string(65, 'a') + "@example.com", "", reason::too_long},
    {"escapes count", "\"" + std::string(32, '"') + "\"@example.com", "", reason::bad_name},
};

TEST(VrfyAddress, IsParsedAndWrittenAnewOrRefused) {
  for (const row& r : rows) {
    SCOPED_TRACE(r.name);
    const auto got = parse_address(r.typed);
    if (r.why == reason::none) {
      ASSERT_TRUE(std::holds_alternative<mailbox>(got));
      EXPECT_EQ(std::get<mailbox>(got).text, r.text);
      EXPECT_FALSE(std::get<mailbox>(got).utf8);
    } else {
      ASSERT_TRUE(std::holds_alternative<abk::answer>(got)) << std::get<mailbox>(got).text;
      EXPECT_EQ(std::get<abk::answer>(got).what, abk::verdict::unverifiable);
      EXPECT_EQ(std::get<abk::answer>(got).why, r.why);
    }
  }
}

TEST(VrfyAddress, E_09_AnAddressThatIsTooLongIsNotSent) {
  std::string domain;
  for (int i = 0; i < 3; ++i) domain += std::string(61, 'd') + ".";  // 186
  const auto most = parse_address(std::string(60, 'a') + "@" + domain + "abcdefg");
  ASSERT_TRUE(std::holds_alternative<mailbox>(most));
  EXPECT_EQ(std::get<mailbox>(most).text.size(), 254U);
  const auto longer = parse_address(std::string(61, 'a') + "@" + domain + "abcdefg");
  ASSERT_TRUE(std::holds_alternative<abk::answer>(longer));
  EXPECT_EQ(std::get<abk::answer>(longer).why, reason::too_long);
}

TEST(VrfyAddress, OfTheLocalPartOnlySmtputf8CarriesMoreThanAscii) {
  const auto got = parse_address("j\xc3\xbcrgen@b\xc3\xbc" "cher.example");
  ASSERT_TRUE(std::holds_alternative<mailbox>(got));
  EXPECT_TRUE(std::get<mailbox>(got).utf8);
  EXPECT_EQ(std::get<mailbox>(got).text, "j\xc3\xbcrgen@xn--bcher-kva.example");
}

TEST(VrfyAddress, VrfyTakesABareName) {
  const auto got = parse_address("ann", true);
  ASSERT_TRUE(std::holds_alternative<mailbox>(got));
  EXPECT_EQ(std::get<mailbox>(got).text, "ann");
  EXPECT_EQ(std::get<mailbox>(got).domain, "");
  EXPECT_TRUE(std::holds_alternative<abk::answer>(parse_address("ann smith", true)));
}

TEST(VrfyAddress, WhatIsWrittenIsReadAsTheSame) {
  for (const row& r : rows) {
    if (r.why != reason::none) continue;
    const auto again = parse_address(r.text);
    ASSERT_TRUE(std::holds_alternative<mailbox>(again)) << r.text;
    EXPECT_EQ(std::get<mailbox>(again).text, r.text);
  }
}

}  // namespace
