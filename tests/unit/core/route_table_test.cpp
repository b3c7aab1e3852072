#include "core/route_table.hpp"

#include <gtest/gtest.h>

#include "unit/core/fakes.hpp"

using namespace authbroker;

namespace {

route_rules rules(std::string name, std::vector<std::string> domains) {
  route_rules r;
  r.name = std::move(name);
  r.domains = std::move(domains);
  return r;
}

struct table {
  explicit table(std::vector<route_rules> r) : routes(std::move(r), {}) {}
  std::string route(const std::string& address) const {
    const auto p = routes.plan_for(check_name(address).name);
    return p ? p->by->rules.name : "-";
  }
  plan at(const std::string& address) const { return routes.plan_for(check_name(address).name).value(); }
  route_table routes;
};

TEST(RouteTable, ExactBeatsLongestSuffixBeatsDefault) {
  const table t({rules("default", {"*"}), rules("wide", {"*.example.org"}), rules("narrow", {"*.mail.example.org"}), rules("exact", {"a.mail.example.org", "b.example"})});
  EXPECT_EQ(t.route("x@a.mail.example.org"), "exact");
  EXPECT_EQ(t.route("x@B.EXAMPLE"), "exact");
  EXPECT_EQ(t.route("x@c.mail.example.org"), "narrow");
  EXPECT_EQ(t.route("x@d.c.mail.example.org"), "narrow");
  EXPECT_EQ(t.route("x@c.example.org"), "wide");
  EXPECT_EQ(t.route("x@example.org"), "default") << "a suffix pattern does not match the domain itself";
  EXPECT_EQ(t.route("x@notexample.org"), "default");
}

TEST(RouteTable, Q_10_WithoutADomainOrAMatchThereIsNoRoute) {
  const table t({rules("only", {"example.com"})});
  EXPECT_EQ(t.route("ann"), "-");
  EXPECT_EQ(t.route("ann@example.net"), "-");
}

TEST(RouteTable, StrippingIsOutboundOnly) {
  route_rules r = rules("strip", {"example.com"});
  r.login_name = "{local}";
  const plan p = table({r}).at("Ann@Example.com");
  EXPECT_EQ(p.login_name, "Ann") << "templates get the name as typed";
  EXPECT_EQ(p.identity, "ann@example.com");
}

TEST(RouteTable, ACanonicalDomainJoinsNames) {
  route_rules r = rules("both", {"example.com", "example.net"});
  r.canonical_domain = "example.com";
  EXPECT_EQ(table({r}).at("ann@example.net").identity, "ann@example.com");
  EXPECT_EQ(table({r}).at("ann@example.net").login_name, "ann@example.net");
}

route_rules dynamic_route() {
  route_rules r = rules("roaming", {"example.com"});
  r.dynamic.separator = '#';
  r.dynamic.allowed = {"mail.example.net", "*.isp.example"};
  return r;
}

TEST(RouteTable, DynamicRoutesComeFirstAndOnlyToAllowedHosts) {
  const table t({rules("plain", {"example.org"}), dynamic_route()});
  EXPECT_EQ(t.at("ann#mail.example.net").host, "mail.example.net");
  EXPECT_EQ(t.at("ann#mail.example.net").login_name, "ann");
  EXPECT_EQ(t.at("ann#mail.example.net").identity, "ann#mail.example.net") << "identity keeps separator and host";
  EXPECT_EQ(t.at("ann#pop.isp.example").host, "pop.isp.example");
  EXPECT_EQ(t.at("ann@corp.example#mail.example.net").login_name, "ann@corp.example");
  EXPECT_EQ(t.at("ann#x#mail.example.net").login_name, "ann#x") << "the last separator";
  EXPECT_EQ(t.at("ann#mail.example.net@example.com").host, "mail.example.net") << "a trailing @domain of this route";
  EXPECT_EQ(t.route("ann#evil.example"), "-");
  EXPECT_EQ(t.route("ann#isp.example"), "-");
  EXPECT_EQ(t.route("#mail.example.net"), "-");
  EXPECT_EQ(t.route("ann#mail.example.net@example.org"), "plain") << "another route's domain: an ordinary name there";
  EXPECT_EQ(t.route("ann#evil.example@example.com"), "roaming") << "an ordinary name of the route's own domain";
  EXPECT_EQ(t.at("ann#evil.example@example.com").host, "");
}

TEST(RouteTable, AnUnknownBackendIsADefect) {
  route_rules r = rules("x", {"example.com"});
  r.login = {"nobody"};
  EXPECT_THROW(table({r}), std::logic_error);
}

}  // namespace
