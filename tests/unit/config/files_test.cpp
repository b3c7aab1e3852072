// What needs files: includes, trust, tokens, certificates, lists of domains.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "unit/base/temporary.hpp"
#include "unit/config/dump.hpp"

namespace authbroker::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* listener = "[[listener]]\nname = \"portal\"\naddress = \"unix:/tmp/http.sock\"\n";
constexpr const char* backend = "[[backend]]\nname = \"mail1\"\nplugin = \"static\"\n";
constexpr const char* route = "[[route]]\ndomains = [\"example.com\"]\nlogin = [\"mail1\"]\n";

class ConfigFiles : public testing::Test {
 protected:
  std::vector<std::string> problems(const std::string& file) {
    std::vector<std::string> out;
    for (const config_problem& p : load_configuration(file).problems) {
      std::string line = to_string(p);
      for (std::size_t at = line.find(dir_.path()); at != std::string::npos; at = line.find(dir_.path())) line.replace(at, dir_.path().size(), "DIR");
      out.push_back(line);
    }
    return out;
  }
  configuration loaded(const std::string& file) {
    load_outcome out = load_configuration(file);
    for (const config_problem& p : out.problems) ADD_FAILURE() << to_string(p);
    if (!out.config) throw std::runtime_error("no configuration");
    return std::move(*out.config);
  }
  temporary_folder dir_;
};

TEST_F(ConfigFiles, IncludedTablesContinueTheLists) {
  dir_.folder("conf.d");
  const std::string main = dir_.write("main.toml", std::string("include = [\"conf.d/*.toml\"]\n[broker]\nworkers = 2\n") + listener);
  dir_.write("conf.d/20-b.toml", std::string("[[route]]\ndomains = [\"b.example\"]\nlogin = [\"mail1\"]\n[broker]\nblocking_threads = 3\n"));
  dir_.write("conf.d/10-a.toml", std::string(backend) + "[[route]]\ndomains = [\"a.example\"]\nlogin = [\"mail1\"]\n");
  dir_.write("conf.d/ignored.txt", "not toml");
  const configuration c = loaded(main);
  ASSERT_EQ(c.routes.size(), 2u);
  EXPECT_EQ(c.routes[0].name, "a.example");
  EXPECT_EQ(c.routes[1].name, "b.example");
  EXPECT_EQ(c.routes[1].where.file, dir_.path() + "/conf.d/20-b.toml");
  EXPECT_EQ(c.broker.workers, 2u);
  EXPECT_EQ(c.broker.blocking_threads, 3u);
}

TEST_F(ConfigFiles, APatternInADirectoryThatIsNotThereIsToldBesideWhatItLeads) {
  dir_.folder("conf.d");
  const load_outcome typo = load_configuration(dir_.write("typo.toml", "include = [\"confd/*.toml\"]\n"), {});
  EXPECT_EQ(typo.problems.size(), 3u);  // no listener, no backend, no route
  ASSERT_EQ(typo.warnings.size(), 1u);
  EXPECT_EQ(typo.warnings[0].what, "\"confd/*.toml\" matches no file");
  const load_outcome empty = load_configuration(dir_.write("empty.toml", std::string("include = [\"conf.d/*.toml\", \"*.d/*.toml\"]\n") + listener), {});
  EXPECT_EQ(empty.problems.size(), 2u);
  EXPECT_TRUE(empty.warnings.empty());
}

TEST_F(ConfigFiles, AKeySetInTwoFilesIsAnError) {
  const std::string main = dir_.write("main.toml", std::string("include = [\"more.toml\"]\n[broker]\nworkers = 2\n") + listener + backend + route);
  dir_.write("more.toml", "broker.workers = 3\nlog.level = \"info\"\n");
  EXPECT_THAT(problems(main), ElementsAre("DIR/more.toml:1:18: broker.workers: is set twice, first at DIR/main.toml:3:11; wanted: once"));
}

TEST_F(ConfigFiles, IncludesThatCannotServeAreErrors) {
  const std::string main = dir_.write("main.toml", std::string("include = [\"gone.toml\", \"none-*.toml\", \"open.toml\", \"deep.toml\", \"bad.toml\"]\n") + listener + backend + route);
  dir_.write("open.toml", "", 0666);
  dir_.write("deep.toml", "include = [\"main.toml\"]\n");
  dir_.write("bad.toml", "[[[\n");
  const std::vector<std::string> found = problems(main);
  ASSERT_EQ(found.size(), 4u);
  EXPECT_EQ(found[0], "DIR/main.toml:1:12: include: found \"gone.toml\", which is not there; wanted: a file, or a pattern such as \"conf.d/*.toml\"");
  EXPECT_EQ(found[1], "DIR/main.toml:1:40: include: DIR/open.toml has mode 0666, which lets others change it; wanted: chmod go-w DIR/open.toml");
  EXPECT_THAT(found[2], HasSubstr("DIR/bad.toml:1:3: is not TOML: "));
  EXPECT_EQ(found[3], "DIR/deep.toml:1:11: include: is read in the main file only; wanted: all patterns there");
}

TEST_F(ConfigFiles, Q_04_AConfigurationThatOthersMayWriteIsRefused) {
  const std::string open = dir_.write("open.toml", std::string(listener) + backend + route, 0620);
  EXPECT_THAT(problems(open), ElementsAre("DIR/open.toml: DIR/open.toml has mode 0620, which lets others change it; wanted: chmod go-w DIR/open.toml"));
  EXPECT_THAT(problems(dir_.path() + "/gone.toml"), ElementsAre("DIR/gone.toml: cannot open DIR/gone.toml: No such file or directory"));
}

TEST_F(ConfigFiles, ATokenComesFromAFile) {
  dir_.write("token", "s3cret-token\n", 0600);
  dir_.write("open-token", "s3cret-token\n", 0644);
  dir_.write("spaced", "two words\n", 0600);
  const auto text = [](const std::string& token) { return "[[listener]]\nname = \"portal\"\naddress = \"tcp:127.0.0.1:8089\"\ntoken = " + token + "\n" + backend + route; };
  const configuration c = loaded(dir_.write("main.toml", text("{ file = \"token\" }")));
  ASSERT_TRUE(c.listeners[0].token);
  EXPECT_EQ(c.listeners[0].token->reveal(), "s3cret-token");
  EXPECT_FALSE(loaded(dir_.write("main.toml", text("{ file = \"\" }"))).listeners[0].token);
  EXPECT_THAT(problems(dir_.write("main.toml", text("{ file = \"token\" }\nprotocol = \"dovecot-auth\""))),
              ElementsAre("DIR/main.toml:4:9: listener.portal.token: callers of this protocol cannot bear one; wanted: a Unix socket with peers, or no token"));
  EXPECT_THAT(problems(dir_.write("main.toml", text("{ file = \"open-token\" }"))),
              ElementsAre("DIR/main.toml:4:9: listener.portal.token: DIR/open-token has mode 0644, which lets everybody read a secret; wanted: chmod o-rwx DIR/open-token"));
  EXPECT_THAT(problems(dir_.write("main.toml", text("{ file = \"spaced\" }"))),
              ElementsAre("DIR/main.toml:4:9: listener.portal.token: found a token with spaces or other than ASCII; wanted: printable ASCII"));
}

TEST_F(ConfigFiles, Q_03_ATokenAsTextNeedsAFileThatOthersCannotRead) {
  const std::string text = std::string(listener) + "token = \"s3cret-token\"\n" + backend + route;
  EXPECT_EQ(loaded(dir_.write("main.toml", text, 0640)).listeners[0].token->reveal(), "s3cret-token");
  const std::vector<std::string> found = problems(dir_.write("main.toml", text, 0644));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0], "DIR/main.toml:4:9: listener.portal.token: found the secret itself in a file that everybody can read; wanted: chmod o-rwx DIR/main.toml, or better { file = "
                      "\"/path\" } or { credential = \"name\" }");
}

TEST_F(ConfigFiles, ATokenFromSystemd) {
  dir_.write("api-token", "s3cret-token", 0400);
  setenv("CREDENTIALS_DIRECTORY", dir_.path().c_str(), 1);
  const std::string main = dir_.write("main.toml", std::string(listener) + "token = { credential = \"api-token\" }\n" + backend + route);
  EXPECT_EQ(loaded(main).listeners[0].token->reveal(), "s3cret-token");
  unsetenv("CREDENTIALS_DIRECTORY");
  EXPECT_THAT(problems(main), ElementsAre(HasSubstr("listener.portal.token: the credential \"api-token\" is asked for, but systemd passed no credentials")));
}

TEST_F(ConfigFiles, CertificatesAndKeysMustBeThereAndKeysPrivate) {
  dir_.write("ca.pem", "x");
  dir_.write("cert.pem", "x");
  dir_.write("key.pem", "x", 0600);
  dir_.write("open-key.pem", "x", 0644);
  const auto text = [](const std::string& tls) {
    return std::string(listener) + "[[backend]]\nname = \"mail1\"\nplugin = \"pop3\"\nupstream = [\"pop3s://mail.example.com\"]\ntls = { " + tls + " }\n" + route;
  };
  const configuration c = loaded(dir_.write("main.toml", text("ca_file = \"ca.pem\", client_cert = \"cert.pem\", client_key = \"key.pem\"")));
  EXPECT_EQ(c.backends[0].tls.ca_file, dir_.path() + "/ca.pem");
  EXPECT_EQ(c.backends[0].tls.client_cert, dir_.path() + "/cert.pem");
  EXPECT_EQ(c.backends[0].tls.client_key, dir_.path() + "/key.pem");
  EXPECT_THAT(problems(dir_.write("main.toml", text("client_cert = \"cert.pem\", client_key = \"open-key.pem\""))),
              ElementsAre("DIR/main.toml:8:48: backend.mail1.tls.client_key: DIR/open-key.pem has mode 0644, which lets everybody read a secret; wanted: chmod o-rwx DIR/open-key.pem"));
  EXPECT_THAT(problems(dir_.write("main.toml", text("client_cert = \"cert.pem\""))),
              ElementsAre("DIR/main.toml:8:23: backend.mail1.tls.client_cert: found \"cert.pem\"; wanted: client_cert and client_key together"));
}

TEST_F(ConfigFiles, DomainsFromAFile) {
  dir_.write("domains.txt", "# ours\nexample.com\n\n  *.Example.ORG  # all of them\r\n");
  const auto text = std::string(listener) + backend + "[[route]]\ndomains = { file = \"domains.txt\" }\nlogin = [\"mail1\"]\n";
  const std::string main = dir_.write("main.toml", text);
  EXPECT_THAT(loaded(main).routes[0].domains, ElementsAre("example.com", "*.example.org"));
  EXPECT_EQ(loaded(main).routes[0].name, "example.com");
  dir_.write("domains.txt", "example.com\nexa mple\n");
  EXPECT_THAT(problems(main), ElementsAre("DIR/domains.txt:2:1: route[1].domains: found \"exa mple\"; wanted: a domain, \"*.suffix\" or \"*\""));
  dir_.write("domains.txt", "# none\n");
  EXPECT_THAT(problems(main), ElementsAre("DIR/main.toml:8:20: route[1].domains.file: found no domain in DIR/domains.txt; wanted: one a line"));
}

TEST_F(ConfigFiles, RelativePathsStartAtTheFileThatNamesThem) {
  dir_.folder("conf.d");
  dir_.write("conf.d/domains.txt", "example.com\n");
  const std::string main = dir_.write("main.toml", std::string("include = [\"conf.d/*.toml\"]\nbroker.state_dir = \"state\"\n") + listener + backend);
  dir_.write("conf.d/r.toml", "[[route]]\ndomains = { file = \"domains.txt\" }\nlogin = [\"mail1\"]\n");
  const configuration c = loaded(main);
  EXPECT_THAT(c.routes[0].domains, ElementsAre("example.com"));
  EXPECT_EQ(c.broker.state_dir, dir_.path() + "/state");
}

}  // namespace
}  // namespace authbroker::test
