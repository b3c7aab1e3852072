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

// ---- the documentation's blocks

std::string unescape_mdoc(std::string line) {
  for (const auto& [from, to] : {std::pair<std::string, std::string>{"\\(dq", "\""}, {"\\e", "\\"}, {"\\&", ""}})
    for (std::size_t at = line.find(from); at != std::string::npos; at = line.find(from, at + to.size())) line.replace(at, from.size(), to);
  return line;
}

// The blocks of TOML in a page: between ```toml and ```; in a manual page between .Bd and .Ed, and in Markdown indented by four,
// where a line starts a [[table]].
std::vector<std::string> blocks_of(const std::filesystem::path& page) {
  const bool markdown = page.extension() == ".md";
  std::vector<std::string> out;
  std::istringstream in(contents(page));
  std::string block;
  bool open = false, fenced = false;
  const auto end_block = [&] {
    if (fenced || block.find("[[") == 0 || block.find("\n[[") != std::string::npos) out.push_back(block);
    block.clear();
    open = fenced = false;
  };
  for (std::string line; std::getline(in, line);) {
    if (markdown && line.starts_with("```")) {
      if (open) end_block();
      else if (line == "```toml") open = fenced = true;
    } else if (markdown && !fenced) {
      const bool indented = line.starts_with("    ");
      if (indented || (open && line.empty())) open = true, block += (indented ? line.substr(4) : line) + "\n";
      else if (open) end_block();
    } else if (!markdown && line.starts_with(".Bd")) {
      open = true;
    } else if (!markdown && line.starts_with(".Ed")) {
      end_block();
    } else if (open) {
      block += (markdown ? line : unescape_mdoc(line)) + "\n";
    }
  }
  if (open) end_block();
  return out;
}

// A block shows a part; what it leaves out is filled in.
std::string completed(std::string block) {
  std::string backend = "filled-in";
  if (const std::size_t at = block.find("[[backend]]"); at != std::string::npos) {
    const std::size_t name = block.find('"', block.find("name", at));
    backend = block.substr(name + 1, block.find('"', name + 1) - name - 1);
  } else {
    block += "\n[[backend]]\nname = \"filled-in\"\nplugin = \"static\"\n";
  }
  if (block.find("[[listener]]") == std::string::npos) block += "\n[[listener]]\nname = \"filled-in\"\naddress = \"unix:/tmp/filled-in.sock\"\n";
  if (block.find("[[route]]") == std::string::npos) block += "\n[[route]]\ndomains = [\"filled-in.example\"]\nlogin = [\"" + backend + "\"]\n";
  return block;
}

TEST(Examples, EveryBlockOfTheDocumentationLoads) {
  std::size_t seen = 0;
  std::vector<std::filesystem::path> pages;
  for (const char* name : {"/README.md", "/CHANGES"}) pages.emplace_back(std::string(SOURCE_DIR) + name);
  for (const char* folder : {"/broker", "/plugins", "/conf"})
    for (const auto& entry : std::filesystem::recursive_directory_iterator(std::string(SOURCE_DIR) + folder)) {
      const std::string ending = entry.path().extension();
      if (ending == ".md" || (ending.size() == 2 && ending[1] >= '1' && ending[1] <= '8')) pages.push_back(entry.path());
    }
  for (const std::filesystem::path& page : pages)
    for (const std::string& block : blocks_of(page)) {
      ++seen;
      const load_outcome out = parse_configuration(completed(block), page.filename(), "/nowhere");
      for (const config_problem& p : out.problems) ADD_FAILURE() << page << ": " << to_string(p) << "\nin\n" << block;
    }
  EXPECT_GE(seen, 6u);
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
