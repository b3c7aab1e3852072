// authbroker: the command line. Understands its words here; what they do is in commands.cpp.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <functional>

#include "tool/commands.hpp"

namespace {

using authbroker::exit_code;
using authbroker::options;

struct command {
  std::function<exit_code(const options&)> run;
};

CLI::App* add(CLI::App& to, const char* name, const char* text, command& chosen, exit_code (*run)(const options&)) {
  CLI::App* sub = to.add_subcommand(name, text);
  sub->fallthrough();
  sub->callback([&chosen, run] { chosen.run = run; });
  return sub;
}

void describe(CLI::App& app, options& o, command& chosen) {
  app.require_subcommand(1);
  app.set_version_flag("--version", "authbroker " AUTHBROKER_VERSION);
  app.add_flag("--json", o.json, "Print JSON");
  app.add_option("--config", o.config, "The configuration")->capture_default_str();
  app.add_option("--socket", o.socket, "The daemon's admin socket (default: the configuration's admin_socket)");

  CLI::App* check = add(app, "check-config", "Show every problem of the configuration", chosen, authbroker::command_check_config);
  check->add_flag("--connect", o.connect, "Also try every upstream");

  CLI::App* test = app.add_subcommand("test", "Ask the daemon a question and show each stage");
  test->fallthrough();
  test->require_subcommand(1);
  CLI::App* login = add(*test, "login", "Is this password right?", chosen, authbroker::command_test_login);
  CLI::App* mailbox = add(*test, "mailbox", "Does this address exist?", chosen, authbroker::command_test_mailbox);
  login->add_option("address", o.address, "The address as a user types it")->required();
  login->add_flag("--password-stdin", o.password_stdin, "Read the password from standard input instead of asking");
  mailbox->add_option("address", o.address, "The mail address")->required();
  for (CLI::App* sub : {login, mailbox}) sub->add_option("--client", o.client, "The end user's IP address, as a trusted caller would report it");

  CLI::App* probe = add(app, "probe", "Learn what an upstream is like; print a backend and a route to paste", chosen, authbroker::command_probe);
  probe->add_option("url", o.probe.url, "Such as pop3s://mail.example.com; a host alone is tried at the usual ports")->required();
  probe->add_option("--address", o.address, "An account of yours: tries a login, with the full address and, if that is refused, the bare name");
  probe->add_flag("--password-stdin", o.password_stdin, "Read the account's password from standard input instead of asking");
  probe->add_option("--domain", o.probe.domain, "Whose mailboxes to ask about (default: the address's domain)");
  probe->add_option("--plugin", o.probe.plugin, "The plugin to ask with (default: those that go with the URL)");
  probe->add_option("--set", o.probe.settings, "A setting of the plugin, as KEY=VALUE; may be repeated")->take_all()->expected(1);
  probe->add_option("--ca", o.probe.ca_file, "Trust the certificates of this file");
  probe->add_option("--pin", o.probe.pin, "Trust this key only: base64 of a SHA-256, as probe shows it");
  probe->add_option("--server-name", o.probe.server_name, "The name that the certificate must bear (default: the URL's host)");
  probe->add_flag("--cleartext", o.probe.cleartext, "Send the account's password also where there is no TLS");
  probe->add_flag("--trace", o.probe.trace, "Show each stage with its time");

  add(app, "explain", "Show route, login name and backends; contacts nothing", chosen, authbroker::command_explain)
      ->add_option("address", o.address, "The address")->required();
  add(app, "why", "Show a recent decision again", chosen, authbroker::command_why)->add_option("id", o.id, "The id of an answer")->required();
  add(app, "status", "Show listeners, backends and upstreams", chosen, authbroker::command_status);
  add(app, "routes", "List the routes", chosen, authbroker::command_routes);
  add(app, "plugins", "List the loaded plugins", chosen, authbroker::command_plugins);
  add(app, "reload", "Load the configuration again; a bad one changes nothing", chosen, authbroker::command_reload);
  CLI::App* hash = add(app, "hash-password", "Make a hash for the static backend's file", chosen, authbroker::command_hash_password);
  hash->add_option("--scheme", o.scheme, "yescrypt, bcrypt, sha512crypt, ...")->capture_default_str();
  hash->add_flag("--password-stdin", o.password_stdin, "Read the password from standard input instead of asking");
  add(app, "drain", "Answer what is under way, then stop the daemon", chosen, authbroker::command_drain);
}

}  // namespace

int main(int argc, char** argv) try {
  options o;
  command chosen;
  CLI::App app{"The command line of authbroker: two questions, answered for every program on the host", "authbroker"};
  describe(app, o, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    // CLI11's own statuses mean nothing to our users: help and version are 0, all else is wrong usage.
    return app.exit(e) == 0 ? 0 : static_cast<int>(exit_code::usage);
  }
  const exit_code code = chosen.run(o);
  return std::fflush(stdout) == 0 ? static_cast<int>(code) : static_cast<int>(exit_code::tempfail);
} catch (const std::exception& e) {
  std::fprintf(stderr, "authbroker: %s\n", e.what());
  return static_cast<int>(exit_code::tempfail);
}
