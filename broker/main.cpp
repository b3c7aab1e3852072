// authbrokerd: reads the command line and the configuration, and runs the daemon. The wiring, and nothing else.
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <system_error>

#include "ops/check.hpp"
#include "ops/daemon.hpp"
#include "ops/probe.hpp"

namespace {

constexpr int exit_configuration = 78;  // EX_CONFIG

int complain(const std::vector<std::string>& problems) {
  for (const std::string& p : problems) std::cerr << p << '\n';
  return problems.empty() ? 0 : exit_configuration;
}

int serve(const std::string& file) {
  using namespace authbroker;
  // First in a child: a plugin that crashes at creation gets a sentence instead of a crash loop.
  if (const std::vector<std::string> problems = try_configuration(file); !problems.empty()) return complain(problems);
  load_outcome loaded = load_configuration(file);
  if (!loaded.config) {
    for (const config_problem& p : loaded.problems) std::cerr << to_string(p) << '\n';
    return exit_configuration;
  }
  const auto about_the_log = [&config = *loaded.config](const std::string& what) { return to_string(config_problem{config.place_of("log.target"), "log.target", what}); };
  if (const std::string missing = use_what_is_there(loaded.config->log); !missing.empty()) std::cerr << "warning: " << about_the_log(missing) << '\n';
  std::unique_ptr<logger> log;
  try {
    log = std::make_unique<logger>(loaded.config->log);
  } catch (const std::system_error& e) {
    return complain({about_the_log(e.what())});
  }
  authbroker::daemon d(std::move(*loaded.config), *log);
  if (const std::vector<std::string> problems = d.start(); !problems.empty()) return complain(problems);
  return d.run();
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"authbrokerd answers two questions for everything on a host: is this password right, does this mail address exist."};
  std::string file = "/etc/authbroker/authbroker.toml";
  bool check = false, connect = false, progress = false, probe = false;
  app.add_option("--config", file, "the configuration (default " + file + ")");
  app.add_flag("--check", check, "load everything, plugins included, say what is wrong, and end");
  app.add_flag("--connect", connect, "with --check: also try every upstream")->needs("--check");
  app.add_flag("--progress", progress, "with --check: say what is being entered")->needs("--check")->group("");
  app.add_flag("--probe", probe, "what `authbroker probe` runs: a request on standard input")->excludes("--check")->group("");
  app.set_version_flag("--version", "authbrokerd " AUTHBROKER_VERSION);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  authbroker::harden_process();
  try {
    if (probe) return authbroker::run_probe();
    if (check) return authbroker::check_configuration(file, connect, progress);
    return serve(file);
  } catch (const std::exception& e) {
    std::cerr << "authbrokerd: " << e.what() << '\n';
    return exit_configuration;
  }
}
