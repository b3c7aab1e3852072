// tests/bad_configs/*.toml: whole files as a person could have written them, and beside each exactly what it must give.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "config/config.hpp"

namespace authbroker {
namespace {

std::string contents(const std::filesystem::path& path) {
  std::ostringstream out;
  out << std::ifstream(path, std::ios::binary).rdbuf();
  return out.str();
}

TEST(BadConfigs, EachGivesItsExactComplaints) {
  std::size_t seen = 0;
  for (const auto& entry : std::filesystem::directory_iterator(SOURCE_DIR "/tests/bad_configs")) {
    if (entry.path().extension() != ".toml") continue;
    ++seen;
    std::filesystem::path expected = entry.path();
    expected.replace_extension(".err");
    const load_outcome out = parse_configuration(contents(entry.path()), entry.path().filename(), "/nowhere");
    std::string lines;
    for (const config_problem& p : out.problems) lines += to_string(p) + "\n";
    EXPECT_FALSE(out.config) << entry.path();
    EXPECT_FALSE(lines.empty()) << entry.path();
    EXPECT_EQ(lines, contents(expected)) << entry.path();
  }
  EXPECT_GE(seen, 12u);
}

}  // namespace
}  // namespace authbroker
