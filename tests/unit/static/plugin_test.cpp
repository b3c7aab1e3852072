// static.so through its border, as a host sees it.
#include <abk/ext/log.h>
#include <abk/plugin.h>
#include <crypt.h>
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "unit/base/temporary.hpp"

namespace {

using authbroker::test::temporary_folder;

abk_str str(const std::string& s) { return {s.data(), s.size()}; }
std::string text(abk_str s) { return s.len == 0 ? std::string() : std::string(s.data, s.len); }

struct settings {
  abk_config border{};
  std::string file;
  std::vector<std::string> problems;

  explicit settings(std::string path) : file(std::move(path)) {
    border.size = sizeof border;
    border.host = this;
    border.text = [](abk_config* c, const char* key, abk_str* out) {
      settings& self = *static_cast<settings*>(c->host);
      if (std::string(key) != "file" || self.file.empty()) return false;
      *out = str(self.file);
      return true;
    };
    border.problem = [](abk_config* c, const char* key, const char* what) { static_cast<settings*>(c->host)->problems.push_back(std::string(key) + ": " + what); };
  }
};

// Copies what the plugin says: nothing of it outlives finish().
struct collected {
  abk_check border{};
  int answers = 0;
  std::uint32_t verdict = 99, reason = 99, kind = 99, flags = 0;
  std::string rule, mailbox;
  std::vector<std::string> addresses;

  collected() {
    border.size = sizeof border;
    border.host = this;
    border.finish = [](abk_check* c, const abk_answer* a) {
      collected& self = *static_cast<collected*>(c->host);
      ++self.answers;
      self.verdict = a->verdict;
      self.reason = a->reason;
      self.kind = a->kind;
      self.flags = a->flags;
      self.rule = text(a->rule);
      self.mailbox = text(a->mailbox);
      for (std::size_t i = 0; i < a->address_count; ++i) self.addresses.push_back(text(a->addresses[i]));
    };
  }
};

class StaticPlugin : public testing::Test {
 protected:
  StaticPlugin() {
    library_ = dlopen(STATIC_SO, RTLD_NOW | RTLD_LOCAL);
    if (library_ == nullptr) throw std::runtime_error(dlerror());
    const auto entry = reinterpret_cast<const abk_plugin* (*)()>(dlsym(library_, "abk_plugin_1"));
    if (entry == nullptr) throw std::runtime_error("no abk_plugin_1");
    plugin_ = entry();
    host_.size = sizeof host_;
    host_.extension = [](const abk_host*, const char*) -> const void* { return nullptr; };
  }
  ~StaticPlugin() override {
    if (backend_ != nullptr) backend_->destroy(backend_);
    dlclose(library_);
  }
  static std::string hash(const char* password) {
    crypt_data room{};
    return crypt_r(password, "$6$rounds=1000$saltsalt", &room);
  }
  void open(const std::string& contents) {
    settings s(dir_.write("users", contents, 0600));
    backend_ = plugin_->create(&host_, &s.border);
    for (const std::string& p : s.problems) ADD_FAILURE() << p;
    ASSERT_NE(backend_, nullptr);
  }
  collected ask(std::uint32_t kind, const std::string& identity, const std::string& login_name, const std::string& password = {}) {
    abk_question q{};
    q.size = sizeof q;
    q.kind = kind;
    q.id = 1;
    q.identity = str(identity);
    q.login_name = str(login_name);
    q.address = str(identity);
    q.password = str(password);
    collected out;
    backend_->check(backend_, &q, &out.border);
    EXPECT_EQ(out.answers, 1);
    return out;
  }
  collected login(const std::string& name, const std::string& password) { return ask(ABK_LOGIN, name, name, password); }
  collected mailbox(const std::string& name) { return ask(ABK_MAILBOX, name, name); }

  temporary_folder dir_;
  void* library_ = nullptr;
  const abk_plugin* plugin_ = nullptr;
  abk_host host_{};
  abk_backend* backend_ = nullptr;
};

TEST_F(StaticPlugin, SaysWhoItIsAndWhatItAnswers) {
  EXPECT_STREQ(plugin_->name, "static");
  open("ann@example.com:!\n");
  EXPECT_EQ(backend_->kinds, static_cast<std::uint32_t>(ABK_LOGIN | ABK_MAILBOX));
  EXPECT_EQ(backend_->check_kinds, backend_->kinds);
  EXPECT_EQ(backend_->inline_kinds, static_cast<std::uint32_t>(ABK_MAILBOX));
}

TEST_F(StaticPlugin, LoginsByRow) {
  open("ann@example.com:" + hash("right") + ":office@example.com\nclosed@example.com:!\nbare:" + hash("right") + "\n");
  struct row {
    std::string identity, login_name, password;
    std::uint32_t verdict, reason;
    std::string rule, mailbox;
  };
  const row rows[] = {
      {"ann@example.com", "ann@example.com", "right", ABK_YES, ABK_REASON_NONE, "login.right", "ann@example.com"},
      {"Ann@Example.com", "ann", "right", ABK_YES, ABK_REASON_NONE, "login.right", "ann@example.com"},
      {"ann@example.com", "ann@example.com", "wrong", ABK_NO, ABK_REASON_WRONG_PASSWORD, "login.wrong", ""},
      {"ann@example.com", "ann@example.com", "right ", ABK_NO, ABK_REASON_WRONG_PASSWORD, "login.wrong", ""},
      {"bob@example.com", "bob@example.com", "right", ABK_NO, ABK_REASON_NO_SUCH_USER, "login.unknown", ""},
      {"office@example.com", "office@example.com", "right", ABK_NO, ABK_REASON_NO_SUCH_USER, "login.unknown", ""},
      {"closed@example.com", "closed@example.com", "right", ABK_NO, ABK_REASON_ACCOUNT_DISABLED, "login.disabled", ""},
      {"closed@example.com", "closed@example.com", "!", ABK_NO, ABK_REASON_ACCOUNT_DISABLED, "login.disabled", ""},
      {"bare@example.com", "bare", "right", ABK_YES, ABK_REASON_NONE, "login.right", "bare@example.com"},
      {"bare@example.com", "bare@example.com", "right", ABK_NO, ABK_REASON_NO_SUCH_USER, "login.unknown", ""},
      {"ann@example.com", "ann@example.com", "", ABK_NO, ABK_REASON_BAD_PASSWORD, "login.empty", ""},
      {"ann@example.com", "ann@example.com", std::string(600, 'x'), ABK_NO, ABK_REASON_TOO_LONG, "login.too-long", ""},
      {"", "", "right", ABK_NO, ABK_REASON_NO_SUCH_USER, "login.unknown", ""},
  };
  for (const row& r : rows) {
    const collected out = ask(ABK_LOGIN, r.identity, r.login_name, r.password);
    EXPECT_EQ(out.verdict, r.verdict) << r.identity << " " << r.password;
    EXPECT_EQ(out.reason, r.reason) << r.identity << " " << r.password;
    EXPECT_EQ(out.rule, r.rule) << r.identity << " " << r.password;
    EXPECT_EQ(out.mailbox, r.mailbox) << r.identity << " " << r.password;
  }
}

TEST_F(StaticPlugin, MailboxesByRow) {
  open("ann@example.com:" + hash("x") + ":office@example.com,info@example.com\nclosed@example.com:!\ncarol@example.net:!:@example.net\n@example.org\nbare:!:nick\n");
  struct row {
    std::string identity, login_name;
    std::uint32_t verdict, kind;
    std::string rule, mailbox;
    std::vector<std::string> addresses;
    bool complete;
  };
  const std::vector<std::string> anns{"ann@example.com", "office@example.com", "info@example.com"};
  const row rows[] = {
      {"ann@example.com", "ann@example.com", ABK_YES, ABK_KIND_USER, "mailbox.user", "ann@example.com", anns, true},
      {"OFFICE@example.com", "office", ABK_YES, ABK_KIND_ALIAS, "mailbox.alias", "ann@example.com", anns, true},
      {"closed@example.com", "closed@example.com", ABK_YES, ABK_KIND_USER, "mailbox.user", "closed@example.com", {"closed@example.com"}, true},
      {"any@example.net", "any@example.net", ABK_YES, ABK_KIND_ALIAS, "mailbox.rest", "carol@example.net", {"carol@example.net"}, false},
      {"any@example.org", "any@example.org", ABK_YES, ABK_KIND_UNKNOWN, "mailbox.any", "any@example.org", {}, false},
      {"nobody@example.com", "nobody@example.com", ABK_NO, ABK_KIND_UNKNOWN, "mailbox.absent", "", {}, false},
      {"bare@example.com", "bare", ABK_YES, ABK_KIND_USER, "mailbox.user", "bare@example.com", {"bare@example.com", "nick"}, true},
      {"bare@example.org", "bare", ABK_YES, ABK_KIND_USER, "mailbox.user", "bare@example.org", {"bare@example.org", "nick"}, true},
  };
  for (const row& r : rows) {
    const collected out = ask(ABK_MAILBOX, r.identity, r.login_name);
    EXPECT_EQ(out.verdict, r.verdict) << r.identity;
    EXPECT_EQ(out.reason, static_cast<std::uint32_t>(ABK_REASON_NONE)) << r.identity;
    EXPECT_EQ(out.kind, r.kind) << r.identity;
    EXPECT_EQ(out.rule, r.rule) << r.identity;
    EXPECT_EQ(out.mailbox, r.mailbox) << r.identity;
    EXPECT_EQ(out.addresses, r.addresses) << r.identity;
    EXPECT_EQ((out.flags & ABK_ANSWER_ADDRESSES_COMPLETE) != 0, r.complete) << r.identity;
  }
}

TEST_F(StaticPlugin, AnUnknownQuestionIsATempfail) {
  open("ann@example.com:!\n");
  EXPECT_EQ(ask(ABK_PROBE, "ann@example.com", "").verdict, static_cast<std::uint32_t>(ABK_TEMPFAIL));
}

TEST_F(StaticPlugin, SettingsThatCannotServe) {
  const auto problems = [this](const std::string& file) {
    settings s(file);
    EXPECT_EQ(plugin_->create(&host_, &s.border), nullptr);
    EXPECT_EQ(s.problems.size(), 1u);
    return s.problems.empty() ? std::string() : s.problems.front();
  };
  EXPECT_EQ(problems(""), "file: is missing; wanted: the path of a file of address:hash:alias,alias lines");
  EXPECT_EQ(problems("users"), "file: found a relative path; wanted: one that starts with /");
  EXPECT_EQ(problems("/nowhere/users"), "file: cannot open /nowhere/users: No such file or directory");
  const std::string bad = dir_.write("bad", "ann\n", 0600);
  EXPECT_EQ(problems(bad), "file: " + bad + ":1: found no colon; wanted: address:hash, address:! or @domain");
}

TEST_F(StaticPlugin, ANewPasswordCountsAtOnce) {
  open("ann@example.com:" + hash("old") + "\n");
  EXPECT_EQ(login("ann@example.com", "old").verdict, static_cast<std::uint32_t>(ABK_YES));
  dir_.write("new", "ann@example.com:" + hash("new") + "\n", 0600);
  ASSERT_EQ(std::rename((dir_.path() + "/new").c_str(), (dir_.path() + "/users").c_str()), 0);
  EXPECT_EQ(login("ann@example.com", "old").verdict, static_cast<std::uint32_t>(ABK_NO));
  EXPECT_EQ(login("ann@example.com", "new").verdict, static_cast<std::uint32_t>(ABK_YES));
}

}  // namespace
