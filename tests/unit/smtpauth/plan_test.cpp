// Which mechanism carries what.
#include <gtest/gtest.h>

#include "smtpauth/plan.hpp"

namespace {

using abk::reason;
using smtpauth::mechanism;
using smtpauth::plan;

smtp::extensions offering(std::initializer_list<std::string> names) {
  smtp::extensions out;
  out.ehlo = true;
  out.mechanisms = names;
  return out;
}
const smtp::extensions all = offering({"LOGIN", "PLAIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "DIGEST-MD5", "NTLM", "GSSAPI", "ANONYMOUS"});

std::variant<plan, abk::answer> choose(const std::vector<mechanism>& allowed, const smtp::extensions& can, std::string_view name = "ann", std::string_view password = "sesame") {
  return smtpauth::choose(allowed, can, name, abk::secret_view(password));
}
mechanism chosen(const std::vector<mechanism>& allowed, const smtp::extensions& can) { return std::get<plan>(choose(allowed, can)).by; }
abk::answer excuse(const std::vector<mechanism>& allowed, std::string_view name, std::string_view password) { return std::get<abk::answer>(choose(allowed, all, name, password)); }

TEST(SmtpAuthPlan, TheFirstThatIsAllowedAndOffered) {
  EXPECT_EQ(chosen({mechanism::scram_sha_256, mechanism::plain}, all), mechanism::scram_sha_256);
  EXPECT_EQ(chosen({mechanism::plain, mechanism::scram_sha_256}, all), mechanism::plain);
  EXPECT_EQ(chosen({mechanism::scram_sha_256, mechanism::plain}, offering({"LOGIN", "PLAIN"})), mechanism::plain);
  for (const mechanism m : smtpauth::every_mechanism) EXPECT_EQ(chosen({m}, all), m) << smtpauth::name_of(m);
}

TEST(SmtpAuthPlan, E_05_NothingElse) {
  const auto found = choose({mechanism::scram_sha_256, mechanism::plain}, offering({"NTLM", "GSSAPI", "XOAUTH2", "ANONYMOUS", "PLAIN-CLIENTTOKEN"}));
  const auto& why = std::get<abk::answer>(found);
  EXPECT_EQ(why.what, abk::verdict::tempfail);
  EXPECT_EQ(why.why, reason::misconfigured);
  EXPECT_EQ(why.operator_text, "the server offers NTLM GSSAPI XOAUTH2 ANONYMOUS PLAIN-CLIENTTOKEN, and what may be used of `mechanisms` is SCRAM-SHA-256 PLAIN");
  EXPECT_EQ(std::get<abk::answer>(choose({mechanism::plain}, offering({}))).operator_text, "the server offers no AUTH here, and what may be used of `mechanisms` is PLAIN");
}

TEST(SmtpAuthPlan, A_04_NothingThatBreaksALineIsCarried) {
  for (const std::string_view name : {std::string_view(""), std::string_view("a\rb"), std::string_view("a\nb"), std::string_view("a\0b", 3), std::string_view("a\x7f")})
    EXPECT_EQ(excuse({mechanism::plain}, name, "x").why, reason::bad_name);
  for (const std::string_view password : {std::string_view("a\rb"), std::string_view("a\nb"), std::string_view("a\0b", 3)})
    EXPECT_EQ(excuse({mechanism::plain}, "ann", password).why, reason::bad_password);
  EXPECT_EQ(excuse({mechanism::plain}, "ann", "").what, abk::verdict::tempfail);
}

TEST(SmtpAuthPlan, A_08_LinesHaveAnEnd) {
  EXPECT_TRUE(std::get<plan>(choose({mechanism::plain}, all, "ann", std::string(367, 'x'))).initial_response);
  EXPECT_FALSE(std::get<plan>(choose({mechanism::plain}, all, "ann", std::string(368, 'x'))).initial_response);
  EXPECT_EQ(excuse({mechanism::plain}, "ann", std::string(9'300, 'x')).why, reason::too_long);
  EXPECT_EQ(excuse({mechanism::login}, "ann", std::string(9'300, 'x')).why, reason::too_long);
  EXPECT_EQ(excuse({mechanism::cram_md5}, "ann", std::string(1'001, 'x')).why, reason::too_long);
  // What one mechanism cannot carry another one may.
  EXPECT_EQ(std::get<plan>(choose({mechanism::cram_md5, mechanism::plain}, all, "ann", std::string(1'001, 'x'))).by, mechanism::plain);
}

TEST(SmtpAuthPlan, A_06_ABlankAtTheEndOfANameWouldBeLost) {
  EXPECT_EQ(excuse({mechanism::scram_sha_256}, "ann ", "x").why, reason::bad_name);
  EXPECT_EQ(excuse({mechanism::scram_sha_256}, " ann", "x").why, reason::bad_name);
  EXPECT_EQ(std::get<plan>(choose({mechanism::scram_sha_256}, all, "an n", "x")).by, mechanism::scram_sha_256);
  EXPECT_EQ(std::get<plan>(choose({mechanism::scram_sha_256, mechanism::login}, all, "ann ", "x")).by, mechanism::login);
}

}  // namespace
