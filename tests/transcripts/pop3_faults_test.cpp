// The fault matrix: every way in which an upstream can fail, at every step of every kind of login. In memory, so that all
// cells run each time. What a cell may come to follows from one rule: before the line that decides there is nothing but
// tempfail, and after it nothing changes.
#include <functional>
#include <vector>

#include "pop3_fixture.hpp"

namespace {

using abk::test::connection_rig;
using abk::test::host_rig;
using state = connection_rig::state;

// A server that answers by command, so that it can go on after a fault that the client overcomes.
struct dialogue {
  std::string name;
  std::uint32_t channel;
  abk::test::table settings;
  std::string greeting, capabilities;
  std::vector<std::string> steps;  // as they come
  std::map<std::string, std::string> known = {};
  bool coded() const { return capabilities.find("AUTH-RESP-CODE") != std::string::npos; }
};
const std::vector<dialogue>& dialogues() {
  static const std::string user = "+OK\r\nSTLS\r\nUSER\r\n.\r\n", plain = "+OK\r\nAUTH-RESP-CODE\r\nSASL PLAIN\r\n.\r\n", login = "+OK\r\nSASL LOGIN\r\n.\r\n",
                           coded = "+OK\r\nAUTH-RESP-CODE\r\nUSER\r\n.\r\n";
  static const std::vector<dialogue> all = {
      {"user", ABK_TLS, {}, "+OK hello\r\n", user, {"greeting", "CAPA", "USER", "PASS", "QUIT"}},
      {"user-stls", ABK_STARTTLS_WANTED, {}, "+OK hello\r\n", user, {"greeting", "CAPA", "STLS", "TLS", "CAPA+", "USER", "PASS", "QUIT"}},
      {"plain", ABK_TLS, {}, "+OK hello\r\n", plain, {"greeting", "CAPA", "response", "QUIT"}},
      {"login", ABK_TLS, {}, "+OK hello\r\n", login, {"greeting", "CAPA", "AUTH", "name", "response", "QUIT"}},
      {"apop", ABK_TLS, {{"apop", "require"}}, "+OK <1.2@mail>\r\n", user, {"greeting", "CAPA", "APOP", "QUIT"}},
      {"apop-prefer", ABK_TLS, {{"apop", "prefer"}}, "+OK <1.2@mail>\r\n", user, {"greeting", "CAPA", "APOP", "QUIT"}},
      // Servers that are remembered.
      {"known", ABK_TLS, {}, "+OK hello\r\n", coded, {"greeting", "USER", "PASS", "QUIT"}, {{"2/pop3.capa.tls", "AUTH-RESP-CODE USER"}}},
      {"known-stls", ABK_STARTTLS_WANTED, {}, "+OK hello\r\n", coded, {"greeting", "STLS", "TLS", "USER", "PASS", "QUIT"},
       {{"2/pop3.stls", "capa"}, {"2/pop3.capa.starttls", "AUTH-RESP-CODE USER"}}},
      {"known-stls-only", ABK_STARTTLS_WANTED, {}, "+OK hello\r\n", user, {"greeting", "STLS", "TLS", "CAPA+", "USER", "PASS", "QUIT"}, {{"2/pop3.stls", "capa"}}},
  };
  return all;
}

enum class fault { none, end_before, end_inside, hang, slow, junk, zero_inside, line_64k, endless_lines, flood, swap_err, swap_challenge, swap_smtp, shut_down, extra_reply, reply_early, duplicate, bare_lf };
constexpr fault faults[] = {fault::none, fault::end_before, fault::end_inside, fault::hang, fault::slow, fault::junk, fault::zero_inside, fault::line_64k, fault::endless_lines, fault::flood, fault::swap_err,
                            fault::swap_challenge, fault::swap_smtp, fault::shut_down, fault::extra_reply, fault::reply_early, fault::duplicate, fault::bare_lf};
const char* const fault_names[] = {"none", "end_before", "end_inside", "hang", "slow", "junk", "zero_inside", "line_64k", "endless_lines", "flood", "swap_err",
                                   "swap_challenge", "swap_smtp", "shut_down", "extra_reply", "reply_early", "duplicate", "bare_lf"};

struct outcome {
  std::vector<abk::test::said_answer> answers;
  std::vector<std::string> complaints;
  int credentials = 0;
  bool hung = false, went_on = false;
  std::size_t sent_max = 0;
};

std::string step_of(const std::string& command, bool tls, bool starttls, int& responses) {
  if (command == "CAPA") return starttls && tls ? "CAPA+" : "CAPA";
  for (const std::string verb : {"STLS", "USER", "PASS", "QUIT", "APOP"})
    if (command.rfind(verb, 0) == 0) return verb;
  if (command == "AUTH LOGIN" || command == "AUTH PLAIN") return "AUTH";
  if (command.rfind("AUTH PLAIN ", 0) == 0) return "response";
  return ++responses == 1 ? "name" : "response";
}
std::string good_reply(const dialogue& d, const std::string& step) {
  if (step == "greeting") return d.greeting;
  if (step.rfind("CAPA", 0) == 0) return d.capabilities;
  if (step == "AUTH" || step == "name") return "+ Zm9v\r\n";
  return "+OK fine\r\n";
}

void deliver(connection_rig& up, fault f, const std::string& good, const std::string& next_good, outcome& out) {
  const std::size_t eol = good.find("\r\n");
  switch (f) {
    case fault::none: return up.feed(good);
    case fault::end_before: return up.end();
    case fault::end_inside: return up.feed(good.substr(0, good.size() - 2)), up.end();
    case fault::hang: out.hung = true; return;
    case fault::slow:
      for (const char c : good) up.feed({&c, 1});
      return;
    case fault::junk: return up.feed("\xff\xfe\x80\x81junk\r\n");
    case fault::zero_inside: return up.feed(good.substr(0, eol) + std::string(" a\0b", 4) + good.substr(eol));
    case fault::line_64k: return up.feed("+OK " + std::string(65'000, 'A') + "\r\n");
    case fault::endless_lines:
      up.feed("+OK\r\nX-CAPABILITY\r\n");
      for (int i = 0; i < 10'000 && up.listens(); ++i) up.feed("X-CAPABILITY\r\n");
      return;
    case fault::flood:
      for (int i = 0; i < 1024 && up.listens(); ++i) up.feed(std::string(65'536, 'A'));
      return;
    case fault::swap_err: return up.feed("-ERR no\r\n");
    case fault::swap_challenge: return up.feed("+ \r\n");
    case fault::swap_smtp: return up.feed("235 2.7.0 ok\r\n");
    case fault::shut_down: return up.feed("-ERR [SYS/TEMP] shutting down\r\n"), up.end();
    case fault::extra_reply: return up.feed(good + "-ERR [AUTH] extra\r\n");
    case fault::reply_early: return up.feed(good + next_good);
    case fault::duplicate: return up.feed(good + good);
    case fault::bare_lf: {
      std::string bare;
      for (const char c : good)
        if (c != '\r') bare += c;
      return up.feed(bare);
    }
  }
}

outcome play(const dialogue& d, const std::string& at, fault f) {
  outcome out;
  host_rig host(pop3_test::plugin(), d.settings, d.known);
  connection_rig up(host, d.channel);
  abk::test::ask question;
  question.login_name = "ann@example.com";
  question.password = "open sesame";
  std::uint32_t id = 0;
  int responses = 0;
  bool greeted = false;
  for (int turn = 0; turn < 40 && up.is() != state::closed && !out.hung; ++turn) {
    if (up.is() == state::ready) {
      if (id != 0) break;
      id = up.begin(question);
      continue;
    }
    if (up.is() == state::wants_tls) {
      if (at == "TLS" && f == fault::hang) out.hung = true;
      else if (at == "TLS" && f != fault::none && f != fault::slow) up.end();  // every other fault ends the handshake
      else up.tls_up();
      continue;
    }
    std::string command = up.take_sent();
    const std::string marks = up.take_marks();
    out.sent_max = std::max(out.sent_max, command.size());
    if (marks.find('x') != marks.npos) ++out.credentials;
    if (command.ends_with("\r\n")) command.resize(command.size() - 2);
    if (greeted && command.empty()) {  // it waits for more of something
      out.hung = true;
      break;
    }
    const std::string step = greeted ? step_of(command, up.tls(), d.channel == ABK_STARTTLS_WANTED, responses) : "greeting";
    greeted = true;
    const auto place = std::find(d.steps.begin(), d.steps.end(), step);
    const std::string after = place == d.steps.end() || place + 1 == d.steps.end() ? "" : *(place + 1);
    deliver(up, step == at ? f : fault::none, good_reply(d, step), after.empty() ? "" : good_reply(d, after), out);
  }
  if (out.hung && id != 0 && up.is() == state::busy && up.answers.empty()) up.cancel(id);  // what the host does at the deadline
  out.answers = up.answers;
  out.went_on = up.goes_on;
  up.destroy();
  out.complaints = host.complaints;
  return out;
}

// What a cell must come to. 0: no answer, since nothing came that could make one.
enum class wanted { yes, no, tempfail, nothing };
wanted expected(const dialogue& d, const std::string& step, fault f) {
  const bool after_verdict = step == "QUIT";
  const bool password = step == "PASS" || step == "response" || step == "APOP";
  if (after_verdict || f == fault::none || f == fault::slow) return wanted::yes;
  if (step == "TLS") return f == fault::hang ? wanted::nothing : wanted::tempfail;
  const bool capa = step.rfind("CAPA", 0) == 0;
  switch (f) {
    case fault::none:
    case fault::slow: return wanted::yes;
    case fault::end_before:
    case fault::end_inside: return wanted::tempfail;
    case fault::hang: return wanted::nothing;
    case fault::junk: return wanted::tempfail;
    case fault::zero_inside: return wanted::yes;  // bytes of a text
    case fault::line_64k: return wanted::tempfail;
    case fault::endless_lines: return password ? wanted::yes : wanted::tempfail;  // what follows the verdict's line is not read
    case fault::flood: return wanted::tempfail;
    case fault::swap_err:
      if (step == "CAPA+") return wanted::tempfail;  // it was there before the handshake
      if (capa) return wanted::yes;                  // no CAPA: USER is assumed
      if (d.coded()) return wanted::tempfail;        // a refusal of credentials would have borne [AUTH]
      return password || step == "USER" || step == "name" ? wanted::no : wanted::tempfail;
    case fault::swap_challenge: return step == "AUTH" || step == "name" ? wanted::yes : wanted::tempfail;  // it is what is wanted there
    case fault::swap_smtp:
    case fault::shut_down: return wanted::tempfail;
    case fault::extra_reply:
    case fault::reply_early:
    case fault::duplicate: return password ? wanted::yes : wanted::tempfail;
    case fault::bare_lf: return password ? wanted::tempfail : wanted::yes;
  }
  return wanted::tempfail;
}

TEST(Pop3Faults, F_01_F_02_F_05_F_06_F_09_EveryFaultAtEveryStep) {
  int cells = 0;
  for (const dialogue& d : dialogues())
    for (const std::string& step : d.steps)
      for (const fault f : faults) {
        const std::string cell = d.name + " " + step + " " + fault_names[static_cast<int>(f)];
        SCOPED_TRACE(cell);
        const outcome out = play(d, step, f);
        ++cells;
        EXPECT_TRUE(out.complaints.empty()) << out.complaints.front();
        // The ladder shows the digest and the password, and nothing else shows anything twice.
        EXPECT_LE(out.credentials, d.name == "apop-prefer" ? 2 : 1);
        EXPECT_LE(out.sent_max, 255U);
        wanted want = expected(d, step, f);
        // The ladder goes on to USER/PASS after a refusal, with this server's good replies.
        if (d.name == "apop-prefer" && step == "APOP" && f == fault::swap_err) want = wanted::yes;
        if (want == wanted::nothing) {
          EXPECT_TRUE(out.answers.empty());
          continue;
        }
        ASSERT_EQ(out.answers.size(), 1U);
        const std::uint32_t found = out.answers[0].verdict;
        EXPECT_EQ(found, want == wanted::yes ? ABK_YES : want == wanted::no ? ABK_NO : ABK_TEMPFAIL) << out.answers[0].rule;
      }
  EXPECT_EQ(cells, 48 * 18);
}

TEST(Pop3Faults, F_10_a_late_reply_has_nobody_to_go_to) {
  host_rig host(pop3_test::plugin());
  connection_rig up(host, ABK_TLS);
  up.feed("+OK\r\n");
  up.feed("-ERR\r\n");
  abk::test::ask question;
  question.login_name = "ann";
  question.password = "open sesame";
  const std::uint32_t id = up.begin(question);
  up.feed("+OK\r\n");
  EXPECT_FALSE(up.cancel(id));  // the connection must not be used again
  up.destroy();
  EXPECT_TRUE(up.answers.empty());
  EXPECT_TRUE(host.complaints.empty());
}

}  // namespace
