// The SDK's conversations, whatever they do: the input is a program for the plugin, then what happens to it.
//
// Input: the program up to the first \x00, one letter a deed; then the upstream's bytes, where \x01 ends a segment, \x02 ends the
// stream, \x03 gives the question up and \x04 destroys the connection. Oracles: the pretend host's, and that an answer given
// stays the only one.
#include <abk/rig.hpp>
#include <abk/sdk.hpp>

#include "oracle.hpp"

namespace {

std::string program;

class machine final : public abk::conversation {
 public:
  abk::part<void> prepare(abk::channel up) override {
    while (at_ < program.size() && program[at_] != '|') co_await deed(up, nullptr, 0);
    ++at_;
  }
  abk::part<abk::after> answer(const abk::question& q, abk::channel up) override {
    if (at_ > program.size()) at_ = 0;
    while (at_ < program.size() && program[at_] != '.') co_await deed(up, &q, 0);
    co_return at_ < program.size() ? abk::after::ready : abk::after::close;
  }

 private:
  abk::part<void> deed(abk::channel up, const abk::question* q, int depth) {
    const char what = program[at_++];
    switch (what) {
      case 'l': line_ = co_await up.line(); break;
      case 'e': {
        const std::optional<std::string> heard = co_await up.line_or_end();
        line_ = heard.value_or("");
        break;
      }
      case 'b': line_ = co_await up.bytes(3); break;
      case 't':
        if (q == nullptr && up.encrypted() == abk::encryption::starttls_wanted) co_await up.start_tls();
        break;
      case 'c': up.command({"SAY ", line_.substr(0, 8)}); break;  // shorter than the password, which a server might echo
      case 's': up.send({"raw"}); break;
      case 'p':
        if (q) up.command({"PASS ", q->password});
        break;
      case 'y':
        if (q) up.decide(abk::answer::yes("y"));
        break;
      case 'n':
        if (q) up.decide(abk::answer::no(abk::reason::wrong_password, "n"));
        break;
      case 'x':
        if (q) up.next(1, "carry");
        break;
      case 'f':
        if (q && !up.decided()) up.learn(abk::scope::question, "key", "value", std::chrono::seconds(1));
        break;
      case 'g': throw abk::give_up(abk::reason::greylisted, "g");
      case 'r': throw std::runtime_error("r");
      case '7': throw 7;
      case 'd':
        if (depth < 50 && at_ < program.size() && program[at_] != '|' && program[at_] != '.') co_await deed(up, q, depth + 1);
        break;
      default: break;
    }
  }
  std::size_t at_ = 0;
  std::string line_;
};

class machine_backend final : public abk::backend {
 public:
  using backend::backend;
  traits about() const override {
    traits t;
    t.kinds = ABK_LOGIN;
    t.roles = 2;
    return t;
  }
  std::unique_ptr<abk::session> open(std::uint32_t) const override { return std::make_unique<abk::talk>(std::make_unique<machine>()); }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using state = abk::test::connection_rig::state;
  const std::string_view in(reinterpret_cast<const char*>(data), size);
  const std::size_t nul = std::min(in.find('\0'), in.size());
  program = in.substr(0, std::min<std::size_t>(nul, 200));
  std::string_view rest = in.substr(std::min(nul + 1, in.size()));
  static const abk_plugin plugin = {sizeof plugin, ABK_ABI_MINOR, "machine", "1", nullptr, [](const abk_host* h, abk_config* c) {
                                      return abk::border::create(h, c, [](const abk::host& on, abk::settings&) { return std::make_unique<machine_backend>(on); });
                                    }};
  abk::test::host_rig host(&plugin);
  abk::test::connection_rig up(host, size % 2 == 0 ? ABK_TLS : ABK_STARTTLS_WANTED);
  std::uint32_t id = 0;
  std::size_t answered = 0;
  const auto look = [&] {
    for (int turn = 0; turn < 4; ++turn) {
      up.take_sent();
      up.take_marks();
      if (up.is() == state::wants_tls) up.tls_up();
      // A conversation that never encrypts must not get a question: the host would have ended it.
      else if (up.is() == state::ready && id == 0 && (up.tls() || size % 2 == 0)) id = up.begin({ABK_LOGIN, "ann", "open sesame", "", "", ""});
    }
    must(up.answers.size() >= answered && up.answers.size() <= 1, "one question, one answer");
    answered = up.answers.size();
  };
  look();
  while (!rest.empty() && up.is() != state::closed) {
    const std::size_t n = std::min(rest.find_first_of("\x01\x02\x03\x04"), rest.size());
    up.feed(rest.substr(0, n));
    look();
    const char then = n < rest.size() ? rest[n] : '\x01';
    rest.remove_prefix(std::min(n + 1, rest.size()));
    if (then == '\x02') up.end();
    if (then == '\x03' && id != 0 && up.is() == state::busy) up.cancel(id), up.destroy();
    if (then == '\x04') up.destroy();
    look();
  }
  up.destroy();
  must(host.complaints.empty(), host.complaints.empty() ? "" : host.complaints.front().c_str());
  return 0;
}
