// Connections to upstreams: the cap, the queue, failover, breakers, deadlines, and what happens when a server goes away.
#include <gtest/gtest.h>

#include <condition_variable>
#include <future>

#include "unit/host/lab.hpp"

using namespace authbroker;
using namespace std::chrono_literals;

namespace {

class Pool : public testing::Test {
 protected:
  lab::made make(const backend_rules& r, bool reusable = false) { return lab::make(workers, log, lab::line_plugin(reusable), r); }
  // Many at once, each from a thread of its own.
  std::vector<finding> many(backend& b, int n, std::chrono::milliseconds within) {
    std::vector<std::future<finding>> asked;
    for (int i = 0; i < n; ++i)
      asked.push_back(std::async(std::launch::async, [&, i] { return workers.ask(b, lab::login(right), within, static_cast<unsigned>(i) % 2); }));
    std::vector<finding> out;
    for (auto& f : asked) out.push_back(f.get());
    return out;
  }
  // Where nobody listens, until a server gets `nobodys`.
  upstream_rules nobody() const {
    upstream_rules u;
    u.scheme = "tcp";
    u.host = "127.0.0.1";
    u.port = nobodys.port;
    return u;
  }
  logger log{{.target = log_target::nowhere, .file = {}}};
  lab::crew workers{2};
  const secret right{"secret"}, wrong{"wrong"};
  const loopback::bound_socket nobodys = loopback::bind();
};

TEST_F(Pool, ARightPasswordIsAcceptedAndAWrongOneRejected) {
  const lab::line_server server(lab::honest());
  const auto b = make(lab::rules_for({server.upstream()})).backend;
  ASSERT_NE(b, nullptr);
  EXPECT_EQ(workers.ask(*b, lab::login(right), 5s).what, verdict::accept);
  const finding no = workers.ask(*b, lab::login(wrong), 5s, 1);
  EXPECT_EQ(no.what, verdict::reject);
  EXPECT_TRUE(no.password_sent);
  EXPECT_EQ(no.upstream, server.upstream().label());
}

TEST_F(Pool, TheCapCountsOverAllWorkers) {
  // Between its name and its answer a login certainly has a connection.
  std::atomic<int> under_way{0}, most{0};
  const lab::line_server server([&](const std::string& line) {
    if (line.starts_with("NAME")) {
      const int now = ++under_way;
      for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
      }
    }
    if (line.starts_with("KEY")) {
      std::this_thread::sleep_for(20ms);
      --under_way;
    }
    return lab::honest()(line);
  });
  backend_rules r = lab::rules_for({server.upstream()});
  r.pool.connections = 2;
  const auto b = make(r).backend;
  for (const finding& f : many(*b, 12, 10s)) EXPECT_EQ(f.what, verdict::accept);
  EXPECT_EQ(most, 2);
  EXPECT_EQ(server.connections(), 12);
}

TEST_F(Pool, AReusableConnectionIsReused) {
  const lab::line_server server(lab::honest());
  const auto b = make(lab::rules_for({server.upstream()}), true).backend;
  for (int i = 0; i < 10; ++i) EXPECT_EQ(workers.ask(*b, lab::login(i % 2 == 0 ? right : wrong), 5s).what, i % 2 == 0 ? verdict::accept : verdict::reject);
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(Pool, AnIdleConnectionMakesRoomForAnotherWorker) {
  const lab::line_server server(lab::honest());
  backend_rules r = lab::rules_for({server.upstream()});
  r.pool.connections = 1;
  const auto b = make(r, true).backend;
  for (int i = 0; i < 6; ++i) EXPECT_EQ(workers.ask(*b, lab::login(right), 5s, static_cast<unsigned>(i) % 2).what, verdict::accept);
  EXPECT_LE(b->status().connections.connections, 1u);
}

TEST_F(Pool, AFullQueueIsOverloadedAtOnce) {
  std::promise<void> go;
  const lab::line_server server([gone = go.get_future().share()](const std::string& line) {
    if (line != "CONNECT") gone.wait();
    return lab::honest()(line);
  });
  backend_rules r = lab::rules_for({server.upstream()});
  r.pool.connections = 1;
  r.pool.queue = 2;
  r.timeouts.reply = 20s;
  const auto b = make(r).backend;
  std::atomic<int> overloaded{0}, accepted{0};
  std::vector<std::thread> askers;
  const auto ask = [&](unsigned worker) {
    const finding f = workers.ask(*b, lab::login(right), 30s, worker);
    overloaded += f.why == reason::overloaded;
    accepted += f.what == verdict::accept;
  };
  askers.emplace_back(ask, 0U);
  EXPECT_TRUE(lab::eventually([&] { return server.heard("NAME ann") == 1; })) << "this one has the connection";
  for (unsigned i = 1; i < 8; ++i) askers.emplace_back(ask, i % 2);
  EXPECT_TRUE(lab::eventually([&] { return overloaded == 5; })) << "and two wait";
  go.set_value();
  for (std::thread& one : askers) one.join();
  EXPECT_EQ(overloaded, 5);
  EXPECT_EQ(accepted, 3);
}

TEST_F(Pool, F_10_ALateReplyIsNeverAnotherQuestionsAnswer) {
  // The first one's YES leaves when the second one's name has come, by another connection.
  std::promise<void> next_came;
  std::atomic<bool> late{false};
  const lab::line_server server([&, came = next_came.get_future().share()](const std::string& line) {
    if (line == "KEY secret") {
      late = true;
      came.wait_for(5s);
    } else if (line.starts_with("NAME") && late.exchange(false)) {
      next_came.set_value();
    }
    return lab::honest()(line);
  });
  backend_rules r = lab::rules_for({server.upstream()});
  r.pool.connections = 1;
  const auto b = make(r, true).backend;
  finding first;
  for (auto time = 100ms; !first.password_sent && time < 10s; time *= 2) {
    first = workers.ask(*b, lab::login(right), time);
    EXPECT_EQ(first.why, reason::deadline);
  }
  ASSERT_TRUE(lab::eventually([&] { return late.load(); }));
  const finding f = workers.ask(*b, lab::login(wrong), 10s);
  EXPECT_EQ(f.what, verdict::reject) << "the YES that was on its way belongs to nobody";
  EXPECT_FALSE(late) << "two connections";
}

TEST_F(Pool, ADeadlineIsKept) {
  const lab::line_server server([](const std::string&) { return std::string(); });
  const auto b = make(lab::rules_for({server.upstream()})).backend;
  const finding f = workers.ask(*b, lab::login(right), 200ms);
  EXPECT_EQ(f.what, verdict::tempfail);
  EXPECT_EQ(f.why, reason::deadline);
}

TEST_F(Pool, TheNextReplicaTakesOver) {
  const lab::line_server server(lab::honest());
  const auto b = make(lab::rules_for({nobody(), server.upstream()})).backend;
  const finding f = workers.ask(*b, lab::login(right), 5s);
  EXPECT_EQ(f.what, verdict::accept);
  EXPECT_EQ(f.upstream, server.upstream().label());
}

TEST_F(Pool, AReplicaThatRefusesUsInItsGreetingIsSkipped) {
  const lab::line_server busy([](const std::string&) { return std::string("!BUSY"); });
  const lab::line_server server(lab::honest());
  const auto b = make(lab::rules_for({busy.upstream(), server.upstream()})).backend;
  EXPECT_EQ(workers.ask(*b, lab::login(right), 5s).what, verdict::accept);
}

TEST_F(Pool, F_02_AfterThePasswordThereIsNoSecondTry) {
  const lab::line_server dies([](const std::string& line) { return line.starts_with("KEY") ? std::string("!") : lab::honest()(line); });
  const lab::line_server server(lab::honest());
  const auto b = make(lab::rules_for({dies.upstream(), server.upstream()})).backend;
  const finding f = workers.ask(*b, lab::login(right), 5s);
  EXPECT_EQ(f.what, verdict::tempfail);
  EXPECT_TRUE(f.password_sent);
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(Pool, AStaleConnectionIsReplacedOnce) {
  std::atomic<int> answered{0};
  // After its first answer the server hangs up at the next name: as if it had dropped the idle connection.
  const lab::line_server server([&](const std::string& line) -> std::string {
    if (line.starts_with("NAME") && answered == 1) {
      answered = 2;
      return "!";
    }
    if (line.starts_with("KEY")) ++answered;
    return lab::honest()(line);
  });
  const auto b = make(lab::rules_for({server.upstream()}), true).backend;
  EXPECT_EQ(workers.ask(*b, lab::login(right), 5s).what, verdict::accept);
  std::this_thread::sleep_for(5ms);  // lies ready, however briefly
  EXPECT_EQ(workers.ask(*b, lab::login(right), 5s).what, verdict::accept);
  EXPECT_EQ(server.connections(), 2);
  EXPECT_EQ(server.heard("KEY secret"), 2);
}

TEST_F(Pool, WhatWasSaidBeforeTheQuestionIsNotItsAnswer) {
  lab::line_server server(lab::honest());
  const auto b = make(lab::rules_for({server.upstream()}), true).backend;
  EXPECT_EQ(workers.ask(*b, lab::login(right), 5s).what, verdict::accept);
  // The worker has no time to hear it before it is asked.
  const stage_question q = lab::login(wrong);
  finding out;
  std::promise<void> done;
  boost::asio::post(workers.workers().front()->io, [&] {
    server.talk("OK\nYES\n");
    std::this_thread::sleep_for(5ms);  // lies ready, however briefly
    run_task(b->ask(q, steady::now() + 5s, steady::now() + 5s, out), nullptr, [&](const std::exception_ptr&) { done.set_value(); });
  });
  done.get_future().get();
  EXPECT_EQ(out.what, verdict::reject);
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(Pool, AnIdleConnectionIsClosedWithThePluginsLastWords) {
  const lab::line_server server(lab::honest());
  backend_rules r = lab::rules_for({server.upstream()});
  r.pool.idle = 20ms;
  const auto b = make(r, true).backend;
  EXPECT_EQ(workers.ask(*b, lab::login(right), 5s).what, verdict::accept);
  EXPECT_TRUE(lab::eventually([&] { return server.heard("BYE") == 1; }));
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(Pool, AConnectionThatDrainsAnswersAndTakesNoMore) {
  std::atomic<int> asked{0};
  const lab::line_server server([&](const std::string& line) -> std::string {
    if (line == "CONNECT") return "HI";
    ++asked;
    while (asked < 2) std::this_thread::yield();  // on both connections, before either is answered
    return "YES";
  });
  backend_rules r = lab::rules_for({server.upstream()});
  r.pool.connections = 2;
  const auto b = lab::make(workers, log, lab::pair_plugin(), r).backend;
  std::vector<std::future<finding>> all;
  for (int i = 0; i < 4; ++i) all.push_back(std::async(std::launch::async, [&] { return workers.ask(*b, lab::login(right), 5s, 0); }));
  for (auto& one : all) EXPECT_EQ(one.get().what, verdict::accept);
  EXPECT_EQ(server.connections(), 2);
  EXPECT_EQ(server.heard("ASK"), 4);
}

TEST_F(Pool, F_13_ADeadUpstreamCostsOneRefusalOnceItIsKnownAndComesBackByItself) {
  backend_rules r = lab::rules_for({nobody()});
  r.breaker.failures = 2;
  const auto b = make(r).backend;
  for (int i = 0; i < 2; ++i) EXPECT_EQ(workers.ask(*b, lab::login(right), 5s).why, reason::upstream_down);
  EXPECT_TRUE(b->status().connections.upstreams[0].open);
  const finding f = workers.ask(*b, lab::login(right), 5s);
  EXPECT_EQ(f.why, reason::upstream_down);
  EXPECT_NE(f.operator_text.find("not asked"), std::string::npos);
  EXPECT_FALSE(f.password_sent);
  const lab::line_server back(lab::honest(), nobodys);
  EXPECT_TRUE(lab::eventually([&] { return workers.ask(*b, lab::login(right), 5s).what == verdict::accept; }));
  EXPECT_EQ(b->status().connections.upstreams[0].failures, 0u);
}

// However busy the second one's connections are kept, and though there is no other to be had.
TEST_F(Pool, QuestionsGoBackToTheFirstReplicaWhenItWorksAgain) {
  const lab::line_server second(lab::honest());
  backend_rules r = lab::rules_for({nobody(), second.upstream()});
  r.pool.connections = 1;
  r.breaker.failures = 1;
  r.breaker.reopen = 250ms;
  const auto b = make(r, true).backend;
  const auto ask_for = [&](std::chrono::milliseconds time, auto until) {
    finding f;
    const auto began = steady::now();
    do {
      f = workers.ask(*b, lab::login(right), 5s);
      EXPECT_EQ(f.what, verdict::accept) << f.operator_text;
      std::this_thread::sleep_for(2ms);
    } while (!until(f) && steady::now() - began < time);
    return f.upstream;
  };
  EXPECT_EQ(ask_for(700ms, [](const finding&) { return false; }), second.upstream().label());
  EXPECT_EQ(second.connections(), 1) << "while the first one is down, the second one's connection is kept";
  const lab::line_server back(lab::honest(), nobodys);
  EXPECT_EQ(ask_for(10s, [&](const finding& f) { return f.upstream == back.upstream().label(); }), back.upstream().label());
  EXPECT_EQ(ask_for(500ms, [](const finding&) { return false; }), back.upstream().label());
  EXPECT_EQ(second.connections(), 1);
}

TEST_F(Pool, AWrongPasswordNeverOpensABreaker) {
  const lab::line_server server(lab::honest());
  backend_rules r = lab::rules_for({server.upstream()});
  r.breaker.failures = 1;
  const auto b = make(r).backend;
  for (int i = 0; i < 5; ++i) EXPECT_EQ(workers.ask(*b, lab::login(wrong), 5s).what, verdict::reject);
  EXPECT_FALSE(b->status().connections.upstreams[0].open);
}

// Six askers keep both connections of one worker busy without a pause; the other worker's question has nobody's turn to wait for.
TEST_F(Pool, ABusyWorkerGivesWayToOneThatWaits) {
  const lab::line_server server([](const std::string& line) {
    if (line.starts_with("KEY")) std::this_thread::sleep_for(10ms);
    return lab::honest()(line);
  });
  backend_rules r = lab::rules_for({server.upstream()});
  r.pool.connections = 2;
  const auto b = make(r, true).backend;
  std::atomic<bool> stop{false};
  std::atomic<int> refused{0};
  std::vector<std::thread> busy;
  for (int i = 0; i < 6; ++i)
    busy.emplace_back([&] {
      while (!stop)
        if (workers.ask(*b, lab::login(right), 10s, 0).what != verdict::accept) ++refused;
    });
  for (int i = 0; i < 3; ++i) EXPECT_EQ(workers.ask(*b, lab::login(right), 10s, 1).what, verdict::accept);
  stop = true;
  for (std::thread& one : busy) one.join();
  EXPECT_EQ(refused, 0);
}

// A wrong password that the server thought about for longer than others have time says nothing about right ones.
TEST_F(Pool, WhoHasLittleTimeIsNotRefusedForever) {
  std::atomic<bool> slow{true};
  const lab::line_server server([&slow](const std::string& line) {
    if (line.starts_with("KEY") && slow) std::this_thread::sleep_for(400ms);
    return lab::honest()(line);
  });
  backend_rules r = lab::rules_for({server.upstream()});
  r.pool.idle = 20ms;
  const auto b = make(r).backend;
  EXPECT_EQ(workers.ask(*b, lab::login(wrong), 8s).what, verdict::reject);
  EXPECT_EQ(workers.ask(*b, lab::login(right), 8s).what, verdict::accept);  // as slow: now it is known what a login takes
  slow = false;
  const auto quick = [&] { return workers.ask(*b, lab::login(right), 250ms).what == verdict::accept; };
  EXPECT_TRUE(lab::eventually(quick));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(workers.ask(*b, lab::login(right), 5s).what, verdict::accept);  // what it takes now
  EXPECT_TRUE(lab::eventually(quick));
}

TEST_F(Pool, F_04_AnEndlessLineEndsTheConnection) {
  const lab::line_server server([](const std::string& line) { return line == "CONNECT" ? std::string("HI") : std::string(1 << 20, 'A'); });
  const auto b = make(lab::rules_for({server.upstream()})).backend;
  EXPECT_EQ(workers.ask(*b, lab::login(right), 5s).why, reason::upstream_nonsense);
}

TEST_F(Pool, WithoutLeaveNothingIsSentInTheClear) {
  const lab::line_server server(lab::honest());
  backend_rules r = lab::rules_for({server.upstream()});
  r.cleartext = false;
  const auto b = make(r).backend;
  const finding f = workers.ask(*b, lab::login(right), 5s);
  EXPECT_EQ(f.why, reason::tls_unavailable);
  EXPECT_EQ(server.heard("NAME ann"), 0);
}

TEST_F(Pool, WarmConnectionsAreReadyBeforeTheQuestion) {
  const lab::line_server server(lab::honest());
  backend_rules r = lab::rules_for({server.upstream()});
  r.pool.warm = 3;
  const auto b = make(r).backend;
  b->keep_warm();
  const auto ready = [&] { return b->status().connections.idle == 3; };
  EXPECT_TRUE(lab::eventually(ready));
  EXPECT_EQ(server.heard("NAME ann"), 0);
  EXPECT_EQ(workers.ask(*b, lab::login(right), 5s).what, verdict::accept);
  EXPECT_TRUE(lab::eventually(ready)) << "and is replaced";
}

TEST_F(Pool, ATranscriptShowsEveryStageAndNoPassword) {
  const lab::line_server server(lab::honest());
  const auto b = make(lab::rules_for({server.upstream()})).backend;
  trace t;
  stage_question q = lab::login(right);
  q.out = &t;
  EXPECT_EQ(workers.ask(*b, q, 5s).what, verdict::accept);
  std::string all;
  for (const trace_line& line : t.lines) all += line.what + " " + line.text + "\n";
  EXPECT_NE(all.find("< HI"), std::string::npos) << all;
  EXPECT_NE(all.find("> NAME ann"), std::string::npos) << all;
  EXPECT_NE(all.find("***"), std::string::npos) << all;
  EXPECT_EQ(all.find("secret"), std::string::npos) << all;
  EXPECT_NE(all.find("verdict accept"), std::string::npos) << all;
}

TEST_F(Pool, ABackendGoesWithItsConnectionsAndLeavesNothingBehind) {
  const lab::line_server server(lab::honest());
  auto b = make(lab::rules_for({server.upstream()}), true).backend;
  EXPECT_EQ(workers.ask(*b, lab::login(right), 5s).what, verdict::accept);
  b.reset();
  workers.settle();
  EXPECT_EQ(secrets_alive(), 2u) << "the two of this test";
}

}  // namespace
