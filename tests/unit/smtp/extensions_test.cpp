// What servers answer to EHLO.
#include <gtest/gtest.h>
#include <smtp/extensions.hpp>

namespace {

using smtp::extensions;
using words = std::vector<std::string>;

TEST(SmtpExtensions, Postfix) {
  const extensions can = smtp::parse_extensions(
      "mail.example.com Hello\nPIPELINING\nSIZE 10240000\nVRFY\nETRN\nSTARTTLS\nAUTH PLAIN LOGIN\nAUTH=PLAIN LOGIN\nENHANCEDSTATUSCODES\n8BITMIME\nDSN\nSMTPUTF8\nXCLIENT NAME ADDR PORT");
  EXPECT_TRUE(can.ehlo && can.pipelining && can.vrfy && can.starttls && can.enhanced_status_codes && can.eight_bit_mime && can.smtputf8);
  EXPECT_EQ(can.server, "mail.example.com");
  EXPECT_EQ(can.size, 10'240'000U);
  EXPECT_EQ(can.mechanisms, (words{"PLAIN", "LOGIN"}));
  EXPECT_TRUE(can.offers("PLAIN"));
  EXPECT_FALSE(can.offers("PLA"));
  EXPECT_TRUE(can.takes("ADDR"));
  EXPECT_FALSE(can.takes("LOGIN"));
  EXPECT_EQ(smtp::in_words(can), "STARTTLS, PIPELINING, 8BITMIME, SMTPUTF8, ENHANCEDSTATUSCODES, VRFY, SIZE 10240000, AUTH PLAIN LOGIN, XCLIENT NAME ADDR PORT");
}

TEST(SmtpExtensions, TheFirstLineIsAName) {
  const extensions can = smtp::parse_extensions("STARTTLS AUTH PLAIN");
  EXPECT_TRUE(can.ehlo);
  EXPECT_FALSE(can.starttls);
  EXPECT_EQ(can.server, "STARTTLS");
  EXPECT_EQ(smtp::parse_extensions(std::string(256, 'a')).server, "");
}

TEST(SmtpExtensions, E_19_OddSpellings) {
  EXPECT_EQ(smtp::parse_extensions("x\nauth plain").mechanisms, words{"PLAIN"});
  EXPECT_EQ(smtp::parse_extensions("x\nAUTH=LOGIN").mechanisms, words{"LOGIN"});
  EXPECT_EQ(smtp::parse_extensions("x\nAUTH=LOGIN\nAUTH LOGIN PLAIN\nAUTH PLAIN PLAIN").mechanisms, (words{"LOGIN", "PLAIN"}));
  EXPECT_EQ(smtp::parse_extensions("x\nAUTH  \t PLAIN\t LOGIN  \r").mechanisms, (words{"PLAIN", "LOGIN"}));
  EXPECT_EQ(smtp::parse_extensions("x\nAUTH PLAIN-CLIENTTOKEN").mechanisms, words{"PLAIN-CLIENTTOKEN"});
  EXPECT_TRUE(smtp::parse_extensions("x\nStartTls\r").starttls);
  for (const std::string_view text : {"x\nAUTHENTICATE PLAIN", "x\nXAUTH PLAIN", "x\n AUTHPLAIN", "x\n"}) EXPECT_TRUE(smtp::parse_extensions(text).mechanisms.empty()) << text;
}

TEST(SmtpExtensions, E_19_ListsHaveAnEnd) {
  std::string text = "x\nAUTH";
  for (int i = 0; i < 200; ++i) text += " M" + std::to_string(i);
  EXPECT_EQ(smtp::parse_extensions(text).mechanisms.size(), 32U);
  EXPECT_TRUE(smtp::parse_extensions("x\nAUTH " + std::string(41, 'A')).mechanisms.empty());
  EXPECT_TRUE(smtp::parse_extensions("x\nAUTH PL\x01" "AIN \xff").mechanisms.empty());
}

TEST(SmtpExtensions, Sizes) {
  EXPECT_EQ(smtp::parse_extensions("x\nSIZE").size, 0U);
  EXPECT_EQ(smtp::parse_extensions("x\nSIZE lots").size, 0U);
  EXPECT_EQ(smtp::parse_extensions("x\nSIZE 99999999999999999999999999").size, std::uint64_t{1} << 60);
  EXPECT_FALSE(smtp::parse_extensions("x\nSIZ 1").size);
}

}  // namespace
