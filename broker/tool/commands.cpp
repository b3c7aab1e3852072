#include "tool/commands.hpp"

#include <arpa/inet.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_from.hpp>
#include <chrono>
#include <cstdio>
#include <optional>
#include <stdexcept>

#include "base/secret.hpp"
#include "base/text.hpp"
#include "tool/admin.hpp"
#include "tool/check_config.hpp"
#include "tool/child.hpp"
#include "tool/hash_password.hpp"
#include "tool/prompt.hpp"
#include "tool/table.hpp"

namespace authbroker {
namespace {

namespace json = boost::json;
using std::chrono::seconds;

void print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

void complain(const std::string& text) {
  const std::string line = "authbroker: " + text + '\n';
  std::fwrite(line.data(), 1, line.size(), stderr);
}

// Appends `text` as a JSON string. Plain code rather than the library's DOM, since a password must not be copied into memory
// that nobody wipes: the caller has reserved enough, so that the string does not move.
void append_json(std::string& to, std::string_view text) {
  static constexpr char digits[] = "0123456789abcdef";
  to += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      to += '\\';
      to += c;
    } else if (byte < 0x20) {
      to += "\\u00";
      to += digits[byte >> 4];
      to += digits[byte & 15];
    } else {
      to += c;
    }
  }
  to += '"';
}

// A request's body that may hold a password: grows never, is wiped at its end.
class body_text {
 public:
  explicit body_text(std::size_t bytes) { text_.reserve(bytes * 6 + 128); }
  ~body_text() { wipe(text_.data(), text_.size()); }
  body_text(const body_text&) = delete;
  body_text& operator=(const body_text&) = delete;
  void member(std::string_view key, std::string_view value) {
    text_ += text_.empty() ? '{' : ',';
    append_json(text_, key);
    text_ += ':';
    append_json(text_, value);
  }
  std::string_view finish() {
    text_ += '}';
    return text_;
  }

 private:
  std::string text_;
};

std::string socket_for(const options& o) {
  if (!o.socket.empty()) return o.socket;
  if (std::string named = admin_socket_in(o.config); !named.empty()) return named;
  return "/run/authbroker/admin.sock";
}

// The daemon's own words about a request it did not like.
std::string refusal(const admin_reply& reply) {
  json::error_code bad;
  const json::value v = json::parse(json::string_view(reply.body.data(), reply.body.size()), bad);
  std::string text;
  if (const json::object* o = bad ? nullptr : v.if_object()) {
    text = text_of(*o, "text");
    if (text.empty()) text = text_of(*o, "error");
  }
  return "the daemon answers " + std::to_string(reply.status) + (text.empty() ? "" : ": " + text);
}

struct asked {
  std::optional<json::value> reply;  // set: the daemon said 200, and this
  int status = 0;                    // HTTP's; 0: no reply
};

// Asks, and complains about everything but a 200 with JSON in it; `quiet_status` is left to the caller.
asked ask(const options& o, std::string_view method, std::string_view target, std::string_view body, seconds patience, int quiet_status = 0) {
  const auto reply = ask_daemon(socket_for(o), method, target, body, patience);
  if (!reply) {
    complain(reply.error().text);
    return {};
  }
  if (reply->status != 200) {
    if (reply->status != quiet_status) complain(refusal(*reply));
    return {std::nullopt, reply->status};
  }
  json::error_code bad;
  json::value v = json::parse(json::string_view(reply->body.data(), reply->body.size()), bad);
  if (bad) {
    complain("the daemon's reply is not JSON: " + bad.message());
    return {};
  }
  return {std::move(v), 200};
}

exit_code failed(const asked& a) { return a.status >= 400 && a.status < 500 ? exit_code::usage : exit_code::tempfail; }

// Prints a reply that is an object: as JSON, or as `render` has it.
bool show(const options& o, const json::value& reply, std::string (*render)(const json::object&)) {
  if (o.json) {
    print(json::serialize(reply) + '\n');
    return reply.is_object();
  }
  const json::object* object = reply.if_object();
  if (!object) {
    complain("the daemon's reply is no JSON object");
    return false;
  }
  print(render(*object));
  return true;
}

exit_code test(const options& o, std::string_view kind, const secret* password) {
  if (unsigned char ip[16]; !o.client.empty() && ::inet_pton(AF_INET, o.client.c_str(), ip) != 1 && ::inet_pton(AF_INET6, o.client.c_str(), ip) != 1) {
    complain("--client \"" + for_terminal(o.client) + "\" is no IP address");
    return exit_code::usage;
  }
  body_text body(o.address.size() + o.client.size() + (password ? password->size() : 0));
  body.member("kind", kind);
  body.member("address", o.address);
  if (password) body.member("password", password->reveal());
  if (!o.client.empty()) body.member("client", o.client);
  // The daemon keeps its own deadline (request_timeout); this is for a daemon that is stuck.
  const asked a = ask(o, "POST", "/admin/test", body.finish(), seconds(60));
  if (!a.reply) return failed(a);
  if (!show(o, *a.reply, render_test)) return exit_code::tempfail;
  const json::object* answer = object_in(a.reply->get_object(), "answer");
  return answer ? exit_code_for(text_of(*answer, "verdict")) : exit_code::tempfail;
}

}  // namespace

exit_code command_check_config(const options& o) {
  const check_outcome outcome = check_config(o.config, o.connect);
  if (o.json) {
    json::object out{{"ok", outcome.ok}, {"file", o.config}, {"plugins_checked", outcome.plugins_checked}};
    out["problems"] = json::value_from(outcome.problems);
    out["warnings"] = json::value_from(outcome.warnings);
    out["summary"] = outcome.summary;
    if (o.connect) {
      out["connected"] = outcome.ok && !outcome.unreachable;
      out["report"] = json::value_from(outcome.said);
    }
    print(json::serialize(out) + '\n');
    if (!outcome.ok) return exit_code::configuration;
    return outcome.unreachable ? exit_code::tempfail : exit_code::yes;
  }
  std::string complaints;
  for (const std::string& w : outcome.warnings) complaints += "warning: " + w + '\n';
  for (const std::string& p : outcome.problems) complaints += p + '\n';
  std::fwrite(complaints.data(), 1, complaints.size(), stderr);
  if (!outcome.ok) return exit_code::configuration;
  if (o.connect) {
    std::string report;
    for (const std::string& line : outcome.said) report += line + '\n';
    print(report);
  }
  if (outcome.unreachable) {
    complain("not every backend works: see above; the configuration itself has no problem (" + outcome.summary + ")");
    return exit_code::tempfail;
  }
  print(o.config + ": ok (" + outcome.summary + ")\n");
  if (!outcome.plugins_checked) complain("the plugins' settings were not checked, since authbrokerd was found neither in ../sbin nor in PATH");
  return exit_code::yes;
}

exit_code command_test_login(const options& o) {
  result<secret> password = o.password_stdin ? read_password_from_stdin() : ask_for_password("Password for " + for_terminal(o.address) + ": ");
  if (!password) {
    complain(password.error().text);
    return exit_code::usage;
  }
  if (!valid_utf8(password->reveal())) {
    complain("the password is not UTF-8, and the admin socket speaks JSON: set the terminal to UTF-8");
    return exit_code::usage;
  }
  return test(o, "login", &*password);
}

// On a terminal what nobody sees is typed twice.
exit_code command_hash_password(const options& o) {
  result<secret> password = o.password_stdin ? read_password_from_stdin() : ask_for_password("Password: ");
  if (!password) {
    complain(password.error().text);
    return exit_code::usage;
  }
  if (!o.password_stdin) {
    const result<secret> again = ask_for_password("The same again: ");
    if (!again || again->reveal() != password->reveal()) {
      complain(again ? "the two are not the same" : again.error().text);
      return exit_code::usage;
    }
  }
  try {
    const std::string hash = make_entry_hash(*password, o.scheme, o.cost);
    print((o.json ? json::serialize(json::object{{"hash", hash}}) : hash) + '\n');
  } catch (const std::invalid_argument& e) {
    complain(e.what());
    return exit_code::usage;
  }
  return exit_code::yes;
}

// An account is asked for its password only where a login may come of it.
exit_code command_probe(const options& o) {
  const std::string daemon = find_daemon();
  if (daemon.empty()) {
    complain("probing needs authbrokerd, which was found neither in ../sbin nor in PATH");
    return exit_code::tempfail;
  }
  result<secret> password{secret()};
  if (o.password_stdin && o.address.empty()) {
    complain("--password-stdin without --address: whose password is it?");
    return exit_code::usage;
  }
  if (o.password_stdin) password = read_password_from_stdin();
  else if (!o.address.empty() && o.probe.plugin != "vrfy") password = ask_for_password("Password for " + for_terminal(o.address) + " (empty: no login): ");
  if (!password) {
    complain(password.error().text);
    return exit_code::usage;
  }
  try {
    const probe_input input(o.probe, o.address, plugin_dirs_in(o.config), o.json, *password);
    const child_result child = run_child({daemon, "--probe"}, input.view(), child_error::shown, std::chrono::minutes(5));
    json::error_code bad;
    const json::value report = json::parse(json::string_view(child.out.data(), child.out.size()), bad);
    const json::object* object = bad ? nullptr : report.if_object();
    if (object != nullptr) print(o.json ? json::serialize(report) + '\n' : render_probe(*object, o.probe.trace));
    if (!child.trouble.empty()) complain(daemon + " --probe: " + child.trouble);
    else if (object == nullptr && child.status == 0) complain(daemon + " --probe: no report");
    if (object == nullptr && child.status == 0) return exit_code::tempfail;
    for (const exit_code known : {exit_code::yes, exit_code::no, exit_code::usage, exit_code::unverifiable, exit_code::configuration})
      if (child.status == static_cast<int>(known)) return known;
    return exit_code::tempfail;
  } catch (const std::invalid_argument& e) {
    complain(e.what());
    return exit_code::usage;
  }
}

exit_code command_test_mailbox(const options& o) { return test(o, "mailbox", nullptr); }

exit_code command_explain(const options& o) {
  body_text body(o.address.size());
  body.member("address", o.address);
  const asked a = ask(o, "POST", "/admin/explain", body.finish(), seconds(10));
  if (!a.reply) return failed(a);
  if (!show(o, *a.reply, render_explain)) return exit_code::tempfail;
  const std::string verdict = text_of(a.reply->get_object(), "verdict");
  return verdict.empty() ? exit_code::yes : exit_code_for(verdict);
}

exit_code command_why(const options& o) {
  const asked a = ask(o, "GET", "/admin/why?id=" + percent_encode(o.id), {}, seconds(10), 404);
  if (a.status == 404) {
    complain("the daemon remembers no decision " + for_terminal(o.id) + ": the last ones only are kept in memory; the log has the others");
    return exit_code::no;
  }
  if (!a.reply) return failed(a);
  return show(o, *a.reply, render_why) ? exit_code::yes : exit_code::tempfail;
}

exit_code command_status(const options& o) {
  const asked a = ask(o, "GET", "/admin/status", {}, seconds(10));
  if (!a.reply) return failed(a);
  return show(o, *a.reply, render_status) ? exit_code::yes : exit_code::tempfail;
}

exit_code command_routes(const options& o) {
  const asked a = ask(o, "GET", "/admin/routes", {}, seconds(10));
  if (!a.reply) return failed(a);
  print(o.json ? json::serialize(*a.reply) + '\n' : render_routes(*a.reply));
  return exit_code::yes;
}

exit_code command_plugins(const options& o) {
  const asked a = ask(o, "GET", "/admin/plugins", {}, seconds(10));
  if (!a.reply) return failed(a);
  print(o.json ? json::serialize(*a.reply) + '\n' : render_plugins(*a.reply));
  return exit_code::yes;
}

exit_code command_reload(const options& o) {
  // The daemon tries the configuration in a child first, which loads every plugin: give it time.
  const asked a = ask(o, "POST", "/admin/reload", {}, seconds(120));
  if (!a.reply) return a.status != 0 ? exit_code::tempfail : failed(a);
  const json::object* reply = a.reply->if_object();
  const json::value* said = reply ? reply->if_contains("ok") : nullptr;
  const bool ok = said && said->is_bool() && said->get_bool();
  if (o.json) {
    print(json::serialize(*a.reply) + '\n');
  } else if (ok) {
    if (const json::array* warnings = array_in(*reply, "warnings"))
      for (const json::value& w : *warnings)
        if (w.is_string()) complain("warning: " + for_terminal(std::string_view(w.get_string().data(), w.get_string().size())));
    print("reloaded: configuration " + text_of(*reply, "generation") + " is in use\n");
  } else {
    if (const json::array* problems = reply ? array_in(*reply, "problems") : nullptr)
      for (const json::value& p : *problems)
        if (p.is_string()) complain(for_terminal(std::string_view(p.get_string().data(), p.get_string().size())));
    complain("nothing was changed: the daemon goes on with the configuration it has");
  }
  return ok ? exit_code::yes : exit_code::configuration;
}

exit_code command_drain(const options& o) {
  const asked a = ask(o, "POST", "/admin/drain", {}, seconds(60));
  if (!a.reply) return a.status != 0 ? exit_code::tempfail : failed(a);
  if (o.json) {
    print(json::serialize(*a.reply) + '\n');
  } else {
    print("draining: questions under way are answered, no new ones are taken, then the daemon ends\n");
  }
  return exit_code::yes;
}

}  // namespace authbroker
