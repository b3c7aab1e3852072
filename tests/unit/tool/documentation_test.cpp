// Every TOML block of the documentation is a configuration that loads.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "config/config.hpp"

namespace authbroker {
namespace {

TEST(Documentation, EveryTomlBlockLoads) {
  std::vector<std::filesystem::path> pages{SOURCE_DIR "/README.md"};
  for (const char* folder : {SOURCE_DIR "/broker/doc", SOURCE_DIR "/bench"})
    if (std::filesystem::exists(folder))
      for (const auto& entry : std::filesystem::directory_iterator(folder))
        if (entry.path().extension() == ".md") pages.push_back(entry.path());
  std::size_t blocks = 0;
  for (const auto& page : pages) {
    std::ostringstream whole;
    whole << std::ifstream(page).rdbuf();
    const std::string text = whole.str(), open = "\n```toml\n";
    for (std::size_t at = text.find(open); at != std::string::npos; at = text.find(open, at + 1)) {
      const std::size_t begin = at + open.size();
      const load_outcome loaded = parse_configuration(text.substr(begin, text.find("\n```", begin) + 1 - begin), page.filename(), "/");
      for (const config_problem& p : loaded.problems) ADD_FAILURE() << to_string(p);
      EXPECT_TRUE(loaded.config);
      ++blocks;
    }
  }
  EXPECT_GE(blocks, 2u);
}

}  // namespace
}  // namespace authbroker
