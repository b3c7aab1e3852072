// Before the question: greeting, STARTTLS, and what the server can do.
#include <abk/words.hpp>

#include "connection.hpp"

namespace imap {
namespace {

using abk::reason;

// Facts, each about an upstream. Nothing that was heard before a handshake is remembered for after it.
constexpr std::string_view fact_codes = "imap.codes";  // it has said [AUTHENTICATIONFAILED]
constexpr std::chrono::hours a_month{31 * 24};
constexpr std::chrono::minutes a_while{10};

std::string_view fact_capa_of(abk::encryption channel) {
  switch (channel) {
    case abk::encryption::none: return "imap.capa.cleartext";
    case abk::encryption::starttls_wanted: return "imap.capa.starttls";
    case abk::encryption::tls: return "imap.capa.tls";
  }
  return "imap.capa";
}

[[noreturn]] void give_up_as(const abk::answer& a) { throw abk::give_up(a.why, a.rule, a.operator_text); }

}  // namespace

abk::part<void> connection::prepare(abk::channel up) {
  up.limit({.received_max = 8192, .sent_max = command_bytes_max});
  std::optional<std::string> first = co_await up.line_or_end();
  if (!first) {
    const reason why = rules_.like == preset::mailtraq ? reason::upstream_busy : reason::upstream_refuses_us;
    throw abk::give_up(why, "greeting.none", "the server closed the connection before its greeting: an access list, a ban, or too many connections");
  }
  line_ = std::move(*first);
  const reply hello = parse_reply(line_);
  const bool tls_wanted = up.encrypted() == abk::encryption::starttls_wanted;
  if (hello.what == sort::untagged && hello.says == state::preauth) {
    // It has let us in as somebody: whoever that is, nobody's password was looked at. And there is no STARTTLS after it.
    if (tls_wanted) throw abk::give_up(reason::tls_unavailable, "greeting.preauth", "the server greets with PREAUTH, after which there is no STARTTLS");
    throw abk::give_up(reason::misconfigured, "greeting.preauth", "the server greets with PREAUTH: it takes the broker for somebody and asks for no password");
  }
  if (hello.what != sort::untagged || hello.says != state::ok) give_up_as(judge("greeting", moment::greeting, hello, now()));

  capabilities greeted;
  if (abk::same_word(hello.code, "CAPABILITY")) {
    greeted.known = true;
    add_capabilities(greeted, hello.arguments);
  }
  fact_capa_ = fact_capa_of(up.encrypted());
  if (tls_wanted) {
    if (greeted.known && !greeted.starttls) throw abk::give_up(reason::tls_unavailable, "starttls.not-offered", "the greeting's capabilities lack STARTTLS");
    // What was said before the handshake is not believed after it.
    greeted = capabilities();
    co_await switch_to_tls(up);
  }
  can_ = std::move(greeted);
  if (!can_.known) {
    if (const auto before = up.fact(abk::scope::upstream, fact_capa_)) can_ = recalled(*before);
    recalled_ = can_.known;
    if (recalled_) up.note("CAPABILITY", "not asked, remembered: " + remembered(can_));
    else co_await learn_capabilities(up);
  }
  co_await settle(up);
}

// A server that has no STARTTLS refuses it: to ask for the capabilities first would cost a round trip and show nothing else.
abk::part<void> connection::switch_to_tls(abk::channel up) {
  co_await open_command(up);
  up.command({tag_, " STARTTLS"});
  const reply go = co_await hear_reply(up);
  if (go.what != sort::tagged || go.says != state::ok) give_up_as(judge("starttls", moment::starttls, go, now()));
  co_await up.start_tls();
}

abk::part<void> connection::learn_capabilities(abk::channel up) {
  forget_capabilities(up);
  can_ = co_await ask_capabilities(up);
  asked_ = true;
}

abk::part<capabilities> connection::ask_capabilities(abk::channel up) {
  co_await open_command(up);
  up.command({tag_, " CAPABILITY"});
  const reply end = co_await hear_reply(up);
  if (end.what != sort::tagged || end.says != state::ok) give_up_as(judge("capability", moment::capability, end, now()));
  if (!heard_.known) throw abk::give_up(reason::upstream_nonsense, "capability.none", "the server answered CAPABILITY with an OK and no capabilities");
  co_return heard_;
}

// After a verdict: only then it is known that the server's replies were in order. Only a server that has explained a refusal by
// [AUTHENTICATIONFAILED] is remembered: from such a one a bare NO is a tempfail then, so that a memory that has become wrong can
// never turn a refusal of a command into a refusal of credentials.
void connection::remember_capabilities(const abk::answer& found, abk::channel up) const {
  const bool explained = found.rule.ends_with(".no-authenticationfailed");
  if (explained) up.learn(abk::scope::upstream, fact_codes, "yes", a_month);
  if (found.rule.ends_with(".no")) up.forget(abk::scope::upstream, fact_codes);
  if (!recalled_ && asked_ && (explained || up.fact(abk::scope::upstream, fact_codes))) up.learn(abk::scope::upstream, fact_capa_, remembered(can_), a_while);
}

// Perhaps the server is another than the one that explained its refusals: that is to be seen anew, too.
void connection::forget_capabilities(abk::channel up) {
  if (recalled_) {
    up.forget(abk::scope::upstream, fact_capa_);
    up.forget(abk::scope::upstream, fact_codes);
  }
  recalled_ = false;
}

}  // namespace imap
