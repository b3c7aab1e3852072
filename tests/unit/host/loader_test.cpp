// The zoo of bad plugins: each is refused, or costs its own questions only.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "unit/host/lab.hpp"

using namespace authbroker;
using namespace std::chrono_literals;

namespace {

const std::string zoo = BINARY_DIR "/bad_plugins";

class Loader : public testing::Test {
 protected:
  std::string refusal(const std::string& name) {
    const auto r = plugins.get(name, {zoo});
    return r ? "loaded" : r.error().text;
  }
  lab::made make(const std::string& name, std::vector<upstream_rules> upstreams, std::chrono::milliseconds reply = 20s) {
    backend_rules r = lab::rules_for(std::move(upstreams));
    r.plugin = name;
    r.timeouts.reply = reply;
    lab::made out;
    const auto loaded = plugins.get(name, {zoo});
    if (!loaded) throw std::runtime_error(loaded.error().text);
    plugin_backend::environment env;
    env.log = &log;
    env.time = &time;
    env.workers = workers.workers();
    env.on_main = [](const std::function<void()>& what) { what(); };
    out.backend = plugin_backend::make(r, **loaded, plugins.host(), env, out.problems);
    return out;
  }
  logger log{{.target = log_target::nowhere, .file = {}}};
  wall_clock time;
  lab::crew workers{1};
  plugin_set plugins{log};
  const secret right{"secret"};
};

TEST_F(Loader, P_04_WhatIsRefusedSaysWhatWasFoundAndWhatIsWanted) {
  EXPECT_NE(refusal("bad_no_symbol").find("it has no symbol abk_plugin_1"), std::string::npos) << refusal("bad_no_symbol");
  EXPECT_NE(refusal("bad_wrong_major").find("speaks major 2 of the plugin ABI; wanted: major 1"), std::string::npos) << refusal("bad_wrong_major");
  EXPECT_NE(refusal("bad_short_struct").find("wanted: at least"), std::string::npos) << refusal("bad_short_struct");
  EXPECT_NE(refusal("bad_wrong_name").find("wanted: \"bad_wrong_name\""), std::string::npos) << refusal("bad_wrong_name");
  EXPECT_NE(refusal("bad_null_plugin").find("returned NULL"), std::string::npos) << refusal("bad_null_plugin");
  EXPECT_NE(refusal("bad_throws_in_entry").find("threw"), std::string::npos) << refusal("bad_throws_in_entry");
  EXPECT_NE(refusal("bad_refuses_init").find("init()"), std::string::npos) << refusal("bad_refuses_init");
  EXPECT_NE(refusal("bad_that_is_not_there").find("found no bad_that_is_not_there.so in"), std::string::npos);
}

TEST_F(Loader, P_03_NamesAreNamesAndNotPaths) {
  for (const char* name : {"../pop3", "/tmp/x", "", "Pop3", "a b", "pop3.so"}) EXPECT_FALSE(plugins.get(name, {zoo})) << name;
}

TEST_F(Loader, P_01_AFileThatOthersMayWriteIsRefused) {
  char dir[] = "/tmp/ab.XXXXXX";
  ASSERT_NE(mkdtemp(dir), nullptr);
  const std::string file = std::string(dir) + "/bad_never_finishes.so";
  std::filesystem::copy_file(zoo + "/bad_never_finishes.so", file);
  chmod(file.c_str(), 0666);
  EXPECT_NE(plugins.get("bad_never_finishes", {dir}).error().text.find("chmod go-w"), std::string::npos);
  chmod(file.c_str(), 0644);
  chmod(dir, 0777);
  EXPECT_NE(plugins.get("bad_never_finishes", {dir}).error().text.find("the directory"), std::string::npos);
  chmod(dir, 0755);
  if (geteuid() == 0) {
    ASSERT_EQ(chown(file.c_str(), 65534, 65534), 0);
    EXPECT_NE(plugins.get("bad_never_finishes", {dir}).error().text.find("owned by uid 65534"), std::string::npos);
    ASSERT_EQ(chown(file.c_str(), 0, 0), 0);
  }
  EXPECT_TRUE(plugins.get("bad_never_finishes", {dir}));
  std::filesystem::remove_all(dir);
}

TEST_F(Loader, ACreateThatFailsIsAProblemOfTheConfiguration) {
  const lab::line_server server(lab::honest());
  for (const char* name : {"bad_throws_in_create", "bad_null_create", "bad_silent_create", "bad_no_open", "bad_short_backend"}) {
    const lab::made m = make(name, {server.upstream()});
    EXPECT_EQ(m.backend, nullptr) << name;
    EXPECT_FALSE(m.problems.empty()) << name;
  }
}

// P-06, P-07, G-06: whatever a plugin does in a conversation, the answer is a tempfail, in time, and the next question is asked.
TEST_F(Loader, P_07_AMisbehavingConversationIsATempfail) {
  for (const char* name : {"bad_throws_in_open", "bad_null_open", "bad_throws_in_prepare", "bad_throws_in_begin", "bad_throws_in_resume", "bad_never_finishes",
                           "bad_another_id", "bad_no_answer", "bad_illegal_reason", "bad_unknown_verdict", "bad_unknown_reason", "bad_short_answer", "bad_yes_in_prepare",
                           "bad_garbage_step", "bad_start_tls_late", "bad_ready_unanswered"}) {
    const lab::line_server server([](const std::string&) { return std::string("HI"); });
    const lab::made m = make(name, {server.upstream()}, 200ms);
    ASSERT_NE(m.backend, nullptr) << name;
    const auto began = steady::now();
    const finding f = workers.ask(*m.backend, lab::login(right), 3s);
    EXPECT_EQ(f.what, verdict::tempfail) << name;
    EXPECT_LT(steady::now() - began, 10s) << name;
    EXPECT_TRUE(legal(f.what, f.why)) << name;
  }
}

TEST_F(Loader, TheFirstAnswerStands) {
  for (const char* name : {"bad_finishes_twice", "bad_finishes_yes_then_no"}) {
    const lab::line_server server([](const std::string&) { return std::string("HI"); });
    const lab::made m = make(name, {server.upstream()});
    ASSERT_NE(m.backend, nullptr) << name;
    const finding f = workers.ask(*m.backend, lab::login(right), 10s);
    EXPECT_TRUE(f.what == verdict::accept || f.what == verdict::reject) << name;
    workers.settle();
    EXPECT_GE(m.backend->status().misbehaviour, 1u) << name;
  }
}

TEST_F(Loader, P_07_ChecksThatMisbehaveAreTempfails) {
  for (const char* name : {"bad_check_throws", "bad_check_silent", "bad_check_illegal"}) {
    const lab::made m = make(name, {});
    ASSERT_NE(m.backend, nullptr) << name;
    EXPECT_EQ(workers.ask(*m.backend, lab::login(right), 3s).what, verdict::tempfail) << name;
    EXPECT_GE(m.backend->status().misbehaviour, 1u) << name;
  }
}

TEST_F(Loader, AnUnmarkedPasswordCountsAsSent) {
  const lab::line_server server([](const std::string& line) { return line == "CONNECT" ? std::string("HI") : std::string("!"); });
  const lab::made m = make("bad_unmarked_secret", {server.upstream()});
  ASSERT_NE(m.backend, nullptr);
  EXPECT_TRUE(workers.ask(*m.backend, lab::login(right), 10s).password_sent);
}

}  // namespace
