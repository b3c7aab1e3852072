// Sessions without coroutines: several questions at a time on one connection, each answered by its own id.
#include <abk/rig.hpp>
#include <abk/sdk.hpp>
#include <gtest/gtest.h>

namespace {

using state = abk::test::connection_rig::state;

// "ID NAME" goes out, "ID yes", "ID no", "ID throw" or "ID give-up" comes back, in any order. "end" closes.
class pipelined final : public abk::session {
 public:
  abk::step begin(const abk::question& q, abk::io& up) override {
    if (q.login_name == "throw") throw std::runtime_error("in begin");
    const std::string id = std::to_string(q.id);
    up.send({id, " ", q.login_name, "\n"});
    return abk::step::read;
  }
  abk::step resume(abk::io& up) override {
    for (std::size_t lf = up.in().find('\n'); lf != std::string_view::npos; lf = up.in().find('\n')) {
      const std::string line(up.in().substr(0, lf));
      up.consume(lf + 1);
      if (line == "end") return abk::step::close;
      const auto id = static_cast<std::uint32_t>(std::stoul(line));
      if (line.ends_with("yes")) up.finish(id, abk::answer::yes("yes"));
      else if (line.ends_with("no")) up.finish(id, abk::answer::no(abk::reason::wrong_password, "no"));
      else if (line.ends_with("give-up")) throw abk::give_up(abk::reason::upstream_busy, "gave-up");
      else throw std::runtime_error("in resume");
    }
    return abk::step::read;
  }
  bool cancel(std::uint32_t) override { return true; }
};
class pipelined_backend final : public abk::backend {
 public:
  using backend::backend;
  traits about() const override {
    traits t;
    t.kinds = ABK_LOGIN;
    t.questions_max[0] = 8;
    return t;
  }
  std::unique_ptr<abk::session> open(std::uint32_t) const override { return std::make_unique<pipelined>(); }
};
const abk_plugin* plugin() {
  static const abk_plugin me = {sizeof me, ABK_ABI_MINOR, "pipelined", "1", nullptr, [](const abk_host* h, abk_config* c) {
                                  return abk::border::create(h, c, [](const abk::host& on, abk::settings&) { return std::make_unique<pipelined_backend>(on); });
                                }};
  return &me;
}
struct connected {
  abk::test::host_rig host{plugin()};
  abk::test::connection_rig up{host, ABK_TLS};
  std::uint32_t ask(const std::string& name) {
    abk::test::ask q;
    q.login_name = name;
    q.password = "open sesame";
    return up.begin(q);
  }
};

TEST(SdkSession, AnswersComeInAnyOrder) {
  connected c;
  EXPECT_EQ(c.up.is(), state::ready);
  const std::uint32_t ann = c.ask("ann"), bob = c.ask("bob");
  EXPECT_EQ(c.up.take_sent(), "1 ann\n2 bob\n");
  c.up.feed("2 no\n1 yes\n");
  ASSERT_EQ(c.up.answers.size(), 2U);
  EXPECT_EQ(c.up.answers[0].id, bob);
  EXPECT_EQ(c.up.answers[0].verdict, static_cast<std::uint32_t>(ABK_NO));
  EXPECT_EQ(c.up.answers[1].id, ann);
  EXPECT_EQ(c.up.answers[1].verdict, static_cast<std::uint32_t>(ABK_YES));
  EXPECT_TRUE(c.host.complaints.empty());
}

TEST(SdkSession, OneMayBeCancelledAndTheOthersGoOn) {
  connected c;
  const std::uint32_t ann = c.ask("ann"), bob = c.ask("bob");
  EXPECT_TRUE(c.up.cancel(ann));
  c.up.feed(std::to_string(bob) + " yes\n");
  ASSERT_EQ(c.up.answers.size(), 1U);
  EXPECT_EQ(c.up.answers[0].id, bob);
  c.up.feed("end\n");
  EXPECT_EQ(c.up.is(), state::closed);
  EXPECT_TRUE(c.host.complaints.empty());
}

TEST(SdkSession, AnExceptionAnswersEverybodyOnce) {
  for (const std::string how : {"throw", "give-up"}) {
    connected c;
    c.ask("ann"), c.ask("bob"), c.ask("carol");
    c.up.feed("1 yes\n2 " + how + "\n");
    ASSERT_EQ(c.up.answers.size(), 3U);
    EXPECT_EQ(c.up.answers[0].verdict, static_cast<std::uint32_t>(ABK_YES));
    for (std::size_t i : {1U, 2U}) {
      EXPECT_EQ(c.up.answers[i].verdict, static_cast<std::uint32_t>(ABK_TEMPFAIL));
      EXPECT_EQ(c.up.answers[i].rule, how == "throw" ? "sdk.exception" : "gave-up");
    }
    EXPECT_EQ(c.up.is(), state::closed);
    EXPECT_TRUE(c.host.complaints.empty());
  }
  connected c;
  c.ask("throw");
  ASSERT_EQ(c.up.answers.size(), 1U);
  EXPECT_EQ(c.up.answers[0].reason, static_cast<std::uint32_t>(ABK_REASON_INTERNAL));
}

TEST(SdkSession, ACloseLeavesNobodyWaiting) {
  connected c;
  c.ask("ann"), c.ask("bob");
  c.up.feed("end\n");
  ASSERT_EQ(c.up.answers.size(), 2U);
  for (const auto& a : c.up.answers) EXPECT_EQ(a.verdict, static_cast<std::uint32_t>(ABK_TEMPFAIL));
  EXPECT_TRUE(c.host.complaints.empty());
}

}  // namespace
