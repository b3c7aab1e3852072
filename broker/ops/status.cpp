// What the daemon tells about itself, for people and for programs.
#include <unistd.h>

#include "front/terms.hpp"
#include "ops/daemon.hpp"
#include "wire/json_writer.hpp"

namespace authbroker {
namespace {

void write_listener(json_writer& w, const std::string& name, const listener& l) {
  const listener_counts& c = l.counts();
  w.begin_object();
  w.member("name", name).member("protocol", authbroker::name(l.rules().protocol)).member("address", l.address());
  w.member("connections", c.connections.load()).member("in_flight", c.in_flight.load()).member("requests", c.requests.load());
  w.member("accepted", c.accepted.load()).member("not_admitted", c.not_admitted.load()).member("over_limit", c.over_limit.load());
  w.member("malformed", c.malformed.load()).member("vanished", c.vanished.load()).member("overloaded", c.overloaded.load()).member("starved", c.starved.load());
  w.end_object();
}

void write_backend(json_writer& w, const plugin_backend& b) {
  const backend_status s = b.status();
  w.begin_object();
  w.member("name", s.name).member("plugin", s.plugin).member("plugin_version", s.plugin_version);
  w.member("connections", s.connections.connections).member("idle", s.connections.idle).member("waiting", s.connections.waiting + s.threads_waiting);
  w.member("threads_busy", s.threads_busy).member("misbehaviour", s.misbehaviour);
  w.key("upstreams").begin_array();
  for (const upstream_status& u : s.connections.upstreams) {
    w.begin_object().member("url", u.url).member("state", u.state).member("failures", u.failures).member("failures_max", u.failures_max);
    w.member("last_error", u.last_text).member("since_s", std::chrono::duration_cast<std::chrono::seconds>(u.for_time).count()).end_object();
  }
  w.end_array();
  w.key("counts").begin_object();
  w.member("yes", s.counted.yes).member("no", s.counted.no).member("unverifiable", s.counted.unverifiable).member("tempfail", s.counted.tempfail);
  w.end_object().end_object();
}

}  // namespace

std::string daemon::status_json() {
  std::string out;
  json_writer w(out);
  const std::lock_guard hold(mutex_);
  w.begin_object();
  w.member("version", AUTHBROKER_VERSION).member("pid", getpid());
  w.member("uptime_s", std::chrono::duration_cast<std::chrono::seconds>(steady::now() - started_).count());
  w.member("generation", now_ ? now_->number : 0).member("routes", now_ ? now_->config.routes.size() : 0);
  w.member("workers", workers_.size()).member("memory", resident_bytes()).member("log_lines_dropped", log_.dropped());
  w.member("secrets_alive", secrets_alive());
  w.key("verdicts").begin_object();
  const auto& counts = dispatcher_.counted().by_verdict;
  for (const verdict v : {verdict::accept, verdict::reject, verdict::exists, verdict::absent, verdict::unverifiable, verdict::tempfail, verdict::no_route})
    w.member(name(v), counts[static_cast<std::size_t>(v)].load());
  w.end_object();
  w.key("listeners").begin_array();
  for (const auto& [name, l] : listeners_) write_listener(w, name, *l);
  w.end_array();
  w.key("backends").begin_array();
  if (now_)
    for (const auto& b : now_->backends) write_backend(w, *b);
  w.end_array().end_object();
  return out;
}

std::string daemon::status_text() {
  const std::lock_guard hold(mutex_);
  std::string out = "authbroker " AUTHBROKER_VERSION ", configuration " + std::to_string(now_ ? now_->number : 0) + "\n";
  if (!now_) return out;
  for (const auto& b : now_->backends) {
    const backend_status s = b->status();
    out += "backend " + s.name + " (" + s.plugin + "): " + std::to_string(s.connections.connections) + " connections, " + std::to_string(s.connections.waiting) + " waiting\n";
    for (const upstream_status& u : s.connections.upstreams) out += "  " + u.url + " " + u.state + (u.last_text.empty() ? "" : ": " + u.last_text) + "\n";
  }
  return out;
}

}  // namespace authbroker
