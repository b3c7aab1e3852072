#include <gtest/gtest.h>

#include <condition_variable>
#include <future>

#include "host/answers.hpp"
#include "unit/host/lab.hpp"

using namespace authbroker;
using namespace std::chrono_literals;

namespace {

void give(abk_check& c, std::uint32_t what, std::uint32_t why) {
  abk_answer a{};
  a.size = sizeof a;
  a.verdict = what;
  a.reason = why;
  c.finish(&c, &a);
}

class Blocking : public testing::Test {
 protected:
  std::shared_ptr<plugin_backend> make(std::function<void(const abk_question&, abk_check&)> deed, bool inline_kind = false, std::uint32_t share = 1) {
    backend_rules r = lab::rules_for({});
    r.pool.queue = 2;
    return lab::make(workers, log, lab::check_plugin(std::move(deed), inline_kind), r, share).backend;
  }
  logger log{{.target = log_target::nowhere, .file = {}}};
  lab::crew workers{2};
  const secret right{"secret"};
};

TEST_F(Blocking, AnAnswerComesBackToItsWorker) {
  const auto b = make([](const abk_question& q, abk_check& c) { give(c, view(q.password) == "secret" ? ABK_YES : ABK_NO, view(q.password) == "secret" ? 0 : ABK_REASON_WRONG_PASSWORD); });
  EXPECT_EQ(workers.ask(*b, lab::login(right), 5s).what, verdict::accept);
  const secret wrong("wrong");
  const finding f = workers.ask(*b, lab::login(wrong), 5s, 1);
  EXPECT_EQ(f.what, verdict::reject);
  EXPECT_TRUE(f.password_sent);
}

TEST_F(Blocking, AnInlineCheckRunsOnTheAskingWorker) {
  std::thread::id asked;
  const auto b = make([&](const abk_question&, abk_check& c) { asked = std::this_thread::get_id(); give(c, ABK_YES, 0); }, true);
  EXPECT_EQ(workers.ask(*b, lab::login(right), 5s).what, verdict::accept);
  EXPECT_NE(asked, std::this_thread::get_id());
}

// P-07: the caller is answered in time, the late answer is dropped, and when all threads are stuck it is said at once.
TEST_F(Blocking, P_07_AStuckPluginCostsItsOwnQuestionsOnly) {
  std::mutex m;
  std::condition_variable go;
  bool free = false;
  std::atomic<int> entered{0};
  const auto b = make([&](const abk_question&, abk_check& c) {
    ++entered;
    std::unique_lock hold(m);
    go.wait(hold, [&] { return free; });
    give(c, ABK_YES, 0);
  });
  finding first;
  for (auto time = 100ms; !first.password_sent && time < 10s; time *= 2) {  // once there was time to hand it to the plugin
    first = workers.ask(*b, lab::login(right), time);
    EXPECT_EQ(first.why, reason::deadline);
  }
  EXPECT_TRUE(first.password_sent) << "the plugin has it";
  const finding second = workers.ask(*b, lab::login(right), 10s, 0, 100ms);
  EXPECT_EQ(second.why, reason::overloaded);
  EXPECT_FALSE(second.password_sent) << "no thread took it: another backend may be asked";
  EXPECT_EQ(entered, 1);
  {
    const std::lock_guard hold(m);
    free = true;
  }
  go.notify_all();
  EXPECT_EQ(workers.ask(*b, lab::login(right), 5s).what, verdict::accept);
}

TEST_F(Blocking, P_06_AnExceptionOrSilenceIsATempfail) {
  const auto throws = make([](const abk_question&, abk_check&) { throw std::runtime_error("oops"); });
  EXPECT_EQ(workers.ask(*throws, lab::login(right), 5s).why, reason::internal);
  const auto silent = make([](const abk_question&, abk_check&) {});
  EXPECT_EQ(workers.ask(*silent, lab::login(right), 5s).why, reason::internal);
  EXPECT_EQ(silent->status().misbehaviour, 1u);
}

TEST_F(Blocking, AfterTwentyMisdeedsABackendIsNotAskedAnyMore) {
  std::atomic<int> asked{0};
  const auto b = make([&](const abk_question&, abk_check& c) { ++asked; give(c, 99, 99); }, true);
  for (int i = 0; i < 30; ++i) EXPECT_EQ(workers.ask(*b, lab::login(right), 5s).what, verdict::tempfail);
  EXPECT_EQ(asked, 20);
}

TEST_F(Blocking, R_08_ThePasswordOfADroppedQuestionIsWiped) {
  const std::size_t before = secrets_alive();
  const auto b = make([](const abk_question&, abk_check& c) { give(c, ABK_YES, 0); });
  EXPECT_EQ(workers.ask(*b, lab::login(right), 5s).what, verdict::accept);
  EXPECT_TRUE(lab::eventually([&] { return secrets_alive() == before; }));
}

}  // namespace
