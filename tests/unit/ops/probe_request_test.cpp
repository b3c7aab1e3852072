// What the tool hands to the daemon's program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/config.hpp"
#include "ops/probe.hpp"

namespace authbroker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

std::string why_not(std::string_view text) {
  const auto r = parse_probe_request(text);
  return r ? "it is taken" : r.error().text;
}

TEST(ProbeRequest, EachKey) {
  const auto r = parse_probe_request(
      "url=pop3s://h\nplugin=pop3\naddress=Ann@Example.com\nca=/ca.pem\npin=sha256//AAAA\nserver-name=n\ncleartext=yes\nquiet=yes\nplugin-dir=/a\nplugin-dir=/b=c\nset=apop=prefer\nset=n=5\n"
      "set=base=dc=x,dc=y\nset=list=[\"a\"]\nset=secret={ file = \"/s\" }\nset=on=true\n\nopen sesame");
  ASSERT_TRUE(r) << r.error().text;
  EXPECT_EQ(r->url, "pop3s://h");
  EXPECT_EQ(r->plugin, "pop3");
  EXPECT_EQ(r->address, "Ann@Example.com");
  EXPECT_EQ(r->domain, "example.com");
  EXPECT_EQ(r->ca_file, "/ca.pem");
  EXPECT_EQ(r->pin, "AAAA");
  EXPECT_EQ(r->server_name, "n");
  EXPECT_TRUE(r->cleartext);
  EXPECT_TRUE(r->quiet);
  EXPECT_THAT(r->plugin_dirs, ElementsAre("/a", "/b=c"));
  EXPECT_THAT(r->settings, ElementsAre(Pair("apop", "\"prefer\""), Pair("n", "5"), Pair("base", "\"dc=x,dc=y\""), Pair("list", "[\"a\"]"), Pair("secret", "{ file = \"/s\" }"), Pair("on", "true")));
}

TEST(ProbeRequest, ThePasswordIsWhatFollowsTheEmptyLine) {
  EXPECT_EQ(parse_probe_request("url=h\n\nurl=no=request")->password.reveal(), "url=no=request");
  EXPECT_TRUE(parse_probe_request("url=h\n\n")->password.empty());
  EXPECT_EQ(parse_probe_request("url=h\n\n\xC3\xA4\xFF")->password.reveal(), "\xC3\xA4\xFF");
}

TEST(ProbeRequest, WithoutQuietCleartextOrDomainNothingIsAssumed) {
  const auto r = parse_probe_request("url=h\naddress=ann\n\n");
  ASSERT_TRUE(r);
  EXPECT_FALSE(r->cleartext);
  EXPECT_FALSE(r->quiet);
  EXPECT_EQ(r->domain, "");
  EXPECT_EQ(r->plugin_dirs, broker_config().plugin_dirs);
  EXPECT_EQ(parse_probe_request("url=h\naddress=ann@a.example\ndomain=b.example\n\n")->domain, "b.example");
  EXPECT_EQ(parse_probe_request("url=h\ndomain=B\xC3\xBC" "cher.Example\n\n")->domain, "xn--bcher-kva.example");
}

TEST(ProbeRequest, WhatMakesNoSense) {
  EXPECT_THAT(why_not(""), HasSubstr("no end"));
  EXPECT_THAT(why_not("url=h"), HasSubstr("no end"));
  EXPECT_THAT(why_not("\n"), HasSubstr("no URL"));
  EXPECT_THAT(why_not("url=h\nnonsense=1\n\n"), HasSubstr("nonsense"));
  EXPECT_THAT(why_not("url=h\r\n\n"), HasSubstr("control"));
  EXPECT_THAT(why_not("url=h\nset=novalue\n\n"), HasSubstr("KEY=VALUE"));
  EXPECT_THAT(why_not("url=h\naddress=@example.com\n\n"), HasSubstr("no address"));
  for (const char* domain : {"a b", "x@y", "-", "\"", "a..b"}) EXPECT_THAT(why_not("url=h\ndomain=" + std::string(domain) + "\n\n"), HasSubstr("is no domain"));
  EXPECT_THAT(why_not("url=h\n\nopen\nsesame"), HasSubstr("no protocol can carry"));
  EXPECT_THAT(why_not("url=h\n\n" + std::string(password_bytes_max + 1, 'x')), HasSubstr("longer than"));
}

}  // namespace
}  // namespace authbroker
