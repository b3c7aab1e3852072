#include "ops/check.hpp"

#include <boost/asio/co_spawn.hpp>
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
    char at[32];
    std::snprintf(at, sizeof at, "%10.3f ms  ", static_cast<double>(line.at.count()) / 1000);
    std::cout << "  " << at << line.what << "  " << line.text << '\n';
  }
  for (const auto& [key, value] : f.attributes) std::cout << "    " << escape_for_log(key) << ": " << escape_for_log(value) << '\n';
  if (const verdict_row* row = works ? nullptr : find_row(f.what, f.why)) std::cout << "    what to do: " << row->advice << '\n';
}

boost::asio::awaitable<void> connect_each(const generation& g, bool& all_work) {
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
    std::cout.flush();
  }
}

// The longest that connect_each() may take.
std::chrono::milliseconds patience(const generation& g) {
  std::size_t tries = 1;
  for (const auto& b : g.backends) tries += b->rules().upstream.size();
  return g.config.broker.request_timeout * static_cast<int>(tries);
}

}  // namespace

int check_configuration(const std::string& file, bool connect, bool progress) {
  load_outcome loaded = load_configuration(file);
  for (const config_problem& p : loaded.problems) std::cerr << to_string(p) << '\n';
  if (!loaded.config) return 78;
  for (const config_problem& w : loaded.config->warnings) std::cerr << "warning: " << to_string(w) << '\n';
  // What plugins find doubtful in their settings is a warning like the others; the daemon's own trial of a file is no place for it.
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
  std::vector<config_problem> problems;
  std::function<void(const std::string&)> tell;
  if (progress)
    tell = [](const std::string& where) { std::cout << "@ " << where << std::endl; };
  auto made = make_generation(1, std::move(*loaded.config), plugins, env, problems, tell);
  for (const config_problem& p : problems) std::cerr << to_string(p) << '\n';
  if (made == nullptr) return 78;
  bool all_work = true;
  if (connect) {
    // What the pools would still do, such as trying again what failed, is not wanted: an account could be locked by it.
    boost::asio::co_spawn(here.io, connect_each(*made, all_work), [&here](const std::exception_ptr& e) {
      here.io.stop();
      if (e) std::rethrow_exception(e);
    });
    here.io.run_for(patience(*made));
  }
  made.reset();
  here.io.restart();
  here.io.run_for(std::chrono::seconds(1));
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
