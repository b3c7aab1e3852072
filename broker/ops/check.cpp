#include "ops/check.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <iostream>

#include "base/text.hpp"
#include "base/verdict.hpp"
#include "ops/generation.hpp"
#include "ops/process.hpp"

namespace authbroker {
namespace {

// One upstream, for the operator: each stage with its time, what the server can do, and what to do about trouble.
void show(const std::string& url, const finding& f, const trace& t) {
  const bool works = f.what != verdict::tempfail;
  std::cout << "  " << url << ": " << (works ? "ok" : std::string(name(f.why)) + ": " + f.operator_text) << '\n';
  for (const trace_line& line : t.lines) {
    if (line.what == "verdict") continue;  // nobody was accepted: the first line says how it went
    char at[32];
    std::snprintf(at, sizeof at, "%10.3f ms  ", static_cast<double>(line.at.count()) / 1000);
    std::cout << "  " << at << line.what << "  " << line.text << '\n';
  }
  for (const auto& [key, value] : f.attributes) std::cout << "    " << escape_for_log(key) << ": " << escape_for_log(value) << '\n';
  if (const verdict_row* row = works ? nullptr : find_row(f.what, f.why)) std::cout << "    what to do: " << row->advice << '\n';
}

task<void> connect_each(const generation& g, bool& all_work) {
  for (const auto& b : g.backends) {
    if (!b->converses()) continue;
    std::cout << "backend " << b->name() << " (" << b->rules().plugin << ")\n";
    const auto& upstreams = b->rules().upstream;
    for (std::size_t u = 0; u < upstreams.size(); ++u) {
      trace t;
      const finding f = co_await b->connect_only(u, &t, steady::now() + g.config.broker.request_timeout);
      all_work = all_work && f.what != verdict::tempfail;
      show(upstreams[u].scheme + "://" + (upstreams[u].srv ? upstreams[u].host : upstreams[u].label()), f, t);
      if (f.why == reason::service_account && u + 1 < upstreams.size()) {
        std::cout << "  the others are not tried: they know the same account, and would lock it some day\n";
        break;
      }
    }
    b->give_up();  // a refused account is not to be tried again while others have their turn
    std::cout.flush();
  }
}

// The longest that connect_each() may take.
std::chrono::milliseconds patience(const generation& g) {
  std::size_t tries = 1;
  for (const auto& b : g.backends) tries += b->rules().upstream.size();
  return g.config.broker.request_timeout * static_cast<int>(tries);
}

// Made by the service manager before the daemon starts, as its unit says.
bool made_at_start(const std::string& directory, std::initializer_list<std::string_view> places) {
  return std::any_of(places.begin(), places.end(), [&directory](std::string_view p) { return directory == p || directory.starts_with(std::string(p) + "/"); });
}

bool is_directory(const std::string& path) {
  struct stat s {};
  return stat(path.c_str(), &s) == 0 && S_ISDIR(s.st_mode);
}

std::string parent(const std::string& path) { return path.substr(0, std::max<std::size_t>(path.rfind('/'), 1)); }

// What a start would refuse, beyond what the file and the plugins say.
void judge_places(const configuration& c, std::vector<config_problem>& problems) {
  const auto missing = [&](const std::string& path, std::initializer_list<std::string_view> made, const std::string& key, const place& where) {
    const std::string directory = parent(path);
    if (!is_directory(directory) && !made_at_start(directory, made)) problems.push_back({where, key, "the directory " + directory + " does not exist; wanted: mkdir " + directory});
  };
  for (const listener_rules& l : c.listeners)
    if (const std::string key = "listener." + l.name + ".address"; l.address.is_unix) missing(l.address.path, {"/run", "/var/run"}, key, c.place_of(key, l.where));
  missing(c.broker.admin_socket, {"/run", "/var/run"}, "broker.admin_socket", c.place_of("broker.admin_socket", {c.file, 0, 0}));
  if (c.log.target == log_target::file) missing(c.log.file, {"/run", "/var/run", "/var/log"}, "log.target", c.place_of("log.target"));
}

// A file with problems: those that its sound part has with plugins are told along, so that all are mended at once.
void judge_rest(const sound_part& rest, plugin_set& plugins, const plugin_backend::environment& env, std::vector<config_problem>& problems) {
  for (const backend_rules& b : rest.others)
    if (const auto plugin = plugins.get(b.plugin, rest.broker.plugin_dirs); !plugin && !b.plugin.empty()) problems.push_back({b.where, "backend." + b.name + ".plugin", plugin.error().text});
  configuration part;
  part.broker = rest.broker;
  part.backends = rest.backends;
  make_generation(1, std::move(part), plugins, env, problems);
}

}  // namespace

int check_configuration(const std::string& file, bool connect, bool progress) {
  load_outcome loaded = load_configuration(file, {.credentials_elsewhere = !connect && !progress});
  std::vector<config_problem> problems = std::move(loaded.problems), warnings = std::move(loaded.warnings);
  if (loaded.config) warnings = loaded.config->warnings;
  // What plugins log about their settings is for the daemon's log, and its own trial of a file is no place for it.
  logger log({.target = progress ? log_target::nowhere : log_target::standard_error, .file = {}, .least = level::warning});
  plugin_set plugins(log);
  wall_clock time;
  worker here(0);
  worker::set_current(&here);
  plugin_backend::environment env;
  env.log = &log;
  env.time = &time;
  env.workers = {&here};
  env.on_main = [](const std::function<void()>& what) { what(); };
  env.credentials_elsewhere = !connect && !progress;
  env.warn = [&warnings](const config_problem& w) { warnings.push_back(w); };
  std::function<void(const std::string&)> tell;
  if (progress)
    tell = [](const std::string& where) { std::cout << "@ " << where << std::endl; };
  std::shared_ptr<generation> made;
  if (loaded.config) {
    judge_places(*loaded.config, problems);
    std::vector<config_problem> of_plugins;
    made = make_generation(1, std::move(*loaded.config), plugins, env, of_plugins, tell);
    problems.insert(problems.end(), of_plugins.begin(), of_plugins.end());
  } else {
    judge_rest(loaded.rest, plugins, env, problems);
  }
  for (const config_problem& w : warnings) {
    const auto same = [&w](const config_problem& p) { return p.key == w.key && p.where.line == w.where.line && p.where.file == w.where.file; };
    if (std::none_of(problems.begin(), problems.end(), same)) std::cerr << "warning: " << to_string(w) << '\n';
  }
  for (const config_problem& p : problems) std::cerr << to_string(p) << '\n';
  if (!problems.empty() || made == nullptr) return 78;
  bool all_work = true;
  if (connect) {
    log.reconfigure({.target = log_target::nowhere, .file = {}, .least = level::error});  // the report says what the upstreams are like
    // What the pools would still do, such as trying again what failed, is not wanted: an account could be locked by it.
    run_task(connect_each(*made, all_work), nullptr, [&here](const std::exception_ptr& e) {
      here.io.stop();
      if (e) std::rethrow_exception(e);
    });
    here.io.run_for(patience(*made));
    std::cout.flush();
  }
  made.reset();
  here.io.restart();
  here.io.run_for(std::chrono::seconds(1));
  if (!connect && !progress) std::cout << file << ": ok\n";
  return all_work ? 0 : 75;
}

std::vector<std::string> try_configuration(const std::string& file) {
  boost::asio::io_context io(1);
  std::vector<std::string> out;
  const config_trial trial(io, file, [&](std::vector<std::string> problems) { out = std::move(problems); });
  io.run();
  return out;
}

}  // namespace authbroker
