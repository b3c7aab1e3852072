// The asking. Nothing here knows a protocol: plugins do, and say what they learn as attributes, verdicts and facts.
#include "ops/probe.hpp"

#include <unistd.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <iostream>
#include <random>

#include "base/text.hpp"
#include "config/addresses.hpp"
#include "core/identity.hpp"
#include "ops/generation.hpp"
#include "ops/probe_advice.hpp"

namespace authbroker {
namespace {

using boost::asio::awaitable;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr auto question_time_max = seconds(20);
constexpr auto whole_time_max = seconds(240);
constexpr auto hang_up_time_max = milliseconds(2500);  // the host gives a plugin two seconds to tidy up
constexpr std::size_t request_bytes_max = 64 * 1024;
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

class prober {
 public:
  prober(probe_request r, worker& here, logger& log) : request_(std::move(r)), here_(here), plugins_(log) {
    env_.log = &log;
    env_.time = &time_;
    env_.workers = {&here};
    env_.on_main = [](const std::function<void()>& what) { what(); };
    facts_.domain = request_.domain;
    facts_.account = !request_.address.empty() && !request_.password.empty();
  }

  awaitable<void> run() {
    for (const place_to_try& p : places_for(request_.url, request_.plugin)) co_await learn(p);
    co_await log_in();
    co_await ask_mailboxes();
  }
  const probe_facts& facts() const { return facts_; }

 private:
  void say(const std::string& what) const {
    if (!request_.quiet) std::cerr << what << "\n";
  }

  // ---- one server

  backend_draft draft_for(const place_to_try& p) const {
    backend_draft d;
    d.plugin = p.plugin;
    d.url = p.url;
    d.ca_file = request_.ca_file;
    d.pin = request_.pin;
    d.verify = request_.pin.empty();
    d.server_name = request_.server_name;
    d.settings = request_.settings;
    if (const auto parsed = parse_upstream(p.url)) {
      d.name = name_for(parsed->host, p.plugin);
      d.url = parsed->scheme + "://" + (parsed->srv ? parsed->host : parsed->label());
      d.cleartext = parsed->tls == tls_use::none;
      if (d.cleartext) {
        d.ca_file = d.pin = d.server_name = "";
        d.verify = true;
      }
    } else {
      d.name = name_for("upstream", p.plugin);
    }
    return d;
  }

  std::shared_ptr<plugin_backend> make(const backend_draft& d, std::vector<std::string>& problems) {
    char here[4096];
    load_outcome loaded = parse_configuration(trial_configuration(d, request_.plugin_dirs), "probe", getcwd(here, sizeof here) != nullptr ? here : "/");
    for (const config_problem& p : loaded.problems) problems.push_back(p.key + ": " + p.what);
    if (!loaded.config) return nullptr;
    const result<const loaded_plugin*> plugin = plugins_.get(d.plugin, loaded.config->broker.plugin_dirs);
    if (!plugin) {
      problems.push_back(plugin.error().text);
      return nullptr;
    }
    std::vector<config_problem> found;
    auto out = plugin_backend::make(loaded.config->backends.front(), **plugin, plugins_.host(), env_, found);
    for (const config_problem& p : found) problems.push_back(p.key + ": " + p.what);
    if (out != nullptr && !out->converses()) {
      problems.push_back("the plugin " + d.plugin + " talks to no server: there is nothing to probe");
      return nullptr;
    }
    return out;
  }

  bool installed(const std::string& plugin) { return plugins_.get(plugin, request_.plugin_dirs).has_value(); }

  awaitable<void> learn(place_to_try p) {
    // What was not asked for by name is left out where its plugin is not installed, as long as another one is.
    if (request_.plugin.empty() && !installed(p.plugin) && (places_for(request_.url, "").size() > 1)) {
      missing_ += (missing_.empty() ? "" : ", ") + p.plugin;
      co_return;
    }
    say("trying " + p.url + " with the plugin " + p.plugin);
    probed_server s;
    s.draft = draft_for(p);
    if (const auto parsed = parse_upstream(s.draft.url)) s.tls = parsed->tls;
    backend_draft look = s.draft;
    const bool guess = scheme_family(s.draft.url.substr(0, s.draft.url.find("://"))) == "ldap" && request_.settings.empty();
    if (guess) look.settings = {{"base", "[\"\"]"}, {"scope", "\"base\""}};  // what the directory says of itself
    if (guess) look.plugin = installed("ldap") ? "ldap" : look.plugin;
    co_await connect(s, look);
    const bool distrusted = s.outcome.why == reason::tls_untrusted || s.outcome.why == reason::tls_name;
    if (s.problems.empty() && s.outcome.what == verdict::tempfail && distrusted) {
      // Without any password, to see what is there. What is learnt so is shown, and used for nothing else.
      backend_draft blind = look;
      blind.verify = false;
      blind.pin.clear();
      blind.cleartext = true;
      co_await look_only(s, blind);
    } else if (s.problems.empty() && s.outcome.why == reason::tls_unavailable) {
      backend_draft plain = look;
      plain.url = without_starttls(look.url);
      plain.ca_file = plain.server_name = plain.pin = "";
      plain.verify = plain.cleartext = true;
      // Who asks for mailboxes only sends no password.
      if (!plain.url.empty() && !s.answers_login) {
        backend_draft const kept = s.draft;
        s.draft.url = plain.url;
        s.draft.cleartext = true;
        s.draft.ca_file = s.draft.server_name = s.draft.pin = "";
        s.draft.verify = true;
        s.tls = tls_use::none;
        co_await connect(s, plain);
        if (!s.works()) s.draft = kept;
      } else if (!plain.url.empty()) {
        co_await look_only(s, plain);
      }
    }
    if (guess && s.works()) {
      if (directory_guess g = guess_directory(s); !g.settings.empty()) {
        if (g.plugin != s.draft.plugin && request_.plugin.empty() && installed(g.plugin)) s.draft.plugin = g.plugin;
        if (g.plugin == s.draft.plugin) s.draft.settings = std::move(g.settings);
      }
      if (const auto parsed = parse_upstream(s.draft.url)) s.draft.name = name_for(parsed->host, s.draft.plugin);
      s.answers_mailbox = s.draft.plugin == "ldap" && !s.draft.settings.empty();
    }
    facts_.servers.push_back(std::move(s));
  }

  awaitable<void> connect(probed_server& s, backend_draft with) {
    const auto b = make(with, s.problems);
    if (b == nullptr) co_return;
    s.answers_login = b->answers(question_kind::login);
    s.answers_mailbox = b->answers(question_kind::mailbox);
    trace t;
    s.outcome = co_await b->connect_only(0, &t, steady::now() + question_time_max);
    take(s, t);
    s.attributes = s.outcome.attributes;
  }

  // A second look at what could not be used: the verdict of the first stands.
  awaitable<void> look_only(probed_server& s, backend_draft with) {
    std::vector<std::string> ignored;
    const auto b = make(with, ignored);
    if (b == nullptr) co_return;
    trace t;
    const finding f = co_await b->connect_only(0, &t, steady::now() + question_time_max);
    take(s, t);
    s.attributes = f.attributes;
  }

  static void take(probed_server& s, const trace& t) {
    for (const trace_line& line : t.lines) {
      if (line.what == "tls") {
        s.tls_text = line.text;
        s.key = key_in(line.text);
      }
      if (line.what == "<" && line.bytes == 0 && s.greeting.empty()) s.greeting = line.text;
    }
    s.lines.insert(s.lines.end(), t.lines.begin(), t.lines.end());
  }

  // ---- one account

  stage_question question(question_kind kind, const checked_name& who, std::string_view identity, trace& out) const {
    stage_question q;
    q.kind = kind;
    q.address = who.typed;
    q.local = who.local;
    q.domain = who.domain_typed;
    q.identity = identity;
    q.login_name = q.address;
    q.route = "probe";
    q.out = &out;
    return q;
  }

  bool may_see_password(const probed_server& s) const { return s.works() && s.takes_logins() && (s.tls != tls_use::none || request_.cleartext); }

  awaitable<void> log_in() {
    if (!facts_.account) co_return;
    for (std::size_t i = 0; i < facts_.servers.size(); ++i) {
      if (!may_see_password(facts_.servers[i])) continue;
      const bool elsewhere = co_await log_in_at(i);
      if (!elsewhere) co_return;
    }
  }

  // True: the password has not been sent, and another server may be asked.
  awaitable<bool> log_in_at(std::size_t i) {
    const probed_server& s = facts_.servers[i];
    std::vector<std::string> problems;
    const auto b = make(s.draft, problems);
    if (b == nullptr) {
      facts_.servers[i].problems = std::move(problems);
      co_return true;
    }
    const checked_name who = check_name(request_.address).name;
    const bool by_name = scheme_family(s.draft.url.substr(0, s.draft.url.find("://"))) != "ldap";  // in a directory the settings say how
    for (const name_form form : {name_form::full_address, name_form::bare_name}) {
      if (form == name_form::bare_name && (who.domain.empty() || !by_name)) co_return false;
      login_try t;
      t.server = i;
      t.form = who.domain.empty() ? name_form::bare_name : form;
      t.login_name = form == name_form::full_address ? who.typed : who.local;
      say("one login as " + escape_for_log(t.login_name, 100));
      const std::string identity = make_identity(who, {}, false);
      trace lines;
      stage_question q = question(question_kind::login, who, identity, lines);
      q.login_name = t.login_name;
      q.password = &request_.password;
      const auto until = steady::now() + question_time_max;
      t.outcome = co_await b->ask(q, until, until);
      t.lines = lines.lines;
      if (t.outcome.what == verdict::reject) t.then = co_await watch(*b);
      const bool again = another_form_may_do(t.outcome);
      const bool elsewhere = another_server_may_do(t.outcome);
      facts_.logins.push_back(std::move(t));
      if (elsewhere) co_return true;
      if (!again) co_return false;
    }
    co_return false;
  }

  // What became of the connection that a login was refused on: the plugin says so, or keeps the connection, and the host sees.
  awaitable<after_refusal> watch(const plugin_backend& b) {
    const auto until = steady::now() + hang_up_time_max;
    boost::asio::steady_timer pause(here_.io);
    const bool kept = b.status().connections.idle > 0;
    for (;;) {
      for (const fact_store::fact& f : b.facts())
        if (f.key.substr(0, f.key.find('\x1f')) == fact_hangs_up) co_return f.value == "yes" ? after_refusal::hangs_up : after_refusal::stays;
      const bool open = b.status().connections.connections > 0;
      if (!open) co_return kept ? after_refusal::hangs_up : after_refusal::unknown;
      if (steady::now() >= until) co_return kept ? after_refusal::stays : after_refusal::unknown;
      pause.expires_after(milliseconds(10));
      boost::system::error_code ignored;
      auto done = boost::asio::redirect_error(boost::asio::use_awaitable, ignored);
      co_await pause.async_wait(done);
    }
  }

  // ---- mailboxes

  awaitable<void> ask_mailboxes() {
    if (facts_.domain.empty()) co_return;
    for (std::size_t i = 0; i < facts_.servers.size(); ++i) {
      const probed_server& s = facts_.servers[i];
      if (!s.works() || !s.answers_mailbox) continue;
      for (const auto& settings : mailbox_ways(s)) {
        const bool told = co_await ask_mailboxes_at(i, settings);
        if (told) co_return;
      }
    }
  }

  awaitable<bool> ask_mailboxes_at(std::size_t i, std::vector<std::pair<std::string, std::string>> settings) {
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
    t.lines = lines.lines;
    const bool told = t.invented.what == verdict::absent && (!t.account || t.account->what == verdict::exists);
    facts_.mailboxes.push_back(std::move(t));
    co_return told;
  }

  awaitable<finding> ask_for(plugin_backend& b, std::string address, trace& lines) {
    const checked_name who = check_name(address).name;
    const std::string identity = make_identity(who, {}, false);
    const stage_question q = question(question_kind::mailbox, who, identity, lines);
    const auto until = steady::now() + question_time_max;
    finding f = co_await b.ask(q, until, until);
    co_return f;
  }

 public:
  const std::string& missing() const { return missing_; }

 private:
  probe_request request_;
  worker& here_;
  plugin_set plugins_;
  wall_clock time_;
  plugin_backend::environment env_;
  probe_facts facts_;
  std::string missing_;  // plugins that are not installed
};

// All of standard input, in memory that is wiped.
class request_text {
 public:
  request_text() : bytes_(new char[request_bytes_max]) {}
  ~request_text() { wipe(bytes_.get(), request_bytes_max); }
  request_text(const request_text&) = delete;
  request_text& operator=(const request_text&) = delete;
  bool read() {
    for (;;) {
      const ssize_t n = ::read(STDIN_FILENO, bytes_.get() + size_, request_bytes_max - size_);
      if (n == 0) return size_ < request_bytes_max;
      if (n < 0 && errno != EINTR) return false;
      if (n > 0) size_ += static_cast<std::size_t>(n);
      if (size_ == request_bytes_max) return false;
    }
  }
  std::string_view view() const { return {bytes_.get(), size_}; }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t size_ = 0;
};

int refuse(const std::string& why) {
  std::cerr << why << "\n";
  return 2;
}

result<probe_request> read_request() {
  request_text text;
  if (!text.read()) return problem{"the request cannot be read"};
  return parse_probe_request(text.view());
}

}  // namespace

int run_probe() {
  result<probe_request> request = read_request();
  if (!request) return refuse(request.error().text);
  const bool with_scheme = request->url.find("://") != std::string::npos;
  if (with_scheme)
    if (const auto parsed = parse_upstream(request->url); !parsed) return refuse(parsed.error().text);
  if (!with_scheme && request->url.find('/') == std::string::npos && places_for(request->url, request->plugin).empty())
    return refuse("the plugin " + request->plugin + " has no usual port: give a URL, scheme and all");
  if (places_for(request->url, request->plugin).empty()) return refuse("no plugin is known for " + request->url + ": name one with --plugin");
  if (!with_scheme)
    if (const auto parsed = parse_upstream(places_for(request->url, request->plugin).front().url); !parsed) return refuse(parsed.error().text);
  logger log({.target = log_target::nowhere, .file = {}, .least = level::error});
  worker here(0);
  worker::set_current(&here);
  probe_facts facts;
  {
    prober p(std::move(*request), here, log);
    boost::asio::co_spawn(here.io, p.run(), [&here](const std::exception_ptr& e) {
      here.io.stop();
      if (e) std::rethrow_exception(e);
    });
    here.io.run_for(whole_time_max);
    facts = p.facts();
    if (facts.servers.empty()) {
      std::cerr << "no plugin that could ask is installed" << (p.missing().empty() ? "" : ": " + p.missing()) << "\n";
      return 78;
    }
    here.io.restart();
    here.io.run_for(milliseconds(100));
  }
  const probe_advice advice = advise(facts);
  std::cout << probe_report(facts, advice) << "\n";
  return std::cout.flush() ? advice.status : 75;
}

}  // namespace authbroker
