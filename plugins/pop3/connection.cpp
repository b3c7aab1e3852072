#include "connection.hpp"

#include <abk/words.hpp>

namespace pop3 {
namespace {

using abk::reason;
using std::chrono::hours;

// Facts. "No APOP here" belongs to a backend and route, since one server may hold domains with and without clear passwords.
constexpr std::string_view fact_apop = "pop3.apop";
constexpr std::string_view fact_xclient = "pop3.xclient";
constexpr std::string_view fact_plain = "pop3.auth-plain";
constexpr std::string_view fact_hangs_up = "hangs-up";
constexpr hours a_day{24};
constexpr hours a_month{31 * 24};
constexpr std::string_view carry_apop_refused = "apop-refused";

// A refusal of APOP that leaves USER/PASS to be tried: the server judged the digest, or did not know the command.
bool leaves_another_try(const abk::answer& a) { return a.what == abk::verdict::no || a.rule == "apop.err-unexplained"; }

}  // namespace

abk::part<reply> connection::hear(abk::channel up) {
  line_ = co_await up.line();
  co_return parse_reply(line_);
}

abk::part<abk::after> connection::answer(const abk::question& who, abk::channel up) {
  if (who.kind == ABK_PROBE) {
    if (recalled_) co_await learn_capabilities(up);  // whoever probes wants to know how it is now
    up.decide(tell());
    co_return abk::after::ready;
  }
  const bool apop = apop_first(who, up);
  if (const perhaps why = excuse(who, apop)) {
    const bool stale = recalled_ && why->what == abk::verdict::tempfail;
    if (stale) forget_capabilities(up);
    up.decide(*why);
    if (stale) co_return abk::after::close;
    co_return abk::after::ready;  // nothing was sent: the connection is as good as new
  }
  if (rules_.forward_client && abk::an_address(who.client)) co_await forward_client(who, up);
  perhaps found;
  try {
    found = co_await log_in(who, up);
  } catch (const abk::give_up&) {
    forget_capabilities(up);
    throw;
  }
  if (!found) co_return abk::after::close;  // handed on
  if (found->what == abk::verdict::tempfail) forget_capabilities(up);
  else remember_capabilities(up);
  const bool curious = up.watched() && found->what == abk::verdict::no;
  up.decide(*found);
  // At once: an open session may lock the maildrop. Its reply would tell nothing: the verdict stands. It could show that the
  // server had said one "+OK" too many, so that every reply was taken for the one before; but only after the wait, and law
  // is that the reply to the password decides. What can be seen in time is seen by command(): it sends nothing while
  // something unread has come.
  up.command({"QUIT"});
  if (curious) {  // does this server still take commands after a refusal?
    const std::optional<std::string> bye = co_await up.line_or_end();
    up.learn(abk::scope::upstream, fact_hangs_up, bye ? "no" : "yes", a_day);
  }
  co_return abk::after::close;
}

abk::part<void> connection::forward_client(const abk::question& who, abk::channel up) {
  if (up.fact(abk::scope::upstream, fact_xclient)) co_return;
  up.command({"XCLIENT ADDR=", who.client});
  const reply said = co_await hear(up);
  if (said.what == status::err) up.learn(abk::scope::upstream, fact_xclient, "refused", a_day);
  else if (said.what != status::ok) throw abk::give_up(reason::upstream_nonsense, "xclient.nonsense");
}

bool connection::apop_first(const abk::question& who, abk::channel up) const {
  if (timestamp_.empty() || who.carry == carry_apop_refused) return false;
  if (rules_.apop == apop_use::require) return true;
  return !apop_excuse(who.login_name, who.password) && !up.fact(abk::scope::backend, fact_apop);
}

connection::perhaps connection::excuse(const abk::question& who, bool apop) const {
  if (apop) return apop_excuse(who.login_name, who.password);
  const auto chosen = choose(rules_.mechanisms, can_, who.login_name, who.password);
  if (const auto* why = std::get_if<abk::answer>(&chosen)) return *why;
  return {};
}

// The ladder: APOP where it is wanted and may be used; USER/PASS (or AUTH) once, where APOP was refused without telling
// whether the password or APOP itself was the cause.
abk::part<connection::perhaps> connection::log_in(const abk::question& who, abk::channel up) {
  const bool apop = apop_first(who, up);
  if (apop) {
    const abk::answer first = co_await by_apop(who, up);
    if (first.what == abk::verdict::yes) up.learn(abk::scope::question, fact_apop, "yes", a_month);
    if (rules_.apop == apop_use::require || !leaves_another_try(first)) co_return first;
    if (up.fact(abk::scope::question, fact_apop)) co_return first;  // APOP works for this name: the password is wrong
  }
  const auto chosen = choose(rules_.mechanisms, can_, who.login_name, who.password);
  if (const auto* why = std::get_if<abk::answer>(&chosen)) co_return *why;
  plan by = std::get<plan>(chosen);
  if (by.initial_response && up.fact(abk::scope::upstream, fact_plain)) by.initial_response = false;
  unoffered_ = by.unoffered;
  const perhaps found = co_await by_plan(who, up, by, apop);
  if (found && found->what == abk::verdict::yes && (apop || who.carry == carry_apop_refused)) up.learn(abk::scope::backend, fact_apop, "no", a_day);
  co_return found;
}

abk::part<abk::answer> connection::by_apop(const abk::question& who, abk::channel up) {
  const auto digest = apop_digest(timestamp_, who.password);
  if (!digest) throw abk::give_up(reason::internal, "apop.no-md5", "this system's libcrypto has no MD5");
  up.command({"APOP ", who.login_name, " ", *digest});
  const reply said = co_await hear(up);
  co_return judge("apop", moment::password, said, now());
}

abk::part<connection::perhaps> connection::by_plan(const abk::question& who, abk::channel up, plan by, bool after_apop) {
  switch (by.by) {
    case mechanism::user: co_return co_await by_user(who, up, after_apop);
    // After APOP the first command must not bear the password: the server may be gone, and it must not be sent twice.
    case mechanism::plain_ir:
    case mechanism::plain: co_return co_await by_plain(who, up, by.initial_response && !after_apop, after_apop);
    case mechanism::login: co_return co_await by_login(who, up, after_apop);
  }
  co_return abk::answer();
}

// Waits for the reply to the first command of a mechanism. True: the server hung up after it had refused APOP, and the
// question goes on over a new connection.
abk::part<bool> connection::hung_up(abk::channel up, bool after_apop) {
  std::optional<std::string> heard = co_await up.line_or_end();
  if (heard) {
    line_ = std::move(*heard);
    co_return false;
  }
  if (!after_apop) throw abk::stream_ended();
  up.next(after_apop_role, carry_apop_refused);
  co_return true;
}

abk::part<connection::perhaps> connection::by_user(const abk::question& who, abk::channel up, bool after_apop) {
  up.command({"USER ", who.login_name});
  if (co_await hung_up(up, after_apop)) co_return perhaps();
  const reply to_user = parse_reply(line_);
  if (to_user.what != status::ok) co_return judge("user", moment::name, to_user, now());
  up.command({"PASS ", who.password});
  const reply to_pass = co_await hear(up);
  co_return judge("pass", moment::password, to_pass, now());
}

abk::part<connection::perhaps> connection::by_plain(const abk::question& who, abk::channel up, bool initial_response, bool after_apop) {
  const abk::secret_text encoded = abk::sasl_plain(who.login_name, who.password);
  if (initial_response) {
    up.command({"AUTH PLAIN ", encoded});
  } else {
    up.command({"AUTH PLAIN"});
    if (co_await hung_up(up, after_apop)) co_return perhaps();
    const reply go = parse_reply(line_);
    // PLAIN has nothing to challenge with: a text here belongs to another protocol.
    if (go.what != status::challenge || !go.text.empty()) co_return judge("auth-plain", moment::start, go, now());
    up.command({encoded});
  }
  const reply said = co_await hear(up);
  const abk::answer found = judge("auth-plain", moment::password, said, now());
  // Servers of before RFC 5034 have no initial response: they refuse the command, or ask for what they were given. It is a
  // tempfail, since such a response goes only to servers whose refusals of credentials bear [AUTH].
  if (initial_response && (said.what == status::challenge || found.rule == "auth-plain.err-unexplained"))
    up.learn(abk::scope::upstream, fact_plain, "challenge", a_day);
  co_return found;
}

abk::part<connection::perhaps> connection::by_login(const abk::question& who, abk::channel up, bool after_apop) {
  up.command({"AUTH LOGIN"});
  if (co_await hung_up(up, after_apop)) co_return perhaps();
  const reply go = parse_reply(line_);
  if (go.what != status::challenge) co_return judge("auth-login", moment::start, go, now());
  const abk::secret_text name = abk::base64(abk::secret_view(who.login_name));
  up.command({name.view().reveal()});  // not a secret: marked as one it would count as the password being sent
  const reply to_name = co_await hear(up);
  if (to_name.what != status::challenge) co_return judge("auth-login", moment::name, to_name, now());
  const abk::secret_text password = abk::base64(who.password);
  up.command({password});
  const reply said = co_await hear(up);
  co_return judge("auth-login", moment::password, said, now());
}

// For `probe` and `check-config --connect`: what this server can do. Asks nothing, and says nothing of any account.
abk::answer connection::tell() const {
  abk::answer out = abk::answer::yes("probe");
  const auto add = [&out](const char* name, bool set) { out.attributes.emplace_back(name, set ? "yes" : "no"); };
  add("capa", can_.known);
  add("user", can_.user || !can_.known);
  add("sasl-plain", can_.plain);
  add("sasl-login", can_.login);
  add("auth-resp-code", can_.auth_resp_code);
  if (rules_.apop != apop_use::never) add("apop", !timestamp_.empty());
  if (can_.login_delay_s > 0) out.attributes.emplace_back("login-delay-s", std::to_string(can_.login_delay_s));
  return out;
}

}  // namespace pop3
