// The examples that are shipped.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "config/keys.hpp"
#include "config/toml.hpp"
#include "unit/config/dump.hpp"

namespace authbroker::test {
namespace {

std::string contents(const std::filesystem::path& path) {
  std::ostringstream out;
  out << std::ifstream(path, std::ios::binary).rdbuf();
  return out.str();
}

void collect(const setting& s, const std::string& path, std::set<std::string>& out) {
  if (const auto* list = std::get_if<setting::list>(&s.value)) {
    for (const setting& item : *list)
      if (std::holds_alternative<setting::table>(item.value)) collect(item, path, out);
  }
  if (!path.empty()) out.insert(path);
  if (const auto* table = std::get_if<setting::table>(&s.value))
    for (const auto& [key, value] : *table) collect(value, path.empty() ? key : path + "." + key, out);
}

TEST(Examples, AllLoadWithoutProblems) {
  std::size_t seen = 0;
  for (const auto& entry : std::filesystem::directory_iterator(SOURCE_DIR "/conf")) {
    if (entry.path().extension() != ".toml") continue;
    ++seen;
    const load_outcome out = parse_configuration(contents(entry.path()), entry.path().filename(), "/nowhere");
    for (const config_problem& p : out.problems) ADD_FAILURE() << to_string(p);
    EXPECT_TRUE(out.config);
  }
  EXPECT_GE(seen, 2u);
}

TEST(Examples, TheFullOneHasEveryKeyWithItsDefault) {
  const std::string text = contents(SOURCE_DIR "/conf/authbroker-full.toml");
  setting tree;
  std::vector<config_problem> problems;
  ASSERT_TRUE(read_toml(text, "full", tree, problems));
  std::set<std::string> there;
  collect(tree, "", there);
  for (const key_info& k : key_table())
    EXPECT_TRUE(k.path == "route.domains.file" || there.contains(std::string(k.path))) << k.path << " is not in authbroker-full.toml";
  EXPECT_THAT(difference(loaded(small()), loaded(text)), testing::ElementsAre("backend.upstream", "listener.address"));
}

}  // namespace
}  // namespace authbroker::test
