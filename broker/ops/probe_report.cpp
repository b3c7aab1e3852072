// What was found out, as one JSON document: `authbroker probe` shows it as it is, or as text.
#include "ops/probe.hpp"
#include "ops/probe_advice.hpp"
#include "wire/json_writer.hpp"

namespace authbroker {
namespace {

void write_lines(json_writer& w, const std::vector<trace_line>& lines) {
  w.key("trace").begin_array();
  for (const trace_line& line : lines) w.begin_object().member("at_us", line.at.count()).member("what", line.what).member("text", line.text).end_object();
  w.end_array();
}

void write_finding(json_writer& w, const finding& f) {
  w.member("verdict", name(f.what));
  w.key("reason");
  if (f.why == reason::none) w.null();
  else w.value(name(f.why));
  w.member("text", f.operator_text).member("rule", f.rule);
}

void write_server(json_writer& w, const probed_server& s) {
  w.begin_object().member("url", s.draft.url).member("plugin", s.draft.plugin).member("works", s.works());
  if (s.works()) w.key("reason").null();
  else w.member("reason", s.problems.empty() ? name(s.outcome.why) : "misconfigured");
  w.member("text", s.outcome.operator_text);
  w.key("problems").begin_array();
  for (const std::string& p : s.problems) w.value(std::string_view(p));
  w.end_array();
  w.member("greeting", s.greeting).member("tls", s.tls_text).member("key", s.key);
  w.key("attributes").begin_array();
  for (const auto& [key, value] : s.attributes) w.begin_object().member("name", key).member("value", value).end_object();
  w.end_array();
  write_lines(w, s.lines);
  w.end_object();
}

void write_login(json_writer& w, const probe_facts& facts, const login_try& t) {
  w.begin_object().member("url", facts.servers[t.server].draft.url).member("form", t.form == name_form::full_address ? "full address" : "bare name").member("login_name", t.login_name);
  write_finding(w, t.outcome);
  w.member("took_ms", static_cast<std::int64_t>(t.took.count())).member("after_refusal", t.then == after_refusal::hangs_up ? "hangs up" : t.then == after_refusal::stays ? "stays" : "unknown");
  write_lines(w, t.lines);
  w.end_object();
}

void write_mailbox(json_writer& w, const mailbox_try& t) {
  w.begin_object().member("url", t.draft.url).member("plugin", t.draft.plugin).key("settings").begin_array();
  for (const auto& [key, value] : t.draft.settings) w.value(key + " = " + value);
  w.end_array().key("invented").begin_object();
  write_finding(w, t.invented);
  w.end_object().key("account");
  if (t.account) {
    w.begin_object();
    write_finding(w, *t.account);
    w.end_object();
  } else {
    w.null();
  }
  write_lines(w, t.lines);
  w.end_object();
}

}  // namespace

std::string probe_report(const probe_facts& facts, const probe_advice& advice) {
  std::string out;
  json_writer w(out);
  w.begin_object().member("status", advice.status).key("servers").begin_array();
  for (const probed_server& s : facts.servers) write_server(w, s);
  w.end_array().key("logins").begin_array();
  for (const login_try& t : facts.logins) write_login(w, facts, t);
  w.end_array().key("mailboxes").begin_array();
  for (const mailbox_try& t : facts.mailboxes) write_mailbox(w, t);
  w.end_array().key("advice").begin_array();
  for (const std::string& s : advice.sentences) w.value(std::string_view(s));
  w.end_array().member("configuration", advice.configuration).end_object();
  return out;
}

}  // namespace authbroker
