// The transcript driver must find what it is there to find: each test is a plugin with one defect.
#include <abk/sdk.hpp>
#include <abk/transcript.hpp>
#include <gtest/gtest.h>

namespace {

// One session, whose two functions a test chooses. Plain C, as far as the border goes.
struct defect {
  abk_step (*begin)(abk_session*, const abk_question*, abk_io*) = [](abk_session*, const abk_question*, abk_io*) { return ABK_READ; };
  abk_step (*resume)(abk_session*, abk_io*) = nullptr;
  abk_step (*prepare)(abk_session*, abk_io*) = nullptr;
};
defect now;

void finish(abk_io* up, std::uint32_t id, std::uint32_t verdict, std::uint32_t reason) {
  abk_answer a{};
  a.size = sizeof a;
  a.verdict = verdict;
  a.reason = reason;
  a.rule = {"x", 1};
  up->finish(up, id, &a);
}
abk_session* open(const abk_backend*, std::uint32_t) {
  static abk_session session;
  session = {sizeof session, nullptr, now.prepare, now.begin, now.resume, nullptr, [](abk_session*) {}, nullptr, nullptr};
  return &session;
}
const abk_plugin* plugin() {
  static const abk_plugin me = {sizeof me, ABK_ABI_MINOR, "defect", "1", nullptr, [](const abk_host*, abk_config*) {
                                  static abk_backend backend = {sizeof backend, nullptr, ABK_LOGIN, 0, 0, 1, 0, 0, {1}, 0, open, nullptr, nullptr};
                                  return &backend;
                                }};
  return &me;
}
bool line_there(abk_io* up) { return std::string_view(up->in.data, up->in.len).find('\n') != std::string_view::npos; }

std::string trouble(defect d) {
  now = d;
  abk::test::transcript t(plugin());
  return t.login("ann", "open sesame").upstream("+OK\r\n").expect(ABK_YES, ABK_REASON_NONE, "x").closes().run();
}

abk_step good_resume(abk_session*, abk_io* up) {
  if (!line_there(up)) return ABK_READ;
  finish(up, 1, ABK_YES, ABK_REASON_NONE);
  return ABK_CLOSE;
}

TEST(Rig, AGoodPluginHasNoTrouble) {
  defect d;
  d.resume = good_resume;
  EXPECT_EQ(trouble(d), "");
}

TEST(Rig, AYesForHalfALineIsFound) {
  defect d;
  d.resume = [](abk_session*, abk_io* up) {
    if (up->in.len < 3 && !up->eof) return ABK_READ;
    finish(up, 1, up->in.len >= 3 ? ABK_YES : ABK_TEMPFAIL, ABK_REASON_NONE);
    return ABK_CLOSE;
  };
  // Right for every split, so that only the story can tell: the verdict came before the line was complete.
  now = d;
  abk::test::transcript t(plugin());
  EXPECT_EQ(t.login("ann", "open sesame").upstream("+OK").upstream("\r\n").expect(ABK_YES, ABK_REASON_NONE, "x").closes().run(),
            "as it stands, event 1: the plugin does not listen to \"\\r\\n\"");
}

TEST(Rig, AYesForAnEndIsFound) {
  defect d;
  d.resume = [](abk_session*, abk_io* up) {
    if (!line_there(up) && !up->eof) return ABK_READ;
    finish(up, 1, ABK_YES, ABK_REASON_NONE);
    return ABK_CLOSE;
  };
  EXPECT_EQ(trouble(d).substr(0, 58), "cut after byte 0 of event 0, event 0: the cut made verdict");
}

TEST(Rig, ANoForAnEndIsFound) {
  defect d;
  d.resume = [](abk_session*, abk_io* up) {
    if (line_there(up)) finish(up, 1, ABK_YES, ABK_REASON_NONE);
    else if (up->eof) finish(up, 1, ABK_NO, ABK_REASON_WRONG_PASSWORD);
    else return ABK_READ;
    return ABK_CLOSE;
  };
  EXPECT_EQ(trouble(d).substr(0, 28), "cut after byte 0 of event 0,");
}

TEST(Rig, ADependenceOnSegmentsIsFound) {
  defect d;
  d.resume = [](abk_session*, abk_io* up) {
    finish(up, 1, line_there(up) ? ABK_YES : ABK_TEMPFAIL, ABK_REASON_NONE);
    return ABK_CLOSE;
  };
  EXPECT_EQ(trouble(d).substr(0, 12), "byte by byte");
}

TEST(Rig, BreachesOfTheContractAreFound) {
  defect twice;
  twice.resume = [](abk_session*, abk_io* up) {
    if (!line_there(up)) return ABK_READ;
    finish(up, 1, ABK_YES, ABK_REASON_NONE);
    finish(up, 1, ABK_YES, ABK_REASON_NONE);
    return ABK_CLOSE;
  };
  EXPECT_NE(trouble(twice).find("finish() of a question that is not open"), std::string::npos);
  defect other;
  other.resume = [](abk_session*, abk_io* up) {
    if (!line_there(up)) return ABK_READ;
    finish(up, 1, ABK_YES, ABK_REASON_WRONG_PASSWORD);
    return ABK_CLOSE;
  };
  now = other;
  abk::test::transcript t(plugin());
  EXPECT_NE(t.login("ann", "open sesame").upstream("+OK\r\n").expect(ABK_YES, ABK_REASON_WRONG_PASSWORD, "x").closes().run().find("a reason that does not belong to its verdict"), std::string::npos);
  defect unanswered;
  unanswered.resume = [](abk_session*, abk_io*) { return ABK_CLOSE; };
  EXPECT_NE(trouble(unanswered).find("no verdict yet"), std::string::npos);
  defect unmarked;
  unmarked.begin = [](abk_session*, const abk_question* q, abk_io* up) {
    up->send(up, q->password.data, q->password.len, nullptr, 0);
    return ABK_READ;
  };
  unmarked.resume = good_resume;
  now = unmarked;
  abk::test::transcript leak(plugin());
  EXPECT_NE(leak.login("ann", "open sesame").says("open sesame").upstream("+OK\r\n").expect(ABK_YES, ABK_REASON_NONE, "x").closes().run().find("not marked as secret"), std::string::npos);
}

TEST(Rig, ASecretBeforeTlsIsFound) {
  defect d;
  d.prepare = [](abk_session*, abk_io* up) {
    const abk_range all = {0, 4};
    up->send(up, "hush", 4, &all, 1);
    return ABK_START_TLS;
  };
  d.resume = [](abk_session*, abk_io*) { return ABK_READY; };
  now = d;
  abk::test::transcript t(plugin());
  EXPECT_NE(t.login("ann", "open sesame").channel(ABK_STARTTLS_WANTED).says("hush").starts_tls().run().find("a secret was sent before TLS"), std::string::npos);
}

}  // namespace
