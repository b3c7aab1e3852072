#include "base/secret_setting.hpp"

#include <gtest/gtest.h>

#include "unit/base/temporary.hpp"

namespace authbroker {
namespace {

using test::temporary_folder;

class SecretSetting : public testing::Test {
 protected:
  setting text(std::string value, const std::string& file) { return {std::move(value), {file, 1, 1}, false}; }
  setting table(const std::string& key, const std::string& value) {
    setting out{setting::table{}, {dir_.path() + "/main.toml", 1, 1}, false};
    std::get<setting::table>(out.value).emplace(key, setting{value, out.where, false});
    return out;
  }
  std::string read(const setting& s, const std::string& base = {}) {
    const auto out = resolve_secret(s, base);
    EXPECT_TRUE(s.read);
    return out ? "secret " + std::string(out->reveal()) : out.error().text;
  }
  temporary_folder dir_;
};

TEST_F(SecretSetting, Q_03_ATextNeedsAFileThatOthersCannotRead) {
  EXPECT_EQ(read(text("hunter2", dir_.write("main.toml", "", 0640))), "secret hunter2");
  const std::string open = dir_.write("open.toml", "", 0644);
  EXPECT_EQ(read(text("hunter2", open)), "found the secret itself in a file that everybody can read; wanted: chmod o-rwx " + open + ", or better { file = \"/path\" } or { credential = \"name\" }");
  EXPECT_EQ(read(text("hunter2", "/nowhere/x.toml")),
            "found the secret itself, and whether others can read /nowhere/x.toml is unknown (No such file or directory); wanted: { file = \"/path\" } or { credential = \"name\" }");
  EXPECT_EQ(read(text("", dir_.path() + "/main.toml")), "found an empty secret; wanted: { file = \"/path\" } or { credential = \"name\" }");
  EXPECT_EQ(read(text("a\nb", dir_.path() + "/main.toml")), "found a secret with control characters; wanted: one line of text");
  EXPECT_EQ(read(text(std::string(1025, 'x'), dir_.path() + "/main.toml")), "found a secret of 1025 bytes; wanted: at most 1024");
}

TEST_F(SecretSetting, AFileMayBeRelative) {
  dir_.write("s", "hunter2\n", 0600);
  dir_.folder("sub");
  dir_.write("sub/s", "other\n", 0600);
  EXPECT_EQ(read(table("file", dir_.path() + "/s")), "secret hunter2");
  EXPECT_EQ(read(table("file", "s")), "secret hunter2");
  EXPECT_EQ(read(table("file", "s"), dir_.path() + "/sub"), "secret other");
  EXPECT_EQ(read(table("file", "gone")), "cannot open " + dir_.path() + "/gone: No such file or directory");
}

TEST_F(SecretSetting, OtherFormsAreRefusedWithoutShowingAnything) {
  const std::string forms = "; wanted: { file = \"/path\" } or { credential = \"name\" }";
  EXPECT_EQ(read(setting{std::int64_t{5}, {}, false}), "found a whole number" + forms);
  EXPECT_EQ(read(setting{setting::table{}, {}, false}), "found a table of 0 keys" + forms);
  EXPECT_EQ(read(table("path", "hunter2")), "found the key \"path\"" + forms);
  EXPECT_EQ(read(table("file", "")), "found no name under \"file\"" + forms);
  setting two = table("file", "a");
  std::get<setting::table>(two.value).emplace("credential", setting{std::string("b"), {}, false});
  EXPECT_EQ(read(two), "found a table of 2 keys" + forms);
}

TEST_F(SecretSetting, MarksWhatItRead) {
  dir_.write("s", "hunter2\n", 0600);
  const setting s = table("file", "s");
  read(s);
  EXPECT_TRUE(std::get<setting::table>(s.value).at("file").read);
}

}  // namespace
}  // namespace authbroker
