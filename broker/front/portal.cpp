#include "front/portal.hpp"

#include <algorithm>
#include <optional>

#include "front/host_check.hpp"
#include "front/status_page.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "wire/basic_credentials.hpp"
#include "wire/http_verdict.hpp"
#include "wire/json_answer.hpp"
#include "wire/json_question.hpp"
#include "wire/json_writer.hpp"
#include "wire/nginx_mail.hpp"

namespace authbroker {
namespace {

enum class endpoint : std::uint8_t { none, login, mailbox, auth, nginx_mail, status, page, metrics, health };

// The raw target decides, byte by byte: nothing is decoded or normalised, so that no two readers can disagree about it.
endpoint endpoint_of(std::string_view target) {
  if (target == "/v1/login") return endpoint::login;
  if (target == "/v1/mailbox") return endpoint::mailbox;
  if (target == "/v1/nginx-mail") return endpoint::nginx_mail;
  if (target == "/v1/status") return endpoint::status;
  if (target == "/") return endpoint::page;
  if (target == "/metrics") return endpoint::metrics;
  if (target == "/healthz") return endpoint::health;
  constexpr std::string_view auth = "/v1/auth";
  if (target.substr(0, auth.size()) == auth && (target.size() == auth.size() || target[auth.size()] == '/' || target[auth.size()] == '?'))
    return endpoint::auth;
  return endpoint::none;
}

std::optional<permission> needs(endpoint e) {
  switch (e) {
    case endpoint::login:
    case endpoint::auth: return permission::login;
    case endpoint::mailbox: return permission::mailbox;
    case endpoint::status:
    case endpoint::page: return permission::status;
    case endpoint::metrics: return permission::metrics;
    case endpoint::nginx_mail:  // what it asks is seen later, and refused in words that nginx hands on
    case endpoint::health:
    case endpoint::none: return std::nullopt;
  }
  std::abort();
}

bool bears_token(const http_head& head, const secret& token) {
  if (equal_secretly(head.token, token.reveal())) return true;
  constexpr std::string_view scheme = "bearer ";
  return head.authorization.size() > scheme.size() && equal_fold(head.authorization.substr(0, scheme.size()), scheme) &&
         equal_secretly(trim(head.authorization.substr(scheme.size())), token.reveal());
}

http_reply text_reply(std::string_view type, std::string body) {
  http_reply r;
  r.status = 200;
  r.content_type = type;
  r.body = std::move(body);
  return r;
}

void tell_when_to_come_back(http_reply& r, const answer& a) {
  if (r.status == 503) r.fields.push_back({"Retry-After", std::to_string(retry_after_seconds(a))});
}

// For the caller's own wire: everything but what is for operators.
http_reply full_reply(question_kind kind, const answer& a) {
  http_reply r;
  r.status = http_status(kind, a.found.what);
  r.body.reserve(768);
  append_json_answer(r.body, a);
  r.body += '\n';
  tell_when_to_come_back(r, a);
  return r;
}

void ask_for_credentials(http_reply& r) { r.fields.push_back({"WWW-Authenticate", "Basic realm=\"authbroker\", charset=\"UTF-8\""}); }

// For a wire whose bytes proxies hand on to whoever asked: the verdict, and of the reasons what strangers may know.
http_reply guarded_reply(const answer& a, bool reveal) {
  http_reply r;
  r.status = http_status(question_kind::login, a.found.what);
  const reason told = told_reason(a.found.why, reveal);
  const verdict said = r.status == 401 && !reveal ? verdict::reject : a.found.what;
  json_writer w(r.body);
  w.begin_object().member("verdict", name(said));
  if (told == reason::none)
    w.key("reason").null();
  else
    w.member("reason", name(told));
  w.member("id", a.id).member("text", a.text).end_object();
  r.body += '\n';
  if (r.status == 200) r.fields.push_back({"X-Auth-Identity", a.identity});
  if (told != reason::none) r.fields.push_back({"X-Auth-Reason", std::string(name(told))});
  if (r.status == 401) ask_for_credentials(r);
  tell_when_to_come_back(r, a);
  return r;
}

http_reply no_credentials(basic_state state) {
  http_reply r;
  r.status = 401;
  json_writer w(r.body);
  w.begin_object()
      .member("error", state == basic_state::absent ? "credentials_required" : "bad_credentials")
      .member("text", state == basic_state::absent ? "Name and password are asked for." : "The Authorization field is not well-formed Basic.")
      .end_object();
  r.body += '\n';
  ask_for_credentials(r);
  return r;
}

std::unique_ptr<exchange> begin_exchange(question_kind kind, const http_request& in, std::string_view reported_client) {
  auto its = std::make_unique<exchange>();
  query& q = its->asked;
  begin_query(q, *in.from, *in.terms);
  q.kind = kind;
  report_client(q, reported_client, *in.from, *in.terms);
  q.session = in.head.request_id;
  return its;
}

task<http_reply> known(http_reply r) { co_return std::move(r); }

}  // namespace

http_service::plan portal::admit(const http_head& head, const peer& from, const listener_terms& terms) const {
  const endpoint e = endpoint_of(head.target);
  plan p;
  const auto refuse = [&p](const http_error& error) {
    p.error = &error;
    return p;
  };
  if (e != endpoint::health && terms.rules.token && !bears_token(head, *terms.rules.token)) return refuse(http_errors::token_required);
  if (e == endpoint::none) return refuse(http_errors::not_found);
  const bool asks_json = e == endpoint::login || e == endpoint::mailbox;
  if (asks_json && head.method != "POST") {
    p.allow = "POST";
    return refuse(http_errors::method_not_allowed);
  }
  if (!asks_json && e != endpoint::auth && head.method != "GET" && head.method != "HEAD") {
    p.allow = "GET, HEAD";
    return refuse(http_errors::method_not_allowed);
  }
  // A browser can be made to talk to a loopback port. Proxies hand their own names on to /v1/auth, and health tells nothing.
  const bool for_programs = e != endpoint::auth && e != endpoint::health;
  if (!from.is_unix && !terms.rules.token && for_programs && !local_host_field(head.host)) return refuse(http_errors::host_not_allowed);
  if (const auto needed = needs(e)) {
    const auto& allow = terms.rules.allow;
    if (std::find(allow.begin(), allow.end(), *needed) == allow.end()) return refuse(http_errors::question_not_allowed);
  }
  const bool shows_status = e == endpoint::status || e == endpoint::page || e == endpoint::metrics;
  if (shows_status && shared_.parts.status == nullptr) return refuse(http_errors::not_found);
  if (asks_json) p.body = http_body::json;
  return p;
}

task<http_reply> portal::handle(const http_request& in) {
  switch (endpoint_of(in.head.target)) {
    case endpoint::login: return question(in, question_kind::login);
    case endpoint::mailbox: return question(in, question_kind::mailbox);
    case endpoint::auth: return basic(in);
    case endpoint::nginx_mail: return mail(in);
    case endpoint::status:
    case endpoint::page:
    case endpoint::metrics:
    case endpoint::health:
    case endpoint::none: break;
  }
  return show(in);
}

task<http_reply> portal::show(const http_request& in) {
  const endpoint e = endpoint_of(in.head.target);
  if (e == endpoint::health) co_return text_reply("text/plain; charset=utf-8", "ok\n");
  if (shared_.parts.status == nullptr) co_return make_error(http_errors::not_found);
  status_source& source = *shared_.parts.status;
  if (e == endpoint::status) co_return text_reply("application/json", source.status_json() + "\n");
  if (e == endpoint::page) co_return text_reply("text/html; charset=utf-8", status_page(source.status_text()));
  std::string metrics = source.metrics();
  if (metrics.empty()) co_return make_error(http_errors::not_found);
  co_return text_reply("application/openmetrics-text; version=1.0.0; charset=utf-8", std::move(metrics));
}

// Asks, and says the answer in the words of the endpoint. The exchange has memory of its own: a frame that held it would be of a
// size that malloc is slow for.
template <class Say>
task<http_reply> portal::answered(const http_request& in, std::unique_ptr<exchange> its, Say say) {
  const auto began = steady::now();
  const in_flight_place place(shared_, *in.terms);
  if (place)
    co_await shared_.parts.who->ask(its->asked, its->found, nullptr);
  else
    its->found = own_answer(verdict::tempfail, reason::overloaded, its->asked);
  http_reply r = say(its->found);
  r.not_before = not_before(its->asked.kind, its->found.found.what, began, shared_.parts.times.floor);
  co_return r;
}

// Nobody need be asked about a password that no listener carries: a no, no sooner than any other.
template <class Say>
task<http_reply> portal::too_long(const query& q, Say say) {
  http_reply r = say(own_answer(verdict::reject, reason::too_long, q));
  r.not_before = not_before(q.kind, verdict::reject, steady::now(), shared_.parts.times.floor);
  return known(std::move(r));
}

task<http_reply> portal::question(const http_request& in, question_kind kind) {
  json_outcome parsed = parse_json_question(in.body, kind == question_kind::login ? json_form::login : json_form::mailbox);
  if (parsed.error != nullptr) {
    shared_.refused(in.terms->rules, *in.from, parsed.error->code);
    return known(make_error(*parsed.error, parsed.text));
  }
  json_question& asked = parsed.question;
  auto its = begin_exchange(kind, in, asked.client);
  query& q = its->asked;
  q.address = std::move(asked.address);
  q.password = std::move(asked.password);
  q.service = std::move(asked.service);
  q.deadline = asked.deadline;
  const auto say = [kind](const answer& a) { return full_reply(kind, a); };
  return asked.password_too_long ? too_long(q, say) : answered(in, std::move(its), say);
}

task<http_reply> portal::basic(const http_request& in) {
  basic_credentials given = parse_basic(in.head.authorization);
  if (given.state == basic_state::malformed) shared_.refused(in.terms->rules, *in.from, "bad_credentials");
  if (given.state == basic_state::absent || given.state == basic_state::malformed) return known(no_credentials(given.state));
  auto its = begin_exchange(question_kind::login, in, in.head.reported_client());
  query& q = its->asked;
  q.address = std::move(given.name);
  q.password = std::move(given.password);
  q.service = "http";
  const bool reveal = in.terms->rules.reveal;
  if (!reveal) q.wire = &login_words();
  const auto say = [reveal](const answer& a) { return guarded_reply(a, reveal); };
  return given.state == basic_state::too_long ? too_long(q, say) : answered(in, std::move(its), say);
}

task<http_reply> portal::mail(const http_request& in) {
  nginx_mail_request asked = parse_nginx_mail(in.head.fields);
  if (asked.form == nginx_mail_form::malformed) {
    shared_.refused(in.terms->rules, *in.from, http_errors::not_nginx_mail.code);
    return known(make_error(http_errors::not_nginx_mail));
  }
  const question_kind kind = asked.form == nginx_mail_form::recipient ? question_kind::mailbox : question_kind::login;
  auto its = begin_exchange(kind, in, asked.client);
  query& q = its->asked;
  const bool digest = asked.form == nginx_mail_form::digest;
  if (digest || (asked.form != nginx_mail_form::too_long && !may_ask(kind, in.terms->rules))) {
    if (shared_.complain())
      shared_.parts.log->line(level::warning, "nginx_mail_refused")
          .field("listener", in.terms->rules.name)
          .field("protocol", name(asked.protocol))
          .field(digest ? "method" : "not_allowed", digest ? asked.method : name(kind));
    return known(nginx_mail_reply(asked, own_answer(verdict::tempfail, reason::misconfigured, q)));
  }
  q.address = asked.name;
  q.password = std::move(asked.password);
  q.service = name(asked.protocol);
  q.server_for = asked.protocol;
  q.wire = kind == question_kind::login ? &login_words() : &recipient_words();
  const bool long_one = asked.form == nginx_mail_form::too_long;
  auto say = [this, &in, asked = std::move(asked)](const answer& a) {
    http_reply r = nginx_mail_reply(asked, a);
    if (is_yes(a.found.what) && !leads_on(r) && shared_.complain())
      shared_.parts.log->line(level::warning, "nginx_mail_refused")
          .field("listener", in.terms->rules.name)
          .field("protocol", name(asked.protocol))
          .field("not_carried", a.identity);
    return r;
  };
  return long_one ? too_long(q, std::move(say)) : answered(in, std::move(its), std::move(say));
}

}  // namespace authbroker
