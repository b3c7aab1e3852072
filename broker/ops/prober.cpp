#include "ops/prober.hpp"

#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <random>

#include "base/text.hpp"
#include "config/addresses.hpp"
#include "config/config.hpp"
#include "net/pause.hpp"
#include "ops/probe_advice.hpp"

namespace authbroker {
namespace {

using std::chrono::milliseconds;

constexpr auto whole_time_max = std::chrono::minutes(4);  // to begin anything; after that only what is under way ends
constexpr auto question_time_max = std::chrono::seconds(20);
constexpr auto login_reply_max = std::chrono::seconds(18);  // servers that make the guesser wait are met often
constexpr auto hang_up_time_max = milliseconds(2500);  // the host gives a plugin two seconds to tidy up
constexpr std::string_view fact_hangs_up = "hangs-up";

// After "sha256//" in a transcript's line about TLS.
std::string key_in(std::string_view tls_text) {
  constexpr std::string_view mark = "sha256//";
  const std::size_t at = tls_text.find(mark);
  return at == std::string_view::npos ? std::string() : std::string(tls_text.substr(at + mark.size(), 44));
}

std::string nobody_at(std::string_view domain) {
  static constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz";
  std::random_device dice;
  std::string out = "nobody-";
  for (int i = 0; i < 16; ++i) out += letters[dice() % letters.size()];
  return out + "@" + std::string(domain);
}

void take(probed_server& s, const trace& t) {
  for (const trace_line& line : t.lines) {
    if (line.what == "tls") {
      s.tls_text = line.text;
      s.key = key_in(line.text);
    }
    if (line.what == "<" && line.bytes == 0 && s.greeting.empty()) s.greeting = line.text;
  }
  s.lines.insert(s.lines.end(), t.lines.begin(), t.lines.end());
}

// What a directory says of itself is for everybody to read, without account or base.
void ask_root(backend_draft& d) {
  d.plugin = "ldap";
  d.settings = {{"base", "[\"\"]"}, {"scope", "\"base\""}};
}

// A plugin's settings may hold an account of its own, which must not go where nobody knows who listens.
void without_secrets(backend_draft& d) {
  if (is_directory(d)) ask_root(d);
  else d.settings.clear();
}

void drop_tls(backend_draft& d) {
  d.ca_file = d.pin = d.server_name = "";
  d.verify = true;
  d.cleartext = true;
}

}  // namespace

prober::prober(probe_request r, worker& here, logger& log) : request_(std::move(r)), here_(here), plugins_(log) {
  env_.log = &log;
  env_.time = &time_;
  env_.workers = {&here};
  env_.on_main = [](const std::function<void()>& what) { what(); };
  facts_.domain = request_.domain;
  facts_.account = !request_.address.empty() && !request_.password.empty();
}

task<void> prober::run() {
  until_ = steady::now() + whole_time_max;
  for (const place_to_try& p : places_for(request_.url, request_.plugin))
    if (!late()) co_await learn(p);
  co_await log_in();
  co_await ask_mailboxes();
}

bool prober::late() {
  cut_ = cut_ || steady::now() >= until_;
  return cut_;
}

void prober::say(const std::string& what) const {
  if (!request_.quiet) std::cerr << what << "\n";
}

bool prober::installed(const std::string& plugin) { return plugins_.get(plugin, request_.plugin_dirs).has_value(); }

// ---------------------------------------------------------------- drafts and backends

backend_draft prober::draft_for(const place_to_try& p) const {
  backend_draft d;
  d.plugin = p.plugin;
  d.url = p.url;
  d.ca_file = request_.ca_file;
  d.pin = request_.pin;
  d.verify = request_.pin.empty();
  d.server_name = request_.server_name;
  d.settings = request_.settings;
  const auto parsed = parse_upstream(p.url);
  d.name = name_for(parsed ? parsed->host : "upstream", p.plugin);
  if (!parsed) return d;
  d.url = parsed->scheme + "://" + (parsed->srv ? parsed->host : parsed->label());
  if (parsed->tls == tls_use::none) drop_tls(d);
  return d;
}

std::shared_ptr<plugin_backend> prober::make(const backend_draft& d, std::vector<std::string>& problems) {
  char folder[4096];
  const load_outcome loaded = parse_configuration(trial_configuration(d, request_.plugin_dirs), "probe", getcwd(folder, sizeof folder) != nullptr ? folder : "/");
  for (const config_problem& p : loaded.problems) problems.push_back(p.key + ": " + p.what);
  if (!loaded.config) return nullptr;
  const result<const loaded_plugin*> plugin = plugins_.get(d.plugin, request_.plugin_dirs);
  if (!plugin) {
    problems.push_back(plugin.error().text);
    return nullptr;
  }
  std::vector<config_problem> found;
  auto out = plugin_backend::make(loaded.config->backends.front(), **plugin, plugins_.host(), env_, found);
  for (const config_problem& p : found) problems.push_back(p.key + ": " + p.what);
  if (out == nullptr || out->converses()) return out;
  problems.push_back("the plugin " + d.plugin + " talks to no server: there is nothing to probe");
  return nullptr;
}

stage_question prober::question(question_kind kind, const checked_name& who, std::string_view identity, trace& out) const {
  stage_question q;
  q.kind = kind;
  q.login_name = who.typed;
  q.address = who.typed;
  q.local = who.local;
  q.domain = who.domain_typed;
  q.identity = identity;
  q.route = "probe";
  q.out = &out;
  return q;
}

// ---------------------------------------------------------------- one server, without an account

task<void> prober::learn(place_to_try p) {
  // What nobody asked for by name is left out where its plugin is not installed.
  if (request_.plugin.empty() && !installed(p.plugin)) {
    if (std::find(missing_.begin(), missing_.end(), p.plugin) == missing_.end()) missing_.push_back(p.plugin);
    co_return;
  }
  say("trying " + p.url + " with the plugin " + p.plugin);
  probed_server s;
  s.draft = draft_for(p);
  if (const auto parsed = parse_upstream(s.draft.url)) s.tls = parsed->tls;
  backend_draft look = s.draft;
  const bool guess = is_directory(s.draft) && request_.settings.empty() && installed("ldap");
  if (guess) ask_root(look);
  co_await connect(s, look);
  if (s.problems.empty() && (s.outcome.why == reason::tls_untrusted || s.outcome.why == reason::tls_name)) co_await look_without_trust(s, look);
  if (s.problems.empty() && s.outcome.why == reason::tls_unavailable) co_await look_without_tls(s, look);
  if (guess && s.works()) apply_guess(s);
  facts_.servers.push_back(std::move(s));
}

task<void> prober::connect(probed_server& s, backend_draft with) {
  const auto b = make(with, s.problems);
  if (b == nullptr) co_return;
  s.answers_login = b->answers(question_kind::login);
  s.answers_mailbox = b->answers(question_kind::mailbox);
  trace t;
  s.outcome = co_await b->connect_only(0, &t, steady::now() + question_time_max);
  take(s, t);
  s.attributes = s.outcome.attributes;
}

// A second look at what could not be used as it was drafted: that verdict stands.
task<void> prober::only_look(probed_server& s, backend_draft with) {
  std::vector<std::string> ignored;
  const auto b = make(with, ignored);
  if (b == nullptr) co_return;
  trace t;
  const finding f = co_await b->connect_only(0, &t, steady::now() + question_time_max);
  take(s, t);
  s.attributes = f.attributes;
}

// What is learnt so is shown, and used for nothing else.
task<void> prober::look_without_trust(probed_server& s, backend_draft as_tried) {
  as_tried.verify = false;
  as_tried.pin.clear();
  as_tried.cleartext = true;
  without_secrets(as_tried);
  co_await only_look(s, as_tried);
}

task<void> prober::look_without_tls(probed_server& s, backend_draft as_tried) {
  as_tried.url = without_starttls(as_tried.url);
  if (as_tried.url.empty()) co_return;
  drop_tls(as_tried);
  if (s.draft.plugin != "vrfy") {
    without_secrets(as_tried);
    co_await only_look(s, as_tried);
    co_return;
  }
  // It has no password to send: then this is how to ask.
  const backend_draft as_wanted = s.draft;
  s.draft.url = as_tried.url;
  drop_tls(s.draft);
  s.tls = tls_use::none;
  co_await connect(s, as_tried);
  if (!s.works()) s.draft = as_wanted;
}

void prober::apply_guess(probed_server& s) {
  directory_guess g = guess_directory(s);
  if (g.settings.empty()) return;
  if (g.plugin != s.draft.plugin && request_.plugin.empty() && installed(g.plugin)) s.draft.plugin = g.plugin;
  if (g.plugin == s.draft.plugin) s.draft.settings = std::move(g.settings);
  if (const auto parsed = parse_upstream(s.draft.url)) s.draft.name = name_for(parsed->host, s.draft.plugin);
  s.answers_mailbox = s.draft.plugin == "ldap" && !s.draft.settings.empty();
}

// ---------------------------------------------------------------- one account

bool prober::may_see_password(const probed_server& s) const { return s.works() && s.takes_logins() && (s.tls != tls_use::none || request_.cleartext); }

task<void> prober::log_in() {
  if (!facts_.account) co_return;
  for (std::size_t i = 0; i < facts_.servers.size(); ++i) {
    if (!may_see_password(facts_.servers[i]) || late()) continue;
    const bool elsewhere = co_await log_in_at(i);
    if (!elsewhere) co_return;
  }
}

// True: the password has not been sent, and another server may be asked.
task<bool> prober::log_in_at(std::size_t i) {
  backend_draft draft = facts_.servers[i].draft;
  draft.reply = login_reply_max;
  std::vector<std::string> problems;
  const auto b = make(draft, problems);
  if (b == nullptr) {
    facts_.servers[i].problems = std::move(problems);
    co_return true;
  }
  const checked_name who = check_name(request_.address).name;
  const std::string identity = make_identity(who, {}, false);
  for (const name_form form : {name_form::full_address, name_form::bare_name}) {
    // In a directory the settings say what the name becomes.
    if (form == name_form::bare_name && (who.domain.empty() || is_directory(draft))) break;
    login_try t;
    t.server = i;
    t.form = who.domain.empty() ? name_form::bare_name : form;
    t.login_name = t.form == name_form::bare_name ? who.local : who.typed;
    say("one login as " + escape_for_log(t.login_name, 100));
    trace lines;
    stage_question q = question(question_kind::login, who, identity, lines);
    q.login_name = t.login_name;
    q.password = &request_.password;
    const auto began = steady::now();
    const auto until = began + question_time_max;
    co_await b->ask(q, until, until, t.outcome);
    t.took = std::chrono::duration_cast<milliseconds>(steady::now() - began);
    t.lines = std::move(lines.lines);
    if (t.outcome.what == verdict::reject) t.then = co_await watch(*b);
    const finding& f = facts_.logins.emplace_back(std::move(t)).outcome;
    if (another_server_may_do(f)) co_return true;
    if (!another_form_may_do(f)) break;
  }
  co_return false;
}

// What became of the connection that a login was refused on. The plugin knows, or it keeps the connection and the host sees.
task<after_refusal> prober::watch(const plugin_backend& b) {
  const auto until = steady::now() + hang_up_time_max;
  const bool kept = b.status().connections.idle > 0;
  for (;;) {
    for (const fact_store::fact& f : b.facts())
      if (f.key.substr(0, f.key.find('\x1f')) == fact_hangs_up) co_return f.value == "yes" ? after_refusal::hangs_up : after_refusal::stays;
    if (b.status().connections.connections == 0) co_return kept ? after_refusal::hangs_up : after_refusal::unknown;
    if (steady::now() >= until) co_return kept ? after_refusal::stays : after_refusal::unknown;
    pause a_moment(here_.timers, steady::now() + milliseconds(10));
    co_await a_moment;
  }
}

// ---------------------------------------------------------------- mailboxes

task<void> prober::ask_mailboxes() {
  if (facts_.domain.empty()) co_return;
  for (std::size_t i = 0; i < facts_.servers.size(); ++i) {
    if (!facts_.servers[i].works() || !facts_.servers[i].answers_mailbox) continue;
    for (const settings_list& way : mailbox_ways(facts_.servers[i])) {
      if (late()) co_return;
      const bool told = co_await ask_mailboxes_at(i, way);
      if (told) co_return;
    }
  }
}

// True: it tells, and no other way needs to be tried.
task<bool> prober::ask_mailboxes_at(std::size_t i, settings_list settings) {
  mailbox_try t;
  t.server = i;
  t.draft = facts_.servers[i].draft;
  t.draft.settings = std::move(settings);
  std::vector<std::string> problems;
  const auto b = make(t.draft, problems);
  if (b == nullptr || !b->answers(question_kind::mailbox)) co_return false;
  trace lines;
  const std::string nobody = nobody_at(facts_.domain);
  say("asking " + t.draft.url + " for " + nobody);
  t.invented = co_await ask_for(*b, nobody, lines);
  if (t.invented.what == verdict::absent && request_.address.find('@') != std::string::npos) t.account = co_await ask_for(*b, request_.address, lines);
  t.lines = std::move(lines.lines);
  facts_.mailboxes.push_back(std::move(t));
  co_return tells(facts_.mailboxes.back());
}

task<finding> prober::ask_for(plugin_backend& b, std::string address, trace& lines) {
  const checked_name who = check_name(address).name;
  const std::string identity = make_identity(who, {}, false);
  const stage_question q = question(question_kind::mailbox, who, identity, lines);
  const auto until = steady::now() + question_time_max;
  finding f;
  co_await b.ask(q, until, until, f);
  co_return f;
}

}  // namespace authbroker
