// Which command carries a login.
#include "imap/plan.hpp"

#include <gtest/gtest.h>

namespace {

using imap::mechanism;

const std::vector<mechanism> both = {mechanism::plain, mechanism::login};

std::string chosen(const std::string& capabilities, const std::string& name, const std::string& password, const std::vector<mechanism>& allowed = both) {
  imap::capabilities can;
  can.known = true;
  imap::add_capabilities(can, capabilities);
  const auto found = imap::choose(allowed, can, name, abk::secret_view(password));
  if (const auto* why = std::get_if<abk::answer>(&found)) return why->rule;
  const auto& by = std::get<imap::plan>(found);
  return by.by == mechanism::login ? "LOGIN" : by.initial_response ? "PLAIN+" : "PLAIN";
}

TEST(ImapPlan, TheFirstThatIsOfferedIsTaken) {
  EXPECT_EQ(chosen("AUTH=PLAIN SASL-IR", "ann", "pw"), "PLAIN+");
  EXPECT_EQ(chosen("AUTH=PLAIN", "ann", "pw"), "PLAIN");
  EXPECT_EQ(chosen("SASL-IR", "ann", "pw"), "LOGIN");
  EXPECT_EQ(chosen("AUTH=PLAIN", "ann", "pw", {mechanism::login, mechanism::plain}), "LOGIN");
  EXPECT_EQ(chosen("AUTH=PLAIN LOGINDISABLED", "ann", "pw", {mechanism::login, mechanism::plain}), "PLAIN");
  EXPECT_EQ(chosen("AUTH=CRAM-MD5", "ann", "pw", {mechanism::plain}), "local.no-mechanism");
  EXPECT_EQ(chosen("LOGINDISABLED", "ann", "pw"), "local.login-disabled");
}

TEST(ImapPlan, A_04_nothing_that_breaks_a_line_is_carried) {
  for (const std::string capabilities : {"AUTH=PLAIN SASL-IR", ""}) {
    EXPECT_EQ(chosen(capabilities, "ann\r\nA2 LOGOUT", "pw"), "local.bad-name");
    EXPECT_EQ(chosen(capabilities, std::string("ann\0", 4), "pw"), "local.bad-name");
    EXPECT_EQ(chosen(capabilities, "", "pw"), "local.bad-name");
    EXPECT_EQ(chosen(capabilities, "ann", "pw\nx"), "local.bad-password");
    EXPECT_EQ(chosen(capabilities, "ann", std::string("p\0w", 3)), "local.bad-password");
    EXPECT_EQ(chosen(capabilities, "ann", ""), "local.no-password");
  }
}

TEST(ImapPlan, A_08_a_line_has_at_most_8000_octets) {
  EXPECT_EQ(chosen("AUTH=PLAIN SASL-IR", "ann", std::string(5900, 'p')), "PLAIN+");
  EXPECT_EQ(chosen("AUTH=PLAIN SASL-IR", "ann", std::string(5980, 'p')), "PLAIN");  // the base64 alone fits, with the command it does not
  EXPECT_EQ(chosen("AUTH=PLAIN SASL-IR", "ann", std::string(6100, 'p')), "LOGIN");
  EXPECT_EQ(chosen("AUTH=PLAIN SASL-IR", "ann", std::string(8000, 'p')), "local.too-long");
  EXPECT_EQ(chosen("", "ann", std::string(4100, '"')), "local.too-long");  // twice as long, quoted
}

TEST(ImapPlan, LiteralsThatNeedNotWait) {
  imap::capabilities none, plus, minus;
  plus.literal_plus = true;
  minus.literal_minus = true;
  EXPECT_FALSE(imap::unawaited_literal(none, 1));
  EXPECT_TRUE(imap::unawaited_literal(plus, 100'000));
  EXPECT_TRUE(imap::unawaited_literal(minus, 4096));
  EXPECT_FALSE(imap::unawaited_literal(minus, 4097));
}

}  // namespace
