// [[listener]] maps and values: what callers call the tables, and what is said for each verdict.
//
// Attack  none by itself; but a value that was typed without thinking can open a relay: in an access table "OK" and bare numbers
//         let a mail through whatever stands behind. Such values are refused here, and the usual ones cannot do it.
#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "config/sections.hpp"

namespace authbroker {
namespace {

constexpr std::size_t maps_max = 64, map_name_bytes_max = 64, value_bytes_max = 400;
constexpr auto map_words = std::to_array<std::string_view>({"mailbox", "canonical", "domain", "access"});
constexpr auto map_kinds = std::to_array({table_kind::mailbox, table_kind::canonical, table_kind::domain, table_kind::access});
constexpr auto rows = std::to_array({table_row::exists, table_row::same, table_row::absent, table_row::unverifiable, table_row::no_route});
constexpr auto holders = std::to_array<std::string_view>({"{mailbox}", "{identity}", "{local}", "{domain}"});

bool has_names(listener_protocol p) { return p == listener_protocol::socketmap; }
bool has_tables(listener_protocol p) { return p == listener_protocol::socketmap || p == listener_protocol::tcp_table; }

const setting::table* table_at(const section& listener, std::string_view key, std::string_view wanted) {
  const setting* const s = listener.find(key);
  if (s == nullptr) return nullptr;
  const auto* const table = std::get_if<setting::table>(&s->value);
  if (table == nullptr) listener.bad(key, wanted);
  return table;
}

void read_maps(const section& listener, listener_rules& out) {
  const auto* const table = table_at(listener, "maps", "a table such as { rcpt = \"mailbox\" }");
  if (table == nullptr || table->empty()) return;
  if (!has_tables(out.protocol)) return listener.warning(listener.where("maps"), "maps", "has no effect: it is for socketmap and tcp-table");
  if (table->size() > maps_max) return listener.problem(listener.where("maps"), "maps", "found " + std::to_string(table->size()) + " names; wanted: at most " + std::to_string(maps_max));
  for (const auto& written : *table) {
    const auto& called = written.first;
    const setting& meant = written.second;
    const auto bad = [&](std::string_view wanted) { listener.problem(meant.where, "maps", "found " + escape_for_log(called, 64) + " = " + as_found(meant) + "; wanted: " + std::string(wanted)); };
    const bool is_name = !called.empty() && called.size() <= map_name_bytes_max && called.find(' ') == std::string::npos && !has_control(called) && valid_utf8(called);
    if (!is_name) bad("a name of 1 to 64 bytes without spaces");
    if (is_name && !has_names(out.protocol) && called != "*") bad("\"*\", since a tcp-table listener has one table");
    const auto* const word = std::get_if<std::string>(&meant.value);
    const auto* const at = word == nullptr ? map_words.end() : std::find(map_words.begin(), map_words.end(), *word);
    if (at == map_words.end()) bad(one_of(map_words));
    else out.tables.maps.emplace(called, map_kinds[static_cast<std::size_t>(at - map_words.begin())]);
  }
}

// Actions of access(5) that neither let a mail past what follows nor need more than text. Sendmail's are among them.
bool is_action(std::string_view text) {
  constexpr auto safe = std::to_array<std::string_view>({"DUNNO", "REJECT", "DEFER", "DEFER_IF_PERMIT", "DEFER_IF_REJECT", "HOLD", "DISCARD", "WARN", "INFO", "SKIP"});
  const std::string_view word = text.substr(0, text.find(' ')), rest = trim(text.substr(word.size()));
  const bool code = word.size() == 3 && (word[0] == '4' || word[0] == '5') && std::all_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (code) return !rest.empty();  // a bare number is a permit
  if (equal_fold(word.substr(0, 6), "ERROR:")) return word.size() > 6;
  return std::any_of(safe.begin(), safe.end(), [word](std::string_view s) { return equal_fold(s, word); });
}

// "" if the place-holders are known ones, else the first that is not.
std::string unknown_holder(std::string_view text) {
  for (std::size_t at = text.find('{'); at != std::string_view::npos; at = text.find('{', at + 1)) {
    const bool known = std::any_of(holders.begin(), holders.end(), [&](std::string_view h) { return text.substr(at).starts_with(h); });
    if (!known) return std::string(text.substr(at, text.find('}', at) - at + 1));
  }
  return {};
}

bool names_somebody(std::string_view text) {
  return text.find("{mailbox}") != std::string_view::npos || text.find("{identity}") != std::string_view::npos || text.find("{local}") != std::string_view::npos;
}

// What is wrong with a reply; "" if nothing is.
std::string fault(table_kind kind, table_row row, const table_reply& r) {
  using enum table_reply::form;
  const bool says_action = kind == table_kind::access || kind == table_kind::policy;
  if (kind == table_kind::domain && row == table_row::unverifiable) return "no \"unverifiable\": a domain is ours or it is not";
  if (kind != table_kind::canonical && row == table_row::same) return "\"same\" for canonical only";
  if (r.what != value) {
    if (kind == table_kind::policy && r.what == not_found) return "an action such as \"DUNNO\", or \"TEMP\"";
    if (row == table_row::exists && !says_action) return "a value: who is there must be found";
    return {};
  }
  if (!says_action && (row == table_row::absent || row == table_row::no_route)) return "\"NOTFOUND\" or \"TEMP\": in such a table every value is a yes";
  if (r.text.empty() || trim(r.text) != r.text) return "a value, without spaces at its ends";
  if (r.text.size() > value_bytes_max) return "at most " + std::to_string(value_bytes_max) + " bytes";
  if (const std::string holder = unknown_holder(r.text); !holder.empty()) return "place-holders " + one_of(holders);
  if (says_action && !is_action(r.text)) return "an action that lets nothing through by itself: DUNNO, REJECT, DEFER, DEFER_IF_PERMIT, HOLD, DISCARD, \"4NN text\", \"5NN text\" and the like, but neither OK nor a bare number";
  if (kind == table_kind::canonical && !names_somebody(r.text)) return "\"{mailbox}\" or another place-holder: the value is the address that the mail goes to";
  if (kind == table_kind::domain && names_somebody(r.text)) return "no place-holder but {domain}";
  return {};
}

table_reply as_reply(const std::string& text) {
  if (text == "NOTFOUND") return {table_reply::form::not_found, {}};
  if (text == "TEMP") return {table_reply::form::temporary, {}};
  return {table_reply::form::value, text};
}

void read_rows(const section& listener, table_kind kind, const setting& written, listener_rules& out) {
  const auto* const table = std::get_if<setting::table>(&written.value);
  if (table == nullptr) return listener.problem(written.where, "values", "found " + as_found(written) + " for " + std::string(name(kind)) + "; wanted: a table such as { exists = \"...\" }");
  for (const auto& one : *table) {
    const auto& verdict = one.first;
    const setting& text = one.second;
    const std::string path = std::string(name(kind)) + "." + escape_for_log(verdict, 32);
    const auto bad = [&](const std::string& wanted) { listener.problem(text.where, "values", "found " + path + " = " + as_found(text) + "; wanted: " + wanted); };
    const auto* const row = std::find_if(rows.begin(), rows.end(), [&](table_row r) { return name(r) == verdict; });
    const auto* const words = std::get_if<std::string>(&text.value);
    if (row == rows.end()) {
      bad(verdict == "tempfail" ? "nothing: a tempfail is always said as one" : "\"exists\", \"same\", \"absent\", \"unverifiable\" or \"no_route\"");
    } else if (words == nullptr || has_control(*words) || !valid_utf8(*words)) {
      bad("text in quotes, without control characters");
    } else {
      table_reply r = as_reply(*words);
      if (const std::string wrong = fault(kind, *row, r); !wrong.empty()) bad(wrong);
      else out.tables.reply(kind, *row) = std::move(r);
    }
  }
}

void read_values(const section& listener, listener_rules& out) {
  const auto* const table = table_at(listener, "values", "a table such as { access = { absent = \"550 5.1.1 User unknown\" } }");
  if (table == nullptr || table->empty()) return;
  const bool policy = out.protocol == listener_protocol::policy;
  if (!policy && !has_tables(out.protocol)) return listener.warning(listener.where("values"), "values", "has no effect: it is for socketmap, policy and tcp-table");
  for (const auto& [called, written] : *table) {
    const auto* const at = std::find(map_words.begin(), map_words.end(), called);
    if (policy && called == name(table_kind::policy)) read_rows(listener, table_kind::policy, written, out);
    else if (!policy && at != map_words.end()) read_rows(listener, map_kinds[static_cast<std::size_t>(at - map_words.begin())], written, out);
    else listener.problem(written.where, "values", "found " + escape_for_log(called, 64) + "; wanted: " + (policy ? std::string("\"policy\"") : one_of(map_words)));
  }
}

}  // namespace

void read_tables(const section& listener, listener_rules& out) {
  read_maps(listener, out);
  read_values(listener, out);
}

}  // namespace authbroker
