#include "tool/render.hpp"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <vector>

#include "tool/table.hpp"

namespace authbroker {
namespace {

namespace json = boost::json;
using rows = std::vector<std::vector<std::string>>;

std::string scalar(const json::value& v) {
  if (v.is_string()) return for_terminal(std::string_view(v.get_string().data(), v.get_string().size()));
  if (v.is_bool()) return v.get_bool() ? "yes" : "no";
  if (v.is_null()) return "";
  return for_terminal(json::serialize(v));
}

// key: value, if there is one to show.
void add(rows& to, std::string_view label, const json::object& from, std::string_view key) {
  if (std::string text = text_of(from, key); !text.empty()) to.push_back({std::string(label), std::move(text)});
}

std::string milliseconds(double us) {
  char text[32];
  std::snprintf(text, sizeof text, "%9.2f", us / 1000);
  return text;
}

std::string headline(const json::object& answer, std::string_view otherwise) {
  std::string line = text_of(answer, "verdict");
  if (line.empty()) line = otherwise;
  if (const std::string why = text_of(answer, "reason"); !why.empty() && why != "none" && why != line) line += " (" + why + ")";
  if (const std::string who = text_of(answer, "identity"); !who.empty()) line += "  " + who;
  return line + '\n';
}

std::string render_answer(const json::object& answer) {
  rows facts;
  add(facts, "text", answer, "text");
  add(facts, "explanation", answer, "operator_text");
  add(facts, "notice", answer, "notice");
  add(facts, "mailbox", answer, "mailbox");
  add(facts, "kind", answer, "kind");
  add(facts, "addresses", answer, "addresses");
  if (const auto state = text_of(answer, "addresses_state"); !state.empty() && state != "none") facts.push_back({"addresses are", state});
  if (const json::object* attributes = object_in(answer, "attributes"))
    for (const auto& [key, value] : *attributes) facts.push_back({for_terminal(std::string_view(key.data(), key.size())), text_of(*attributes, std::string_view(key.data(), key.size()))});
  add(facts, "route", answer, "route");
  add(facts, "login name", answer, "login_name");
  add(facts, "backend", answer, "backend");
  add(facts, "upstream", answer, "upstream");
  add(facts, "rule", answer, "rule");
  add(facts, "help", answer, "help_url");
  if (const double left = number_in(answer, "password_expires_in", -1); left >= 0) facts.push_back({"password expires", "in " + std::to_string(static_cast<long long>(left)) + " s"});
  add(facts, "grace logins", answer, "grace_logins");
  if (const double wait = number_in(answer, "retry_after_ms", 0); wait > 0) facts.push_back({"try again", "in " + std::to_string(static_cast<long long>(wait)) + " ms"});
  const auto* cached = answer.if_contains("cached");
  if (cached && cached->is_bool() && cached->get_bool()) facts.push_back({"cached", "yes, " + std::to_string(static_cast<long long>(number_in(answer, "age_ms", 0))) + " ms old"});
  add(facts, "time", answer, "elapsed_ms");
  if (!facts.empty() && facts.back()[0] == "time") facts.back()[1] += " ms";
  add(facts, "id", answer, "id");
  return headline(answer, "tempfail (internal)") + in_columns(facts, 2);
}

std::string render_trace(const json::object& reply) {
  const json::array* lines = array_in(reply, "trace");
  if (!lines || lines->empty()) return {};
  rows table;
  for (const json::value& v : *lines)
    if (const json::object* line = v.if_object()) table.push_back({milliseconds(number_in(*line, "at_us", 0)), text_of(*line, "what"), text_of(*line, "text")});
  return "\n" + in_columns({{"       ms", "stage"}}, 2) + in_columns(table, 2);
}

std::string render_advice(const json::object& reply) {
  const json::array* advice = array_in(reply, "advice");
  if (!advice || advice->empty()) return {};
  std::string out = "\nWhat to try next:\n";
  for (const json::value& v : *advice) out += "  - " + scalar(v) + '\n';
  return out;
}

// The backends of one question, as explain lists them.
std::string render_backends(const json::object& reply, std::string_view question) {
  const json::array* backends = array_in(reply, question);
  if (!backends) return {};
  if (backends->empty()) return "  " + std::string(question) + ": no backend\n";
  rows table;
  std::string label = std::string(question) + ":";
  for (const json::value& v : *backends) {
    const json::object* b = v.if_object();
    if (!b) {
      table.push_back({std::exchange(label, ""), scalar(v)});
      continue;
    }
    const std::string plugin = text_of(*b, "plugin");
    const json::array* upstreams = array_in(*b, "upstreams");
    std::string name = text_of(*b, "backend") + (plugin.empty() ? "" : " (" + plugin + ")");
    if (!upstreams || upstreams->empty()) table.push_back({std::exchange(label, ""), std::move(name)});
    if (!upstreams) continue;
    for (const json::value& u : *upstreams)
      if (const json::object* upstream = u.if_object()) {
        const std::string breaker = text_of(*upstream, "breaker");
        table.push_back({std::exchange(label, ""), std::exchange(name, ""), text_of(*upstream, "url"), breaker.empty() || breaker == "closed" ? "" : "breaker " + breaker});
      }
  }
  return in_columns(table, 2);
}

}  // namespace

std::string text_of(const json::object& from, std::string_view key) {
  const json::value* v = from.if_contains(json::string_view(key.data(), key.size()));
  if (!v) return {};
  const json::array* list = v->if_array();
  if (!list) return v->is_object() ? std::string{} : scalar(*v);
  std::string out;
  for (const json::value& each : *list) out += (out.empty() ? "" : ", ") + scalar(each);
  return out;
}

const json::object* object_in(const json::object& from, std::string_view key) {
  const json::value* v = from.if_contains(json::string_view(key.data(), key.size()));
  return v ? v->if_object() : nullptr;
}

const json::array* array_in(const json::object& from, std::string_view key) {
  const json::value* v = from.if_contains(json::string_view(key.data(), key.size()));
  return v ? v->if_array() : nullptr;
}

double number_in(const json::object& from, std::string_view key, double otherwise) {
  const json::value* v = from.if_contains(json::string_view(key.data(), key.size()));
  if (!v) return otherwise;
  if (v->is_int64()) return static_cast<double>(v->get_int64());
  if (v->is_uint64()) return static_cast<double>(v->get_uint64());
  return v->is_double() ? v->get_double() : otherwise;
}

exit_code exit_code_for(std::string_view verdict) {
  if (verdict == "accept" || verdict == "exists") return exit_code::yes;
  if (verdict == "reject" || verdict == "absent" || verdict == "no_route") return exit_code::no;
  if (verdict == "unverifiable") return exit_code::unverifiable;
  return exit_code::tempfail;
}

std::string render_test(const json::object& reply) {
  const json::object* answer = object_in(reply, "answer");
  return render_answer(answer ? *answer : json::object{}) + render_trace(reply) + render_advice(reply);
}

namespace {
// The pairs of a line of the log, "key=value" or key="value with spaces"; none if it is of another form. JSON is handed on.
rows pairs_of(std::string_view line) {
  rows out;
  while (!line.empty()) {
    const std::size_t equals = line.find_first_of("= ");
    if (equals == 0 || equals == std::string_view::npos || line[equals] == ' ') return {};
    std::string value;
    std::size_t at = equals + 1;
    if (at < line.size() && line[at] == '"') {
      for (++at; at < line.size() && line[at] != '"'; ++at) {
        if (line[at] == '\\' && at + 1 < line.size() && (line[at + 1] == '"' || line[at + 1] == '\\')) ++at;
        value += line[at];
      }
      if (at++ == line.size()) return {};
    } else {
      const std::size_t end = std::min(line.find(' ', at), line.size());
      value = line.substr(at, end - at);
      at = end;
    }
    out.push_back({std::string(line.substr(0, equals)), value});
    if (at < line.size() && line[at] != ' ') return {};
    line.remove_prefix(std::min(at + 1, line.size()));
  }
  return out;
}
}  // namespace

std::string render_why(const json::object& reply) {
  if (const std::string line = text_of(reply, "line"); !line.empty()) {
    const rows facts = pairs_of(line);
    return facts.empty() ? line + '\n' : in_columns(facts, 0);
  }
  const json::object* answer = object_in(reply, "answer");
  return render_answer(answer ? *answer : json::object{});
}

std::string render_explain(const json::object& reply) {
  rows facts;
  add(facts, "identity:", reply, "identity");
  std::string route = text_of(reply, "route");
  if (const std::string why = text_of(reply, "why"); !route.empty() && !why.empty()) route += " (" + why + ")";
  if (const std::string where = text_of(reply, "where"); !route.empty() && !where.empty()) route += ", " + where;
  if (!route.empty()) facts.push_back({"route:", route});
  add(facts, "login name:", reply, "login_name");
  std::string label = "nginx goes on to:";
  if (const json::value* servers = reply.if_contains("nginx_mail"); servers != nullptr && servers->is_object())
    for (const auto& [protocol, server] : servers->get_object()) facts.push_back({std::exchange(label, ""), std::string(protocol) + " " + scalar(server)});
  std::string out;
  if (!text_of(reply, "verdict").empty()) {
    out += headline(reply, "");
    add(facts, "text:", reply, "text");
    if (const json::array* defaults = array_in(reply, "default_domains"))
      for (const json::value& d : *defaults) facts.push_back({facts.back()[0] == "text:" ? "but:" : "", scalar(d)});
  }
  const json::array* companions = array_in(reply, "addresses");
  return out + in_columns(facts, 2) + render_backends(reply, "login") + render_backends(reply, "mailbox") +
         (companions && !companions->empty() ? render_backends(reply, "addresses") : "");
}

}  // namespace authbroker
