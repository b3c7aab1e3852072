// What `probe` hands to the daemon's program, and how it shows what comes back.
#include "tool/probe.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>

#include "tool/child.hpp"
#include "unit/base/temporary.hpp"

namespace authbroker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using std::chrono::seconds;

probe_options options(const std::string& url) {
  probe_options o;
  o.url = url;
  return o;
}

TEST(ProbeInput, OnlyWhatWasGiven) {
  const probe_input input(options("pop3s://h"), "", {}, false, secret());
  EXPECT_EQ(input.view(), "url=pop3s://h\n\n");
}

TEST(ProbeInput, Everything) {
  probe_options o = options("h");
  o.plugin = "pop3";
  o.domain = "example.com";
  o.ca_file = "/etc/../ca.pem";
  o.pin = "AAAA";
  o.server_name = "n.example";
  o.settings = {"a=1", "b=c d"};
  o.cleartext = true;
  const probe_input input(o, "ann@example.com", {"/p1", "/p2"}, true, secret("pw\xC3\xA4 "));
  EXPECT_EQ(input.view(),
            "url=h\nplugin=pop3\naddress=ann@example.com\ndomain=example.com\nca=/etc/../ca.pem\npin=AAAA\nserver-name=n.example\ncleartext=yes\nquiet=yes\nset=a=1\nset=b=c d\n"
            "plugin-dir=/p1\nplugin-dir=/p2\n\npw\xC3\xA4 ");
}

TEST(ProbeInput, AFileIsNamedFromTheRoot) {
  probe_options o = options("h");
  o.ca_file = "ca.pem";
  const probe_input input(o, "", {}, false, secret());
  EXPECT_THAT(std::string(input.view()), HasSubstr("ca=" + std::filesystem::current_path().string() + "/ca.pem\n"));
}

TEST(ProbeInput, ALineBreakCannotAddALine) {
  EXPECT_THROW(probe_input(options("h\nplugin-dir=/tmp"), "", {}, false, secret()), std::invalid_argument);
  EXPECT_THROW(probe_input(options("h"), "a\n\nb", {}, false, secret()), std::invalid_argument);
}

TEST(ProbePlugins, OfAConfigurationThatLoads) {
  const test::temporary_folder folder;
  EXPECT_THAT(plugin_dirs_in("/nonexistent.toml"), ElementsAre());
  const std::string file = folder.path() + "/authbroker.toml";
  std::ofstream(file) << "[broker]\nplugin_dirs = [\"/opt/p\"]\n[[listener]]\nname = \"l\"\nprotocol = \"http\"\naddress = \"unix:/run/l\"\n"
                         "[[backend]]\nname = \"b\"\nplugin = \"pop3\"\nupstream = [\"pop3s://h\"]\n[[route]]\ndomains = [\"*\"]\nlogin = [\"b\"]\n";
  std::filesystem::permissions(file, std::filesystem::perms::owner_read);
  EXPECT_THAT(plugin_dirs_in(file), ElementsAre("/opt/p"));
}

TEST(RenderProbe, EachPart) {
  const auto report = boost::json::parse(R"({
    "servers": [{"url":"pop3s://h:995","plugin":"pop3","works":true,"reason":null,"text":"","problems":[],"greeting":"+OK hi","tls":"TLSv1.3 X","key":"k",
                 "attributes":[{"name":"user","value":"yes"}],"trace":[{"at_us":1500,"what":"connect","text":"192.0.2.1:995"}]},
                {"url":"imaps://h:993","plugin":"imap","works":false,"reason":"upstream_down","text":"connection refused","problems":[],"greeting":"","tls":"","attributes":[],"trace":[]},
                {"url":"ldaps://h:636","plugin":"ldap","works":false,"reason":"misconfigured","text":"","problems":["base: is missing"],"greeting":"","tls":"","attributes":[],"trace":[]}],
    "logins": [{"url":"pop3s://h:995","form":"full address","login_name":"ann@example.com","verdict":"reject","reason":"wrong_password","text":"-ERR no","rule":"pass.err","after_refusal":"hangs up","trace":[]},
               {"url":"pop3s://h:995","form":"bare name","login_name":"ann","verdict":"accept","reason":null,"text":"","rule":"pass.ok","after_refusal":"unknown","trace":[]}],
    "mailboxes": [{"url":"smtp://h:25","plugin":"vrfy","settings":["methods = [\"rcpt\"]"],"invented":{"verdict":"absent","reason":null,"text":"550"},"account":{"verdict":"exists","reason":null,"text":""},"trace":[]}],
    "advice": ["Do this."], "configuration": "[[backend]]\nname = \"a\"\n"})");
  EXPECT_EQ(render_probe(report.as_object(), false),
            "pop3s://h:995 (pop3): works\n"
            "  greeting  +OK hi\n"
            "  TLS       TLSv1.3 X\n"
            "  user      yes\n"
            "imaps://h:993 (imap): upstream_down, connection refused\n"
            "ldaps://h:636 (ldap): misconfigured\n"
            "  base: is missing\n"
            "login as ann@example.com (full address): reject (wrong_password)\n"
            "  explanation  -ERR no\n"
            "  rule         pass.err\n"
            "  after it     the server hangs up\n"
            "login as ann (bare name): accept\n"
            "  rule  pass.ok\n"
            "mailboxes at smtp://h:25 (vrfy), methods = [\"rcpt\"]\n"
            "  one that nobody has  absent  550\n"
            "  the account's own    exists\n"
            "\nWhat this means:\n"
            "  - Do this.\n"
            "\nTo paste into the configuration:\n\n"
            "[[backend]]\nname = \"a\"\n");
  EXPECT_THAT(render_probe(report.as_object(), true), HasSubstr("     1.50  connect  192.0.2.1:995\n"));
}

TEST(RenderProbe, NothingAnUpstreamSaysReachesTheTerminalRaw) {
  const auto report = boost::json::parse(R"({"servers":[{"url":"x\u001b","plugin":"p","reason":"\u0007","text":"\u009b","problems":["\u001b]0;"],"greeting":"\u202e","tls":"\r","attributes":[{"name":"\b","value":"\n"}],
    "trace":[{"at_us":1,"what":"\u001b","text":"\u001b"}]}],"logins":[{"login_name":"\u001b"}],"mailboxes":[{"url":"\u001b","invented":{"verdict":"\u001b"}}],"advice":["\u001b"],"configuration":"\u001b\n"})");
  const std::string text = render_probe(report.as_object(), true);
  EXPECT_TRUE(std::all_of(text.begin(), text.end(), [](char c) { return c == '\n' || static_cast<unsigned char>(c) >= 0x20; })) << text;
  EXPECT_THAT(text, Not(HasSubstr("\xE2\x80\xAE")));
}

TEST(RenderProbe, AReportOfAnotherShapeIsNoCrash) {
  EXPECT_EQ(render_probe(boost::json::parse(R"({"servers":{"a":1},"logins":[1,null,[]],"mailboxes":"x","advice":[{}],"configuration":5})").as_object(), true), "\nWhat this means:\n");
}

// ---------------------------------------------------------------- the child

TEST(Child, InputOutputErrorAndStatus) {
  const child_result r = run_child({"/bin/sh", "-c", "cat; echo more; echo trouble >&2; exit 7"}, "in put", child_error::captured, seconds(20));
  EXPECT_EQ(r.status, 7);
  EXPECT_EQ(r.out, "in putmore\n");
  EXPECT_EQ(r.error, "trouble\n");
  EXPECT_EQ(r.trouble, "");
}

TEST(Child, OneThatDoesNotReadCostsNothing) {
  const child_result r = run_child({"/bin/true"}, std::string(64 * 1024, 'x'), child_error::captured, seconds(20));
  EXPECT_EQ(r.status, 0);
}

TEST(Child, OneThatHangsIsKilled) {
  const child_result r = run_child({"/bin/sh", "-c", "exec sleep 1000"}, "x", child_error::captured, std::chrono::milliseconds(50));
  EXPECT_EQ(r.status, -1);
  EXPECT_THAT(r.trouble, HasSubstr("still running"));
}

TEST(Child, OneThatDiesOrIsNotThere) {
  EXPECT_THAT(run_child({"/bin/sh", "-c", "kill -9 $$"}, "x", child_error::captured, seconds(20)).trouble, HasSubstr("signal 9"));
  EXPECT_NE(run_child({"/nonexistent/program"}, "x", child_error::captured, seconds(20)).trouble, "");
}

}  // namespace
}  // namespace authbroker
