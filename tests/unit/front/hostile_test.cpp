// Callers that mean harm, or have bad luck: what one of them does is nobody else's trouble, and no answer goes astray.
#include <algorithm>
#include <atomic>
#include <map>
#include <random>

#include "base/text.hpp"
#include "net/pause.hpp"
#include "unit/front/fixture.hpp"
#include "wire/socketmap.hpp"

namespace authbroker::testing_front {
namespace {

using std::string_literals::operator""s;

const std::string hello = "VERSION\t1\t2\nCPID\t4711\n";

std::string auth(unsigned id, std::string_view name, std::string_view password, std::string_view more = {}) {
  return "AUTH\t" + std::to_string(id) + "\tPLAIN\tservice=smtp" + std::string(more) + "\tresp=" + base64_encode("\0"s + std::string(name) + "\0"s + std::string(password)) + "\n";
}
std::string ok(unsigned id, std::string_view user) { return "OK\t" + std::to_string(id) + "\tuser=" + std::string(user) + "\n"; }

class hostile_dovecot : public front_fixture {
 protected:
  hostile_dovecot() {
    rules_.protocol = listener_protocol::dovecot_auth;
    parts_.times.floor = 0ms;
  }
  struct client : caller {
    explicit client(const std::string& address) : caller(address) {}
    // With its end; what came before the end of the stream, if that comes first.
    std::string line() {
      std::size_t end = 0;
      while ((end = kept.find('\n')) == std::string::npos) {
        const std::string more = receive();
        if (more.empty() || more == "RESET" || more == "TIMEOUT") return std::exchange(kept, {}) + (more == "TIMEOUT" ? more : "");
        kept += more;
      }
      std::string got = kept.substr(0, end + 1);
      kept.erase(0, end + 1);
      return got;
    }
    bool greeted() {
      for (;;) {
        const std::string said = line();
        if (said == "DONE\n") return true;
        if (!said.ends_with('\n')) return false;
      }
    }
    std::string kept;
  };
  client greeted() const {
    client c(listener_->address());
    c.greeted();
    return c;
  }
  // Time has passed in which a request must be complete.
  void wait_for_request_time() const {
    client half = greeted();
    half.send(hello + "AUTH\t1\tPLA");
    EXPECT_EQ(half.line(), "");
  }
};

// The callers that were told to go are no reason to send away those that there is room for.
TEST_F(hostile_dovecot, RefusedOnesTakeNobodysPlace_J07) {
  rules_.limits.connections = 1;
  parts_.times.farewell = 60'000ms;
  start();
  client busy = greeted();
  busy.send(hello + auth(1, "ann", "hold"));
  ASSERT_TRUE(asker_.wait_held());
  std::vector<client> refused;
  for (int n = 0; n < 3; ++n) refused.push_back(greeted());
  busy.hang_up();
  ASSERT_TRUE(asker_.wait_cancelled());
  client fresh = greeted();
  fresh.send(hello + auth(1, "bob", "right"));
  EXPECT_EQ(fresh.line(), ok(1, "bob"));
}

// Its own slow question is not what it waits for.
TEST_F(hostile_dovecot, APlaceThatOthersLeaveIsNoticed) {
  rules_.limits.in_flight = 2;
  start();
  client slow = greeted(), other = greeted();
  slow.send(hello + auth(1, "ann", "hold"));
  other.send(hello + auth(1, "bob", "hold"));
  ASSERT_TRUE(asker_.wait_held(2));
  slow.send(auth(2, "carl", "right"));
  on_worker([] {});
  on_worker([] {});
  ASSERT_EQ(asker_.questions().size(), 2U);
  other.hang_up();
  EXPECT_EQ(slow.line(), ok(2, "carl"));
}

// The time that a request may take to come is the caller's; what it waits here is not counted.
TEST_F(hostile_dovecot, AWaitingRequestIsNotALateOne_J10) {
  rules_.limits.in_flight = 2;
  parts_.times.request = 1000ms;  // enough for us to send the rest
  start();
  client slow = greeted(), other = greeted();
  const std::string second = auth(2, "carl", "right");
  slow.send(hello + auth(1, "ann", "hold") + second.substr(0, 10));
  ASSERT_TRUE(asker_.wait_held(1));
  other.send(hello + auth(1, "bob", "hold"));
  ASSERT_TRUE(asker_.wait_held(2));
  slow.send(second.substr(10));
  rules_.limits.in_flight = 3;  // for those who are to tell that time passes; rules hold from the next request on
  wait_for_request_time();
  release();
  std::string got = slow.line();
  got += slow.line();
  EXPECT_TRUE(has(got, ok(1, "ann")) && has(got, ok(2, "carl"))) << got;
}

TEST_F(hostile_dovecot, WhoReadsLateGetsItAll_J12) {
  start();
  client c = greeted();
  constexpr unsigned count = 2000;
  const std::string filler(800, 'x');
  std::thread sends([&] {
    c.send(hello);
    for (unsigned id = 1; id <= count; ++id) c.send(auth(id, "u" + std::to_string(id) + filler, id % 3 == 0 ? "wrong" : "right"));
  });
  const auto asked = [this] { return listener_->counts().requests.load(); };
  for (std::uint64_t last = 0, calm = 0; calm < 200; ++calm) {  // until the broker has stopped reading
    on_worker([] {});
    const std::uint64_t now = asked();
    if (now != last || now == 0) calm = 0;
    last = now;
  }
  EXPECT_LT(asked(), count);
  for (unsigned id = 1; id <= count; ++id) ASSERT_EQ(c.line(), id % 3 == 0 ? "FAIL\t" + std::to_string(id) + "\n" : ok(id, "u" + std::to_string(id) + filler));
  sends.join();
}

class hostile_socketmap : public front_fixture {
 protected:
  hostile_socketmap() { rules_.protocol = listener_protocol::socketmap; }
};

// Look-ups that nobody need be asked about, and always half of the next one behind.
TEST_F(hostile_socketmap, AFloodOfEasyOnesEndsWithTheListener) {
  start();
  const caller c = connect();
  const std::string one = encode_socketmap({"domain", "example.com"}), head = one.substr(0, 7), tail = one.substr(7);
  ASSERT_TRUE(c.send(one + head));
  EXPECT_EQ(c.receive(), "14:OK example.com,");
  listener_->close();
  on_worker([] {});
  int answers = 0;
  for (; answers < 100 && c.send(tail + one + head); ++answers) {
    const std::string said = c.receive();
    if (said.empty() || said == "RESET") break;
  }
  EXPECT_LT(answers, 100) << "it would go on for ever";
}

// Half an address that is no mailbox says nothing about the whole one: no key of these may turn into a REJECT.
TEST_F(hostile_socketmap, PartsOfAddressesAreNoRecipients_N07) {
  rules_.default_domain = "nowhere.example";
  start();
  const caller c = connect();
  for (const std::string_view key : {"nobody.example", "@example.com", "nobody@", "", "<>", "@"}) {
    c.send(encode_socketmap({"access", key}));
    EXPECT_EQ(c.receive(), "9:NOTFOUND ,") << key;
  }
  EXPECT_TRUE(asker_.questions().empty());
  c.send(encode_socketmap({"access", "nobody"}));
  EXPECT_EQ(c.receive(), "28:OK REJECT 5.1.1 User unknown,") << "a name that the listener completes";
}

// ---------------------------------------------------------------- all at once

// Answers by the name, after a moment, and does not mind being asked to stop.
class slow_asker final : public asker {
 public:
  task<void> ask(const query& q, answer& a, trace*) override {
    const std::string name = q.address;
    const std::string password(q.password.reveal());
    pause a_moment(worker::current().timers, steady::now() + std::chrono::microseconds(name.size() * 331 % 3000));
    if (name.size() % 4 != 0) co_await a_moment;
    a.identity = name;
    if (password == "throw") throw std::runtime_error("as asked");
    if (q.kind == question_kind::mailbox) {
      a.found.what = name.starts_with("no") ? verdict::absent : name.starts_with("later") ? verdict::tempfail : verdict::exists;
      a.found.why = name.starts_with("later") ? reason::upstream_down : reason::none;
      co_return;
    }
    if (password == "right") a.found.what = verdict::accept, a.found.why = reason::none;
    if (password == "wrong") a.found.what = verdict::reject, a.found.why = reason::wrong_password;
  }
  std::optional<bool> serves(std::string_view) const override { return std::nullopt; }
};

// One caller after the other, each with a name of its own for each request.
struct storm {
  const std::string& address;
  unsigned seed;
  std::atomic<bool>& over;
  std::atomic<unsigned>& answers;
  std::string failure;

  struct expected {
    std::string name, password;
    bool cancelled = false;
  };

  void run() {
    std::mt19937 source(seed);
    const auto dice = [&source](unsigned below) { return static_cast<unsigned>(source() % below); };
    for (unsigned round = 0; !over && failure.empty(); ++round) one_connection(dice, round);
  }
  template <class Dice>
  void one_connection(const Dice& dice, unsigned round) {
    caller c(address);
    if (!c.connected()) return;
    std::map<unsigned, expected> all;
    std::string out = hello;
    const unsigned count = 1 + dice(150);
    for (unsigned id = 1; id <= count; ++id) {
      expected e;
      e.name = "s" + std::to_string(seed) + "r" + std::to_string(round) + "i" + std::to_string(id) + std::string(dice(9), 'x') + "@example.com";
      const unsigned which = dice(10);
      e.password = which < 5 ? "right" : which < 8 ? "wrong" : which == 8 ? "throw" : "other";
      out += auth(id, e.name, e.password);
      if (dice(8) == 0) {
        out += "CANCEL\t" + std::to_string(id) + "\n";
        e.cancelled = true;
      }
      all[id] = e;
    }
    const unsigned how = dice(6);
    std::thread sends([&c, &out, cut = dice(static_cast<unsigned>(out.size())), how] {
      c.send(std::string_view(out).substr(0, cut));
      if (how == 0) return c.say_no_more();
      c.send(std::string_view(out).substr(cut));
      if (how == 1) c.say_no_more();
    });
    std::string in;
    unsigned lines = 0;
    while (how != 2 || lines < count / 2) {
      const std::size_t end = in.find('\n');
      if (end == std::string::npos) {
        const std::string more = c.receive();
        if (more == "TIMEOUT") failure = "nothing comes any more: " + std::to_string(lines) + " of " + std::to_string(count) + " how " + std::to_string(how);
        if (more.empty() || more == "RESET" || more == "TIMEOUT") break;
        in += more;
        continue;
      }
      judge(in.substr(0, end), all);
      in.erase(0, end + 1);
      ++lines;
      // What was cancelled may have been answered before that was read.
      if (how > 2 && std::all_of(all.begin(), all.end(), [](const auto& one) { return one.second.cancelled; })) break;
    }
    ::shutdown(c.fd(), SHUT_RDWR);
    sends.join();
  }
  void judge(const std::string& line, std::map<unsigned, expected>& all) {
    if (!line.starts_with("OK\t") && !line.starts_with("FAIL\t")) return;
    const std::size_t at = line.find('\t') + 1;
    const auto id = static_cast<unsigned>(std::stoul(line.substr(at)));
    const auto e = all.find(id);
    if (e == all.end()) {
      failure = "twice, or to nothing: " + line;
      return;
    }
    const bool yes = line == "OK\t" + std::to_string(id) + "\tuser=" + e->second.name, no = line == "FAIL\t" + std::to_string(id);
    const bool later = line == "FAIL\t" + std::to_string(id) + "\tcode=temp_fail\ttemp";
    if (!(yes && e->second.password == "right") && !(no && e->second.password == "wrong") && !later) failure = line + " for " + e->second.name + " " + e->second.password;
    all.erase(e);
    ++answers;
  }
};

// Connected by the kernel and never accepted, it would wait until the last of the others has gone.
class hostile_door : public hostile_dovecot {
 protected:
  void close_while_they_come() {
    start();
    client busy = greeted();
    busy.send(hello + auth(1, "ann", "hold"));
    ASSERT_TRUE(asker_.wait_held());
    std::promise<void> let_go;
    boost::asio::post(workers_.front()->io, [f = let_go.get_future().share()] { f.wait(); });
    client early(listener_->address());  // nobody has time to accept it
    listener_->close();
    let_go.set_value();
    const std::string heard = early.line();
    EXPECT_TRUE(heard.empty() || heard.starts_with("VERSION\t")) << heard;
    on_worker([] {});
    client late(listener_->address());
    EXPECT_TRUE(!late.connected() || late.line().empty());
    release();
    EXPECT_EQ(busy.line(), ok(1, "ann"));
  }
};
TEST_F(hostile_door, NobodyWaitsThereOnceItIsClosed) { close_while_they_come(); }
TEST_F(hostile_door, NobodyWaitsThereOnceItIsClosedOnTcp) {
  rules_.address.is_unix = false;
  close_while_they_come();
}

class hostile_storm : public hostile_dovecot {
 protected:
  hostile_storm() {
    parts_.who = &slow_;
    parts_.times.floor = 2ms;
    parts_.saturated_percent = 0;
    rules_.tempfail_code = true;
  }
  // Storms of six callers on three workers, while the rules change; then the listener closes.
  template <class Storm>
  void weather(bool at_once) {
    start(3);
    std::atomic<bool> over{false};
    std::atomic<bool> failed{false};
    std::atomic<unsigned> answers{0};
    const std::string address = listener_->address();
    std::vector<Storm> storms;
    storms.reserve(6);
    std::vector<std::thread> threads;
    for (unsigned n = 0; n < 6; ++n) storms.push_back({address, n, over, answers, {}});
    for (Storm& s : storms) threads.emplace_back([&s, &failed] {
        s.run();
        if (!s.failure.empty()) failed = true;
      });
    for (unsigned n = 0; n < 40 || (answers < 3000 && !failed); ++n) {
      rules_.limits.in_flight = 20 + n % 3 * 100;
      rules_.limits.connections = n % 4 == 0 ? 3 : 1000;
      ASSERT_TRUE(listener_->update(rules()));
      on_worker([] {});
      std::this_thread::yield();
    }
    listener_->close();
    if (at_once) listener_->end_now();
    EXPECT_TRUE(eventually([this] { return listener_->sessions() == 0; }));
    over = true;
    for (auto& t : threads) t.join();
    for (const Storm& s : storms) EXPECT_EQ(s.failure, "") << s.seed;
    EXPECT_TRUE(eventually([this] { return listener_->counts().in_flight == 0 && listener_->counts().refused == 0 && secrets_alive() == 0; }));
  }
  slow_asker slow_;
};

TEST_F(hostile_storm, NoAnswerGoesAstray_M08_M09) { weather<storm>(false); }
TEST_F(hostile_storm, NoAnswerGoesAstrayWhereItEndsAtOnce_M08) { weather<storm>(true); }
TEST_F(hostile_storm, NoAnswerGoesAstrayOnTcp_M08_M09) {
  rules_.address.is_unix = false;
  weather<storm>(false);
}

// Look-ups in portions of any size: the answers are those of the first so many questions, in order.
struct look_up_storm {
  const std::string& address;
  unsigned seed;
  std::atomic<bool>& over;
  std::atomic<unsigned>& answers;
  std::string failure;

  void run() {
    std::mt19937 source(seed);
    const auto dice = [&source](unsigned below) { return static_cast<unsigned>(source() % below); };
    for (unsigned round = 0; !over && failure.empty(); ++round) {
      std::string out, expected;
      const unsigned count = 1 + dice(60);
      for (unsigned n = 0; n < count; ++n) {
        const unsigned which = dice(5);
        const std::string name = (which == 0 ? "no" : which == 1 ? "later" : "s") + std::to_string(seed) + "r" + std::to_string(round) + "n" + std::to_string(n) + std::string(dice(9), 'x') + "@example.com";
        out += encode_socketmap({which == 4 ? "what" : "mailbox", name});
        if (which == 0) append_socketmap(expected, socketmap_status::not_found, {});
        else if (which == 1) append_socketmap(expected, socketmap_status::temp, "upstream_down");
        else if (which == 4) append_socketmap(expected, socketmap_status::temp, "no such map here");
        else append_socketmap(expected, socketmap_status::ok, name);
      }
      one_connection(dice, out, expected);
    }
  }
  template <class Dice>
  void one_connection(const Dice& dice, const std::string& out, const std::string& expected) {
    const caller c(address);
    if (!c.connected()) return;
    const unsigned end = dice(4);
    std::vector<std::size_t> cuts;
    for (std::size_t at = 0; at < out.size(); at += 1 + dice(700)) cuts.push_back(at);
    cuts.push_back(out.size());
    std::thread sends([&] {
      for (std::size_t n = 1; n < cuts.size(); ++n)
        if (!c.send(std::string_view(out).substr(cuts[n - 1], cuts[n] - cuts[n - 1]))) break;
      if (end == 0) c.say_no_more();
    });
    std::string in;
    while (in.size() < (end == 1 ? expected.size() / 2 : expected.size())) {
      const std::string more = c.receive();
      if (more == "TIMEOUT") failure = "nothing comes any more";
      if (more.empty() || more == "RESET" || more == "TIMEOUT") break;
      in += more;
    }
    ::shutdown(c.fd(), SHUT_RDWR);
    sends.join();
    // "overloaded" is the listener's, and may stand for any of them; it ends nothing.
    if (!has(in, "overloaded") && !expected.starts_with(in)) failure = in + " is not " + expected;
    answers += static_cast<unsigned>(in.size() / 20);
  }
};

TEST_F(hostile_storm, LookUpsAreAnsweredInOrder_N06) {
  rules_.protocol = listener_protocol::socketmap;
  weather<look_up_storm>(false);
}

}  // namespace
}  // namespace authbroker::testing_front
