#include "ops/admin_service.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include "base/text.hpp"
#include "net/worker.hpp"
#include "ops/advice.hpp"
#include "ops/daemon.hpp"
#include "wire/json_answer.hpp"
#include "wire/json_question.hpp"
#include "wire/json_writer.hpp"

namespace authbroker {
namespace {

enum class page { test, explain, why, status, routes, plugins, reload, drain };
struct page_row {
  std::string_view path, method;
  page what;
  http_body body;
};
constexpr auto pages = std::to_array<page_row>({
    {"/admin/test", "POST", page::test, http_body::json},
    {"/admin/explain", "POST", page::explain, http_body::json},
    {"/admin/reload", "POST", page::reload, http_body::ignored},
    {"/admin/drain", "POST", page::drain, http_body::ignored},
    {"/admin/why", "GET", page::why, http_body::ignored},
    {"/admin/status", "GET", page::status, http_body::ignored},
    {"/admin/routes", "GET", page::routes, http_body::ignored},
    {"/admin/plugins", "GET", page::plugins, http_body::ignored},
});

const page_row* find_page(std::string_view path) {
  for (const page_row& p : pages)
    if (p.path == path) return &p;
  return nullptr;
}

http_reply ok(std::string body) {
  http_reply r;
  r.status = 200;
  r.body = std::move(body);
  return r;
}

std::string percent_decode(std::string_view in) {
  const auto digit = [](char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1; };
  std::string out;
  for (std::size_t i = 0; i < in.size(); ++i) {
    if (in[i] == '%' && i + 2 < in.size() && digit(in[i + 1]) >= 0 && digit(in[i + 2]) >= 0) {
      out += static_cast<char>(digit(in[i + 1]) * 16 + digit(in[i + 2]));
      i += 2;
    } else {
      out += in[i];
    }
  }
  return out;
}

// An address without a domain gets the listener's: what the callers of each ask about.
std::vector<std::string> with_default_domains(const std::vector<std::pair<std::string, std::string>>& listeners, std::string_view domain, const std::string& address) {
  std::vector<std::string> out;
  if (!domain.empty()) return out;
  for (const auto& [listener, its] : listeners)
    out.push_back("listener " + listener + " takes it for " + address + "@" + its);
  return out;
}

// Awaits the main thread's outcome, on the asking worker.
class reload_over {
 public:
  explicit reload_over(daemon& of) : of_(of) {}
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> asking) {
    const auto go = std::make_shared<continuation>(asking);
    of_.reload([this, go, home = &worker::current()](const reload_outcome& outcome) {
      boost::asio::post(home->io, [this, go, outcome] {
        outcome_ = outcome;
        (*go)();
      });
    });
  }
  reload_outcome await_resume() { return std::move(outcome_); }

 private:
  daemon& of_;
  reload_outcome outcome_;
};

// Where a mail proxy goes on to, if the route says so.
void write_nginx_mail(json_writer& w, const endpoint_rules& servers) {
  w.key("nginx_mail").begin_object();
  for (const mail_protocol p : {mail_protocol::imap, mail_protocol::pop3, mail_protocol::smtp})
    if (const std::string_view server = servers.of(p); !server.empty()) w.member(name(p), server);
  w.end_object();
}

void write_backends(json_writer& w, std::string_view key, const std::vector<std::shared_ptr<backend>>& list) {
  w.key(key).begin_array();
  for (const auto& b : list) {
    const auto* p = dynamic_cast<const plugin_backend*>(b.get());
    w.begin_object().member("backend", b->name());
    if (p != nullptr) {
      const backend_status s = p->status();
      w.member("plugin", s.plugin);
      w.key("upstreams").begin_array();
      for (const upstream_status& u : s.connections.upstreams) w.begin_object().member("url", u.url).member("breaker", u.open ? "open" : "closed").end_object();
      w.end_array();
    }
    w.end_object();
  }
  w.end_array();
}

std::string where(const place& p) { return p.file + ":" + std::to_string(p.line); }

void write_names(json_writer& w, std::string_view key, const std::vector<std::string>& names) {
  w.key(key).begin_array();
  for (const std::string& n : names) w.value(std::string_view(n));
  w.end_array();
}

}  // namespace

http_service::plan admin_service::admit(const http_head& head, const peer&, const listener_terms&) const {
  const page_row* p = find_page(head.path());
  if (p == nullptr) return {&http_errors::not_found, http_body::ignored, {}};
  if (head.method != p->method) return {&http_errors::method_not_allowed, p->body, p->method};
  return {nullptr, p->body, {}};
}

task<http_reply> admin_service::handle(const http_request& r) {
  const page_row* p = find_page(r.head.path());
  if (p == nullptr) co_return make_error(http_errors::not_found);
  switch (p->what) {
    case page::test: co_return co_await test(r);
    case page::reload: co_return co_await reload();
    case page::explain: co_return explain(r.body);
    case page::why: co_return why(r.head.query());
    case page::status: co_return ok(daemon_.status_json());
    case page::routes: co_return routes();
    case page::plugins: co_return plugins();
    case page::drain: daemon_.drain(); co_return ok("{\"ok\":true}");
  }
  co_return make_error(http_errors::internal);
}

task<http_reply> admin_service::test(const http_request& r) {
  json_outcome parsed = parse_json_question(r.body, json_form::either);
  if (parsed.error != nullptr) co_return make_error(*parsed.error, parsed.text);
  query q;
  q.kind = parsed.question.kind;
  q.address = parsed.question.address;
  q.password = std::move(parsed.question.password);
  q.client = parsed.question.client;
  q.client_believed = !q.client.empty();
  q.service = "authbroker test";
  q.caller = r.from->text;
  q.listener = "admin";
  q.deadline = parsed.question.deadline;
  const question_kind kind = q.kind;
  const auto now = daemon_.current();
  trace t;
  answer a;
  co_await daemon_.broker().ask(q, a, &t);
  const route_rules* route = nullptr;
  for (const route_rules& each : now->config.routes)
    if (each.name == a.route) route = &each;
  const backend_rules* from = nullptr;
  for (const auto& b : now->backends)
    if (b->name() == a.backend) from = &b->rules();
  std::string out;
  json_writer w(out);
  w.begin_object().key("answer").begin_object();
  write_answer_members(w, a);
  w.member("operator_text", a.found.operator_text).member("rule", a.found.rule).end_object();
  w.key("trace").begin_array();
  for (const trace_line& line : t.lines) w.begin_object().member("at_us", line.at.count()).member("what", line.what).member("text", line.text).end_object();
  w.end_array().key("advice").begin_array();
  for (const std::string& s : advise(kind, a, route, from)) w.value(std::string_view(s));
  w.end_array().end_object();
  co_return ok(std::move(out));
}

task<http_reply> admin_service::reload() {
  reload_over over(daemon_);
  const reload_outcome outcome = co_await over;
  std::string out;
  json_writer w(out);
  w.begin_object().member("ok", outcome.problems.empty()).member("generation", outcome.generation);
  write_names(w, "problems", outcome.problems);
  write_names(w, "warnings", outcome.warnings);
  w.end_object();
  co_return ok(std::move(out));
}

http_reply admin_service::explain(std::string_view body) const {
  const json_outcome parsed = parse_json_question(body, json_form::mailbox);
  if (parsed.error != nullptr) return make_error(*parsed.error, parsed.text);
  const auto now = daemon_.current();
  std::string out;
  json_writer w(out);
  w.begin_object().member("address", parsed.question.address);
  const name_check who = check_name(parsed.question.address);
  const auto refuse = [&](verdict v, reason why, const std::string& text) {
    w.member("verdict", name(v)).member("reason", name(why)).member("text", text).end_object();
    return ok(std::move(out));
  };
  std::optional<authbroker::plan> p;
  if (who.fault == name_fault::none || who.fault == name_fault::bad_domain) p = now->answers->routes->plan_for(who.name);
  if (who.fault != name_fault::none && !p) {
    const local_verdict v = refuse_name(question_kind::login, who.fault);
    return refuse(v.what, v.why, std::string(find_row(v.what, v.why)->advice));
  }
  if (!p) {
    w.member("domain", who.name.domain);
    write_names(w, "default_domains", with_default_domains(now->default_domains, who.name.domain, parsed.question.address));
    return refuse(verdict::no_route, reason::no_route, why_no_route(now->config.routes, who.name.domain));
  }
  w.member("identity", p->identity).member("route", p->by->rules.name).member("why", name(p->how)).member("matched", p->key).member("where", where(p->by->rules.where));
  w.member("login_name", p->login_name);
  if (!p->host.empty()) w.member("host", p->host);
  w.member("combine", p->by->rules.combine == combine_mode::search ? "search" : "failover");
  write_backends(w, "login", p->by->login);
  write_backends(w, "mailbox", p->by->mailbox);
  write_backends(w, "addresses", p->by->addresses);
  write_nginx_mail(w, p->by->rules.nginx_mail);
  if (has_path_characters(p->local, p->by->rules.allow_chars)) return refuse(verdict::reject, reason::bad_name, std::string(find_row(verdict::reject, reason::bad_name)->advice));
  w.key("verdict").null().key("reason").null().end_object();
  return ok(std::move(out));
}

http_reply admin_service::why(std::string_view query) const {
  if (!query.starts_with("id=")) return make_error(http_errors::bad_question, "wanted: ?id=ID");
  const std::string line = daemon_.broker().decisions().find(percent_decode(query.substr(3)));
  if (line.empty()) return make_error(http_errors::not_found);
  std::string out;
  json_writer w(out);
  w.begin_object().member("line", line).end_object();
  return ok(std::move(out));
}

http_reply admin_service::routes() const {
  const auto now = daemon_.current();
  std::string out;
  json_writer w(out);
  w.begin_object().key("routes").begin_array();
  for (const route_rules& r : now->config.routes) {
    w.begin_object().member("name", r.name).member("where", where(r.where)).member("login_name", r.login_name);
    write_names(w, "domains", r.domains);
    write_names(w, "login", r.login);
    write_names(w, "mailbox", r.mailbox);
    write_names(w, "addresses", r.addresses);
    w.end_object();
  }
  w.end_array().end_object();
  return ok(std::move(out));
}

http_reply admin_service::plugins() const {
  const auto now = daemon_.current();
  std::string out;
  json_writer w(out);
  w.begin_object().key("plugins").begin_array();
  // The loader belongs to the main thread; the backends in use tell as much, and are immutable.
  std::vector<std::string> told;
  for (const auto& b : now->backends) {
    const std::string& plugin = b->rules().plugin;
    if (std::find(told.begin(), told.end(), plugin) != told.end()) continue;
    told.push_back(plugin);
    w.begin_object().member("name", plugin).member("version", b->status().plugin_version).member("abi", "1." + std::to_string(ABK_ABI_MINOR)).member("file", b->plugin_file());
    w.key("backends").begin_array();
    for (const auto& other : now->backends)
      if (other->rules().plugin == plugin) w.value(other->name());
    w.end_array().end_object();
  }
  w.end_array().end_object();
  return ok(std::move(out));
}

}  // namespace authbroker
