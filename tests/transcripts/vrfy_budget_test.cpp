// A flood of questions about addresses that there are not.
#include "vrfy_fixture.hpp"

namespace {

using namespace vrfy_test;

table of(std::int64_t burst, std::int64_t per_minute, table more = {}) {
  more.emplace("unknown_budget.burst", burst);
  more.emplace("unknown_budget.per_minute", per_minute);
  return with(std::move(more));
}
const std::string budget = "2/vrfy.unknown-budget";

// Answers whatever is asked, one question at a time.
std::string asks(connection& c, const std::string& name, const std::string& reply) {
  c.ask(name + "@example.com");
  std::string told = c.told();
  for (std::string said = c.says(); told.empty() && !said.empty(); said = c.says()) told = c.feed(said.starts_with("RCPT") || said.starts_with("VRFY") ? reply : "250 ok\r\n");
  return told;
}

TEST(VrfyBudget, E_17_WhenItIsSpentNobodyNewIsAskedAbout) {
  connection c(of(2, 1));
  EXPECT_EQ(asks(c, "ann", ok), "1 yes rcpt.ok");
  EXPECT_EQ(asks(c, "x", unknown), "2 no rcpt.unknown");
  EXPECT_EQ(c.host.log, texts{});
  EXPECT_EQ(asks(c, "y", unknown), "3 no rcpt.unknown");
  EXPECT_EQ(c.host.log, texts{"unknown_budget_spent backend=test domain=example.com burst=2 per_minute=1"});
  for (const char* name : {"z", "bob", "x"}) {  // nobody can tell which of them exists: neither a yes nor a no
    c.ask(std::string(name) + "@example.com");
    ASSERT_EQ(c.up.answers.size(), 1U);
    EXPECT_EQ(c.up.answers[0].verdict, static_cast<std::uint32_t>(ABK_TEMPFAIL));
    EXPECT_EQ(c.up.answers[0].reason, static_cast<std::uint32_t>(ABK_REASON_SLOW_DOWN));
    EXPECT_EQ(c.up.answers[0].rule, "budget.spent");
    EXPECT_GT(c.up.answers[0].retry_after_ms, 55'000U);
    EXPECT_LE(c.up.answers[0].retry_after_ms, 65'000U);
    EXPECT_EQ(c.says(), "");
    c.told();
    EXPECT_TRUE(c.ready());
  }
  EXPECT_EQ(asks(c, "ann", ok), "7 yes rcpt.ok");  // who existed lately is no list's guess
}

TEST(VrfyBudget, E_17_ItComesBack) {
  connection c(of(1, 60));
  asks(c, "x", unknown);
  EXPECT_EQ(asks(c, "y", unknown), "2 tempfail budget.spent");
  ASSERT_TRUE(c.host.facts.contains(budget));
  c.host.facts[budget] = "1000 1 2";  // long ago
  EXPECT_EQ(asks(c, "y", unknown), "3 no rcpt.unknown");
  c.host.facts.erase(budget);
  EXPECT_EQ(asks(c, "z", ok), "4 yes rcpt.ok");
}

TEST(VrfyBudget, E_17_WhoExistsNoMoreIsNewAgain) {
  connection c(of(1, 1));
  asks(c, "ann", ok);
  asks(c, "x", unknown);
  EXPECT_EQ(asks(c, "ann", unknown), "3 no rcpt.unknown");
  EXPECT_EQ(asks(c, "ann", unknown), "4 tempfail budget.spent");
  EXPECT_EQ(c.host.log.size(), 1U) << "once is enough";
}

TEST(VrfyBudget, E_17_OnlyAbsenceIsCounted) {
  connection c(of(2, 1));
  for (const char* reply : {"450 4.2.0 busy\r\n", "550 5.7.1 blocked\r\n", "552 5.2.2 full\r\n", "550 5.7.1 blocked\r\n"}) EXPECT_EQ(asks(c, "x", reply).find(" no "), std::string::npos);
  EXPECT_FALSE(c.host.facts.contains(budget));
}

TEST(VrfyBudget, E_17_VrfyIsCountedToo) {
  connection c(by({"vrfy"}, of(1, 1)), can, {{"2/vrfy.works", "yes"}});
  EXPECT_EQ(asks(c, "x", unknown), "1 no vrfy.unknown");
  EXPECT_EQ(asks(c, "y", unknown), "2 tempfail budget.spent");
}

TEST(VrfyBudget, E_17_ARandomAddressOfOurOwnIsNot) {
  table settings = of(1, 1);
  settings["detect_accept_all"] = true;
  connection c(settings);
  c.ask("ann@example.com");
  c.feed("250 ok\r\n");
  EXPECT_EQ(c.feed(ok), "");
  EXPECT_EQ(c.feed(unknown), "1 yes rcpt.ok");
  EXPECT_FALSE(c.host.facts.contains(budget));
}

TEST(VrfySettings, TheBudgetCanBeSwitchedOff) {
  connection c(of(0, 1));
  for (int i = 0; i < 9; ++i) EXPECT_NE(asks(c, "x", unknown).find(" no rcpt.unknown"), std::string::npos);
  EXPECT_FALSE(c.host.facts.contains(budget));
}

// In each only the one setting differs.
TEST(VrfySettings, BurstAndRateOfTheBudget) {
  for (const std::int64_t burst : {2, 3}) {
    connection c(of(burst, 1));
    for (std::int64_t i = 0; i < burst; ++i) EXPECT_NE(asks(c, "x", unknown).find(" no rcpt.unknown"), std::string::npos);
    EXPECT_NE(asks(c, "x", unknown).find("tempfail budget.spent"), std::string::npos);
  }
  for (const std::int64_t per_minute : {1, 6}) {
    connection c(of(1, per_minute));
    asks(c, "x", unknown);
    c.ask("y@example.com");
    ASSERT_EQ(c.up.answers.size(), 1U);
    EXPECT_GT(c.up.answers[0].retry_after_ms, 55'000U / per_minute);
    EXPECT_LE(c.up.answers[0].retry_after_ms, 60'000U / per_minute + 5'000U);
    c.told();
  }
  for (const auto& [key, value] : {std::pair<const char*, std::int64_t>{"unknown_budget.burst", -1}, {"unknown_budget.burst", 1'000'001}, {"unknown_budget.per_minute", 0}}) {
    abk::test::host_rig host(plugin(), with({{key, value}}));
    ASSERT_EQ(host.problems.size(), 1U) << key;
    EXPECT_NE(host.problems.front().find(key), std::string::npos);
  }
}

}  // namespace
