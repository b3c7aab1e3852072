#include "net/resolver.hpp"
#include "net/resolver_impl.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "unit/net/name_server.hpp"
#include "unit/net/servers.hpp"

namespace authbroker {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::name_answer;
using testing::name_server;
using testing::spin;

struct asking {
  asking(std::map<std::string, name_answer> answers) : server(std::move(answers)), names(std::in_place, w.io, w.timers, server.address()) {}
  resolved ask(const std::string& host) {
    resolved got;
    bool done = false;
    const auto handle = names->find(host, [&](const resolved& r) {
      got = r;
      done = true;
    });
    if (!spin(w, [&] { return done; })) got.problem = "never answered";
    return got;
  }
  std::vector<std::string> texts(const std::string& host) {
    std::vector<std::string> all;
    for (const auto& a : ask(host).addresses) all.push_back(a.to_string());
    return all;
  }
  name_server server;
  worker w{0};
  std::optional<resolver> names;
};

TEST(Resolver, LiteralsNeedNoServerAndAnswerAtOnce) {
  asking a({});
  for (const char* const text : {"127.0.0.1", "::1", "192.0.2.7", "2001:db8::25"}) {
    std::vector<std::string> got;
    const auto handle = a.names->find(text, [&](const resolved& r) {
      for (const auto& address : r.addresses) got.push_back(address.to_string());
    });
    EXPECT_EQ(got, std::vector<std::string>{text});
  }
  EXPECT_TRUE(a.server.asked().empty());
}

TEST(Resolver, HostsFileAnswersLocalhost) {
  asking a({});
  EXPECT_THAT(a.texts("localhost"), ::testing::AnyOf(Contains("127.0.0.1"), Contains("::1")));
  EXPECT_TRUE(a.server.asked().empty());
}

TEST(Resolver, FindsAddressesOfBothFamiliesInTurns) {
  asking a({{"two.example", {.addresses = {"192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2"}}}});
  const auto got = a.texts("two.example");
  ASSERT_EQ(got.size(), 4U);
  for (std::size_t i = 1; i < got.size(); ++i) EXPECT_NE(got[i].find(':') != std::string::npos, got[i - 1].find(':') != std::string::npos);
}

TEST(Resolver, FollowsAliases) {
  asking a({{"alias.example", {.addresses = {"192.0.2.9"}, .alias = "real.example"}}});
  EXPECT_EQ(a.texts("alias.example"), std::vector<std::string>{"192.0.2.9"});
}

// T-01: all trouble with names is a problem with a text, and never an address.
TEST(Resolver, T01TroubleHasAText) {
  asking a({{"servfail.example", {.code = 2}}, {"refused.example", {.code = 5}}, {"empty.example", {}}, {"silent.example", {.silent = true}}});
  struct row {
    const char* host;
    const char* text;
  };
  for (const row& r : {row{"unknown.example", "no such name"}, row{"servfail.example", "name server"}, row{"refused.example", "name server"},
                       row{"empty.example", "no address"}, row{"silent.example", "does not answer"}, row{"", "not a host name"},
                       row{"two words", "not a host name"}, row{"a\\.b", "not a host name"}, row{".lead", "not a host name"}}) {
    const auto got = a.ask(r.host);
    EXPECT_TRUE(got.addresses.empty()) << r.host;
    EXPECT_THAT(got.problem, HasSubstr(r.text)) << r.host;
  }
  const auto got = a.ask(std::string(300, 'a'));
  EXPECT_THAT(got.problem, HasSubstr("not a host name"));
}

TEST(Resolver, T01ATruncatedAnswerIsAskedAgainOverTcp) {
  asking a({{"big.example", {.addresses = {"192.0.2.3"}, .only_over_tcp = true}}});
  EXPECT_EQ(a.texts("big.example"), std::vector<std::string>{"192.0.2.3"});
}

// T-02: one name that hangs does not hold up another.
TEST(Resolver, T02AHangingNameDelaysNoOther) {
  asking a({{"silent.example", {.silent = true}}, {"quick.example", {.addresses = {"192.0.2.1"}}}});
  bool hung_done = false;
  resolved hung;
  const auto handle = a.names->find("silent.example", [&](const resolved& r) {
    hung = r;
    hung_done = true;
  });
  EXPECT_EQ(a.texts("quick.example"), std::vector<std::string>{"192.0.2.1"});
  EXPECT_FALSE(hung_done);
  ASSERT_TRUE(spin(a.w, [&] { return hung_done; }));
  EXPECT_FALSE(hung.problem.empty());
}

// T-04: a flood of addresses is cut.
TEST(Resolver, T04EightAddressesOfAThousand) {
  name_answer flood;
  flood.only_over_tcp = true;
  for (int i = 0; i < 1000; ++i) flood.addresses.push_back("192.0." + std::to_string(i / 250) + '.' + std::to_string(i % 250));
  asking a({{"flood.example", flood}});
  EXPECT_EQ(a.texts("flood.example").size(), addresses_tried_max);
}

// T-06: the name asked is the name configured, and nothing else.
TEST(Resolver, T06NoSearchListForAnyName) {
  ASSERT_EQ(::setenv("LOCALDOMAIN", "evil.example", 1), 0);
  asking a({{"mail.evil.example", {.addresses = {"192.0.2.66"}}}, {"mail.sub.evil.example", {.addresses = {"192.0.2.66"}}}});
  EXPECT_TRUE(a.ask("mail").addresses.empty());  // the first question reads the environment
  EXPECT_TRUE(a.ask("mail.sub").addresses.empty());
  ::unsetenv("LOCALDOMAIN");
  EXPECT_THAT(a.server.asked(), Not(Contains(HasSubstr("evil"))));
  EXPECT_THAT(a.server.asked(), Contains("mail"));
}

TEST(Resolver, EqualNamesShareOneQueryAndAnswersAreRemembered) {
  asking a({{"one.example", {.addresses = {"192.0.2.1"}, .ttl = 0}}});
  int answers = 0;
  const auto count = [&](const resolved& r) { answers += r.addresses.size() == 1 ? 1 : 0; };
  const auto first = a.names->find("one.example", count);
  const auto second = a.names->find("ONE.example", count);
  ASSERT_TRUE(spin(a.w, [&] { return answers == 2; }));
  const auto questions = a.server.asked().size();
  EXPECT_EQ(questions, 2U);  // A and AAAA
  const auto third = a.names->find("one.example", count);  // at once, though its TTL was 0: 5 s at least
  EXPECT_EQ(answers, 3);
  EXPECT_EQ(a.server.asked().size(), questions);
}

TEST(Resolver, ACancelledLookupIsSilentAndItsTwinIsNot) {
  asking a({{"one.example", {.addresses = {"192.0.2.1"}}}});
  bool twin = false;
  auto cancelled = a.names->find("one.example", [](const resolved&) { FAIL() << "was cancelled"; });
  const auto kept = a.names->find("one.example", [&](const resolved&) { twin = true; });
  cancelled.reset();
  EXPECT_TRUE(spin(a.w, [&] { return twin; }));
}

TEST(Resolver, ALookupMayBeCancelledAndBegunInACallback) {
  asking a({{"one.example", {.addresses = {"192.0.2.1"}}}, {"two.example", {.addresses = {"192.0.2.2"}}}});
  std::unique_ptr<resolver::lookup> first, second, third;
  bool done = false;
  first = a.names->find("one.example", [&](const resolved&) {
    second.reset();
    first.reset();
    third = a.names->find("two.example", [&](const resolved&) { done = true; });
  });
  second = a.names->find("one.example", [](const resolved&) { FAIL() << "was cancelled by the first"; });
  EXPECT_TRUE(spin(a.w, [&] { return done; }));
}

TEST(Resolver, MayEndWhileQueriesAreUnderWay) {
  asking a({{"silent.example", {.silent = true}}});
  const auto handle = a.names->find("silent.example", [](const resolved&) { FAIL() << "the resolver is gone"; });
  ASSERT_TRUE(spin(a.w, [&] { return !a.server.asked().empty(); }));
  a.names.reset();
  a.w.io.restart();
  a.w.io.poll();
}

TEST(Resolver, RemembersABoundedNumberOfNames) {
  asking a({});
  for (int i = 0; i < 1200; ++i) EXPECT_EQ(a.ask("n" + std::to_string(i) + ".example").problem, "no such name");
  EXPECT_LE(a.names->remembered(), 1024U);
  EXPECT_GT(a.names->remembered(), 0U);
}

std::vector<std::string> targets(asking& a, const std::string& domain, std::string* problem = nullptr) {
  services got;
  bool done = false;
  const auto handle = a.names->find_services("_ldap._tcp", domain, [&](const services& s) {
    got = s;
    done = true;
  });
  EXPECT_TRUE(spin(a.w, [&] { return done; }));
  if (problem != nullptr) *problem = got.problem;
  std::vector<std::string> all;
  for (const auto& t : got.targets) all.push_back(t.host + ':' + std::to_string(t.port));
  return all;
}

TEST(Services, AreOrderedByPriority) {
  asking a({{"_ldap._tcp.example.com", {.services = {{20, 0, 390, "c.example.com"}, {10, 0, 389, "A.example.com"}, {15, 0, 389, "b.sub.example.com"}}}}});
  EXPECT_EQ(targets(a, "Example.com"), (std::vector<std::string>{"a.example.com:389", "b.sub.example.com:389", "c.example.com:390"}));
  const auto questions = a.server.asked().size();
  EXPECT_EQ(targets(a, "example.com").size(), 3U);
  EXPECT_EQ(a.server.asked().size(), questions) << "is remembered";
}

TEST(Services, AreDrawnByWeight) {
  // One answer, drawn anew for each that asks: half and half must not become all and none for a minute.
  asking a({{"_ldap._tcp.example.com", {.services = {{1, 50, 1, "one.example.com"}, {1, 50, 1, "other.example.com"}}}},
            {"_ldap._tcp.example.net", {.services = {{1, 1, 1, "light.example.net"}, {1, 1000, 1, "heavy.example.net"}}}}});
  int one = 0, heavy = 0;
  for (int i = 0; i < 100; ++i) {
    const auto even = targets(a, "example.com"), uneven = targets(a, "example.net");
    ASSERT_EQ(even.size() + uneven.size(), 4U);
    one += even[0] == "one.example.com:1" ? 1 : 0;
    heavy += uneven[0] == "heavy.example.net:1" ? 1 : 0;
  }
  EXPECT_GT(one, 10);
  EXPECT_LT(one, 90);
  EXPECT_GT(heavy, 80);
}

TEST(Services, AreRememberedForTheirTimeToLive) {
  const auto of = [](std::vector<std::uint32_t> ttls, std::size_t cut = 0) {
    std::string packet("\0\0\x81\x80\0\1\0\0\0\0\0\0", 12);
    packet[7] = static_cast<char>(ttls.size());
    packet += std::string("\1a\1b\0\0\x21\0\1", 9);
    for (const std::uint32_t ttl : ttls) {
      packet += std::string("\xc0\x0c\0\x21\0\1", 6);
      for (int shift = 24; shift >= 0; shift -= 8) packet += static_cast<char>(ttl >> shift & 0xff);
      packet += std::string("\0\x0a\0\1\0\1\0\1\1c\0\0", 12);  // its data is not looked at
    }
    packet.resize(packet.size() - cut);
    // Memory of its exact size, so that a sanitizer sees whoever looks further.
    const auto bytes = std::make_unique<unsigned char[]>(packet.size());
    std::copy(packet.begin(), packet.end(), bytes.get());
    return services_ttl(bytes.get(), static_cast<int>(packet.size()));
  };
  EXPECT_EQ(of({30}), 30s);
  EXPECT_EQ(of({3600, 17, 40}), 17s);
  EXPECT_EQ(of({0}), 5s);
  EXPECT_EQ(of({0x80000000U}), 60s);
  EXPECT_EQ(of({}), 60s);
  for (std::size_t cut = 1; cut < 43; ++cut) EXPECT_GE(of({30}, cut), 5s) << cut;
}

// T-08: who answers for the DNS must not choose a server elsewhere.
TEST(Services, T08ATargetOutsideTheDomainIsLeftOut) {
  asking a({{"_ldap._tcp.example.com", {.services = {{1, 0, 389, "evil.example"}, {2, 0, 389, "evilexample.com"}, {3, 0, 389, "ok.example.com"}}}},
            {"_ldap._tcp.evil.com", {.services = {{1, 0, 389, "elsewhere.example"}}}}});
  EXPECT_EQ(targets(a, "example.com"), std::vector<std::string>{"ok.example.com:389"});
  std::string problem;
  EXPECT_TRUE(targets(a, "evil.com", &problem).empty());
  EXPECT_THAT(problem, HasSubstr("out of the domain, to elsewhere.example"));
}

TEST(Services, TroubleHasAText) {
  asking a({{"_ldap._tcp.none.example", {.services = {{0, 0, 0, ""}}}}, {"_ldap._tcp.silent.example", {.silent = true}}, {"_ldap._tcp.empty.example", {}}});
  for (const auto& [domain, text] : std::map<std::string, std::string>{
           {"none.example", "no such service"}, {"silent.example", "does not answer"}, {"empty.example", "no such SRV record"}, {"unknown.example", "no such name"}, {"not a name", "not a host name"}}) {
    std::string problem;
    EXPECT_TRUE(targets(a, domain, &problem).empty()) << domain;
    EXPECT_THAT(problem, HasSubstr(text)) << domain;
  }
}

TEST(Services, EightTargetsOfThirty) {
  name_answer many;
  for (unsigned i = 0; i < 30; ++i) many.services.push_back({i, 0, 389, "h.example.com"});
  asking a({{"_ldap._tcp.example.com", many}});
  EXPECT_EQ(targets(a, "example.com").size(), addresses_tried_max);
}

TEST(Services, ACancelledQueryIsSilent) {
  asking a({{"_ldap._tcp.example.com", {.services = {{1, 0, 389, "a.example.com"}}}}, {"_ldap._tcp.silent.example", {.silent = true}}});
  auto cancelled = a.names->find_services("_ldap._tcp", "example.com", [](const services&) { FAIL() << "was cancelled"; });
  const auto pending = a.names->find_services("_ldap._tcp", "silent.example", [](const services&) { FAIL() << "the resolver is gone"; });
  cancelled.reset();
  ASSERT_TRUE(spin(a.w, [&] { return a.server.asked().size() >= 2; }));
  a.w.io.restart();
  a.w.io.run_for(20ms);
  a.names.reset();
  a.w.io.restart();
  a.w.io.poll();
}

}  // namespace
}  // namespace authbroker
