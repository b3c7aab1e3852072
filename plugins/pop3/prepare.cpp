// Before the question: greeting, STLS, and what the server can do.
#include "connection.hpp"

#include <algorithm>

namespace pop3 {
namespace {

using abk::reason;

constexpr int list_lines_max = 64;
constexpr std::size_t list_bytes_max = 8192;

// Facts, each about an upstream. Nothing that was heard before a handshake is remembered for after it.
constexpr std::string_view fact_stamp = "pop3.apop-timestamp";
constexpr std::string_view fact_stls = "pop3.stls";  // STLS has led to TLS: "capa" if the server answered CAPA before, else "yes"
constexpr std::chrono::hours a_day{24};
constexpr std::chrono::minutes a_while{10};

std::string_view fact_capa_of(abk::encryption channel) {
  switch (channel) {
    case abk::encryption::none: return "pop3.capa.cleartext";
    case abk::encryption::starttls_wanted: return "pop3.capa.starttls";
    case abk::encryption::tls: return "pop3.capa.tls";
  }
  return "pop3.capa";
}

[[noreturn]] void give_up_as(const abk::answer& a) { throw abk::give_up(a.why, a.rule, a.operator_text); }

// The lines of a multi-line reply, counted: it must end.
class list_reader {
 public:
  explicit list_reader(std::string_view command) : command_(command) {}
  // The line without its end; nothing if it was the last.
  std::optional<std::string_view> item(std::string_view line) {
    bytes_ += line.size();
    line.remove_suffix(line.ends_with("\r\n") ? 2 : 1);
    if (line == ".") return {};
    if (lines_++ == list_lines_max || bytes_ > list_bytes_max)
      throw abk::give_up(reason::upstream_nonsense, command_ == "AUTH" ? "auth.too-long" : "capa.too-long", std::string(command_) + " has no end within 64 lines and 8 KiB");
    return line;
  }

 private:
  std::string_view command_;
  int lines_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace

abk::part<void> connection::prepare(abk::channel up) {
  up.limit({.received_max = 2048, .sent_max = command_bytes_max});
  std::optional<std::string> greeting = co_await up.line_or_end();
  if (!greeting) {
    reason why = rules_.like == preset::mailtraq ? reason::upstream_busy : reason::upstream_refuses_us;
    std::string text = "the server closed the connection before its greeting: an access list, a ban, or too many connections";
    if (rules_.like == preset::imail) text += "; IMail bans an address until its service is restarted";
    throw abk::give_up(why, "greeting.none", text);
  }
  line_ = *greeting;
  const reply hello = parse_reply(line_);
  if (hello.what != status::ok) give_up_as(judge("greeting", moment::greeting, hello, now()));

  fact_capa_ = fact_capa_of(up.encrypted());
  if (up.encrypted() == abk::encryption::starttls_wanted) {
    // A timestamp from before the handshake may be anybody's: no APOP on this connection.
    if (rules_.apop == apop_use::require)
      throw abk::give_up(reason::misconfigured, "apop.starttls", "apop = \"require\" cannot work with STARTTLS: use pop3s");
    co_await switch_to_tls(up);
  } else if (rules_.apop != apop_use::never) {
    read_timestamp(*greeting, up);
    if (rules_.apop == apop_use::require && timestamp_.empty())
      throw abk::give_up(reason::misconfigured, "apop.not-offered", "apop = \"require\", and the greeting has no timestamp that can be used");
  }
  if (const auto before = up.fact(abk::scope::upstream, fact_capa_)) can_ = recalled(*before);
  recalled_ = can_.known;
  if (recalled_) up.note("CAPA", "not asked, remembered: " + remembered(can_));
  else co_await learn_capabilities(up);
}

abk::part<void> connection::switch_to_tls(abk::channel up) {
  const std::optional<std::string> before = up.fact(abk::scope::upstream, fact_stls);
  if (before) {
    capa_in_the_clear_ = *before == "capa";
  } else {
    const capabilities in_the_clear = co_await ask_capabilities(up);
    if (in_the_clear.known && !in_the_clear.stls) throw abk::give_up(reason::tls_unavailable, "stls.not-offered", "CAPA does not list STLS");
    capa_in_the_clear_ = in_the_clear.known;
    // in_the_clear ends here: what was said before the handshake is not believed after it.
  }
  up.command({"STLS"});
  const reply go = co_await hear(up);
  if (go.what != status::ok) {
    up.forget(abk::scope::upstream, fact_stls);
    give_up_as(judge("stls", moment::stls, go, now()));
  }
  co_await up.start_tls();
  if (!before) up.learn(abk::scope::upstream, fact_stls, capa_in_the_clear_ ? "capa" : "yes", a_while);
}

abk::part<void> connection::learn_capabilities(abk::channel up) {
  forget_capabilities(up);
  can_ = co_await ask_capabilities(up);
  if (!can_.known && capa_in_the_clear_) {
    // Had it promised AUTH-RESP-CODE? To go on would be to read its refusals as those of a server without codes.
    up.forget(abk::scope::upstream, fact_stls);
    throw abk::give_up(reason::upstream_nonsense, "capa.lost", "the server answered CAPA before STLS and refuses it after it");
  }
  const bool user = std::find(rules_.mechanisms.begin(), rules_.mechanisms.end(), mechanism::user) != rules_.mechanisms.end();
  if (!can_.known && !user) can_ = co_await ask_mechanisms(up);
}

// After a verdict: only then it is known that the server's replies were in order. Only a server that promises AUTH-RESP-CODE is
// remembered: there a bare "-ERR" is a tempfail, so that a memory that has become wrong can never turn a refusal of a command
// into a refusal of credentials.
void connection::remember_capabilities(abk::channel up) const {
  if (!recalled_ && can_.known && can_.auth_resp_code) up.learn(abk::scope::upstream, fact_capa_, remembered(can_), a_while);
}

void connection::forget_capabilities(abk::channel up) {
  if (recalled_) up.forget(abk::scope::upstream, fact_capa_);
  recalled_ = false;
}

abk::part<capabilities> connection::ask_capabilities(abk::channel up) {
  capabilities out;
  if (rules_.like == preset::imail) co_return out;  // IMail is older than CAPA
  up.command({"CAPA"});
  const reply first = co_await hear(up);
  if (first.what == status::err) {
    // Servers older than RFC 2449 say so: nothing is known then. One that is in trouble says that instead.
    if (code_is(first.code, "SYS")) give_up_as(judge("capa", moment::capa, first, now()));
    co_return out;
  }
  if (first.what != status::ok) throw abk::give_up(reason::upstream_nonsense, "capa.nonsense");
  out.known = true;
  for (list_reader list("CAPA");;) {
    const std::string line = co_await up.line();
    const auto item = list.item(line);
    if (!item) break;
    add_capability(out, *item);
  }
  co_return out;
}

// A server without CAPA that may be asked by AUTH only. Before there was CAPA, a bare AUTH listed the mechanisms (RFC 1734 does
// not say so, servers did). Where USER is allowed it is not asked: such a server has USER.
abk::part<capabilities> connection::ask_mechanisms(abk::channel up) {
  capabilities out;
  up.command({"AUTH"});
  const reply first = co_await hear(up);
  if (first.what == status::err) co_return out;
  if (first.what != status::ok) throw abk::give_up(reason::upstream_nonsense, "auth.nonsense");
  for (list_reader list("AUTH");;) {
    const std::string line = co_await up.line();
    const auto item = list.item(line);
    if (!item) break;
    add_mechanisms(out, *item);
  }
  co_return out;
}

void connection::read_timestamp(std::string_view greeting, abk::channel up) {
  const std::string_view stamp = apop_timestamp(greeting);
  if (stamp.empty()) return;
  // A server that repeats a timestamp is broken, or somebody replays it. Compared by digest: facts are short.
  const auto digest = apop_digest(stamp, abk::secret_view());
  if (!digest) return;
  const std::string_view mark = digest->view().reveal();  // of a public text: no secret
  if (const auto before = up.fact(abk::scope::upstream, fact_stamp); before && *before == mark) return;
  up.learn(abk::scope::upstream, fact_stamp, mark, a_day);
  timestamp_ = stamp;
}

}  // namespace pop3
