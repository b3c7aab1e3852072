// pam_authbroker.so as PAM loads it, against a socket that plays the broker.
#include <gtest/gtest.h>
#include <security/pam_appl.h>
#include <stdarg.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "unit/ask/fake_broker.hpp"

namespace {
std::mutex lines_mutex;
std::vector<std::string> lines;
void remember(const char* format, va_list values) {
  std::array<char, 1024> room;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  ::vsnprintf(room.data(), room.size(), format, values);
#pragma GCC diagnostic pop
  const std::lock_guard hold(lines_mutex);
  lines.emplace_back(room.data());
}
}  // namespace

// What PAM and its modules log.
extern "C" __attribute__((visibility("default"))) void syslog(int, const char* format, ...) {
  va_list values;
  va_start(values, format);
  remember(format, values);
  va_end(values);
}
extern "C" __attribute__((visibility("default"))) void __syslog_chk(int, int, const char* format, ...) {
  va_list values;
  va_start(values, format);
  remember(format, values);
  va_end(values);
}

namespace {

using authbroker::testing_ask::fake_broker;
using authbroker::testing_ask::says;

constexpr const char* right = "correct-horse-7781";

// The host: answers prompts with these, one after the other, and keeps what it was told.
struct host {
  std::vector<std::string> passwords;
  std::size_t prompted = 0;
  std::vector<std::string> told = {};
};

int converse(int n, const pam_message** messages, pam_response** out, void* data) {
  auto& h = *static_cast<host*>(data);
  auto* const replies = static_cast<pam_response*>(std::calloc(static_cast<std::size_t>(n), sizeof(pam_response)));
  for (int i = 0; i < n; ++i) {
    const pam_message& m = *messages[i];
    if (m.msg_style != PAM_PROMPT_ECHO_OFF) {
      h.told.emplace_back(m.msg);
    } else if (h.prompted < h.passwords.size()) {
      replies[i].resp = ::strdup(h.passwords[h.prompted++].c_str());
    } else {
      std::free(replies);
      return PAM_CONV_ERR;
    }
  }
  *out = replies;
  return PAM_SUCCESS;
}

class pam_module : public testing::Test {
 protected:
  pam_module() {
    std::array<char, 32> name{"/tmp/ab.pam.XXXXXX"};
    folder_ = ::mkdtemp(name.data());
    const std::lock_guard hold(lines_mutex);
    lines.clear();
  }
  ~pam_module() override {
    end();
    std::filesystem::remove_all(folder_);
  }
  // One line a phase, with these options.
  void stack(const std::string& options, const std::string& before = {}, const std::string& control = "required") {
    std::ofstream file(folder_ + "/mail");
    file << before << "auth " << control << " " << PAM_MODULE << " " << options << "\naccount required " << PAM_MODULE << " " << options << "\n";
  }
  void start(const char* user = "ann@example.com") {
    end();
    const pam_conv talk{converse, &host_};
    ASSERT_EQ(::pam_start_confdir("mail", user, &talk, folder_.c_str(), &pamh_), PAM_SUCCESS);
  }
  void end() {
    if (pamh_ != nullptr) ::pam_end(pamh_, PAM_SUCCESS);
    pamh_ = nullptr;
  }
  // Auth alone, from start to end.
  int authenticate(const std::string& options, const char* user = "ann@example.com", int flags = 0) {
    stack(options);
    start(user);
    return ::pam_authenticate(pamh_, flags);
  }
  std::string socket(const fake_broker& b) { return "socket=" + b.path; }
  static bool logged(const std::string& part) {
    const std::lock_guard hold(lines_mutex);
    return std::any_of(lines.begin(), lines.end(), [&part](const std::string& line) { return line.find(part) != std::string::npos; });
  }

  host host_{{right}};
  std::string folder_;
  pam_handle_t* pamh_ = nullptr;
};

fake_broker::script by_password() {
  return [](const std::string& request) {
    return request.find(right) != std::string::npos ? says(200, "accept", "", ",\"identity\":\"ann@example.com\"") : says(401, "reject", "wrong_password");
  };
}
fake_broker::script always(std::string answer) {
  return [answer](const std::string&) { return answer; };
}

TEST_F(pam_module, RightIsSuccessAndWrongIsAnError) {
  fake_broker broker(by_password());
  EXPECT_EQ(authenticate(socket(broker)), PAM_SUCCESS);
  EXPECT_EQ(::pam_acct_mgmt(pamh_, 0), PAM_SUCCESS);
  EXPECT_EQ(::pam_setcred(pamh_, PAM_ESTABLISH_CRED), PAM_SUCCESS);
  host_ = {{"wrong"}};
  EXPECT_EQ(authenticate(socket(broker)), PAM_AUTH_ERR);
  EXPECT_EQ(::pam_acct_mgmt(pamh_, 0), PAM_AUTH_ERR);
}

TEST_F(pam_module, TheBrokerHearsWhoAsksAndFromWhere) {
  fake_broker broker(by_password());
  stack(socket(broker) + " timeout=4");
  start();
  ::pam_set_item(pamh_, PAM_RHOST, "203.0.113.7");
  EXPECT_EQ(::pam_authenticate(pamh_, 0), PAM_SUCCESS);
  const std::string request = broker.requests().at(0);
  EXPECT_NE(request.find(R"({"address":"ann@example.com","password":"correct-horse-7781","client":"203.0.113.7","service":"mail","deadline_ms":3500})"), std::string::npos) << request;
}

TEST_F(pam_module, G_08_WhatCannotBeFoundOutIsUnavailable) {
  EXPECT_EQ(authenticate("socket=/nonexistent/sock"), PAM_AUTHINFO_UNAVAIL);
  EXPECT_TRUE(logged("cannot ask /nonexistent/sock about ann@example.com: connect: No such file or directory"));
  EXPECT_EQ(::pam_acct_mgmt(pamh_, 0), PAM_AUTHINFO_UNAVAIL);
  for (const std::string& answer : {says(503, "tempfail", "upstream_down"), std::string(), says(200, "accept", "").substr(0, 100), says(401, "accept", ""), says(200, "reject", "wrong_password"),
                                    std::string("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"), std::string("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK"),
                                    authbroker::testing_ask::reply(403, R"({"error":"peer_not_allowed","text":"no"})")}) {
    fake_broker broker(always(answer));
    host_ = {{right}};
    EXPECT_EQ(authenticate(socket(broker)), PAM_AUTHINFO_UNAVAIL) << answer;
    ASSERT_EQ(host_.told.size(), 1U);
    EXPECT_EQ(host_.told[0], "The password cannot be checked at the moment. Please try again later.");
  }
}

TEST_F(pam_module, OptionTimeoutIsHowLongABrokerMayBeSilent) {
  fake_broker broker(always(fake_broker::hang));
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(authenticate(socket(broker) + " timeout=1"), PAM_AUTHINFO_UNAVAIL);
  const auto took = std::chrono::steady_clock::now() - began;
  EXPECT_GE(took, std::chrono::milliseconds(1000));
  EXPECT_LT(took, std::chrono::milliseconds(8000));
}

TEST_F(pam_module, OptionDomainIsForNamesWithoutOne) {
  fake_broker broker(by_password());
  EXPECT_EQ(authenticate(socket(broker) + " domain=example.com", "ann"), PAM_SUCCESS);
  host_ = {{right}};
  EXPECT_EQ(authenticate(socket(broker) + " domain=example.com", "ann@other.example"), PAM_SUCCESS);
  host_ = {{right}};
  EXPECT_EQ(authenticate(socket(broker), "ann"), PAM_SUCCESS);
  EXPECT_NE(broker.requests().at(0).find(R"("ann@example.com")"), std::string::npos);
  EXPECT_NE(broker.requests().at(1).find(R"("ann@other.example")"), std::string::npos);
  EXPECT_NE(broker.requests().at(2).find(R"("ann")"), std::string::npos);
}

TEST_F(pam_module, OptionServiceIsWhatTheBrokerHears) {
  fake_broker broker(by_password());
  EXPECT_EQ(authenticate(socket(broker) + " service=webmail"), PAM_SUCCESS);
  EXPECT_NE(broker.requests().at(0).find(R"("service":"webmail")"), std::string::npos);
}

TEST_F(pam_module, OptionUseFirstPassNeverPrompts) {
  fake_broker broker(by_password());
  EXPECT_EQ(authenticate(socket(broker) + " use_first_pass"), PAM_AUTHTOK_RECOVERY_ERR);
  EXPECT_EQ(host_.prompted, 0U);
  EXPECT_TRUE(broker.requests().empty());
  // An earlier module has asked the user already.
  stack(socket(broker) + " use_first_pass", "auth optional " PAM_MODULE " socket=/nonexistent\n");
  start();
  EXPECT_EQ(::pam_authenticate(pamh_, 0), PAM_SUCCESS);
  EXPECT_EQ(host_.prompted, 1U);
}

TEST_F(pam_module, OptionTryFirstPassPromptsIfThatWasWrong) {
  fake_broker broker(by_password());
  const std::string before = "auth optional " PAM_MODULE " socket=/nonexistent\n";
  for (const auto& [option, code, prompts] : {std::tuple{" try_first_pass", PAM_SUCCESS, 2U}, std::tuple{"", PAM_AUTH_ERR, 1U}}) {
    host_ = {{"of another system", right}};
    stack(socket(broker) + option, before);
    start();
    EXPECT_EQ(::pam_authenticate(pamh_, 0), code) << option;
    EXPECT_EQ(host_.prompted, prompts) << option;
  }
  // What could not be checked is not asked for again.
  fake_broker down(always(says(503, "tempfail", "upstream_down")));
  host_ = {{"one", "two"}};
  stack(socket(down) + " try_first_pass", before);
  start();
  EXPECT_EQ(::pam_authenticate(pamh_, 0), PAM_AUTHINFO_UNAVAIL);
  EXPECT_EQ(host_.prompted, 1U);
}

TEST_F(pam_module, OptionRewriteUserGivesTheHostTheIdentity) {
  fake_broker broker(by_password());
  for (const auto& [option, user] : {std::pair{"", "ANN@example.com"}, std::pair{" rewrite_user", "ann@example.com"}}) {
    host_ = {{right}};
    EXPECT_EQ(authenticate(socket(broker) + option, "ANN@example.com"), PAM_SUCCESS);
    const void* now = nullptr;
    ::pam_get_item(pamh_, PAM_USER, &now);
    EXPECT_STREQ(static_cast<const char*>(now), user);
    EXPECT_EQ(::pam_acct_mgmt(pamh_, 0), PAM_SUCCESS) << "the same user, under another name";
  }
}

TEST_F(pam_module, OptionRevealTellsAccountsApart) {
  fake_broker broker(always(says(401, "reject", "no_such_user")));
  EXPECT_EQ(authenticate(socket(broker)), PAM_AUTH_ERR);
  host_ = {{right}};
  EXPECT_EQ(authenticate(socket(broker) + " reveal"), PAM_USER_UNKNOWN);
}

TEST_F(pam_module, OptionDebugLogsWhatIsNotLoggedOtherwise) {
  fake_broker broker(by_password()), nobody(always(says(401, "no_route", "no_route")));
  EXPECT_EQ(authenticate(socket(broker)), PAM_SUCCESS);
  EXPECT_FALSE(logged("verdict=accept"));
  host_ = {{right}};
  EXPECT_EQ(authenticate(socket(broker) + " debug"), PAM_SUCCESS);
  EXPECT_TRUE(logged("user=ann@example.com verdict=accept reason=none id=t-1"));
}

TEST_F(pam_module, A_19_ANameThatNobodyKnowsMayBeAPassword) {
  for (const std::string& answer : {says(401, "no_route", "no_route"), says(401, "reject", "no_such_user"), says(401, "reject", "bad_name")}) {
    fake_broker broker(always(answer));
    host_ = {{right}};
    authenticate(socket(broker), "hunter2@typed");
    EXPECT_TRUE(logged("user=(unknown) verdict="));
  }
  EXPECT_FALSE(logged("hunter2"));
  host_ = {{right}};
  authenticate("socket=/nonexistent", "hunter2");
  EXPECT_FALSE(logged("hunter2"));
}

TEST_F(pam_module, R_01_NobodyForgesALine) {
  fake_broker no(always(says(401, "reject", "wrong_password")));
  stack(socket(no));
  start("ann@example.com\nuser=root verdict=accept");
  ::pam_set_item(pamh_, PAM_RHOST, "x\n203.0.113.7 \"");
  EXPECT_EQ(::pam_authenticate(pamh_, 0), PAM_AUTH_ERR);
  EXPECT_TRUE(logged("verdict=reject"));
  EXPECT_FALSE(logged("\n"));
}

TEST_F(pam_module, R_02_NoPasswordIsLogged) {
  fake_broker yes(by_password()), no(always(says(401, "reject", "wrong_password"))), later(always(says(503, "tempfail", "deadline"))), nonsense(always(right));
  for (const fake_broker* const b : {&yes, &no, &later, &nonsense}) {
    host_ = {{right}};
    authenticate("socket=" + b->path + " debug");
  }
  EXPECT_TRUE(logged("verdict=reject"));
  EXPECT_FALSE(logged(right));
}

TEST_F(pam_module, AWrongOptionIsNoRefusalAndNoSuccess) {
  EXPECT_EQ(authenticate("sockets=/x"), PAM_SERVICE_ERR);
  EXPECT_TRUE(logged("not a right option: sockets=/x"));
  EXPECT_EQ(::pam_acct_mgmt(pamh_, 0), PAM_SERVICE_ERR);
}

TEST_F(pam_module, AccountsThatTheAuthPhaseDidNotSeeAreOthersBusiness) {
  fake_broker broker(by_password());
  stack(socket(broker));
  start();
  EXPECT_EQ(::pam_acct_mgmt(pamh_, 0), PAM_PERM_DENIED) << "PAM's own word if every module passes";
  EXPECT_EQ(::pam_authenticate(pamh_, 0), PAM_SUCCESS);
  EXPECT_EQ(::pam_acct_mgmt(pamh_, 0), PAM_SUCCESS);
  ::pam_set_item(pamh_, PAM_USER, "root");
  EXPECT_EQ(::pam_acct_mgmt(pamh_, 0), PAM_PERM_DENIED) << "another user by now";
}

TEST_F(pam_module, AnAcceptedLoginMayNeedANewPassword) {
  fake_broker broker(always(says(200, "accept", "password_must_change")));
  EXPECT_EQ(authenticate(socket(broker)), PAM_SUCCESS);
  EXPECT_EQ(::pam_acct_mgmt(pamh_, 0), PAM_NEW_AUTHTOK_REQD);
}

TEST_F(pam_module, UsersReadWhyAndWhere) {
  fake_broker expired(always(says(401, "reject", "password_expired", R"(,"text":"Your password has expired.","help_url":"https://example.com/pw")")));
  EXPECT_EQ(authenticate(socket(expired)), PAM_ACCT_EXPIRED);
  EXPECT_EQ(host_.told, std::vector<std::string>{"Your password has expired. https://example.com/pw"});
  fake_broker expiring(always(says(200, "accept", "password_expiring", R"(,"password_expires_in":260000)")));
  host_ = {{right}};
  EXPECT_EQ(authenticate(socket(expiring)), PAM_SUCCESS);
  EXPECT_EQ(host_.told, std::vector<std::string>{"Your password expires in 3 days."});
  fake_broker notice(always(says(200, "accept", "alert", R"(,"notice":"Mail\u001b[2J moves on Friday")")));
  host_ = {{right}};
  EXPECT_EQ(authenticate(socket(notice)), PAM_SUCCESS);
  ASSERT_EQ(host_.told.size(), 1U);
  EXPECT_EQ(host_.told[0].find('\033'), std::string::npos);
  host_ = {{right}};
  EXPECT_EQ(authenticate(socket(expired), "ann@example.com", static_cast<int>(PAM_SILENT)), PAM_ACCT_EXPIRED);
  EXPECT_TRUE(host_.told.empty());
}

std::size_t count(const char* folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator()));
}
// UBSan looks at memory through a pipe of its own, on whatever thread: what is left behind stays, that does not.
bool descriptors_become(std::size_t n) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (count("/proc/self/fd") != n)
    if (std::chrono::steady_clock::now() > until) return false;
  return true;
}

// The host's threads, signals and descriptors are as they were, while the module is loaded and after it has gone.
TEST_F(pam_module, LeavesNothingBehindInItsHost) {
  fake_broker broker(by_password());
  host_ = {{right, right}};
  EXPECT_EQ(authenticate(socket(broker)), PAM_SUCCESS);  // what libpam and the sanitizers open once
  end();
  const auto actions = [] {
    std::vector<std::string> all;
    for (int n = 1; n < NSIG; ++n) {
      struct sigaction one {};
      if (::sigaction(n, nullptr, &one) == 0) all.emplace_back(reinterpret_cast<const char*>(&one.sa_handler), sizeof one.sa_handler);
    }
    sigset_t blocked;
    ::sigprocmask(SIG_SETMASK, nullptr, &blocked);
    all.emplace_back(reinterpret_cast<const char*>(&blocked), sizeof blocked);
    return all;
  };
  const auto handlers = actions();
  const std::size_t threads = count("/proc/self/task");
  std::size_t descriptors = 0;
  do descriptors = count("/proc/self/fd");
  while (descriptors != count("/proc/self/fd"));
  EXPECT_EQ(authenticate(socket(broker)), PAM_SUCCESS);
  EXPECT_EQ(count("/proc/self/task"), threads);
  EXPECT_TRUE(descriptors_become(descriptors));
  EXPECT_EQ(actions(), handlers);
  end();
  EXPECT_EQ(count("/proc/self/task"), threads);
  EXPECT_TRUE(descriptors_become(descriptors));
  EXPECT_EQ(actions(), handlers);
}

// A server with a thread a login, each with a handle of its own.
TEST_F(pam_module, ThreadsOfAHostDoNotMeet) {
  fake_broker broker([](const std::string& request) { return request.find("even") != std::string::npos ? says(200, "accept", "") : says(401, "reject", "wrong_password"); });
  stack(socket(broker));
  std::atomic<int> as_meant = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([this, &as_meant, t] {
      for (int i = 0; i < 10; ++i) {
        host mine{{t % 2 == 0 ? "even" : "odd"}};
        const pam_conv talk{converse, &mine};
        pam_handle_t* handle = nullptr;
        if (::pam_start_confdir("mail", "ann@example.com", &talk, folder_.c_str(), &handle) != PAM_SUCCESS) return;
        const int code = ::pam_authenticate(handle, 0);
        ::pam_end(handle, code);
        if (code == (t % 2 == 0 ? PAM_SUCCESS : PAM_AUTH_ERR)) ++as_meant;
      }
    });
  for (std::thread& one : threads) one.join();
  EXPECT_EQ(as_meant, 40);
}

}  // namespace
