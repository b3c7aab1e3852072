#include "connection.hpp"

#include <abk/words.hpp>

#include "spelling.hpp"

namespace imap {
namespace {

using abk::reason;

constexpr std::string_view fact_id = "imap.id";
constexpr std::string_view fact_hangs_up = "hangs-up";
constexpr std::chrono::hours a_day{24};
constexpr int logout_lines_max = 16;

}  // namespace

abk::part<abk::after> connection::answer(const abk::question& who, abk::channel up) {
  if (who.kind == ABK_PROBE) {
    if (recalled_) co_await learn_capabilities(up);  // whoever probes wants to know how it is now
    up.decide(tell());
    co_return abk::after::ready;
  }
  const auto chosen = choose(rules_.mechanisms, can_, who.login_name, who.password);
  if (const auto* why = std::get_if<abk::answer>(&chosen)) {
    const bool stale = recalled_ && why->what == abk::verdict::tempfail;
    if (stale) forget_capabilities(up);
    up.decide(*why);
    if (stale) co_return abk::after::close;
    co_return abk::after::ready;  // nothing was sent: the connection is as good as new
  }
  abk::answer found;
  try {
    if (rules_.forward_client && can_.id && abk::an_address(who.client)) co_await forward_client(who, up);
    found = co_await log_in(who, up, std::get<plan>(chosen));
  } catch (const abk::give_up&) {
    forget_capabilities(up);
    throw;
  }
  if (found.what == abk::verdict::tempfail) forget_capabilities(up);
  else remember_capabilities(found, up);
  const bool curious = up.watched() && found.what == abk::verdict::no;
  up.decide(found);
  // At once: what follows the verdict tells nothing. A server that waits for something else than a command is left alone.
  if (!judged_) co_return abk::after::close;
  tag_ = "A" + std::to_string(++commands_);
  up.send({tag_, " LOGOUT\r\n"});
  if (curious) co_await see_whether_it_hangs_up(up);
  co_return abk::after::close;
}

// Does this server still take commands after a refusal? The LOGOUT that has been sent shows it.
abk::part<void> connection::see_whether_it_hangs_up(abk::channel up) {
  for (int n = 0; n < logout_lines_max; ++n) {
    const std::optional<std::string> line = co_await up.line_or_end();
    if (line && parse_reply(*line).tag != tag_) continue;
    up.learn(abk::scope::upstream, fact_hangs_up, line ? "no" : "yes", a_day);
    co_return;
  }
}

// RFC 2971, with the field that servers behind a proxy look for.
abk::part<void> connection::forward_client(const abk::question& who, abk::channel up) {
  if (up.fact(abk::scope::upstream, fact_id)) co_return;
  co_await open_command(up);
  up.command({tag_, " ID (\"x-originating-ip\" \"", who.client, "\")"});
  const reply said = co_await hear_reply(up);
  if (said.what == sort::tagged && said.says == state::ok) co_return;
  if (said.what == sort::tagged) {
    up.learn(abk::scope::upstream, fact_id, "refused", a_day);
    co_return;
  }
  const abk::answer why = judge("id", moment::start, said, now());
  throw abk::give_up(why.why, why.rule, why.operator_text);
}

abk::part<abk::answer> connection::log_in(const abk::question& who, abk::channel up, plan by) {
  co_await open_command(up);
  switch (by.by) {
    case mechanism::plain: co_return co_await by_plain(who, up, by.initial_response);
    case mechanism::login: co_return co_await by_login(who, up);
  }
  co_return abk::answer();
}

abk::part<abk::answer> connection::by_plain(const abk::question& who, abk::channel up, bool initial_response) {
  const abk::secret_text message = abk::sasl_plain(who.login_name, who.password);
  if (initial_response) {
    up.command({tag_, " AUTHENTICATE PLAIN ", message});
  } else {
    up.command({tag_, " AUTHENTICATE PLAIN"});
    const reply go = co_await hear_reply(up);
    // PLAIN has nothing to challenge with: a text here belongs to another mechanism.
    if (go.what != sort::continuation || !go.text.empty()) {
      judged_ = go.what == sort::tagged;
      co_return judge("auth-plain", moment::start, go, now());
    }
    up.command({message});
  }
  const reply said = co_await hear_reply(up);
  judged_ = said.what == sort::tagged;
  co_return judge("auth-plain", moment::password, said, now());
}

abk::part<abk::answer> connection::by_login(const abk::question& who, abk::channel up) {
  const std::string_view password = who.password.reveal();
  const abk::secret_text spelled_password = spelled(who.password);
  std::string before = tag_ + " LOGIN ";
  if (form_of(who.login_name) == form::literal) {
    const reply go = co_await announce(up, before, who.login_name.size());
    if (go.what != sort::continuation) co_return judge("login", moment::start, go, now());
    before = who.login_name;
  } else {
    before += spelled(abk::secret_view(who.login_name)).view().reveal();  // a name is no secret
  }
  before += ' ';
  if (form_of(password) == form::literal) {
    const reply go = co_await announce(up, before, password.size());
    if (go.what != sort::continuation) co_return judge("login", moment::start, go, now());
    up.command({spelled_password});
  } else {
    up.command({before, spelled_password});
  }
  const reply said = co_await hear_reply(up);
  judged_ = said.what == sort::tagged;
  co_return judge("login", moment::password, said, now());
}

// Sends `before` and the announcement of a literal. A continuation: its bytes may follow.
abk::part<reply> connection::announce(abk::channel up, std::string_view before, std::size_t bytes) {
  const std::string size = std::to_string(bytes);
  reply go;
  if (unawaited_literal(can_, bytes)) {
    up.command({before, "{", size, "+}"});
    go.what = sort::continuation;
    co_return go;
  }
  up.command({before, "{", size, "}"});
  go = co_await hear_reply(up);
  judged_ = go.what == sort::tagged;
  co_return go;
}

// For `probe` and `check-config --connect`: what this server can do. Asks nothing, and says nothing of any account.
abk::answer connection::tell() const {
  abk::answer out = abk::answer::yes("probe");
  const auto add = [&out](const std::string& name, bool set) { out.attributes.emplace_back(name, set ? "yes" : "no"); };
  add("login-disabled", can_.login_disabled);
  add("sasl-plain", can_.plain);
  for (const std::string& mechanism : can_.mechanisms)
    if (mechanism != "plain") add("sasl-" + mechanism, true);
  add("sasl-ir", can_.sasl_ir);
  add("literal-plus", can_.literal_plus);
  add("id", can_.id);
  return out;
}

}  // namespace imap
