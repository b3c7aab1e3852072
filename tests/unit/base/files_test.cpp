#include "base/files.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "unit/base/temporary.hpp"

namespace authbroker {
namespace {

using test::temporary_folder;

class Files : public testing::Test {
 protected:
  std::string fault(const std::string& path, file_rule rule) {
    const auto fd = open_checked(path, rule);
    if (!fd) return fd.error().text;
    EXPECT_NE(fcntl(*fd, F_GETFD) & FD_CLOEXEC, 0);
    close(*fd);
    return "";
  }
  temporary_folder dir_;
};

TEST_F(Files, TrustDependsOnModeByMode) {
  for (mode_t mode = 0; mode < 01000; ++mode) {
    const std::string path = dir_.write("f", "x", mode);
    const bool readable = geteuid() == 0 || (mode & 0400) != 0;
    EXPECT_EQ(fault(path, file_rule::trusted).empty(), readable && (mode & 022) == 0) << std::oct << mode;
    EXPECT_EQ(fault(path, file_rule::secret).empty(), readable && (mode & 022) == 0 && (mode & 007) == 0) << std::oct << mode;
    unlink(path.c_str());
  }
}

TEST_F(Files, TheWordsSayWhatToDo) {
  const std::string open = dir_.write("open", "x", 0664);
  EXPECT_EQ(fault(open, file_rule::trusted), open + " has mode 0664, which lets others change it; wanted: chmod go-w " + open);
  const std::string shown = dir_.write("shown", "x", 0644);
  EXPECT_EQ(fault(shown, file_rule::secret), shown + " has mode 0644, which lets everybody read a secret; wanted: chmod o-rwx " + shown);
  EXPECT_EQ(fault(dir_.path() + "/gone", file_rule::trusted), "cannot open " + dir_.path() + "/gone: No such file or directory");
  EXPECT_EQ(fault(dir_.path(), file_rule::trusted), dir_.path() + " is not an ordinary file");
}

TEST_F(Files, WhoOwnsAFileMatters) {
  if (geteuid() != 0) {
    // Only root can give files away; an ordinary user finds one of somebody else's in /etc only, and root's is fine.
    EXPECT_EQ(fault("/etc/passwd", file_rule::trusted), "");
    return;
  }
  const std::string path = dir_.write("theirs", "x", 0600);
  ASSERT_EQ(chown(path.c_str(), 65534, 0), 0);
  EXPECT_EQ(fault(path, file_rule::trusted), path + " is owned by uid 65534; wanted: root, as whom this runs (chown it)");
  const std::string dir = dir_.folder("dir");
  const std::string inside = dir_.write("dir/f", "x", 0600);
  ASSERT_EQ(chown(dir.c_str(), 65534, 0), 0);
  EXPECT_EQ(fault(inside, file_rule::trusted), "the directory " + dir + " is owned by uid 65534; wanted: root, as whom this runs (chown it)");
}

TEST_F(Files, P_01_Q_04_ADirectoryAboveThatOthersMayWriteIsRefused) {
  const std::string dir = dir_.folder("open", 0777);
  const std::string below = dir_.folder("open/below");
  const std::string path = dir_.write("open/below/f", "x");
  EXPECT_EQ(fault(path, file_rule::trusted), "the directory " + dir + " has mode 0777, which lets others change it; wanted: chmod go-w " + dir);
}

TEST_F(Files, J_03_Q_04_ALinkIsJudgedByWhereItLeads) {  // J-03, Q-04
  const std::string good = dir_.write("good", "x");
  const std::string bad = dir_.write("bad", "x", 0666);
  const std::string link = dir_.path() + "/link";
  ASSERT_EQ(symlink(good.c_str(), link.c_str()), 0);
  EXPECT_EQ(fault(link, file_rule::trusted), "");
  unlink(link.c_str());
  ASSERT_EQ(symlink(bad.c_str(), link.c_str()), 0);
  EXPECT_NE(fault(link, file_rule::trusted), "");
  dir_.folder("open", 0777);
  unlink(link.c_str());
  const std::string exposed = dir_.write("open/f", "x");
  ASSERT_EQ(symlink(exposed.c_str(), link.c_str()), 0);
  EXPECT_NE(fault(link, file_rule::trusted), "");
}

TEST_F(Files, APipeDoesNotHang) {
  const std::string path = dir_.path() + "/pipe";
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(fault(path, file_rule::trusted), path + " is not an ordinary file");
}

TEST_F(Files, ReadsUpToALimit) {
  const std::string path = dir_.write("f", std::string(10'000, 'x'));
  EXPECT_EQ(read_checked(path, file_rule::trusted, 10'000)->size(), 10'000u);
  EXPECT_EQ(read_checked(path, file_rule::trusted, 9'999).error().text, path + " is longer than 9999 bytes");
  EXPECT_EQ(*read_checked(dir_.write("empty", ""), file_rule::trusted, 10), "");
}

TEST_F(Files, ASecretIsOneLine) {
  const auto read = [this](std::string_view contents) {
    const auto s = read_secret_file(dir_.write("s", contents, 0600));
    return s ? "secret " + std::string(s->reveal()) : s.error().text;
  };
  const std::string path = dir_.path() + "/s";
  EXPECT_EQ(read("hunter2"), "secret hunter2");
  EXPECT_EQ(read("hunter2\n"), "secret hunter2");
  EXPECT_EQ(read("hunter2\r\n"), "secret hunter2");
  EXPECT_EQ(read(" hunter2 \n"), "secret  hunter2 ");
  EXPECT_EQ(read(""), path + " is empty; wanted: the secret on one line");
  EXPECT_EQ(read("\n"), path + " is empty; wanted: the secret on one line");
  EXPECT_EQ(read("a\nb\n"), path + " holds more than one line, or a NUL; wanted: the secret on one line");
  EXPECT_EQ(read(std::string_view("a\0b", 3)), path + " holds more than one line, or a NUL; wanted: the secret on one line");
  EXPECT_EQ(read(std::string(password_bytes_max + 1, 'x')), path + " is longer than 1024 bytes");
}

TEST_F(Files, CredentialsComeFromSystemdsDirectory) {
  dir_.write("reader", "hunter2", 0400);
  unsetenv("CREDENTIALS_DIRECTORY");
  EXPECT_NE(read_credential("reader").error().text.find("LoadCredential=reader:"), std::string::npos);
  setenv("CREDENTIALS_DIRECTORY", dir_.path().c_str(), 1);
  EXPECT_EQ(read_credential("reader")->reveal(), "hunter2");
  for (const std::string name : {"", ".", "..", "../reader", "a/b"}) EXPECT_FALSE(read_credential(name)) << name;
  unsetenv("CREDENTIALS_DIRECTORY");
}

}  // namespace
}  // namespace authbroker
