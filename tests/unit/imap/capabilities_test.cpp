#include "imap/capabilities.hpp"

#include <gtest/gtest.h>

namespace {

imap::capabilities of(const std::string& words) {
  imap::capabilities out;
  imap::add_capabilities(out, words);
  return out;
}

TEST(ImapCapabilities, EachWordIsOneInAnyCase) {
  const auto can = of("IMAP4rev1 STARTTLS logindisabled SASL-IR LITERAL+ Id AUTH=PLAIN");
  EXPECT_TRUE(can.starttls && can.login_disabled && can.sasl_ir && can.literal_plus && can.id && can.plain);
  EXPECT_FALSE(can.literal_minus);
  EXPECT_TRUE(of("LITERAL-").literal_minus);
}

TEST(ImapCapabilities, PartsOfWordsAreNone) {
  const auto can = of("STARTTLSX XSASL-IR IDLE LITERAL AUTH=PLAIN-CLIENTTOKEN AUTH PLAIN LOGIN-REFERRALS AUTH=");
  EXPECT_FALSE(can.starttls || can.sasl_ir || can.id || can.literal_plus || can.plain || can.login_disabled);
}

TEST(ImapCapabilities, MechanismsAreListedOnceAndWithinBounds) {
  const std::vector<std::string> wanted = {"plain", "scram-sha-256"};
  EXPECT_EQ(of("AUTH=PLAIN AUTH=plain AUTH=SCRAM-SHA-256 AUTH=<x> AUTH=ABCDEFGHIJKLMNOPQRSTUVWXYZ").mechanisms, wanted);
  std::string many;
  for (int i = 0; i < 100; ++i) many += " AUTH=M" + std::to_string(i);
  EXPECT_EQ(of(many).mechanisms.size(), 32U);
}

}  // namespace
