#include "tool/render.hpp"

#include <boost/json/parse.hpp>
#include <gmock/gmock.h>

#include "base/verdict.hpp"

namespace authbroker {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

boost::json::object parse(const char* text) { return boost::json::parse(text).as_object(); }

TEST(ExitCode, FollowsEveryVerdict) {
  for (const verdict_row& row : verdict_table()) {
    const exit_code code = exit_code_for(name(row.what));
    switch (row.what) {
      case verdict::accept: case verdict::exists: EXPECT_EQ(code, exit_code::yes); break;
      case verdict::reject: case verdict::absent: case verdict::no_route: EXPECT_EQ(code, exit_code::no); break;
      case verdict::unverifiable: EXPECT_EQ(code, exit_code::unverifiable); break;
      case verdict::tempfail: EXPECT_EQ(code, exit_code::tempfail); break;
    }
  }
}

TEST(ExitCode, WhatIsNoVerdictIsATempfail) {
  for (const char* word : {"", "ACCEPT", "accepted", "yes", "ok", "none"}) EXPECT_EQ(exit_code_for(word), exit_code::tempfail) << word;
}

TEST(RenderTest, ShowsAnswerTranscriptAndAdvice) {
  const std::string text = render_test(parse(R"({
    "answer": {"verdict":"reject","reason":"wrong_password","identity":"ann@example.com","login_name":"ann","route":"example.com","backend":"mail1",
               "upstream":"mail1.example.com:110","rule":"pass.err","text":"The address or the password is not right.","operator_text":"-ERR no",
               "cached":false,"elapsed_ms":12,"id":"7f"},
    "trace": [{"at_us":120,"what":"route","text":"example.com"},{"at_us":11034,"what":">","text":"PASS ***"}],
    "advice": ["Try strip_domain = false."]})"));
  EXPECT_EQ(text,
            "reject (wrong_password)  ann@example.com\n"
            "  text         The address or the password is not right.\n"
            "  explanation  -ERR no\n"
            "  route        example.com\n"
            "  login name   ann\n"
            "  backend      mail1\n"
            "  upstream     mail1.example.com:110\n"
            "  rule         pass.err\n"
            "  time         12 ms\n"
            "  id           7f\n"
            "\n"
            "         ms  stage\n"
            "       0.12  route  example.com\n"
            "      11.03  >      PASS ***\n"
            "\n"
            "What to try next:\n"
            "  - Try strip_domain = false.\n");
}

TEST(RenderTest, AMissingAnswerIsATempfail) { EXPECT_THAT(render_test({}), HasSubstr("tempfail (internal)")); }

TEST(RenderTest, MembersOfOtherTypesAreLeftOut) {
  const std::string text = render_test(parse(R"({"answer":{"verdict":["accept"],"identity":{"a":1},"route":null,"elapsed_ms":"x","attributes":[1]},"trace":{"a":1},"advice":[{}, 3]})"));
  EXPECT_THAT(text, HasSubstr("What to try next"));
  EXPECT_THAT(text, Not(HasSubstr("route")));
}

TEST(RenderTest, UpstreamWordsCannotMoveTheCursor) {
  const std::string text = render_test(parse(R"({"answer":{"verdict":"accept","notice":"\u001b[2Jhi\u202e"},"trace":[{"at_us":1,"what":"<","text":"\u0007+OK\u009b"}],"advice":["\u001b"]})"));
  for (const char c : text) EXPECT_TRUE(c == '\n' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F));
  EXPECT_THAT(text, Not(HasSubstr("\xE2\x80\xAE")));
}

TEST(RenderExplain, ShowsRouteLoginNameAndBackends) {
  EXPECT_EQ(render_explain(parse(R"({"identity":"ann@example.com","route":"example.com","why":"exact","where":"a.toml:20","login_name":"ann",
    "login":[{"backend":"mail1","plugin":"pop3","upstreams":[{"url":"pop3s://a:995","breaker":"closed"},{"url":"pop3s://b:995","breaker":"open"}]},
             {"backend":"list","plugin":"static","upstreams":[]}],
    "mailbox":[],"addresses":[],"verdict":null})")),
            "  identity:    ann@example.com\n"
            "  route:       example.com (exact), a.toml:20\n"
            "  login name:  ann\n"
            "  login:  mail1 (pop3)  pop3s://a:995\n"
            "                        pop3s://b:995  breaker open\n"
            "          list (static)\n"
            "  mailbox: no backend\n");
}

TEST(RenderExplain, ShowsWhereAMailProxyGoesOnTo) {
  EXPECT_EQ(render_explain(parse(R"({"login_name":"ann","nginx_mail":{"imap":"127.0.0.1:1143","smtp":"[::1]:1025"},"login":[]})")),
            "  login name:        ann\n"
            "  nginx goes on to:  imap 127.0.0.1:1143\n"
            "                     smtp [::1]:1025\n"
            "  login: no backend\n");
}

TEST(RenderStatus, ShowsWhatWentWrongOnAListener) {
  const std::string text = render_status(parse(R"({"listeners":[
    {"name":"quiet","protocol":"http","not_admitted":0,"over_limit":0,"overloaded":0,"malformed":0,"vanished":0,"starved":0},
    {"name":"one","protocol":"policy","not_admitted":7},
    {"name":"all","protocol":"http","not_admitted":1,"over_limit":2,"overloaded":3,"malformed":4,"vanished":5,"starved":6}]})"));
  EXPECT_THAT(text, Not(HasSubstr("listener quiet")));
  EXPECT_THAT(text, HasSubstr("\n\nlistener one: 7 not admitted\nlistener all: 1 not admitted, 2 over limits.connections, 3 over limits.in_flight, "
                              "4 not understood or refused, 5 hung up while waiting, 6 without a descriptor\n"));
}

TEST(RenderStatus, ShowsListenersAndUpstreams) {
  const std::string text = render_status(parse(R"({"version":"0.1.0","pid":42,"uptime_s":7260,"generation":3,"routes":2,"log_lines_dropped":251,
    "listeners":[{"name":"portal","protocol":"http","address":"unix:/run/a.sock","connections":3,"in_flight":1,"requests":17}],
    "backends":[{"name":"mail1","plugin":"pop3","connections":2,"idle":1,"waiting":0,
      "upstreams":[{"url":"pop3://a:110","state":"down","failures":5,"last_error":"connection refused","since_s":30},
        {"url":"pop3://b:110","state":"up","failures":0,"failures_max":5,"last_error":"","since_s":300},
        {"url":"pop3://c:110","state":"failing","failures":1,"failures_max":5,"last_error":"reset","since_s":12},
        {"url":"pop3://d:110","state":"untried","failures":0,"failures_max":5,"last_error":"","since_s":600}],"counts":{"yes":9,"no":0}},
      {"name":"people","plugin":"static","connections":0,"idle":0,"waiting":0,"upstreams":[],"counts":{"yes":1}}]})"));
  EXPECT_EQ(text,
            "authbroker 0.1.0, pid 42, up 2 h, configuration 3, 2 routes\n"
            "the log has lost 251 lines: it cannot be written as fast as they come, or not at all\n"
            "\n"
            "listener  protocol  address           connections  in flight  requests\n"
            "portal    http      unix:/run/a.sock  3            1          17\n"
            "\n"
            "backend mail1 (pop3): 2 connections, 1 idle, 0 questions waiting\n"
            "    pop3://a:110  down for 30 s              connection refused\n"
            "    pop3://b:110  up for 5 min\n"
            "    pop3://c:110  failing (1 of 5) for 12 s  reset\n"
            "    pop3://d:110  not asked yet\n"
            "    yes 9\n"
            "backend people (static)\n"
            "    yes 1\n");
}

TEST(RenderWhy, ShowsEachFieldOnItsLine) {
  EXPECT_EQ(render_why(parse(R"({"line":"event=decision id=7f caller=\"uid=0(root)\" text=\"say \\\"no\\\" now\""})")),
            "event   decision\nid      7f\ncaller  uid=0(root)\ntext    say \"no\" now\n");
  EXPECT_EQ(render_why(parse(R"({"line":"id=7f text=\"open"})")), "id=7f text=\"open\n");
}

TEST(RenderWhy, ShowsTheLineOfTheLog) { EXPECT_EQ(render_why(parse(R"({"line":"decision id=7f verdict=reject\u001b"})")), "decision id=7f verdict=reject\\x1b\n"); }

TEST(RenderLists, RoutesAndPlugins) {
  EXPECT_EQ(render_routes(boost::json::parse(R"([{"name":"example.com","domains":["example.com","*.example.org"],"login":["a","b"],"mailbox":[]}])")),
            "route        domains                     login\nexample.com  example.com, *.example.org  a, b\n");
  EXPECT_EQ(render_plugins(boost::json::parse(R"({"plugins":[{"name":"pop3","version":"0.1.0","file":"/p/pop3.so"}]})")),
            "plugin  version  file\npop3    0.1.0    /p/pop3.so\n");
  EXPECT_EQ(render_routes(boost::json::parse("3")), "no routes\n");
  EXPECT_EQ(render_plugins(boost::json::parse("{}")), "no plugins loaded\n");
}

}  // namespace
}  // namespace authbroker
