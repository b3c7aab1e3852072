#include "host/settings_reader.hpp"

#include <gtest/gtest.h>

#include "host/answers.hpp"

using namespace authbroker;

namespace {

setting text(std::string s) { return {std::move(s), {"x.toml", 7, 3}, false}; }
setting number(std::int64_t n) { return {n, {"x.toml", 8, 3}, false}; }

setting table(setting::table t) { return {std::move(t), {"x.toml", 1, 1}, false}; }

TEST(SettingsReader, GivesEachTypeAndRefusesEveryOther) {
  settings_reader r(table({{"word", text("never")}, {"count", number(3)}, {"wait", text("5s")}, {"size", text("64KiB")}, {"flag", {true, {}, false}},
                           {"names", {setting::list{text("a"), text("b")}, {}, false}}, {"below", table({{"key", text("deep")}})}}),
                    {"x.toml", 1, 1}, "mail1");
  abk_config* c = r.api();
  abk_str s{};
  std::int64_t n = 0;
  bool flag = false;
  const abk_str* list = nullptr;
  std::size_t count = 0;
  EXPECT_TRUE(c->text(c, "word", &s));
  EXPECT_EQ(view(s), "never");
  EXPECT_TRUE(c->text(c, "below.key", &s));
  EXPECT_EQ(view(s), "deep");
  EXPECT_TRUE(c->number(c, "count", 0, 10, &n));
  EXPECT_EQ(n, 3);
  EXPECT_TRUE(c->duration(c, "wait", &n));
  EXPECT_EQ(n, 5000);
  EXPECT_TRUE(c->bytes(c, "size", &n));
  EXPECT_EQ(n, 65536);
  EXPECT_TRUE(c->boolean(c, "flag", &flag));
  EXPECT_TRUE(c->list(c, "names", &list, &count));
  EXPECT_EQ(count, 2u);
  EXPECT_FALSE(c->text(c, "absent", &s));
  EXPECT_TRUE(r.problems().empty());
}

TEST(SettingsReader, WrongTypesAndRangesSayWhatWasFoundAndWhatIsWanted) {
  settings_reader r(table({{"word", number(3)}, {"count", number(30)}, {"wait", text("5")}}), {"x.toml", 1, 1}, "mail1");
  abk_config* c = r.api();
  abk_str s{};
  std::int64_t n = 0;
  EXPECT_FALSE(c->text(c, "word", &s));
  EXPECT_FALSE(c->number(c, "count", 0, 10, &n));
  EXPECT_FALSE(c->duration(c, "wait", &n));
  const auto problems = r.problems();
  ASSERT_EQ(problems.size(), 3u);
  EXPECT_EQ(to_string(problems[0]), "x.toml:8:3: backend.mail1.settings.word: found 3; wanted: text in quotes");
  EXPECT_EQ(to_string(problems[1]), "x.toml:8:3: backend.mail1.settings.count: found 30; wanted: a whole number from 0 to 10");
  EXPECT_EQ(to_string(problems[2]), "x.toml:7:3: backend.mail1.settings.wait: found \"5\"; wanted: a time with its unit, such as \"300ms\", \"5s\", \"10m\" or \"31d\"");
}

TEST(SettingsReader, AValueWhereATableBelongsIsAnErrorAndSaidOnce) {
  settings_reader r(table({{"below", number(5)}}), {"x.toml", 1, 1}, "mail1");
  abk_config* c = r.api();
  std::int64_t n = 0;
  EXPECT_FALSE(c->number(c, "below.burst", 0, 10, &n));
  EXPECT_FALSE(c->number(c, "below.rate", 0, 10, &n));
  const auto problems = r.problems();
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(to_string(problems[0]), "x.toml:8:3: backend.mail1.settings.below: found 5; wanted: a table, such as { burst = ... }");
}

TEST(SettingsReader, AKeyThatNobodyReadsIsAnError) {
  settings_reader r(table({{"apop", text("never")}, {"apopp", text("never")}}), {"x.toml", 1, 1}, "mail1");
  abk_str s{};
  r.api()->text(r.api(), "apop", &s);
  const auto problems = r.problems();
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(to_string(problems[0]), "x.toml:7:3: backend.mail1.settings.apopp: no such key; did you mean \"apop\"? this plugin has \"apop\"");
}

TEST(SettingsReader, APluginsComplaintGetsItsPlace) {
  settings_reader r(table({{"apop", text("perhaps")}}), {"x.toml", 1, 1}, "mail1");
  abk_config* c = r.api();
  c->problem(c, "apop", "found \"perhaps\"; wanted: \"never\"");
  const auto problems = r.problems();
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].where.line, 7u);
}

}  // namespace
