#include "front/dovecot_auth_session.hpp"

#include <sys/random.h>
#include <unistd.h>

#include <array>
#include <chrono>

#include "base/text.hpp"
#include "wire/sasl_plain.hpp"

namespace authbroker {
namespace {

constexpr std::size_t buffer_bytes = 2 * dovecot_line_bytes_max;
// Dialogues of one connection. Some clients forget those whose own client went away; so they end by themselves, as with Dovecot.
constexpr std::size_t dialogues_max = 256;
constexpr std::size_t word_bytes_max = 64;  // of what is only for the log
constexpr auto dialogue_time = std::chrono::seconds(150);

// Dovecot's clients hand it on to others, and compare it with nothing of ours: it must only not repeat.
std::string make_cookie() {
  std::array<unsigned char, 16> bytes{};
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) bytes.fill(0);
  std::string out;
  constexpr std::string_view digits = "0123456789abcdef";
  for (const unsigned char b : bytes) {
    out += digits[b >> 4];
    out += digits[b & 15];
  }
  return out;
}

}  // namespace

dovecot_auth_session::dovecot_auth_session(std::shared_ptr<branch> home, int fd, peer who)
    : concurrent_session(std::move(home), fd, std::move(who), buffer_bytes) {}

void dovecot_auth_session::greet(std::uint32_t carried) {
  if (carried != 0) {
    handshake_ = dovecot_handshake(carried);
    return;
  }
  const std::uint32_t connection = home().shared().next_connection.fetch_add(1, std::memory_order_relaxed);
  append_dovecot_greeting(output(), static_cast<std::uint32_t>(getpid()), connection, make_cookie());
}

concurrent_session::taken dovecot_auth_session::take(std::string_view bytes) {
  const dovecot_line line = take_dovecot_line(bytes);
  taken t;
  t.what = line.what;
  t.used = line.used;
  if (line.what != progress::message) return t;
  const auto said = parse_dovecot_auth(line.text);
  if (!said || !handshake_.admits(*said)) {
    t.what = progress::malformed;
    return t;
  }
  switch (said->word) {
    case dovecot_word::version:
    case dovecot_word::cpid: break;
    case dovecot_word::auth:
    case dovecot_word::cont:
      // Two requests under one id, or a response to what has been asked already: neither's answer could be told from the other's.
      if (asked(said->id) || (said->word == dovecot_word::auth && dialogues_.contains(said->id))) {
        forget(said->id);
        dialogues_.erase(said->id);
        t.what = progress::malformed;
        return t;
      }
      if (said->word == dovecot_word::auth) begin(*said);
      else go_on(*said);
      break;
    case dovecot_word::cancel:
      forget(said->id);
      dialogues_.erase(said->id);
      break;
  }
  return t;
}

void dovecot_auth_session::begin(const dovecot_auth_line& said) {
  dialogue d;
  begin_query(d.begun, from(), *terms());
  d.begun.wire = &login_words();
  if (said.service) d.begun.service = dovecot_text(said.service->substr(0, word_bytes_max));
  d.begun.session = dovecot_text(said.session.substr(0, word_bytes_max));
  report_client(d.begun, said.client, from(), *terms());
  const bool plain = equal_fold(said.mechanism, "PLAIN");
  if (!said.service || (!plain && !equal_fold(said.mechanism, "LOGIN"))) return append_dovecot_fail(output(), said.id, dovecot_refusal::credentials);
  d.waits_for = plain ? dialogue::step::plain : dialogue::step::login_name;
  std::optional<std::string_view> response = said.response;
  if (response && response->empty() && !handshake_.empty_response_counts()) response.reset();
  if (response == "=") response = "";
  if (!response) return challenge(said.id, std::move(d));
  if (response->empty() && !plain) return challenge(said.id, std::move(d));  // LOGIN begins with the server
  on_response(said.id, std::move(d), *response);
}

void dovecot_auth_session::challenge(std::uint32_t id, dialogue d) {
  drop_stale();
  if (dialogues_.size() >= dialogues_max) return answer_own(id, verdict::tempfail, reason::overloaded, d.begun);
  switch (d.waits_for) {
    case dialogue::step::plain: append_dovecot_challenge(output(), id, ""); break;
    case dialogue::step::login_name: append_dovecot_challenge(output(), id, login_asks_name); break;
    case dialogue::step::login_password: append_dovecot_challenge(output(), id, login_asks_password); break;
  }
  d.until = steady::now() + dialogue_time;
  dialogues_.insert_or_assign(id, std::move(d));
}

void dovecot_auth_session::drop_stale() {
  if (dialogues_.empty()) return;
  std::erase_if(dialogues_, [now = steady::now()](const auto& one) { return one.second.until < now; });
}

void dovecot_auth_session::go_on(const dovecot_auth_line& said) {
  const auto at = dialogues_.find(said.id);
  // It was dropped, or never was: whatever the password, this is no no.
  if (at == dialogues_.end()) {
    query unknown;
    begin_query(unknown, from(), *terms());
    return answer_own(said.id, verdict::tempfail, reason::deadline, unknown);
  }
  dialogue d = std::move(at->second);
  dialogues_.erase(at);
  on_response(said.id, std::move(d), *said.response);
}

void dovecot_auth_session::on_response(std::uint32_t id, dialogue d, std::string_view base64) {
  switch (d.waits_for) {
    case dialogue::step::plain: {
      sasl_plain given = parse_sasl_plain(base64);
      if (given.state != sasl_state::good) return refuse(id, given.state, d.begun);
      d.begun.address = std::move(given.name);
      d.begun.password = std::move(given.password);
      return ask(id, std::move(d.begun));
    }
    case dialogue::step::login_name: {
      sasl_name given = parse_sasl_name(base64);
      if (given.state != sasl_state::good) return refuse(id, given.state, d.begun);
      d.begun.address = std::move(given.name);
      d.waits_for = dialogue::step::login_password;
      return challenge(id, std::move(d));
    }
    case dialogue::step::login_password: {
      sasl_password given = parse_sasl_password(base64);
      if (given.state != sasl_state::good) return refuse(id, given.state, d.begun);
      d.begun.password = std::move(given.password);
      return ask(id, std::move(d.begun));
    }
  }
}

void dovecot_auth_session::refuse(std::uint32_t id, sasl_state state, const query& q) {
  if (state != sasl_state::too_long) home().shared().counts.malformed.fetch_add(1, std::memory_order_relaxed);
  switch (state) {
    case sasl_state::not_base64: return append_dovecot_fail(output(), id, dovecot_refusal::not_base64);
    case sasl_state::proxied: return append_dovecot_fail(output(), id, dovecot_refusal::not_authorised);
    case sasl_state::too_long: return answer_own(id, verdict::reject, reason::too_long, q);
    case sasl_state::good:
    case sasl_state::malformed: return append_dovecot_fail(output(), id, dovecot_refusal::credentials);
  }
}

bool dovecot_auth_session::say(std::uint32_t id, const answer& a, const listener_rules& rules, std::string& out) {
  if (append_dovecot_answer(out, id, a, rules.reveal)) return true;
  if (rules.tempfail_code) append_dovecot_fail(out, id, dovecot_refusal::temporary);
  return rules.tempfail_code;
}

}  // namespace authbroker
