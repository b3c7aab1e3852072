// Upstreams that are a domain's SRV records: which servers are tried, under which names, and what becomes of trouble. A target on
// this machine is refused, so that what works is shown by the end-to-end tests.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/host/lab.hpp"
#include "unit/net/name_server.hpp"

using namespace authbroker;
using namespace std::chrono_literals;
using ::testing::HasSubstr;
using authbroker::testing::name_server;

namespace {

upstream_rules srv(const std::string& domain, tls_use tls = tls_use::none) {
  upstream_rules u;
  u.scheme = tls == tls_use::implicit ? "srv+ldaps" : "srv+ldap";
  u.host = domain;
  u.port = 389;
  u.tls = tls;
  u.srv = true;
  return u;
}

class Srv : public ::testing::Test {
 protected:
  lab::made make(const backend_rules& r) { return lab::make(workers, log, lab::line_plugin(false), r); }
  finding ask(plugin_backend& b, std::chrono::milliseconds within = 5s) { return workers.ask(b, lab::login(right), within); }

  name_server names{{{"_ldap._tcp.local.example", {.services = {{1, 0, 389, "dc1.local.example"}, {2, 0, 390, "dc2.local.example"}}}},
                     {"dc1.local.example", {.addresses = {"127.0.0.1"}}},
                     {"dc2.local.example", {.addresses = {"127.0.0.1"}}},
                     {"_ldap._tcp.evil.example", {.services = {{1, 0, 389, "elsewhere.example"}}}},
                     {"_ldap._tcp.none.example", {.services = {{0, 0, 0, ""}}}},
                     {"_ldap._tcp.silent.example", {.silent = true}}}};
  logger log{{.target = log_target::nowhere, .file = {}}};
  lab::crew workers{1, names.address()};
  const secret right{"secret"};
};

TEST_F(Srv, TroubleWithTheRecordsNamesThem) {
  for (const auto& [domain, text] : std::map<std::string, std::string>{{"unknown.example", "_ldap._tcp.unknown.example: no such name"},
                                                                       {"none.example", "_ldap._tcp.none.example: the domain says that it has no such service"},
                                                                       {"evil.example", "_ldap._tcp.evil.example: its SRV record leads out of the domain, to elsewhere.example"}}) {
    const auto b = make(lab::rules_for({srv(domain)})).backend;
    const finding f = ask(*b);
    EXPECT_EQ(f.what, verdict::tempfail) << domain;
    EXPECT_EQ(f.why, reason::upstream_down) << domain;
    EXPECT_EQ(f.operator_text, text);
    EXPECT_EQ(f.upstream, "srv:" + domain);
    EXPECT_FALSE(f.password_sent);
  }
}

TEST_F(Srv, ANameServerThatIsSilentCostsTheTimeToConnectAtMost) {
  backend_rules r = lab::rules_for({srv("silent.example")});
  r.timeouts.connect = 200ms;
  const auto b = make(r).backend;
  const finding f = ask(*b);
  EXPECT_EQ(f.why, reason::upstream_down);
  EXPECT_EQ(f.operator_text, "looking up the SRV records of silent.example timed out");
}

TEST_F(Srv, T_08_ATargetOnThisMachineIsRefused) {
  const auto b = make(lab::rules_for({srv("local.example")})).backend;
  const finding f = ask(*b);
  EXPECT_EQ(f.what, verdict::tempfail);
  EXPECT_EQ(f.why, reason::misconfigured);
  EXPECT_EQ(f.operator_text, "dc1.local.example leads to 127.0.0.1: local addresses are refused for such a target");
  EXPECT_EQ(f.upstream, "dc1.local.example:389");
}

TEST_F(Srv, EachTargetHasItsBreaker) {
  backend_rules r = lab::rules_for({srv("local.example")});
  r.breaker.failures = 2;
  r.breaker.reopen = 10min;
  const auto b = make(r).backend;
  for (int i = 0; i < 4; ++i) EXPECT_EQ(ask(*b).why, reason::misconfigured);
  const auto shown = b->status().connections.upstreams;
  ASSERT_EQ(shown.size(), 3U);
  EXPECT_EQ(shown[0].label, "srv:local.example");
  EXPECT_FALSE(shown[0].open) << "the records are there";
  EXPECT_EQ(shown[1].label, "dc1.local.example:389");
  EXPECT_TRUE(shown[1].open);
  EXPECT_EQ(shown[2].label, "dc2.local.example:390");
  EXPECT_TRUE(shown[2].open);
  EXPECT_THAT(ask(*b).operator_text, HasSubstr("not asked: dc1.local.example"));
}

TEST_F(Srv, LdapsAsksForItsOwnServiceFirst) {
  const auto b = make(lab::rules_for({srv("unknown.example", tls_use::implicit)})).backend;
  ASSERT_NE(b, nullptr);
  EXPECT_EQ(ask(*b).operator_text, "_ldaps._tcp.unknown.example: no such name; _ldap._tcp.unknown.example: no such name");
}

TEST_F(Srv, AReplicaIsAskedWhereTheRecordsLeadNowhere) {
  const lab::line_server server(lab::honest());
  const auto b = make(lab::rules_for({srv("unknown.example"), srv("local.example"), server.upstream()})).backend;
  const finding f = ask(*b);
  EXPECT_EQ(f.what, verdict::accept);
  EXPECT_EQ(f.upstream, server.upstream().label());
}

TEST_F(Srv, WhoGivesUpDuringTheLookUpLeavesNothingBehind) {
  const auto b = make(lab::rules_for({srv("silent.example")})).backend;
  EXPECT_EQ(ask(*b, 50ms).why, reason::deadline);
}

// ---------------------------------------------------------------- places for targets

class Places : public Srv {
 protected:
  std::shared_ptr<pool> pool_of(const backend_rules& r) {
    auto core = std::make_shared<backend_core>();
    core->rules = r;
    core->log = &log;
    core->workers = workers.workers();
    return std::make_shared<pool>(core, r.upstream, false, 8);
  }
};

TEST_F(Places, ATargetKeepsItsPlaceAndAnotherGetsOneThatNobodyHolds) {
  const auto p = pool_of(lab::rules_for({srv("example.com")}));
  const auto first = p->hold_targets(0, {{"a.example.com", 389}, {"b.example.com", 389}});
  ASSERT_EQ(first.size(), 2U);
  EXPECT_EQ(p->upstream(first[0]).label(), "a.example.com:389");
  EXPECT_EQ(p->upstream(first[0]).scheme, "ldap");
  EXPECT_TRUE(p->is_target(first[0]));
  EXPECT_EQ(p->hold_targets(0, {{"b.example.com", 389}, {"a.example.com", 389}}), (std::vector<std::size_t>{first[1], first[0]}));
  // Thirty others come and go; what is held stays what it was.
  for (int i = 0; i < 30; ++i) {
    const auto other = p->hold_targets(0, {{"x" + std::to_string(i) + ".example.com", 389}});
    ASSERT_EQ(other.size(), 1U) << i;
    EXPECT_EQ(p->upstream(other[0]).host, "x" + std::to_string(i) + ".example.com");
    p->release_targets(other);
  }
  EXPECT_EQ(p->upstream(first[0]).host, "a.example.com");
  EXPECT_EQ(p->upstream(first[1]).host, "b.example.com");
}

// Which connections are given up for a better server: see also the end-to-end tests, where there are servers.
class Better : public Places {
 protected:
  static backend_rules one_failure() {
    backend_rules r = lab::rules_for({srv("example.com")});
    r.breaker.failures = 1;
    return r;
  }
  // Retired, it probes nothing.
  std::shared_ptr<pool> idle_pool(const backend_rules& r) {
    auto p = pool_of(r);
    p->retire();
    workers.settle();
    return p;
  }
  void fails(pool& p, std::size_t u) { p.upstream_failed(u, *workers.workers()[0], 0, reason::upstream_down, "test"); }
};

TEST_F(Better, ATargetOfABetterPriorityThatWorksAgain) {
  const auto p = idle_pool(one_failure());
  const std::vector<service_target> named{{"a.example.com", 389, 10}, {"b.example.com", 389, 20}, {"c.example.com", 389, 30}};
  const auto t = p->hold_targets(0, named);
  EXPECT_FALSE(p->better_usable(t[0])) << "it is the best";
  EXPECT_TRUE(p->better_usable(t[1]));
  EXPECT_TRUE(p->better_usable(t[2]));
  fails(*p, t[0]);
  EXPECT_FALSE(p->better_usable(t[1]));
  EXPECT_TRUE(p->better_usable(t[2])) << "the second one is better than the third";
  fails(*p, t[1]);
  EXPECT_FALSE(p->better_usable(t[2]));
  p->release_targets({t[0], t[1]});
  EXPECT_FALSE(p->better_usable(t[2]));
  p->upstream_works(t[0]);
  EXPECT_TRUE(p->better_usable(t[1])) << "whoever holds it";
  EXPECT_TRUE(p->better_usable(t[2]));
}

TEST_F(Better, NotOneOfTheSamePriorityHoweverTheyWereDrawn) {
  const auto p = idle_pool(one_failure());
  const auto t = p->hold_targets(0, {{"a.example.com", 389, 10}, {"b.example.com", 389, 10}});
  EXPECT_FALSE(p->better_usable(t[0]));
  EXPECT_FALSE(p->better_usable(t[1]));
}

TEST_F(Better, NotOneThatTheRecordsNameNoMore) {
  const auto p = idle_pool(one_failure());
  const auto t = p->hold_targets(0, {{"a.example.com", 389, 10}, {"b.example.com", 389, 20}});
  EXPECT_TRUE(p->better_usable(t[1]));
  p->hold_targets(0, {{"b.example.com", 389, 20}});
  EXPECT_FALSE(p->better_usable(t[1]));
  p->hold_targets(0, {{"b.example.com", 389, 20}, {"d.example.com", 389, 5}});
  EXPECT_TRUE(p->better_usable(t[1])) << "one that is new";
}

TEST_F(Better, NotATargetOfOtherRecords) {
  backend_rules r = lab::rules_for({srv("example.com"), srv("example.org")});
  r.breaker.failures = 1;
  const auto p = idle_pool(r);
  const auto first = p->hold_targets(0, {{"a.example.com", 389, 50}});
  const auto second = p->hold_targets(1, {{"a.example.org", 389, 60}});
  EXPECT_FALSE(p->better_usable(first[0]));
  EXPECT_TRUE(p->better_usable(second[0])) << "the first domain itself comes before the second";
  fails(*p, 0);
  EXPECT_FALSE(p->better_usable(second[0]));
}

TEST_F(Places, AreBounded) {
  const auto p = pool_of(lab::rules_for({srv("example.com")}));
  std::size_t held = 0;
  for (int i = 0; i < 30; ++i) held += p->hold_targets(0, {{"x" + std::to_string(i) + ".example.com", 389}}).size();
  EXPECT_EQ(held, 16U);
}

}  // namespace
