// The one table of verdicts and reasons, against the closed lists as they were promised.
#include "base/verdict.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "base/answer.hpp"

namespace authbroker {
namespace {

std::string pair_text(verdict v, reason r) { return std::string(name(v)) + " " + std::string(name(r)); }

TEST(Verdicts, TheLegalPairsAreTheseAndNoOthers) {
  const std::map<std::string, std::set<std::string>> promised{
      {"accept", {"none", "mailbox_busy", "alert", "password_expiring", "password_must_change", "stale"}},
      {"exists", {"none", "stale"}},
      {"reject",
       {"wrong_password", "no_such_user", "account_disabled", "account_locked", "account_expired", "password_expired", "password_must_change", "not_permitted", "empty_password", "bad_name", "bad_password", "too_long",
        "known_wrong"}},
      {"absent", {"none"}},
      {"unverifiable", {"accepts_all", "vrfy_unsupported", "cannot_verify", "not_checked", "too_long", "bad_name"}},
      {"tempfail",
       {"upstream_down", "upstream_busy", "upstream_refuses_us", "upstream_nonsense", "tls_unavailable", "tls_untrusted", "tls_name", "service_account", "deadline", "overloaded", "too_frequent", "greylisted", "guarded",
        "slow_down", "misconfigured", "shutting_down", "internal"}},
      {"no_route", {"no_route"}},
  };
  std::map<std::string, std::set<std::string>> there;
  for (const verdict_row& row : verdict_table()) EXPECT_TRUE(there[std::string(name(row.what))].insert(std::string(name(row.why))).second) << pair_text(row.what, row.why);
  EXPECT_EQ(there, promised);
}

TEST(Verdicts, G_01_EveryPairIsLegalExactlyWhenItHasARow) {
  std::size_t legal_pairs = 0;
  for (int v = 0; v <= static_cast<int>(verdict::unverifiable); ++v)
    for (int r = 0; r <= static_cast<int>(reason::no_route); ++r) legal_pairs += legal(static_cast<verdict>(v), static_cast<reason>(r)) ? 1u : 0u;
  EXPECT_EQ(legal_pairs, verdict_table().size());
  EXPECT_FALSE(legal(verdict::tempfail, reason::wrong_password));
  EXPECT_FALSE(legal(verdict::reject, reason::internal));
  EXPECT_FALSE(legal(verdict::reject, reason::none));
  EXPECT_FALSE(legal(verdict::accept, reason::wrong_password));
  EXPECT_EQ(find_row(verdict::absent, reason::no_such_user), nullptr);
}

TEST(Verdicts, AFreshFindingIsATempfail) {
  const finding fresh;
  EXPECT_EQ(fresh.what, verdict::tempfail);
  EXPECT_EQ(fresh.why, reason::internal);
  EXPECT_FALSE(fresh.password_sent);
  EXPECT_EQ(verdict{}, verdict::tempfail);
}

TEST(Verdicts, OnlyTwoAreAYesAndOnlyTwoAreANo) {
  for (int v = 0; v <= static_cast<int>(verdict::unverifiable); ++v) {
    const auto what = static_cast<verdict>(v);
    EXPECT_EQ(is_yes(what), what == verdict::accept || what == verdict::exists);
    EXPECT_EQ(is_no(what), what == verdict::reject || what == verdict::absent);
  }
}

TEST(Verdicts, TextsForStrangersTellNoAccountsApart) {
  std::set<std::string_view> told;
  for (const reason r : {reason::wrong_password, reason::no_such_user, reason::known_wrong, reason::account_disabled, reason::account_locked, reason::account_expired, reason::not_permitted})
    told.insert(find_row(verdict::reject, r)->told);
  told.insert(find_row(verdict::no_route, reason::no_route)->told);
  EXPECT_EQ(told.size(), 1u);
  for (const verdict_row& row : verdict_table()) {
    EXPECT_FALSE(row.told.empty());
    EXPECT_FALSE(row.advice.empty());
  }
}

}  // namespace
}  // namespace authbroker
