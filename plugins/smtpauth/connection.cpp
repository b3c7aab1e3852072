#include "connection.hpp"

#include <algorithm>

#include "challenge.hpp"
#include "sasl_exchange.hpp"

namespace smtpauth {
namespace {

using abk::reason;
using std::chrono::hours;

constexpr std::string_view fact_plain = "smtp.auth-plain";  // "challenge": the server takes no initial response
constexpr std::string_view fact_hangs_up = "hangs-up";
constexpr hours a_day{24};
constexpr std::string_view carry_again = "again";
constexpr int rounds_max = 6;

constexpr abk::line_limits usual_lines{.received_max = 2048, .sent_max = command_bytes_max};
constexpr std::size_t around_challenge = std::string_view("334 \r\n").size();
constexpr abk::line_limits exchange_lines{.received_max = challenge_bytes_max + around_challenge + 1, .sent_max = challenge_bytes_max + 2};
constexpr smtp::bounds exchange_bounds{.line_bytes = challenge_bytes_max + around_challenge, .lines = 128, .bytes = std::size_t{64} * 1024 - 1};

abk::answer nonsense(const std::string& step, const char* what, const char* text) { return abk::answer::tempfail(reason::upstream_nonsense, step + "." + what, text); }

}  // namespace

abk::part<void> connection::prepare(abk::channel up) {
  up.limit(usual_lines);
  return opening_.open(up);
}

abk::part<abk::after> connection::answer(const abk::question& who, abk::channel up) {
  if (who.kind == ABK_PROBE) {
    abk::answer found = abk::answer::yes("probe");
    tell(found);
    up.decide(found);
    co_return abk::after::ready;
  }
  const auto chosen = choose(rules_.mechanisms, opening_.can(), who.login_name, who.password);
  if (const auto* why = std::get_if<abk::answer>(&chosen)) {
    up.decide(*why);
    co_return abk::after::ready;  // nothing was sent: the connection is as good as new
  }
  handed_on_ = false;
  if (rules_.manners.forward_client && !who.client.empty()) co_await opening_.forward_client(up, who.client);
  const perhaps found = co_await log_in(who, up);
  if (!found) co_return abk::after::close;  // handed on
  const bool curious = up.watched() && found->what == abk::verdict::no;
  const bool stays = may_stay(*found, up) && !curious;
  up.decide(*found);
  if (stays) {
    ++logins_;
    co_return abk::after::ready;
  }
  if (in_exchange_) {
    up.command({"*"});
    co_return abk::after::close;
  }
  up.command({"QUIT"});
  if (curious) {  // does this server still take commands after a refusal?
    const std::optional<std::string> bye = co_await up.line_or_end();
    up.learn(abk::scope::upstream, fact_hangs_up, bye && smtp::parse_line(*bye).code == 221 ? "no" : "yes", a_day);
  }
  co_return abk::after::close;
}

// RFC 4954 has servers allow three failed logins. After a success none is allowed, and after trouble it is not known where the
// server stands.
bool connection::may_stay(const abk::answer& found, abk::channel up) const {
  return found.what == abk::verdict::no && rules_.keeps() && role_ == first_role && !in_exchange_ && said_.crlf && logins_ + 1 < rules_.session_logins && !up.unread();
}

// One mechanism after another, as long as each is refused for itself and before anything of the password has left. A refusal
// of credentials is the end: whatever came next would show the same password twice.
abk::part<connection::perhaps> connection::log_in(const abk::question& who, abk::channel up) {
  std::vector<mechanism> left = rules_.mechanisms;
  abk::answer why;
  while (!left.empty()) {
    const auto chosen = choose(left, opening_.can(), who.login_name, who.password);
    const auto* const by = std::get_if<plan>(&chosen);
    if (by == nullptr) {
      // After a refusal its words tell more than that nothing is left.
      if (left.size() == rules_.mechanisms.size()) why = std::get<abk::answer>(chosen);
      break;
    }
    const plan now = *by;
    perhaps found = co_await by_plan(who, up, now);
    if (handed_on_) co_return perhaps();
    if (found) co_return found;
    why = refused_;
    std::erase(left, now.by);
  }
  co_return why;
}

abk::part<connection::perhaps> connection::by_plan(const abk::question& who, abk::channel up, plan by) {
  in_exchange_ = false;
  // On a connection that was kept the first command bears nothing of the password: the server may be closing it.
  if (by.by == mechanism::plain && (logins_ > 0 || up.fact(abk::scope::upstream, fact_plain))) by.initial_response = false;
  switch (by.by) {
    case mechanism::plain: co_return co_await by_plain(who, up, by.initial_response);
    case mechanism::login: co_return co_await by_login(who, up);
    case mechanism::scram_sha_256:
    case mechanism::scram_sha_1:
    case mechanism::digest_md5:
    case mechanism::cram_md5:
    case mechanism::ntlm: co_return co_await by_library(who, up, by.by);
  }
  co_return abk::answer();
}

// What said_ makes of the login, or nothing if the next mechanism may be tried.
connection::perhaps connection::verdict_of(std::string_view step, moment at, abk::channel up, bool proven) {
  in_exchange_ = said_.code == 334;
  circumstances now;
  now.proven = proven;
  now.unread = up.unread();
  const abk::answer found = judge(step, at, said_, now);
  if (refuses_mechanism(at, said_)) return next_mechanism(found);
  return found;
}

connection::perhaps connection::next_mechanism(abk::answer why) {
  refused_ = std::move(why);
  return {};
}

// One line, 334 and a challenge in base64, which may be empty.
bool connection::is_challenge() const { return said_.code == 334 && said_.text.find('\n') == said_.text.npos; }

// Hears the reply to the first command of a login, which bore nothing of the password. True: a connection that was kept is
// closing, and the question goes on over a new one.
abk::part<bool> connection::handed_on(abk::channel up) {
  smtp::reply_reader reader(exchange_bounds);
  for (;;) {
    const std::optional<std::string> line = co_await up.line_or_end();
    if (!line && logins_ == 0) throw abk::stream_ended();
    if (line && !reader.add(*line)) continue;
    if (line) said_ = reader.take();
    handed_on_ = logins_ > 0 && (!line || said_.code == 421);
    if (handed_on_) up.next(again_role, carry_again);
    co_return handed_on_;
  }
}

abk::part<connection::perhaps> connection::by_plain(const abk::question& who, abk::channel up, bool initial_response) {
  constexpr std::string_view step = "auth-plain";
  const abk::secret_text message = abk::sasl_plain(who.login_name, who.password);
  if (initial_response) {
    up.command({"AUTH PLAIN ", message});
    said_ = co_await smtp::hear(up);
    // Servers of before RFC 4954 ask for what they were given. It is not given twice.
    if (is_challenge()) up.learn(abk::scope::upstream, fact_plain, "challenge", a_day);
  } else {
    up.command({"AUTH PLAIN"});
    if (co_await handed_on(up)) co_return perhaps();
    if (!is_challenge()) co_return verdict_of(step, moment::start, up);
    up.limit(exchange_lines);
    up.command({message});
    up.limit(usual_lines);
    said_ = co_await smtp::hear(up);
  }
  co_return verdict_of(step, moment::password, up);
}

// The prompts are not standardised: they are answered in their order, whatever they say.
abk::part<connection::perhaps> connection::by_login(const abk::question& who, abk::channel up) {
  constexpr std::string_view step = "auth-login";
  up.command({"AUTH LOGIN"});
  if (co_await handed_on(up)) co_return perhaps();
  if (!is_challenge()) co_return verdict_of(step, moment::start, up);
  up.limit(exchange_lines);
  const abk::secret_text name = abk::base64(abk::secret_view(who.login_name));
  up.command({name.view().reveal()});  // not a secret: marked as one it would count as the password being sent
  said_ = co_await smtp::hear(up);
  if (!is_challenge()) {
    up.limit(usual_lines);
    co_return verdict_of(step, moment::name, up);
  }
  const abk::secret_text password = abk::base64(who.password);
  up.command({password});
  up.limit(usual_lines);
  said_ = co_await smtp::hear(up);
  co_return verdict_of(step, moment::password, up);
}

abk::part<connection::perhaps> connection::by_library(const abk::question& who, abk::channel up, mechanism by) {
  const std::string step = "auth-" + word_of(by);
  exchange with(by, server_name(), who.login_name, who.password, up.encrypted() == abk::encryption::tls);
  if (!with.start()) co_return next_mechanism(abk::answer::tempfail(reason::internal, step + ".local", "the SASL library cannot carry this name or password; nothing was sent"));
  moment at = moment::start;
  bool ended = false;  // the server has said in a challenge what is to come as a reply
  const abk::secret_text first = abk::base64(with.response());
  const std::string_view hello = first.view().reveal();  // no more than the name, and no secret
  if (hello.empty() || hello.size() + name_of(by).size() + std::string_view("AUTH  \r\n").size() > command_bytes_max) {
    up.command({"AUTH ", name_of(by)});
  } else {
    up.command({"AUTH ", name_of(by), " ", hello});
    at = moment::name;
  }
  up.limit(exchange_lines);
  if (co_await handed_on(up)) co_return perhaps();
  for (int round = 0; is_challenge(); ++round) {
    if (round == rounds_max || ended || with.complete()) co_return cancelled(up, nonsense(step, "endless", "a challenge after the last one"));
    const bool opens = round == 0 && at == moment::start;
    if (opens && !hello.empty()) {  // it did not fit into the line of the command
      up.command({hello});
      at = moment::name;
    } else {
      const std::optional<std::string> challenge = decode_base64(said_.text);
      const bool skipped = opens && ignores_first_challenge(by);
      if (!challenge && !skipped) co_return cancelled(up, nonsense(step, "bad-base64", "a challenge that is not base64"));
      if (speaks_first(by) && at == moment::password && challenge->starts_with("e=")) {
        // SCRAM's way to refuse: the reply to an empty response says it again, as SMTP does.
        ended = true;
        up.command({});
      } else {
        if (speaks_first(by) && at == moment::name && too_costly(*challenge))
          co_return cancelled(up, abk::answer::tempfail(reason::misconfigured, step + ".too-costly", "the server asks for more than 20000 iterations of SCRAM's hash: leave it out of `mechanisms`"));
        bool makes_sense = false;
        const std::string_view heard = skipped ? std::string_view() : std::string_view(*challenge);
        const auto work_it_out = [&with, &makes_sense, heard] { makes_sense = with.step(heard); };
        if (speaks_first(by) && at == moment::name) co_await up.compute(work_it_out);  // thousands of hashes
        else work_it_out();
        if (!makes_sense)
          co_return cancelled(up, nonsense(step, at == moment::password ? "unproven" : "bad-challenge",
                                           at == moment::password ? "the server did not prove that it knows the password" : "a challenge that the mechanism does not have"));
        const abk::secret_text out = abk::base64(with.response());
        if (out.size() > challenge_bytes_max) co_return cancelled(up, nonsense(step, "too-long", "a challenge that asks for a response of more than 12288 octets"));
        if (skipped) {
          up.command({out.view().reveal()});  // NTLM's first message has neither name nor password
        } else {
          up.command({out});
          at = moment::password;
        }
      }
    }
    said_ = co_await smtp::hear(up, exchange_bounds);
  }
  up.limit(usual_lines);
  perhaps found = verdict_of(step, at, up, with.complete());
  // The server knows the name alone so far. It may know the account, and have no SCRAM secret of it.
  if (found && found->what == abk::verdict::no && at == moment::name) co_return next_mechanism(std::move(*found));
  co_return found;
}

// The exchange is given up: answer() says so to the server by a line "*".
abk::answer connection::cancelled(abk::channel up, abk::answer why) {
  up.limit(usual_lines);
  in_exchange_ = true;
  return why;
}

// DIGEST-MD5 wants the name of the server: the one it calls itself in its answer to EHLO, if that is one.
std::string connection::server_name() const {
  const std::string& name = opening_.can().server;
  return smtp::helo_problem(name).empty() ? name : "localhost";
}

// For `probe` and `check-config --connect`: what this server can do. Asks nothing, and says nothing of any account.
void connection::tell(abk::answer& out) const {
  const smtp::extensions& can = opening_.can();
  const auto add = [&out](const std::string& name, bool set) { out.attributes.emplace_back(name, set ? "yes" : "no"); };
  for (const mechanism m : every_mechanism) add("sasl-" + word_of(m), can.offers(name_of(m)));
  for (const std::string& offered : can.mechanisms) {
    const bool told = std::any_of(every_mechanism.begin(), every_mechanism.end(), [&offered](mechanism m) { return name_of(m) == offered; });
    std::string word = offered;
    for (char& c : word)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (!told && word.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == word.npos) add("sasl-" + word, true);
  }
  add("login-disabled", can.mechanisms.empty());
  add("ehlo", can.ehlo);
  add("xclient", can.takes("ADDR"));
  add("pipelining", can.pipelining);
  add("smtputf8", can.smtputf8);
  if (can.size) out.attributes.emplace_back("size", std::to_string(*can.size));
}

}  // namespace smtpauth
