// Which mechanism is used, and what none can carry.
#include <gtest/gtest.h>

#include <string>

#include "pop3/plan.hpp"

namespace {

using pop3::capabilities;
using pop3::mechanism;

const std::vector<mechanism> all = {mechanism::user, mechanism::plain, mechanism::login};

capabilities offers(bool user, bool plain, bool login, bool auth_resp_code = true) {
  capabilities out;
  out.known = true;
  out.user = user;
  out.plain = plain;
  out.login = login;
  out.auth_resp_code = auth_resp_code;
  return out;
}
std::string chosen(const std::vector<mechanism>& allowed, const capabilities& can, const std::string& name, const std::string& password) {
  const auto found = pop3::choose(allowed, can, name, abk::secret_view(password));
  if (const auto* why = std::get_if<abk::answer>(&found)) return why->rule;
  const auto& by = std::get<pop3::plan>(found);
  std::string out = by.by == mechanism::user ? "USER" : by.by == mechanism::plain ? "PLAIN" : "LOGIN";
  if (by.initial_response) out += "+";
  if (by.unoffered) out += "?";
  return out;
}

TEST(Pop3Plan, TheFirstThatIsOfferedIsTaken) {
  EXPECT_EQ(chosen(all, offers(true, true, true), "ann", "pw"), "USER");
  EXPECT_EQ(chosen(all, offers(false, true, true), "ann", "pw"), "PLAIN+");
  EXPECT_EQ(chosen(all, offers(false, false, true), "ann", "pw"), "LOGIN");
  EXPECT_EQ(chosen({mechanism::login, mechanism::user}, offers(true, true, true), "ann", "pw"), "LOGIN");
  EXPECT_EQ(chosen({mechanism::plain}, offers(true, true, true), "ann", "pw"), "PLAIN+");
}

TEST(Pop3Plan, PlainInOneLineOnlyWhereARefusalOfTheLineIsNoVerdict) {
  const std::vector<mechanism> by_default = pop3::rules().mechanisms;
  EXPECT_EQ(chosen(by_default, offers(true, true, true, true), "ann", "pw"), "PLAIN+");
  EXPECT_EQ(chosen(by_default, offers(true, true, true, false), "ann", "pw"), "USER");
  EXPECT_EQ(chosen(by_default, offers(true, false, true, true), "ann", "pw"), "USER");
  EXPECT_EQ(chosen(by_default, capabilities(), "ann", "pw"), "USER");
  EXPECT_EQ(chosen(by_default, offers(true, true, true), "ann", std::string(200, 'p')), "USER");
  EXPECT_EQ(chosen({mechanism::plain_ir}, offers(true, true, true, false), "ann", "pw"), "local.no-mechanism");
  EXPECT_EQ(chosen({mechanism::plain_ir}, offers(true, true, true), "ann", std::string(174, 'p')), "PLAIN+");
  EXPECT_EQ(chosen({mechanism::plain_ir}, offers(true, true, true), "ann", std::string(200, 'p')), "local.too-long");
}

TEST(Pop3Plan, AServerWithoutCapaHasUserOnly) {
  EXPECT_EQ(chosen(all, capabilities(), "ann", "pw"), "USER");
  EXPECT_EQ(chosen({mechanism::plain, mechanism::login}, capabilities(), "ann", "pw"), "local.no-mechanism");
}

TEST(Pop3Plan, WithoutAnyOfferOnlyTheNameIsRisked) {
  EXPECT_EQ(chosen(all, offers(false, false, false), "ann", "pw"), "USER?");
  EXPECT_EQ(chosen({mechanism::plain}, offers(true, false, true), "ann", "pw"), "local.no-mechanism");
}

TEST(Pop3Plan, A_06_blanks_in_names_need_sasl) {
  EXPECT_EQ(chosen(all, offers(true, true, true), "ann lee", "pw"), "PLAIN+");
  EXPECT_EQ(chosen(all, offers(true, false, true), "ann\tlee", "pw"), "LOGIN");
  EXPECT_EQ(chosen(all, offers(true, false, true), "ann lee", "pw"), "LOGIN");
  EXPECT_EQ(chosen(all, offers(true, false, false), "ann lee", "pw"), "local.blank-in-name");
  EXPECT_EQ(chosen(all, capabilities(), "ann lee", "pw"), "local.blank-in-name");
}

TEST(Pop3Plan, A_04_nothing_that_breaks_a_line_is_carried) {
  EXPECT_EQ(chosen(all, capabilities(), "ann\r\nPASS x", "pw"), "local.bad-name");
  EXPECT_EQ(chosen(all, capabilities(), "ann\n", "pw"), "local.bad-name");
  EXPECT_EQ(chosen(all, capabilities(), std::string("ann\0", 4), "pw"), "local.bad-name");
  EXPECT_EQ(chosen(all, capabilities(), "", "pw"), "local.bad-name");
  EXPECT_EQ(chosen(all, capabilities(), "ann", "pw\r\nDELE 1"), "local.bad-password");
  EXPECT_EQ(chosen(all, capabilities(), "ann", std::string("p\0w", 3)), "local.bad-password");
  EXPECT_EQ(chosen(all, capabilities(), "ann", ""), "local.no-password");
}

TEST(Pop3Plan, A_08_a_command_has_at_most_255_octets) {
  EXPECT_EQ(chosen(all, capabilities(), "ann", std::string(248, 'p')), "USER");  // "PASS " + 248 + CR LF = 255
  EXPECT_EQ(chosen(all, capabilities(), "ann", std::string(249, 'p')), "local.too-long");
  EXPECT_EQ(chosen(all, capabilities(), std::string(248, 'n'), "pw"), "USER");
  EXPECT_EQ(chosen(all, capabilities(), std::string(249, 'n'), "pw"), "local.too-long");
  EXPECT_EQ(chosen(all, offers(true, true, true), "ann", std::string(505, 'p')), "local.too-long");
}

TEST(Pop3Plan, TheInitialResponseMustFitTheCommand) {
  const std::vector<mechanism> plain = {mechanism::plain};
  // "AUTH PLAIN " + 240 + CR LF = 253: 240 digits carry 180 bytes, two of them NUL.
  EXPECT_EQ(chosen(plain, offers(false, true, false), "ann", std::string(175, 'p')), "PLAIN+");
  EXPECT_EQ(chosen(plain, offers(false, true, false), "ann", std::string(176, 'p')), "PLAIN");
  EXPECT_EQ(chosen(plain, offers(false, true, false), "ann", std::string(184, 'p')), "PLAIN");  // 252 + CR LF = 254
  EXPECT_EQ(chosen(plain, offers(false, true, false), "ann", std::string(185, 'p')), "local.too-long");
  const std::vector<mechanism> login = {mechanism::login};
  EXPECT_EQ(chosen(login, offers(false, false, true), "ann", std::string(189, 'p')), "LOGIN");
  EXPECT_EQ(chosen(login, offers(false, false, true), "ann", std::string(190, 'p')), "local.too-long");
  EXPECT_EQ(chosen(login, offers(false, false, true), std::string(190, 'n'), "pw"), "local.too-long");
}

TEST(Pop3Plan, TheInitialResponseIsForServersWhoseRefusalsExplainThemselves) {
  EXPECT_EQ(chosen({mechanism::plain}, offers(false, true, false, true), "ann", "pw"), "PLAIN+");
  EXPECT_EQ(chosen({mechanism::plain}, offers(false, true, false, false), "ann", "pw"), "PLAIN");
}

TEST(Pop3Plan, WhatApopCannotCarry) {
  const auto why = [](const std::string& name) { return pop3::apop_excuse(name, abk::secret_view("pw")); };
  EXPECT_FALSE(why("ann"));
  EXPECT_FALSE(why(std::string(215, 'n')));  // "APOP " + 215 + " " + 32 + CR LF = 255
  EXPECT_EQ(why(std::string(216, 'n'))->rule, "local.too-long");
  EXPECT_EQ(why("ann lee")->rule, "local.blank-in-name");
}

}  // namespace
