#include <array>
#include <boost/json/array.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tool/render.hpp"
#include "tool/table.hpp"

namespace authbroker {
namespace {

namespace json = boost::json;
using rows = std::vector<std::vector<std::string>>;

std::string for_people(double seconds) {
  const auto s = static_cast<long long>(seconds);
  if (s < 120) return std::to_string(s) + " s";
  if (s < 2 * 3600) return std::to_string(s / 60) + " min";
  if (s < 2 * 86400) return std::to_string(s / 3600) + " h";
  return std::to_string(s / 86400) + " days";
}

// A list of objects as a table with these columns; columns that no row fills are left out.
std::string table_of(const json::array& list, const std::vector<std::pair<std::string, std::string>>& columns, std::size_t indent) {
  rows table{{}};
  std::vector<bool> used(columns.size(), false);
  for (const json::value& v : list)
    if (const json::object* row = v.if_object())
      for (std::size_t i = 0; i < columns.size(); ++i)
        if (!text_of(*row, columns[i].second).empty()) used[i] = true;
  for (std::size_t i = 0; i < columns.size(); ++i)
    if (used[i]) table[0].push_back(columns[i].first);
  for (const json::value& v : list) {
    const json::object* row = v.if_object();
    if (!row) continue;
    table.emplace_back();
    for (std::size_t i = 0; i < columns.size(); ++i)
      if (used[i]) table.back().push_back(text_of(*row, columns[i].second));
  }
  return in_columns(table, indent);
}

std::string render_upstreams(const json::object& backend) {
  const json::array* upstreams = array_in(backend, "upstreams");
  if (!upstreams || upstreams->empty()) return {};
  rows table;
  for (const json::value& v : *upstreams)
    if (const json::object* u = v.if_object()) {
      std::string state = text_of(*u, "state");
      if (state == "failing") state += " (" + text_of(*u, "failures") + " of " + text_of(*u, "failures_max") + ")";
      const bool untried = state == "untried";
      if (untried) state = "not asked yet";
      if (const double since = number_in(*u, "since_s", -1); since >= 0 && !untried) state += " for " + for_people(since);
      table.push_back({text_of(*u, "url"), state, text_of(*u, "last_error")});
    }
  return in_columns(table, 4);
}

std::string render_counts(const json::object& backend) {
  const json::object* counts = object_in(backend, "counts");
  if (!counts) return {};
  std::string line;
  for (const auto& [key, value] : *counts) {
    const std::string_view name(key.data(), key.size());
    if (number_in(*counts, name, 0) != 0) line += (line.empty() ? "" : ", ") + for_terminal(name) + ' ' + text_of(*counts, name);
  }
  return line.empty() ? line : "    " + line + '\n';
}

// What went wrong on listeners, a line each for those where something did.
std::string render_troubles(const json::array& listeners) {
  constexpr auto troubles = std::to_array<std::pair<std::string_view, std::string_view>>({{"not_admitted", "not admitted"}, {"over_limit", "over limits.connections"},
                                                                                          {"overloaded", "over limits.in_flight"}, {"malformed", "not understood or refused"},
                                                                                          {"vanished", "hung up while waiting"}, {"starved", "without a descriptor"}});
  std::string out;
  for (const json::value& v : listeners) {
    const json::object* l = v.if_object();
    if (!l) continue;
    std::string line;
    for (const auto& [key, words] : troubles)
      if (number_in(*l, key, 0) != 0) line += (line.empty() ? "" : ", ") + text_of(*l, key) + ' ' + std::string(words);
    if (!line.empty()) out += "listener " + text_of(*l, "name") + ": " + line + '\n';
  }
  return out.empty() ? out : '\n' + out;
}

// The array of a reply that is a bare list, or an object with the list under `key`.
const json::array* list_of(const json::value& reply, std::string_view key) {
  if (const json::array* list = reply.if_array()) return list;
  const json::object* object = reply.if_object();
  return object ? array_in(*object, key) : nullptr;
}

}  // namespace

std::string render_status(const json::object& reply) {
  std::string out = "authbroker " + text_of(reply, "version") + ", pid " + text_of(reply, "pid") + ", up " + for_people(number_in(reply, "uptime_s", 0)) +
                    ", configuration " + text_of(reply, "generation") + ", " + text_of(reply, "routes") + " routes\n";
  if (number_in(reply, "log_lines_dropped", 0) > 0) out += "the log has lost " + text_of(reply, "log_lines_dropped") + " lines: it cannot be written as fast as they come, or not at all\n";
  if (const json::array* listeners = array_in(reply, "listeners"); listeners && !listeners->empty()) {
    out += "\n" + table_of(*listeners,
                           {{"listener", "name"}, {"protocol", "protocol"}, {"address", "address"}, {"connections", "connections"}, {"in flight", "in_flight"}, {"requests", "requests"}}, 0);
    out += render_troubles(*listeners);
  }
  if (const json::array* backends = array_in(reply, "backends"); backends && !backends->empty()) {
    out += "\n";
    for (const json::value& v : *backends) {
      const json::object* b = v.if_object();
      if (!b) continue;
      out += "backend " + text_of(*b, "name") + " (" + text_of(*b, "plugin") + ")";
      const json::array* upstreams = array_in(*b, "upstreams");
      if (upstreams && !upstreams->empty()) out += ": " + text_of(*b, "connections") + " connections, " + text_of(*b, "idle") + " idle, " + text_of(*b, "waiting") + " questions waiting";
      out += "\n" + render_upstreams(*b) + render_counts(*b);
    }
  }
  return out;
}

std::string render_routes(const json::value& reply) {
  const json::array* list = list_of(reply, "routes");
  if (!list || list->empty()) return "no routes\n";
  return table_of(*list,
                  {{"route", "name"}, {"domains", "domains"}, {"login", "login"}, {"mailbox", "mailbox"}, {"addresses", "addresses"}, {"login name", "login_name"}, {"from", "where"}}, 0);
}

std::string render_plugins(const json::value& reply) {
  const json::array* list = list_of(reply, "plugins");
  if (!list || list->empty()) return "no plugins loaded\n";
  return table_of(*list, {{"plugin", "name"}, {"version", "version"}, {"ABI", "abi"}, {"used by", "backends"}, {"file", "file"}}, 0);
}

}  // namespace authbroker
