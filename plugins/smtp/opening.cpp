#include "opening.hpp"

#include "opening_verdicts.hpp"

namespace smtp {
namespace {

using abk::reason;

// By the family of the client's address: a Postfix without IPv6 takes no address of it, and others all the same.
constexpr std::string_view fact_xclient = "smtp.xclient";
constexpr std::string_view fact_xclient6 = "smtp.xclient6";
constexpr std::chrono::hours a_day{24};

// Runs an opening and takes no question.
class greeter final : public abk::conversation {
 public:
  explicit greeter(const manners& m) : opening_(m) {}
  abk::part<void> prepare(abk::channel up) override { return opening_.open(up); }
  abk::part<abk::after> answer(const abk::question&, abk::channel) override { throw abk::give_up(reason::internal, "smtp.opening"); }
  const opening& has() const noexcept { return opening_; }

 private:
  opening opening_;
};

std::unique_ptr<greeter> make_greeter(const manners& m, const opening*& where) {
  auto out = std::make_unique<greeter>(m);
  where = &out->has();
  return out;
}

}  // namespace

abk::part<reply> hear(abk::channel up, bounds b) {
  reply_reader reader(b);
  for (;;) {
    const std::string line = co_await up.line();
    if (reader.add(line)) co_return reader.take();
  }
}

abk::part<void> opening::open(abk::channel up) {
  reply_reader reader;
  for (bool first = true;; first = false) {
    const std::optional<std::string> line = co_await up.line_or_end();
    if (!line && first)
      throw abk::give_up(reason::upstream_refuses_us, "greeting.none", "the server closed the connection before its greeting: an access list, a ban, or too many connections");
    if (!line) throw abk::stream_ended();
    if (reader.add(*line)) break;
  }
  const reply hello = reader.take();
  if (hello.code != 220) throw judge_opening(moment::greeting, hello);
  co_await say_hello(up);
  if (up.encrypted() != abk::encryption::starttls_wanted) co_return;
  if (!can_.starttls) throw abk::give_up(reason::tls_unavailable, "starttls.not-offered", "EHLO does not list STARTTLS");
  up.command({"STARTTLS"});
  const reply go = co_await hear(up);
  if (go.code != 220) throw judge_opening(moment::starttls, go);
  can_ = extensions();
  co_await up.start_tls();
  co_await say_hello(up);
}

abk::part<void> opening::say_hello(abk::channel up) {
  can_ = extensions();
  up.command({"EHLO ", manners_.helo});
  const reply said = co_await hear(up, ehlo_bounds);
  if (said.code == 250) {
    can_ = parse_extensions(said.text);
    co_return;
  }
  if (said.code != 500 && said.code != 502) throw judge_opening(moment::ehlo, said);
  // A server from before 1993. It has no extensions, and so neither TLS nor AUTH.
  if (up.encrypted() == abk::encryption::starttls_wanted) throw abk::give_up(reason::tls_unavailable, "starttls.no-ehlo", "the server knows no EHLO, and so no STARTTLS: " + in_words(said));
  up.command({"HELO ", manners_.helo});
  const reply old = co_await hear(up);
  if (old.code != 250) throw judge_opening(moment::helo, old);
}

abk::part<bool> opening::forward_client(abk::channel up, std::string_view client) {
  const std::string address = xclient_address(client);
  const std::string_view fact = address.find(':') == address.npos ? fact_xclient : fact_xclient6;
  if (address.empty() || !can_.takes("ADDR") || up.fact(abk::scope::upstream, fact)) co_return false;
  const std::string_view name = can_.takes("NAME") ? " NAME=[UNAVAILABLE]" : "";
  up.command({"XCLIENT ADDR=", xtext(address), name});
  const reply said = co_await hear(up);
  if (said.permanent()) {
    up.learn(abk::scope::upstream, fact, "refused", a_day);
    co_return false;
  }
  if (said.code != 220) throw judge_opening(moment::xclient, said);
  co_await say_hello(up);
  co_return true;
}

opened::opened(const manners& m) : opening_(nullptr), talk_(make_greeter(m, opening_)) {}

abk::step opened::seen(abk::step next) {
  done_ = next == abk::step::ready;
  return next;
}
abk::step opened::prepare(abk::io& up) { return seen(talk_.prepare(up)); }
abk::step opened::resume(abk::io& up) { return seen(talk_.resume(up)); }

}  // namespace smtp
