#include "tool/check_config.hpp"

#include <gmock/gmock.h>

#include <fstream>

#include "unit/tool/fake_daemon.hpp"

namespace authbroker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class CheckConfig : public ::testing::Test {
 protected:
  std::string write(const std::string& text) {
    const std::string path = folder_.file("authbroker.toml");
    std::ofstream(path) << text;
    return path;
  }
  static constexpr const char* good =
      "[broker]\nadmin_socket = \"/tmp/x/admin.sock\"\n"
      "[[listener]]\nname = \"portal\"\nprotocol = \"http\"\naddress = \"unix:/tmp/x/http.sock\"\n"
      "[[backend]]\nname = \"people\"\nplugin = \"static\"\n"
      "[[route]]\ndomains = [\"example.com\"]\nlogin = [\"people\"]\n";
  testing::temporary_folder folder_;
};

TEST_F(CheckConfig, CountsWhatAGoodFileHolds) {
  const check_outcome outcome = check_config(write(good), false);
  EXPECT_TRUE(outcome.problems.empty() || outcome.plugins_checked) << outcome.problems[0];
  EXPECT_EQ(outcome.summary, "1 listener, 1 backend, 1 route");
}

TEST_F(CheckConfig, ListsEveryProblemWithItsPlace) {
  const std::string path = write(std::string(good) + "logn = [\"people\"]\nmailbox = [\"nobody\"]\n");
  const check_outcome outcome = check_config(path, false);
  EXPECT_FALSE(outcome.ok);
  EXPECT_THAT(outcome.problems, ::testing::Contains(HasSubstr(path + ":13:8: ")));
  EXPECT_THAT(outcome.problems, ::testing::Contains(HasSubstr("nobody")));
}

TEST_F(CheckConfig, NamesAMissingGroup) {
  std::string text = good;
  text.insert(text.find("[[backend]]"), "group = \"no-such-group-here\"\n");
  const check_outcome outcome = check_config(write(text), false);
  EXPECT_FALSE(outcome.ok);
  EXPECT_THAT(outcome.problems, ElementsAre(HasSubstr(":7:9: listener.portal.group: found \"no-such-group-here\"")));
}

TEST_F(CheckConfig, AMissingFileIsAProblem) {
  const check_outcome outcome = check_config(folder_.file("none.toml"), false);
  EXPECT_FALSE(outcome.ok);
  EXPECT_THAT(outcome.problems, ElementsAre(HasSubstr("none.toml")));
}

TEST_F(CheckConfig, TheAdminSocketIsFoundEvenInABrokenFile) {
  EXPECT_EQ(admin_socket_in(write(good)), "/tmp/x/admin.sock");
  EXPECT_EQ(admin_socket_in(write(std::string(good) + "nonsense = [\n")), "/tmp/x/admin.sock");
  EXPECT_EQ(admin_socket_in(write("[broker]\n  admin_socket='/tmp/y.sock' # here\nbad")), "/tmp/y.sock");
  EXPECT_EQ(admin_socket_in(write("[broker]\nadmin_socket = 3\n")), "");
  EXPECT_EQ(admin_socket_in(folder_.file("none.toml")), "");
}

}  // namespace
}  // namespace authbroker
