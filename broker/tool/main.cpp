// authbroker: the command line. Understands its words here; what they do is in commands.cpp.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <functional>
#include <system_error>

#include "config/keys.hpp"
#include "tool/commands.hpp"
#include "tool/table.hpp"

namespace {

using authbroker::exit_code;
using authbroker::options;

struct command {
  std::function<exit_code(const options&)> run;
  bool asks_daemon = false;
};

CLI::App* add(CLI::App& to, const char* name, const char* text, command& chosen, exit_code (*run)(const options&), bool asks_daemon = true) {
  CLI::App* sub = to.add_subcommand(name, text);
  sub->fallthrough();
  sub->footer("Also --config FILE, --socket PATH and --json: see authbroker --help");
  sub->callback([&chosen, run, asks_daemon] {
    chosen.run = run;
    chosen.asks_daemon = asks_daemon;
  });
  return sub;
}

// What is no option, nor an option's value, as far as that can be told before the words are understood.
std::vector<std::string> bare_words(int argc, char** argv) {
  std::vector<std::string> out;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--config" || word == "--socket") ++i;
    else if (!word.starts_with('-')) out.emplace_back(word);
  }
  return out;
}

// A command that is not there, in words that the library does not have. "" if all is well.
std::string unknown_command(CLI::App& app, const std::vector<std::string>& words) {
  CLI::App* at = &app;
  for (const std::string& word : words) {
    const std::vector<CLI::App*> known = at->get_subcommands(nullptr);
    if (known.empty()) return {};
    std::vector<std::string_view> names;
    CLI::App* next = nullptr;
    for (CLI::App* sub : known) {
      names.emplace_back(sub->get_name());
      if (sub->get_name() == word) next = sub;
    }
    if (next == nullptr) {
      const std::string_view meant = authbroker::nearest(word, names);
      std::string text = "no such command \"" + authbroker::for_terminal(word) + "\"; ";
      if (!meant.empty()) return text + "did you mean " + std::string(meant) + "?";
      text += "there are";
      for (const std::string_view name : names) text += (name == names.front() ? " " : ", ") + std::string(name);
      return text;
    }
    at = next;
  }
  return {};
}

// Where a word too many is most likely a password, which must not be repeated on the screen.
bool may_hold_password(const std::vector<std::string>& words) {
  return !words.empty() && (words[0] == "hash-password" || words[0] == "probe" || (words[0] == "test" && words.size() > 1 && words[1] == "login"));
}

void describe(CLI::App& app, options& o, command& chosen) {
  app.require_subcommand(1);
  app.set_version_flag("--version", "authbroker " AUTHBROKER_VERSION);
  app.add_flag("--json", o.json, "Print JSON");
  app.add_option("--config", o.config, "The configuration")->capture_default_str()->each([&o](const std::string&) { o.config_named = true; });
  app.add_option("--socket", o.socket, "The daemon's admin socket (default: the configuration's admin_socket)");

  CLI::App* check = add(app, "check-config", "Show every problem of the configuration", chosen, authbroker::command_check_config, false);
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

  CLI::App* probe = add(app, "probe", "Learn what an upstream is like; print a backend and a route to paste", chosen, authbroker::command_probe, false);
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
  CLI::App* hash = add(app, "hash-password", "Make a hash for the static backend's file", chosen, authbroker::command_hash_password, false);
  hash->add_option("--scheme", o.scheme, "yescrypt, bcrypt, sha512crypt, ...")->capture_default_str();
  hash->add_option("--cost", o.cost, "How slow the hash is, in the scheme's own measure (default: the library's; 12 for bcrypt)");
  hash->add_flag("--password-stdin", o.password_stdin, "Read the password from standard input instead of asking");
  add(app, "drain", "Answer what is under way, then stop the daemon", chosen, authbroker::command_drain);
}

}  // namespace

int main(int argc, char** argv) try {
  options o;
  command chosen;
  CLI::App app{"The command line of authbroker: two questions, answered for every program on the host", "authbroker"};
  describe(app, o, chosen);
  const std::vector<std::string> words = bare_words(argc, argv);
  if (const std::string unknown = unknown_command(app, words); !unknown.empty()) {
    std::fprintf(stderr, "authbroker: %s\n", unknown.c_str());
    return static_cast<int>(exit_code::usage);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ExtrasError& e) {
    if (!may_hold_password(words)) return app.exit(e), static_cast<int>(exit_code::usage);
    std::fputs("authbroker: a word too many; a password is never an argument, since every user of the host can read those: it is asked for, or read from standard input with --password-stdin\n", stderr);
    return static_cast<int>(exit_code::usage);
  } catch (const CLI::ParseError& e) {
    // CLI11's own statuses mean nothing to our users: help and version are 0, all else is wrong usage.
    return app.exit(e) == 0 ? 0 : static_cast<int>(exit_code::usage);
  }
  if (chosen.asks_daemon && o.config_named && o.socket.empty() && ::access(o.config.c_str(), R_OK) != 0) {
    std::fprintf(stderr, "authbroker: cannot read %s, which is to name the daemon's admin socket: %s\n", authbroker::for_terminal(o.config).c_str(), std::generic_category().message(errno).c_str());
    return static_cast<int>(exit_code::configuration);
  }
  const exit_code code = chosen.run(o);
  return std::fflush(stdout) == 0 ? static_cast<int>(code) : static_cast<int>(exit_code::tempfail);
} catch (const std::exception& e) {
  std::fprintf(stderr, "authbroker: %s\n", e.what());
  return static_cast<int>(exit_code::tempfail);
}
