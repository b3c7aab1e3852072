// Fails  never: whatever a backend throws becomes tempfail(internal) for this request alone. A question that was asked to stop
//        (its caller is gone) asks no further backend, and is counted and logged as one that shutting_down ended.
#include "core/dispatcher.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.hpp"
#include "core/fold.hpp"

namespace authbroker {
namespace {

constexpr std::size_t session_bytes_max = 64;
constexpr auto companion_time_max = std::chrono::seconds(1);
constexpr std::chrono::milliseconds retry_after_least{1000}, retry_after_spread{2000};

void set_local(answer& a, verdict what, reason why) {
  a.found.what = what;
  a.found.why = why;
  a.found.rule = "local";
}

// Not a lambda with captures in a co_await expression: GCC 12 destroys those twice.
finding failed(const std::exception& e) { return finding::tempfail(reason::internal, std::string("exception: ") + e.what()); }

// The name for the log. One that belongs to no route and is no address was perhaps meant for another field of the form: people
// type their password there.
std::string shown_address(const query& q, const answer& a) {
  const std::size_t at = q.address.rfind('@');
  const bool no_domain = at == std::string::npos || q.address.find('.', at) == std::string::npos;  // "P@ssw0rd" is none
  if (q.kind == question_kind::login && a.route.empty() && no_domain) return "(" + std::to_string(q.address.size()) + " bytes without a domain)";
  return a.identity.empty() ? q.address : a.identity;
}

// The name of a mailbox that is unknown with its extension ("ann+list"), without it.
struct unextended {
  std::string typed;
  name_check who;
  std::string login_name, identity;
};

// Null if there is no extension.
std::unique_ptr<const unextended> without_extension(const plan& p) {
  const std::size_t at = p.local.find_first_of(p.by->rules.delimiter);
  if (at == std::string_view::npos || at == 0) return nullptr;
  auto out = std::make_unique<unextended>();
  out->typed.append(p.local.substr(0, at)).append("@").append(p.domain);
  out->who = check_name(out->typed);
  if (out->who.fault != name_fault::none) return nullptr;
  const checked_name& bare = out->who.name;
  out->login_name = expand_template(p.by->rules.login_name, bare.typed, bare.local, bare.domain_typed);
  out->identity = make_identity(bare, p.by->rules.canonical_domain, p.by->rules.keep_case);
  return out;
}

}  // namespace

void decision_memory::remember(std::string_view id, std::string_view line) {
  const std::lock_guard hold(mutex_);
  entries_[next_].id = id;
  entries_[next_].line = line;  // into the place of the one that is forgotten
  next_ = (next_ + 1) % kept;
}

std::string decision_memory::find(std::string_view id) const {
  const std::lock_guard hold(mutex_);
  for (const entry& e : entries_)
    if (!e.id.empty() && e.id == id) return e.line;
  return {};
}

void dispatcher::replace(std::shared_ptr<const snapshot> with) {
  const std::lock_guard hold(mutex_);
  now_.swap(with);
}

std::shared_ptr<const snapshot> dispatcher::current() const {
  const std::lock_guard hold(mutex_);
  return now_;
}

task<void> dispatcher::ask(const query& q, answer& a, trace* out) {
  const steady::time_point began = steady::now();
  char number[16];
  const auto end = std::to_chars(number, number + sizeof number, next_id_.fetch_add(1, std::memory_order_relaxed), 16);
  a.id.reserve(id_prefix_.size() + 16);
  a.id.append(id_prefix_).append(number, end.ptr);
  a.client_believed = q.client_believed;
  const std::shared_ptr<const snapshot> now = current();
  if (stopping_.load(std::memory_order_relaxed) || now == nullptr) {
    a.found = finding::tempfail(reason::shutting_down);
  } else {
    auto limit = now->request_timeout;
    if (q.deadline.count() > 0) limit = std::min(limit, q.deadline);
    try {
      co_await find_out(*now, q, a, began + limit, out);
    } catch (const task_stopped&) {
      a.found = finding::tempfail(reason::shutting_down, "the caller is gone");
    }
  }
  finish(q, a, began);
}

std::optional<bool> dispatcher::serves(std::string_view domain) const {
  const std::shared_ptr<const snapshot> now = current();
  if (stopping_.load(std::memory_order_relaxed) || now == nullptr) return std::nullopt;
  return now->routes->serves(domain);
}

task<void> dispatcher::find_out(const snapshot& now, const query& q, answer& a, steady::time_point until, trace* out) {
  std::string completed;
  if (!q.default_domain.empty() && !q.address.empty() && q.address.find('@') == std::string::npos) completed = q.address + "@" + q.default_domain;
  const name_check who = check_name(completed.empty() ? q.address : completed);
  std::optional<plan> p;
  if (who.fault == name_fault::none || who.fault == name_fault::bad_domain) p = now.routes->plan_for(who.name);
  if (who.fault != name_fault::none && !p) {
    const local_verdict v = refuse_name(q.kind, who.fault);
    set_local(a, v.what, v.why);
    co_return;
  }
  if (q.kind == question_kind::login)
    if (const reason bad = check_password(q.password.reveal()); bad != reason::none) {
      set_local(a, verdict::reject, bad);
      co_return;
    }
  if (!p) {
    a.identity = make_identity(who.name, {}, false);
    set_local(a, verdict::no_route, reason::no_route);
    co_return;
  }
  a.identity = std::move(p->identity);
  a.login_name = std::move(p->login_name);
  a.route = p->by->rules.name;
  if (out != nullptr)
    out->add("route", a.route + " (" + std::string(name(p->how)) + " match of " + std::string(p->key) + "), login name " + escape_for_log(a.login_name));
  if (q.kind == question_kind::login && has_path_characters(p->local, p->by->rules.allow_chars)) {
    set_local(a, verdict::reject, reason::bad_name);
    co_return;
  }
  const bool login = q.kind == question_kind::login;
  const auto& stages = login ? p->by->login : p->by->mailbox;
  if (login && stages.empty()) {
    set_local(a, verdict::no_route, reason::no_route);
    co_return;
  }
  // Before anybody is asked: a right password would lead nowhere, and a wrong one be counted upstream.
  if (q.server_for != mail_protocol::none) {
    a.server = p->by->rules.nginx_mail.of(q.server_for);
    if (a.server.empty()) {
      set_local(a, verdict::tempfail, reason::misconfigured);
      a.found.operator_text = "route " + a.route + " has no nginx_mail." + std::string(name(q.server_for)) +
                              ": set it to the address and port of the server that nginx is to connect to";
      co_return;
    }
  }
  if (stages.empty()) {
    set_local(a, verdict::unverifiable, reason::not_checked);
    co_return;
  }
  stage_question asked;
  asked.kind = q.kind;
  asked.login_name = a.login_name;
  asked.address = p->address;
  asked.local = p->local;
  asked.domain = p->domain;
  asked.identity = a.identity;
  if (login) asked.password = &q.password;
  if (q.client_believed) asked.client = q.client;
  asked.route = p->by->rules.name;
  asked.dynamic_host = p->host;
  asked.out = out;
  co_await ask_stages(*p->by, stages, asked, until, a.found, a.backend);

  std::unique_ptr<const unextended> bare;  // `asked` refers to it until the companion has answered
  if (!login && a.found.what == verdict::absent) bare = without_extension(*p);
  if (bare != nullptr) {
    asked.login_name = bare->login_name;
    asked.address = bare->who.name.typed;
    asked.local = bare->who.name.local;
    asked.identity = bare->identity;
    co_await ask_stages(*p->by, stages, asked, until, a.found, a.backend);
    if (a.found.what == verdict::exists && a.found.mailbox.empty()) a.found.mailbox = bare->identity;
  }

  if (is_yes(a.found.what)) {
    if (!a.found.addresses.empty()) a.addresses = a.found.addresses_complete ? addresses_state::complete : addresses_state::none;
    if (!p->by->addresses.empty()) co_await add_companion(*p->by, asked, a, until);
  }
  constexpr std::array helped{reason::password_expired, reason::password_must_change, reason::must_change_later, reason::password_expiring,
                              reason::account_disabled, reason::account_locked,       reason::account_expired};
  if (std::find(helped.begin(), helped.end(), a.found.why) != helped.end()) a.help_url = p->by->rules.help_url;
}

// What is found goes into `out`: a result that is handed up from frame to frame makes each of them large.
task<void> dispatcher::ask_stages(const route& r, const std::vector<std::shared_ptr<backend>>& stages, const stage_question& asked,
                                  steady::time_point until, finding& out, std::string& backend_name) {
  if (stages.size() != 1) return ask_in_turn(r, stages, asked, until, out, backend_name);
  backend_name = stages.front()->name();
  return ask_one(*stages.front(), asked, until, until, out);
}

task<void> dispatcher::ask_in_turn(const route& r, const std::vector<std::shared_ptr<backend>>& stages, const stage_question& asked,
                                   steady::time_point until, finding& out, std::string& backend_name) {
  std::vector<finding> found;
  for (std::size_t i = 0; i < stages.size(); ++i) {
    // What is left is split evenly over the tries that are left, as far as they have not begun at an upstream.
    const steady::time_point now = steady::now();
    const steady::time_point start_by = now + (until - now) / static_cast<int>(stages.size() - i);
    co_await ask_one(*stages[i], asked, start_by, until, found.emplace_back());
    if (!goes_on(asked.kind, r.rules.combine, found.back()) || now >= until) break;
  }
  out = fold(asked.kind, r.rules.combine, found);
  for (std::size_t i = 0; i < found.size(); ++i)
    if (found[i].what == out.what && found[i].why == out.why && found[i].upstream == out.upstream) backend_name = stages[i]->name();
}

// A legal finding, whatever the backend does.
task<void> dispatcher::ask_one(backend& b, const stage_question& asked, steady::time_point start_by, steady::time_point until, finding& f) {
  if (steady::now() >= until) {
    f = finding::tempfail(reason::deadline);  // a source that was not asked has not said no
    co_return;
  }
  if (asked.out != nullptr) asked.out->add("backend", std::string(b.name()));
  try {
    co_await b.ask(asked, start_by, until, f);
  } catch (const task_stopped&) {
    throw;
  } catch (const std::exception& e) {
    f = failed(e);
    f.password_sent = true;  // not known, so the careful guess
  }
  if (!legal(f.what, f.why)) {
    f.operator_text = "illegal answer " + std::string(name(f.what)) + " " + std::string(name(f.why)) + "; " + f.operator_text;
    f.what = verdict::tempfail;
    f.why = reason::internal;
  }
}

// After a yes, where identity, aliases and addresses[] come from. Its failure never changes the verdict.
task<void> dispatcher::add_companion(const route& r, const stage_question& login, answer& a, steady::time_point until) {
  stage_question asked = login;
  asked.kind = question_kind::mailbox;
  asked.password = nullptr;
  const steady::time_point soon = std::min(until, steady::now() + companion_time_max);
  std::string backend_name;
  finding f;
  co_await ask_stages(r, r.addresses, asked, soon, f, backend_name);
  switch (f.what) {
    case verdict::exists:
      a.addresses = f.addresses_complete ? addresses_state::complete : addresses_state::none;
      a.found.addresses = f.addresses;
      a.found.attributes.insert(a.found.attributes.end(), f.attributes.begin(), f.attributes.end());
      a.found.kind = f.kind;
      if (!f.mailbox.empty()) {
        a.found.mailbox = f.mailbox;
        a.identity = f.mailbox;
      }
      break;
    case verdict::absent:
    case verdict::unverifiable: a.addresses = addresses_state::none; break;
    case verdict::tempfail:
    case verdict::accept:
    case verdict::reject:
    case verdict::no_route: a.addresses = addresses_state::unavailable; break;
  }
}

void dispatcher::finish(const query& q, answer& a, steady::time_point began) {
  const verdict_row* row = find_row(a.found.what, a.found.why);
  if (row == nullptr) {
    a.found = finding::tempfail(reason::internal, "illegal verdict");
    row = find_row(a.found.what, a.found.why);
  }
  // When trying again makes sense, and nobody said when: soon, since the broker's own answer to a dead upstream is cheap; and
  // not all at once.
  if (a.found.what == verdict::tempfail && a.found.why != reason::misconfigured && a.found.retry_after.count() == 0)
    a.found.retry_after = retry_after_least + std::chrono::milliseconds(next_id_.load(std::memory_order_relaxed) * 613 % retry_after_spread.count());
  a.text = a.found.public_text.empty() ? std::string(told(*row, q.kind)) : a.found.public_text;
  if (is_yes(a.found.what) && a.found.mailbox.empty() && a.found.what == verdict::exists) a.found.mailbox = a.identity;
  a.elapsed = std::chrono::duration_cast<std::chrono::microseconds>(steady::now() - began);
  counts_.by_verdict[static_cast<std::size_t>(a.found.what)].fetch_add(1, std::memory_order_relaxed);

  if (!log_.wants(level::info)) return;
  log_line line = log_.line(level::info, "decision");
  line.field("id", a.id).field("question", name(q.kind)).field("address", shown_address(q, a));
  line.field("verdict", name(a.found.what));
  if (a.found.why != reason::none) line.field("reason", name(a.found.why));
  if (q.wire != nullptr) line.field_if("said", q.wire->said(a));
  line.field_if("login_name", a.login_name == a.identity ? std::string_view() : std::string_view(a.login_name));
  line.field_if("caller", q.caller).field_if("listener", q.listener);
  if (q.wire != nullptr) line.field_if("table", q.wire->table());
  line.field_if("service", q.service).field_if("client", q.client);
  line.field_if("session", std::string_view(q.session).substr(0, session_bytes_max));
  line.field_if("route", a.route).field_if("backend", a.backend).field_if("upstream", a.found.upstream).field_if("rule", a.found.rule);
  line.field_if("text", a.found.operator_text);
  line.field("elapsed_us", a.elapsed.count());
  decisions_.remember(a.id, line.text());
}

}  // namespace authbroker
