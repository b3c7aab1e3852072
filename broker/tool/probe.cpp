#include "tool/probe.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <cstdio>
#include <filesystem>
#include <stdexcept>

#include "base/text.hpp"
#include "config/config.hpp"
#include "tool/render.hpp"
#include "tool/table.hpp"

namespace authbroker {
namespace {

namespace json = boost::json;
using rows = std::vector<std::vector<std::string>>;

std::string absolute(const std::string& path) {
  if (path.empty() || path[0] == '/') return path;
  std::error_code failed;
  const std::filesystem::path full = std::filesystem::absolute(path, failed);
  return failed ? path : full.lexically_normal().string();
}

void add(rows& to, const char* label, const json::object& from, std::string_view key) {
  if (std::string text = text_of(from, key); !text.empty()) to.push_back({label, std::move(text)});
}

std::string verdict_in(const json::object& of) {
  std::string out = text_of(of, "verdict");
  if (const std::string why = text_of(of, "reason"); !why.empty()) out += " (" + why + ")";
  return out;
}

std::string render_lines(const json::object& of) {
  rows table;
  if (const json::array* lines = array_in(of, "trace"))
    for (const json::value& v : *lines)
      if (const json::object* line = v.if_object()) {
        char at[32];
        std::snprintf(at, sizeof at, "%9.2f", number_in(*line, "at_us", 0) / 1000);
        table.push_back({at, text_of(*line, "what"), text_of(*line, "text")});
      }
  return in_columns(table, 2);
}

std::string render_server(const json::object& s, bool trace) {
  const std::string reason = text_of(s, "reason");
  std::string out = text_of(s, "url") + " (" + text_of(s, "plugin") + "): " + (reason.empty() ? "works" : reason);
  if (const std::string why = text_of(s, "text"); !reason.empty() && !why.empty()) out += ", " + why;
  out += '\n';
  if (const json::array* problems = array_in(s, "problems"))
    for (const json::value& p : *problems)
      if (p.is_string()) out += "  " + for_terminal(std::string_view(p.get_string().data(), p.get_string().size())) + '\n';
  rows facts;
  add(facts, "greeting", s, "greeting");
  add(facts, "TLS", s, "tls");
  if (const json::array* attributes = array_in(s, "attributes"))
    for (const json::value& v : *attributes)
      if (const json::object* a = v.if_object()) facts.push_back({text_of(*a, "name"), text_of(*a, "value")});
  return out + in_columns(facts, 2) + (trace ? render_lines(s) : "");
}

std::string render_login(const json::object& t, bool trace) {
  std::string out = "login as " + text_of(t, "login_name") + " (" + text_of(t, "form") + "): " + verdict_in(t) + '\n';
  rows facts;
  add(facts, "explanation", t, "text");
  add(facts, "rule", t, "rule");
  if (text_of(t, "verdict") == "reject") facts.push_back({"after it", "the server " + text_of(t, "after_refusal")});
  if (facts.size() > 0 && facts.back()[1] == "the server unknown") facts.pop_back();
  return out + in_columns(facts, 2) + (trace ? render_lines(t) : "");
}

std::string render_mailbox(const json::object& t, bool trace) {
  std::string out = "mailboxes at " + text_of(t, "url") + " (" + text_of(t, "plugin") + ")";
  if (const std::string how = text_of(t, "settings"); !how.empty()) out += ", " + how;
  out += '\n';
  rows facts;
  if (const json::object* invented = object_in(t, "invented")) facts.push_back({"one that nobody has", verdict_in(*invented), text_of(*invented, "text")});
  if (const json::object* account = object_in(t, "account")) facts.push_back({"the account's own", verdict_in(*account), text_of(*account, "text")});
  return out + in_columns(facts, 2) + (trace ? render_lines(t) : "");
}

template <class Render>
void each(const json::object& report, std::string_view key, std::string& out, Render render) {
  if (const json::array* list = array_in(report, key))
    for (const json::value& v : *list)
      if (const json::object* one = v.if_object()) out += render(*one);
}

}  // namespace

probe_input::probe_input(const probe_options& o, std::string_view address, const std::vector<std::string>& plugin_dirs, bool quiet, const secret& password) {
  std::size_t bytes = 1024 + o.url.size() + o.plugin.size() + o.domain.size() + o.ca_file.size() + 4096 + o.pin.size() + o.server_name.size() + address.size() + password.size();
  for (const auto* list : {&o.settings, &plugin_dirs})
    for (const std::string& s : *list) bytes += s.size() + 16;
  text_.reserve(bytes);  // growing would leave copies behind
  line("url", o.url);
  line("plugin", o.plugin);
  line("address", address);
  line("domain", o.domain);
  line("ca", absolute(o.ca_file));
  line("pin", o.pin);
  line("server-name", o.server_name);
  if (o.cleartext) line("cleartext", "yes");
  if (quiet) line("quiet", "yes");
  for (const std::string& s : o.settings) line("set", s);
  for (const std::string& dir : plugin_dirs) line("plugin-dir", dir);
  text_ += '\n';
  text_ += password.reveal();
}

probe_input::~probe_input() { wipe(text_.data(), text_.size()); }

void probe_input::line(std::string_view key, std::string_view value) {
  if (value.empty()) return;
  if (has_control(value)) throw std::invalid_argument("a control character in " + std::string(key));
  text_.append(key).append("=").append(value).append("\n");
}

std::vector<std::string> plugin_dirs_in(const std::string& file) {
  const load_outcome loaded = load_configuration(file);
  return loaded.config ? loaded.config->broker.plugin_dirs : std::vector<std::string>();
}

std::string render_probe(const json::object& report, bool trace) {
  std::string out;
  each(report, "servers", out, [trace](const json::object& s) { return render_server(s, trace); });
  each(report, "logins", out, [trace](const json::object& t) { return render_login(t, trace); });
  each(report, "mailboxes", out, [trace](const json::object& t) { return render_mailbox(t, trace); });
  if (const json::array* advice = array_in(report, "advice"); advice != nullptr && !advice->empty()) {
    out += "\nWhat this means:\n";
    for (const json::value& v : *advice)
      if (v.is_string()) out += "  - " + for_terminal(std::string_view(v.get_string().data(), v.get_string().size())) + '\n';
  }
  const json::value* configuration = report.if_contains("configuration");
  if (configuration == nullptr || !configuration->is_string() || configuration->get_string().empty()) return out;
  out += "\nTo paste into the configuration:\n\n";
  for (std::string_view rest(configuration->get_string().data(), configuration->get_string().size()); !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    out += for_terminal(rest.substr(0, end)) + '\n';
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return out;
}

}  // namespace authbroker
