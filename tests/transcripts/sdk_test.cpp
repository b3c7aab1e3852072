// The SDK itself: the border that lets nothing out, parts within parts, and secrets that stay hidden.
#include <abk/sdk.hpp>
#include <abk/transcript.hpp>
#include <gtest/gtest.h>

#include <thread>

namespace {

// ---------------------------------------------------------------- a plugin whose behaviour each test chooses

using deed = abk::part<abk::after> (*)(const abk::question&, abk::channel);
deed next_deed = nullptr;
abk::part<void> (*next_prepare)(abk::channel) = nullptr;

class scripted final : public abk::conversation {
 public:
  abk::part<void> prepare(abk::channel up) override {
    if (next_prepare) co_await next_prepare(up);
  }
  abk::part<abk::after> answer(const abk::question& q, abk::channel up) override { co_return co_await next_deed(q, up); }
};
class scripted_backend final : public abk::backend {
 public:
  using backend::backend;
  traits about() const override {
    traits t;
    t.kinds = ABK_LOGIN;
    t.roles = 2;
    return t;
  }
  std::unique_ptr<abk::session> open(std::uint32_t) const override { return std::make_unique<abk::talk>(std::make_unique<scripted>()); }
  abk::answer check(const abk::question& q) const override {
    if (q.login_name == "throw") throw 7;
    if (q.login_name == "give-up") throw abk::give_up(abk::reason::misconfigured, "gave-up");
    if (q.password.reveal() == "right") return abk::answer::yes("right");
    return abk::answer::no(abk::reason::wrong_password, "wrong");
  }
};
const abk_plugin* plugin() {
  static const abk_plugin me = {sizeof me, ABK_ABI_MINOR, "scripted", "1", nullptr, [](const abk_host* h, abk_config* c) {
                                  return abk::border::create(h, c, [](const abk::host& on, abk::settings&) { return std::make_unique<scripted_backend>(on); });
                                }};
  return &me;
}
abk::test::transcript story(deed d) {
  next_deed = d;
  next_prepare = nullptr;
  abk::test::transcript t(plugin());
  return t.login("ann", "open sesame");
}

// ---------------------------------------------------------------- deeds

abk::part<std::string> two_lines(abk::channel up) {
  const std::string first = co_await up.line();
  const std::string second = co_await up.line();
  co_return first + second;
}
abk::part<std::string> deep(abk::channel up, int levels) {
  if (levels == 0) co_return co_await two_lines(up);
  co_return co_await deep(up, levels - 1);
}
abk::part<abk::after> nested(const abk::question& q, abk::channel up) {
  up.command({"HELLO ", q.login_name});
  const std::string heard = co_await deep(up, 20);
  if (heard == "a\r\nb\r\n") up.decide(abk::answer::yes("both"));
  else up.decide(abk::answer::no(abk::reason::wrong_password, "other"));
  co_return abk::after::ready;
}
abk::part<abk::after> fixed_bytes(const abk::question&, abk::channel up) {
  const std::string four = co_await up.bytes(4);
  up.decide(four == "good" ? abk::answer::yes("good") : abk::answer::no(abk::reason::wrong_password, "bad"));
  co_return abk::after::close;
}
abk::part<abk::after> undecided(const abk::question&, abk::channel up) {
  const std::string line = co_await up.line();
  co_return abk::after::ready;
}
abk::part<abk::after> throws(const abk::question&, abk::channel up) {
  const std::string line = co_await up.line();
  throw std::runtime_error("oh");
}
abk::part<abk::after> throws_something(const abk::question&, abk::channel up) {
  const std::string line = co_await up.line();
  throw 7;
}
abk::part<abk::after> throws_after_deciding(const abk::question&, abk::channel up) {
  const std::string line = co_await up.line();
  up.decide(abk::answer::yes("decided"));
  throw std::runtime_error("too late");
}
abk::part<abk::after> decides_twice(const abk::question& q, abk::channel up) {
  const std::string line = co_await up.line();
  up.decide(abk::answer::yes("first"));
  EXPECT_TRUE(q.login_name.empty());  // what was borrowed is gone
  EXPECT_TRUE(q.password.empty());
  up.decide(abk::answer::no(abk::reason::wrong_password, "second"));
  co_return abk::after::close;
}
abk::part<abk::after> breaks_a_line(const abk::question&, abk::channel up) {
  const std::string line = co_await up.line();
  up.command({"USER ", line});
  co_return abk::after::close;
}
abk::part<abk::after> says_too_much(const abk::question&, abk::channel up) {
  const std::string line = co_await up.line();
  up.command({std::string(511, 'x')});
  co_return abk::after::close;
}
abk::part<abk::after> tells_the_secret(const abk::question& q, abk::channel up) {
  up.command({"PLAIN ", abk::base64(q.password), " ", q.password});
  const std::string line = co_await up.line();
  up.decide(abk::answer::yes("told"));
  co_return abk::after::close;
}
abk::part<abk::after> hands_on(const abk::question& q, abk::channel up) {
  if (q.carry.empty()) {
    const std::string line = co_await up.line();
    up.next(1, "carried");
  } else {
    up.command({"SECOND ", q.carry});
    const std::string line = co_await up.line();
    up.decide(abk::answer::yes("second"));
  }
  co_return abk::after::close;
}
abk::part<abk::after> computes(const abk::question&, abk::channel up) {
  const std::string line = co_await up.line();
  const auto here = std::this_thread::get_id();
  auto there = here;
  const auto think = [&line, &there] {
    there = std::this_thread::get_id();
    if (line == "bad\n") throw abk::give_up(abk::reason::upstream_nonsense, "thought");
  };
  co_await up.compute(think);
  up.decide(there != here && std::this_thread::get_id() == here ? abk::answer::yes("elsewhere") : abk::answer::no(abk::reason::wrong_password, "here"));
  co_return abk::after::close;
}
abk::part<void> wants_tls(abk::channel up) {
  const std::string go = co_await up.line();
  co_await up.start_tls();
}
abk::part<void> refuses(abk::channel up) {
  const std::string greeting = co_await up.line();
  throw abk::give_up(abk::reason::service_account, "greeting", greeting);
}

// ---------------------------------------------------------------- conversations

TEST(SdkTalk, PartsAwaitPartsAndTheConnectionMayBeUsedAgain) {
  auto t = story(nested);
  EXPECT_EQ(t.says("HELLO ann\r\n").upstream("a\r\nb\r\n").expect(ABK_YES, ABK_REASON_NONE, "both").stays_ready().run(), "");
}

TEST(SdkTalk, BytesAreCounted) {
  auto t = story(fixed_bytes);
  EXPECT_EQ(t.upstream("good").expect(ABK_YES, ABK_REASON_NONE, "good").closes().run(), "");
}

TEST(SdkTalk, AForgottenVerdictIsATempfail) {
  auto t = story(undecided);
  EXPECT_EQ(t.upstream("x\n").expect(ABK_TEMPFAIL, ABK_REASON_INTERNAL, "sdk.undecided").closes().run(), "");
}

TEST(SdkTalk, ExceptionsAreATempfail) {
  auto t = story(throws);
  EXPECT_EQ(t.upstream("x\n").expect(ABK_TEMPFAIL, ABK_REASON_INTERNAL, "sdk.exception").closes().run(), "");
  EXPECT_EQ(t.log(), std::vector<std::string>{"plugin_exception what=oh"});
  auto other = story(throws_something);
  EXPECT_EQ(other.upstream("x\n").expect(ABK_TEMPFAIL, ABK_REASON_INTERNAL, "sdk.exception").closes().run(), "");
}

TEST(SdkTalk, AVerdictOnceGivenStays) {
  auto t = story(throws_after_deciding);
  EXPECT_EQ(t.upstream("x\n").expect(ABK_YES, ABK_REASON_NONE, "decided").closes().run(), "");
  auto twice = story(decides_twice);
  EXPECT_EQ(twice.upstream("x\n").expect(ABK_YES, ABK_REASON_NONE, "first").closes().run(), "");
}

TEST(SdkTalk, ACommandIsOneLine) {
  auto t = story(breaks_a_line);
  EXPECT_EQ(t.upstream("ann\r\nDELE 1\n").unsplit().expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "reply.early").closes().run(), "");
  auto injected = story(breaks_a_line);
  EXPECT_EQ(injected.upstream("ann\r\n").expect(ABK_TEMPFAIL, ABK_REASON_INTERNAL, "command.line-break").closes().run(), "");
  auto too_long = story(says_too_much);
  EXPECT_EQ(too_long.upstream("x\n").expect(ABK_TEMPFAIL, ABK_REASON_INTERNAL, "command.too-long").closes().run(), "");
}

TEST(SdkTalk, ComputesOnAnotherThreadAndThrowsOnItsOwn) {
  auto t = story(computes);
  EXPECT_EQ(t.upstream("x\n").expect(ABK_YES, ABK_REASON_NONE, "elsewhere").closes().run(), "");
  auto bad = story(computes);
  EXPECT_EQ(bad.upstream("bad\n").expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "thought").closes().run(), "");
}

TEST(SdkTalk, SecretsAreMarked) {
  auto t = story(tells_the_secret);
  EXPECT_EQ(t.says_secret("PLAIN b3BlbiBzZXNhbWU= open sesame\r\n", "b3BlbiBzZXNhbWU=").upstream("x\n").expect(ABK_YES, ABK_REASON_NONE, "told").closes().run(), "");
}

TEST(SdkTalk, AQuestionGoesOnOverAnotherConnection) {
  auto t = story(hands_on);
  EXPECT_EQ(t.upstream("x\n").goes_on(1).says("SECOND carried\r\n").upstream("y\n").expect(ABK_YES, ABK_REASON_NONE, "second").closes().run(), "");
}

TEST(SdkTalk, TlsComesBeforeTheQuestion) {
  auto t = story(fixed_bytes).channel(ABK_STARTTLS_WANTED);
  next_prepare = wants_tls;
  EXPECT_EQ(t.upstream("go\r\n").starts_tls().upstream("good").expect(ABK_YES, ABK_REASON_NONE, "good").closes().run(), "");
  auto injected = story(fixed_bytes).channel(ABK_STARTTLS_WANTED).unsplit();
  next_prepare = wants_tls;
  EXPECT_EQ(injected.upstream("go\r\ngood").expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "tls.injection").closes().run(), "");
}

TEST(SdkTalk, APreparationMayFail) {
  auto t = story(fixed_bytes);
  next_prepare = refuses;
  EXPECT_EQ(t.upstream("no\r\n").expect(ABK_TEMPFAIL, ABK_REASON_SERVICE_ACCOUNT, "greeting").closes().run(), "");
}

TEST(SdkTalk, AnEndIsTheHostsBusiness) {
  auto t = story(undecided);
  EXPECT_EQ(t.eof().expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_DOWN, "host.lost").closes().run(), "");
}

// ---------------------------------------------------------------- checks

TEST(SdkCheck, AnswersAndTrouble) {
  abk::test::host_rig host(plugin());
  ASSERT_TRUE(host.problems.empty());
  const auto found = [&](const std::string& name, const std::string& password) {
    abk::test::ask q;
    q.login_name = name;
    q.password = password;
    return abk::test::check(host, q);
  };
  EXPECT_EQ(found("ann", "right").verdict, static_cast<std::uint32_t>(ABK_YES));
  EXPECT_EQ(found("ann", "wrong").rule, "wrong");
  EXPECT_EQ(found("throw", "right").reason, static_cast<std::uint32_t>(ABK_REASON_INTERNAL));
  EXPECT_EQ(found("throw", "right").verdict, static_cast<std::uint32_t>(ABK_TEMPFAIL));
  EXPECT_EQ(found("give-up", "right").reason, static_cast<std::uint32_t>(ABK_REASON_MISCONFIGURED));
  EXPECT_TRUE(host.complaints.empty());
}

TEST(SdkBorder, CreateMayFailInEveryWay) {
  const auto problems = [](abk_backend* (*create)(const abk_host*, abk_config*)) {
    const abk_plugin made = {sizeof made, ABK_ABI_MINOR, "x", "1", nullptr, create};
    return abk::test::host_rig(&made).problems;
  };
  EXPECT_EQ(problems([](const abk_host* h, abk_config* c) {
              return abk::border::create(h, c, [](const abk::host&, abk::settings&) -> std::unique_ptr<abk::backend> { throw std::runtime_error("no file"); });
            }).front(), ": no file");
  EXPECT_EQ(problems([](const abk_host* h, abk_config* c) {
              return abk::border::create(h, c, [](const abk::host&, abk::settings&) -> std::unique_ptr<abk::backend> { throw 7; });
            }).front(), ": the plugin failed for an unknown cause");
  EXPECT_EQ(problems([](const abk_host* h, abk_config* c) {
              return abk::border::create(h, c, [](const abk::host& on, abk::settings& s) {
                s.problem("file", "found none; wanted: one");
                return std::make_unique<scripted_backend>(on);
              });
            }).front(), "file: found none; wanted: one");
}

// ---------------------------------------------------------------- settings, secrets, answers

TEST(SdkSettings, EveryKindIsRead) {
  struct seen_type {
    std::string text;
    std::int64_t number = 0, bytes = 0;
    bool flag = false;
    std::chrono::milliseconds wait{0};
    std::vector<std::string> list;
    std::size_t secret = 0;
  };
  static seen_type seen;
  const abk_plugin made = {sizeof made, ABK_ABI_MINOR, "x", "1", nullptr, [](const abk_host* h, abk_config* c) {
                             return abk::border::create(h, c, [](const abk::host& on, abk::settings& s) {
                               seen = {std::string(s.text("text", "none")), s.number("number", 1, 9, 3), s.bytes("bytes", 1), s.flag("flag", false), s.duration("wait", std::chrono::seconds(1)), s.list("list", {"x"}), s.secret("secret").size()};
                               return std::make_unique<scripted_backend>(on);
                             });
                           }};
  EXPECT_TRUE(abk::test::host_rig(&made).problems.empty());
  EXPECT_EQ(seen.text, "none");
  EXPECT_EQ(seen.number, 3);
  EXPECT_EQ(seen.list, std::vector<std::string>{"x"});
  EXPECT_TRUE(abk::test::host_rig(&made, {{"text", "a"}, {"number", std::int64_t{5}}, {"bytes", "64KiB"}, {"flag", true}, {"wait", "300ms"}, {"list", std::vector<std::string>{"b", "c"}}, {"secret", "hush"}}).problems.empty());
  EXPECT_EQ(seen.text, "a");
  EXPECT_EQ(seen.number, 5);
  EXPECT_EQ(seen.bytes, 65'536);
  EXPECT_TRUE(seen.flag);
  EXPECT_EQ(seen.wait, std::chrono::milliseconds(300));
  EXPECT_EQ(seen.list, (std::vector<std::string>{"b", "c"}));
  EXPECT_EQ(seen.secret, 4U);
  EXPECT_EQ(abk::test::host_rig(&made, {{"number", std::int64_t{10}}}).problems.front(), "number: out of range");
}

// What the host hears of a message.
struct ear {
  std::string bytes;
  std::vector<std::pair<std::size_t, std::size_t>> hidden;
  abk_io api{};
  ear() {
    api.size = sizeof api;
    api.host = this;
    api.send = [](abk_io* io, const void* what, std::size_t n, const abk_range* secrets, std::size_t count) {
      ear& me = *static_cast<ear*>(io->host);
      me.bytes.assign(static_cast<const char*>(what), n);
      for (std::size_t i = 0; i < count; ++i) me.hidden.emplace_back(secrets[i].offset, secrets[i].len);
    };
  }
};

TEST(SdkIo, SendsPiecesAsOneMessageHoweverLongAndMany) {
  const abk::host nobody;
  std::vector<std::uint32_t> open;
  for (const std::size_t length : {std::size_t{1}, std::size_t{511}, std::size_t{512}, std::size_t{513}, std::size_t{60'000}}) {
    ear heard;
    abk::io up(&heard.api, nobody, &open);
    const std::string filling(length, 'x');
    up.send({filling, abk::secret_view("hunter2")}, "\r\n");
    EXPECT_EQ(heard.bytes, filling + "hunter2\r\n");
    EXPECT_EQ(heard.hidden, (std::vector<std::pair<std::size_t, std::size_t>>{{length, 7}}));
  }
  ear heard;
  abk::io up(&heard.api, nobody, &open);
  const abk::secret_view s("s");
  up.send({s, "a", s, "b", s, "", s, s, s, s, s, s, "c"});
  EXPECT_EQ(heard.bytes, "sasbsssssssc");
  EXPECT_EQ(heard.hidden, (std::vector<std::pair<std::size_t, std::size_t>>{{0, 1}, {2, 1}, {4, 1}, {5, 1}, {6, 1}, {7, 1}, {8, 1}, {9, 1}, {10, 1}}));
  const std::string much(65'536, 'x');
  EXPECT_THROW(up.send({much, "y"}), std::length_error);
}

TEST(SdkSecret, Base64) {
  const auto encoded = [](std::string_view in) { return std::string(abk::base64(abk::secret_view(in)).view().reveal()); };
  EXPECT_EQ(encoded(""), "");
  EXPECT_EQ(encoded("f"), "Zg==");
  EXPECT_EQ(encoded("fo"), "Zm8=");
  EXPECT_EQ(encoded("foo"), "Zm9v");
  EXPECT_EQ(encoded("foobar"), "Zm9vYmFy");
  EXPECT_EQ(encoded(std::string_view("\0\xff\x80", 3)), "AP+A");
}

template <class T>
concept printable = requires(std::ostream& out, const T& t) { out << t; };
template <class T>
concept comparable = requires(const T& a, const T& b) { a == b; };
TEST(SdkSecret, CannotBePrintedComparedOrConverted) {
  static_assert(!printable<abk::secret_view> && !comparable<abk::secret_view> && !std::is_convertible_v<abk::secret_view, std::string_view>);
  static_assert(!printable<abk::secret_text> && !comparable<abk::secret_text> && !std::is_convertible_v<abk::secret_text, std::string_view> && !std::is_copy_constructible_v<abk::secret_text>);
  static_assert(!std::is_convertible_v<std::string_view, abk::secret_view>);
}

TEST(SdkSecret, ATextHasABound) {
  abk::secret_text text(3);
  EXPECT_TRUE(text.append("ab"));
  EXPECT_FALSE(text.append("cd"));
  EXPECT_EQ(text.view().reveal(), "ab");
}

TEST(SdkAnswer, AFreshOneIsATempfail) {
  const abk::answer a;
  abk::with_abi(a, [](const abk_answer& raw) {
    EXPECT_EQ(raw.verdict, static_cast<std::uint32_t>(ABK_TEMPFAIL));
    EXPECT_EQ(raw.reason, static_cast<std::uint32_t>(ABK_REASON_INTERNAL));
    EXPECT_EQ(raw.flags, 0U);
  });
}

TEST(SdkAnswer, EverythingCrossesTheBorder) {
  abk::answer a = abk::answer::yes("rule", abk::reason::password_expiring);
  a.notice = "notice";
  a.mailbox = "ann@example.com";
  a.addresses = {"ann@example.com", "a@example.com"};
  a.addresses_complete = true;
  a.attributes = {{"displayName", "Ann"}};
  a.kind = abk::mailbox_kind::shared;
  a.retry_after = std::chrono::seconds(2);
  a.password_expires_in = std::chrono::hours(1);
  a.grace_logins = 3;
  abk::with_abi(a, [](const abk_answer& raw) {
    const auto copy = abk::test::host_rig::copy(raw, 1);
    EXPECT_EQ(copy.reason, static_cast<std::uint32_t>(ABK_REASON_PASSWORD_EXPIRING));
    EXPECT_EQ(copy.rule, "rule");
    EXPECT_EQ(copy.notice, "notice");
    EXPECT_EQ(copy.mailbox, "ann@example.com");
    EXPECT_EQ(copy.addresses.size(), 2U);
    EXPECT_EQ(copy.attributes.front().second, "Ann");
    EXPECT_EQ(copy.kind, static_cast<std::uint32_t>(ABK_KIND_SHARED));
    EXPECT_EQ(copy.retry_after_ms, 2000U);
    EXPECT_EQ(copy.password_expires_in_s, 3600);
    EXPECT_EQ(copy.grace_logins, 3);
    EXPECT_EQ(copy.flags, static_cast<std::uint32_t>(ABK_ANSWER_HAS_EXPIRY | ABK_ANSWER_HAS_GRACE | ABK_ANSWER_ADDRESSES_COMPLETE));
  });
}

}  // namespace
