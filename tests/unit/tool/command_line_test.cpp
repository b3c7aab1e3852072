// The program itself: its exit statuses, what it prints where, and the password prompt on a terminal.
#include <crypt.h>
#include <gmock/gmock.h>
#include <pty.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "unit/tool/fake_daemon.hpp"

namespace authbroker {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::fake_daemon;
using testing::temporary_folder;

struct ended {
  int status = -1;
  std::string out, error;
};

std::string contents(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// `words` must need no quoting.
ended run(const std::string& words, const std::string& input = "") {
  const temporary_folder folder;
  std::ofstream(folder.file("in")) << input;
  const std::string command = TOOL " " + words + " <" + folder.file("in") + " >" + folder.file("out") + " 2>" + folder.file("err");
  const int status = std::system(command.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, contents(folder.file("out")), contents(folder.file("err"))};
}

std::string answer(const std::string& verdict) { return fake_daemon::http(200, R"({"answer":{"verdict":")" + verdict + R"("},"trace":[],"advice":[]})"); }

TEST(CommandLine, WrongUsageIsTwo) {
  for (const char* words : {"", "frobnicate", "test", "test login", "test mailbox", "explain", "why", "status --nonsense", "test login a@b c@d --password-stdin"})
    EXPECT_EQ(run(words).status, 2) << words;
}

TEST(CommandLine, AnUnknownCommandIsToldWithTheNearest) {
  EXPECT_THAT(run("statsu").error, HasSubstr("no such command \"statsu\"; did you mean status?"));
  EXPECT_THAT(run("--json --config /x test mialbox a@b").error, HasSubstr("no such command \"mialbox\"; did you mean mailbox?"));
  const ended e = run("frobnicate --help");
  EXPECT_EQ(e.status, 2);
  EXPECT_THAT(e.error, HasSubstr("no such command \"frobnicate\"; there are check-config, test, "));
}

TEST(CommandLine, AWordTooManyIsNotRepeatedWhereItMayBeAPassword) {
  for (const char* words : {"test login ann@example.com hunter2", "test login ann@example.com --password hunter2", "hash-password hunter2", "probe pop3s://h ann@example.com hunter2"}) {
    const ended e = run(words);
    EXPECT_EQ(e.status, 2) << words;
    EXPECT_THAT(e.error, HasSubstr("--password-stdin")) << words;
    EXPECT_THAT(e.out + e.error, Not(HasSubstr("hunter2"))) << words;
  }
  EXPECT_THAT(run("status hunter2").error, HasSubstr("hunter2"));
}

TEST(CommandLine, AConfigurationThatWasNamedMustBeThere) {
  const ended e = run("--config /nonexistent/a.toml status");
  EXPECT_EQ(e.status, 78);
  EXPECT_THAT(e.error, HasSubstr("cannot read /nonexistent/a.toml"));
  const fake_daemon daemon(fake_daemon::http(200, R"({"version":"0.1.0","pid":1})"));
  EXPECT_EQ(run("--config /nonexistent/a.toml --json status --socket " + daemon.path()).status, 0);
}

TEST(CommandLine, HelpAndVersionAreZero) {
  EXPECT_EQ(run("--help").status, 0);
  EXPECT_EQ(run("test login --help").status, 0);
  EXPECT_THAT(run("test login --help").out, ::testing::AllOf(HasSubstr("--config"), HasSubstr("--socket"), HasSubstr("--json"), HasSubstr("--client")));
  const ended version = run("--version");
  EXPECT_EQ(version.status, 0);
  EXPECT_THAT(version.out, ::testing::StartsWith("authbroker 0."));
}

TEST(CommandLine, AnUnreachableDaemonIsATempfail) {
  const ended e = run("--socket /tmp/ab.none/admin.sock status");
  EXPECT_EQ(e.status, 75);
  EXPECT_EQ(e.out, "");
  EXPECT_THAT(e.error, HasSubstr("authbroker: cannot reach the daemon at /tmp/ab.none/admin.sock"));
}

TEST(CommandLine, TheExitStatusIsTheVerdict) {
  const std::pair<const char*, int> rows[] = {{"accept", 0}, {"reject", 1}, {"no_route", 1}, {"exists", 0}, {"absent", 1}, {"unverifiable", 3}, {"tempfail", 75}, {"nonsense", 75}};
  for (const auto& [verdict, status] : rows) {
    const fake_daemon daemon(answer(verdict));
    EXPECT_EQ(run("--socket " + daemon.path() + " test mailbox ann@example.com").status, status) << verdict;
    EXPECT_EQ(run("--socket " + daemon.path() + " --json test login ann@example.com --password-stdin", "pw\n").status, status) << verdict;
  }
}

TEST(CommandLine, ThePasswordOfStandardInputIsItsFirstLine) {
  const fake_daemon daemon(answer("accept"));
  run("--socket " + daemon.path() + " test login ann@example.com --password-stdin --client 203.0.113.7", "a \"b\"\\\tc\nrest\n");
  EXPECT_THAT(daemon.request(), HasSubstr(R"({"kind":"login","address":"ann@example.com","password":"a \"b\"\\\u0009c","client":"203.0.113.7"})"));
}

TEST(CommandLine, TheClientIsAnAddress) {
  const fake_daemon daemon(answer("exists"));
  const ended e = run("--socket " + daemon.path() + " test mailbox a@b --client nonsense");
  EXPECT_EQ(e.status, 2);
  EXPECT_THAT(e.error, HasSubstr("--client \"nonsense\" is no IP address"));
  EXPECT_EQ(daemon.request(), "");
  EXPECT_EQ(run("--socket " + daemon.path() + " test mailbox a@b --client 2001:db8::1").status, 0);
}

TEST(CommandLine, APasswordThatIsTooLongOrNotTextIsRefused) {
  const fake_daemon daemon(answer("accept"));
  EXPECT_EQ(run("--socket " + daemon.path() + " test login a@b --password-stdin", std::string(1025, 'x')).status, 2);
  EXPECT_EQ(run("--socket " + daemon.path() + " test login a@b --password-stdin", "\xFF\n").status, 2);
  EXPECT_EQ(daemon.request(), "");
  EXPECT_EQ(run("--socket " + daemon.path() + " test login a@b --password-stdin", std::string(1024, 'x')).status, 0);
}

TEST(CommandLine, JsonIsTheDaemonsReply) {
  const fake_daemon daemon(fake_daemon::http(200, R"({"version":"0.1.0","pid":1})"));
  EXPECT_EQ(run("status --json --socket " + daemon.path()).out, "{\"version\":\"0.1.0\",\"pid\":1}\n");
}

TEST(CommandLine, ARefusedReloadShowsTheProblemsAndIs78) {
  const fake_daemon daemon(fake_daemon::http(200, R"({"ok":false,"problems":["a.toml:3:1: route: bad"]})"));
  const ended e = run("--socket " + daemon.path() + " reload");
  EXPECT_EQ(e.status, 78);
  EXPECT_THAT(e.error, HasSubstr("a.toml:3:1: route: bad"));
}

TEST(CommandLine, AReloadWithoutAClearYesIsNoSuccess) {
  for (const char* body : {"{}", R"({"ok":1})", R"({"ok":"true"})", "[]"}) {
    const fake_daemon daemon(fake_daemon::http(200, body));
    EXPECT_EQ(run("--socket " + daemon.path() + " reload").status, 78) << body;
  }
}

TEST(CommandLine, WhyWithoutAMemoryIsNo) {
  const fake_daemon daemon(fake_daemon::http(404, R"({"error":"unknown_id"})"));
  const ended e = run("--socket " + daemon.path() + " why abc");
  EXPECT_EQ(e.status, 1);
  EXPECT_THAT(e.error, HasSubstr("remembers no decision abc"));
}

TEST(CommandLine, HashPasswordMakesAHashThatFitsAndNeverTheSameTwice) {
  const ended e = run("hash-password --password-stdin --scheme sha512crypt", "s3cret\n");
  ASSERT_EQ(e.status, 0) << e.error;
  const std::string hash = e.out.substr(0, e.out.find('\n'));
  EXPECT_THAT(hash, ::testing::StartsWith("$6$"));
  EXPECT_NE(::crypt_checksalt(hash.c_str()), CRYPT_SALT_INVALID);  // also makes the linker keep libcrypt beside ASan's crypt_r
  crypt_data room{};
  EXPECT_STREQ(::crypt_r("s3cret", hash.c_str(), &room), hash.c_str());
  EXPECT_NE(run("hash-password --password-stdin --scheme sha512crypt", "s3cret\n").out, e.out);
  EXPECT_THAT(run("hash-password --password-stdin", "s3cret\n").out, ::testing::StartsWith("$y$"));
  EXPECT_THAT(run("hash-password --password-stdin --scheme bcrypt", "s3cret\n").out, ::testing::StartsWith("$2b$12$"));
  EXPECT_THAT(run("hash-password --password-stdin --scheme bcrypt --cost 6", "s3cret\n").out, ::testing::StartsWith("$2b$06$"));
  const ended costly = run("hash-password --password-stdin --scheme bcrypt --cost 99", "s3cret\n");
  EXPECT_EQ(costly.status, 2);
  EXPECT_THAT(costly.error, HasSubstr("bcrypt has no cost of 99"));
  EXPECT_EQ(run("hash-password --password-stdin --scheme rot13", "s3cret\n").status, 2);
  EXPECT_EQ(run("hash-password --password-stdin", "\n").status, 2);
}

TEST(CommandLine, CheckConfigComplainsOnStandardErrorAndIs78) {
  const temporary_folder folder;
  std::ofstream(folder.file("a.toml")) << "[[route]]\ndomains = 3\n";
  const ended e = run("--config " + folder.file("a.toml") + " check-config");
  EXPECT_EQ(e.status, 78);
  EXPECT_EQ(e.out, "");
  EXPECT_THAT(e.error, HasSubstr(folder.file("a.toml") + ":2:"));
  const ended j = run("--config " + folder.file("a.toml") + " check-config --json");
  EXPECT_EQ(j.status, 78);
  EXPECT_THAT(j.out, HasSubstr("\"ok\":false"));
}

// Reads from a terminal until `wanted` was seen, or the program has ended.
std::string read_until(int fd, const std::string& wanted) {
  std::string got;
  char c = 0;
  while (got.find(wanted) == std::string::npos && ::read(fd, &c, 1) == 1) got += c;
  return got;
}

struct on_terminal {
  int fd = -1;
  pid_t pid = -1;
  explicit on_terminal(const std::string& socket) {
    pid = ::forkpty(&fd, nullptr, nullptr, nullptr);
    if (pid == 0) {
      ::execl(TOOL, TOOL, "--socket", socket.c_str(), "test", "login", "ann@example.com", static_cast<char*>(nullptr));
      ::_exit(127);
    }
  }
  int wait() {
    int status = 0;
    ::waitpid(pid, &status, 0);
    ::close(fd);
    return status;
  }
};

TEST(Prompt, ThePasswordIsNotEchoed) {
  const fake_daemon daemon(answer("accept"));
  on_terminal t(daemon.path());
  EXPECT_THAT(read_until(t.fd, ": "), HasSubstr("Password for ann@example.com: "));
  termios mode{};
  ASSERT_EQ(::tcgetattr(t.fd, &mode), 0);
  EXPECT_EQ(mode.c_lflag & static_cast<tcflag_t>(ECHO), 0u);
  ASSERT_EQ(::write(t.fd, "s3cret\n", 7), 7);
  const std::string rest = read_until(t.fd, "accept");
  EXPECT_THAT(rest, Not(HasSubstr("s3cret")));
  EXPECT_EQ(t.wait(), 0);
  EXPECT_THAT(daemon.request(), HasSubstr(R"("password":"s3cret")"));
}

TEST(Prompt, AnInterruptGivesTheEchoBack) {
  const fake_daemon daemon(answer("accept"));
  on_terminal t(daemon.path());
  read_until(t.fd, ": ");
  ASSERT_EQ(::write(t.fd, "\x03", 1), 1);  // Ctrl-C
  int status = 0;
  ASSERT_EQ(::waitpid(t.pid, &status, 0), t.pid);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
  termios mode{};
  ASSERT_EQ(::tcgetattr(t.fd, &mode), 0);
  EXPECT_NE(mode.c_lflag & static_cast<tcflag_t>(ECHO), 0u);
  ::close(t.fd);
  EXPECT_EQ(daemon.request(), "");
}

}  // namespace
}  // namespace authbroker
