// A service account that servers refuse: it is tried so that it is not locked there, and found to work again.
#include <gtest/gtest.h>

#include "unit/host/lab.hpp"

using namespace authbroker;
using namespace std::chrono_literals;

namespace {

class Account : public testing::Test {
 protected:
  lab::made make(const backend_rules& r, bool reusable = false) { return lab::make(workers, log, lab::line_plugin(reusable), r); }
  finding ask(plugin_backend& b) { return workers.ask(b, lab::login(right), 5s); }
  bool accepts(plugin_backend& b) {
    return lab::eventually([&] { return ask(b).what == verdict::accept; });
  }
  enum class mood { works, refuses, is_down };
  // A server whose mood the test changes, and how often it has refused.
  struct moody {
    std::atomic<mood> now{mood::works};
    std::atomic<int> refusals{0};
    lab::line_server server{[this](const std::string& line) {
      if (line == "CONNECT" && now == mood::is_down) return std::string("!BUSY");
      if (line == "CONNECT" && now == mood::refuses) return ++refusals, std::string("!ACCOUNT");
      return lab::honest()(line);
    }};
  };
  logger log{{.target = log_target::nowhere, .file = {}}};
  lab::crew workers{2};
  const secret right{"secret"};
};

TEST_F(Account, ARefusedServiceAccountIsTriedOnceAndThenWithBackOff) {
  const lab::line_server server([](const std::string&) { return std::string("!ACCOUNT"); });
  backend_rules r = lab::rules_for({server.upstream()});
  r.breaker.failures = 5;
  const auto b = make(r).backend;
  for (int i = 0; i < 10; ++i) EXPECT_EQ(workers.ask(*b, lab::login(right), 5s).why, reason::service_account);
  EXPECT_EQ(server.connections(), 1) << "ten questions must not lock the account upstream";
}

// Its failures add up, whichever replica is asked.
TEST_F(Account, B_19_ARefusedServiceAccountIsNotTriedAtEachReplica) {
  const auto refuse = [](const std::string&) { return std::string("!ACCOUNT"); };
  const lab::line_server first(refuse), second(refuse), third(refuse);
  backend_rules r = lab::rules_for({first.upstream(), second.upstream(), third.upstream()});
  const auto b = make(r).backend;
  const auto tries = [&] { return first.connections() + second.connections() + third.connections(); };
  for (unsigned i = 0; i < 10; ++i) EXPECT_EQ(workers.ask(*b, lab::login(right), 5s, i % 2).why, reason::service_account);
  for (const auto& each : b->status().connections.upstreams) EXPECT_TRUE(each.open);
  EXPECT_TRUE(lab::eventually([&] { return tries() == 2; })) << "one refusal may be that server's own affair";
  std::this_thread::sleep_for(800ms);  // the next one is due after four minutes
  EXPECT_EQ(tries(), 2);
  EXPECT_EQ(first.connections(), 1) << "it was another one's turn";
}

TEST_F(Account, B_19_AReplicaThatTakesTheServiceAccountIsFoundAndStaysInUse) {
  const lab::line_server first([](const std::string&) { return std::string("!ACCOUNT"); }), second(lab::honest());
  backend_rules r = lab::rules_for({first.upstream(), second.upstream()});
  r.breaker.service_account = 1s;
  const auto b = make(r, true).backend;
  EXPECT_EQ(workers.ask(*b, lab::login(right), 5s).why, reason::service_account);
  EXPECT_TRUE(lab::eventually([&] { return workers.ask(*b, lab::login(right), 5s).what == verdict::accept; }));
  EXPECT_TRUE(lab::eventually([&] {
    EXPECT_EQ(workers.ask(*b, lab::login(right), 5s, 1).what, verdict::accept);
    return first.connections() >= 2;  // which refuses it again
  }));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(workers.ask(*b, lab::login(right), 5s).what, verdict::accept);
}

TEST_F(Account, B_19_IsNotTriedFasterAfterAnOutage) {
  moody server;
  server.now = mood::is_down;
  backend_rules r = lab::rules_for({server.server.upstream()});
  r.breaker.failures = 2;
  const auto b = make(r).backend;
  EXPECT_TRUE(lab::eventually([&] { return ask(*b), b->status().connections.upstreams[0].open; }));
  server.now = mood::refuses;
  EXPECT_TRUE(lab::eventually([&] { return server.refusals == 1; }));
  std::this_thread::sleep_for(2s);  // a server that is down would be tried three times meanwhile
  EXPECT_EQ(server.refusals, 1);
}

TEST_F(Account, AnOutageAfterwardsLastsNoLongerThanOthers) {
  moody server;
  server.now = mood::refuses;
  backend_rules r = lab::rules_for({server.server.upstream()});
  r.breaker.failures = 2;
  r.breaker.reopen = 1s;
  r.breaker.service_account = 250ms;
  const auto b = make(r).backend;
  ask(*b);
  EXPECT_TRUE(lab::eventually([&] { return server.refusals == 3; }));  // the next pauses are four seconds, and sixteen
  server.now = mood::works;
  EXPECT_TRUE(accepts(*b));
  server.now = mood::is_down;
  EXPECT_TRUE(lab::eventually([&] { return ask(*b), b->status().connections.upstreams[0].open; }));
  server.now = mood::works;
  EXPECT_TRUE(accepts(*b)) << "it is tried within a second, and not after sixteen";
}

TEST_F(Account, ASecondRefusalHasItsSecondOpinionAtOnceToo) {
  moody first, second;
  first.now = mood::refuses;
  backend_rules r = lab::rules_for({first.server.upstream(), second.server.upstream()});
  r.breaker.service_account = 5s;
  const auto b = make(r).backend;
  EXPECT_EQ(ask(*b).why, reason::service_account);
  EXPECT_TRUE(accepts(*b));
  first.now = mood::works;
  EXPECT_TRUE(lab::eventually([&] { return !b->status().connections.upstreams[0].open; }));
  first.now = mood::refuses;
  EXPECT_TRUE(lab::eventually([&] { return ask(*b).why == reason::service_account; }));
  EXPECT_TRUE(accepts(*b)) << "not after the twenty seconds that were the next pause";
}

}  // namespace
