// Which servers a pool knows, and which are worth trying: breakers, the probes while one is open, and the servers that SRV
// records name.
#include <algorithm>

#include "host/connection.hpp"
#include "host/pool.hpp"

namespace authbroker {

using std::chrono::milliseconds;

bool pool::any_closed() const {
  return std::any_of(places_.begin(), places_.begin() + static_cast<std::ptrdiff_t>(configured_), [](const place_of_upstream& p) { return p.guard.closed(); });
}

bool pool::usable(std::size_t u) {
  const std::lock_guard hold(mutex_);
  return places_[u].guard.closed();
}

bool pool::better_usable(std::size_t u) {
  const std::lock_guard hold(mutex_);
  const place_of_upstream& mine = places_[u];
  const std::size_t before = is_target(u) ? mine.parent : u;
  for (std::size_t b = 0; b < before; ++b)
    if (places_[b].guard.closed()) return true;
  if (!is_target(u)) return false;
  const auto now = steady::now();
  // A target that is not named any more is none. One that is forgotten, because nobody has looked for so long, is tried again by
  // whoever looks.
  return std::any_of(places_.begin() + static_cast<std::ptrdiff_t>(configured_), places_.end(), [&](const place_of_upstream& p) {
    return p.parent == mine.parent && p.rules.port != 0 && p.priority < mine.priority && p.named == places_[mine.parent].named && (p.guard.closed() || forgotten(p, now));
  });
}

finding pool::not_asked(const place_of_upstream& p) const {
  finding f = finding::tempfail(p.guard.last_reason(), "not asked: " + p.guard.last_text());
  f.upstream = p.label;
  f.retry_after = std::max(breaker::first_probe, std::chrono::ceil<milliseconds>(p.guard.next_probe() - steady::now()));
  return f;
}

finding pool::finding_of(std::size_t u) {
  const std::lock_guard hold(mutex_);
  return not_asked(places_[u]);
}

finding pool::breaker_finding() {
  const std::lock_guard hold(mutex_);
  // The reason that says most: a bad certificate of one replica beats "down" of another.
  const place_of_upstream* told = &places_.front();
  for (std::size_t u = 0; u < configured_; ++u)
    if (told->guard.last_reason() == reason::upstream_down && places_[u].guard.last_reason() != reason::upstream_down) told = &places_[u];
  return not_asked(*told);
}

void pool::upstream_failed(std::size_t u, worker& w, reason why, const std::string& text) {
  bool opened = false;
  bool open = false;
  steady::time_point at;
  {
    const std::lock_guard hold(mutex_);
    opened = places_[u].guard.failed(steady::now(), why, text);
    open = !places_[u].guard.closed();
    at = places_[u].guard.next_probe();
  }
  const std::string& label = places_[u].label;
  core_->log->line(opened ? level::warning : level::debug, opened ? "upstream_down" : "upstream_failed")
      .field("backend", core_->rules.name).field("upstream", label).field("reason", name(why)).field("text", text);
  if (!open || retired_) return;
  timer& t = *local(w).probe_timers[u];
  if (t.armed()) return;
  const std::weak_ptr<pool> me = weak_from_this();
  t.bind(w.timers, [me, u, home = &w] {
    if (const std::shared_ptr<pool> p = me.lock()) p->probe(u, *home);
  });
  t.arm(at);
}

// While a breaker is open: connect and prepare, without a question.
void pool::probe(std::size_t u, worker& w) {
  bool due = false;
  bool open = false;
  steady::time_point at;
  {
    const std::lock_guard hold(mutex_);
    due = places_[u].guard.take_probe(steady::now());
    open = !places_[u].guard.closed() && !forgotten(places_[u], steady::now());
    at = places_[u].guard.next_probe();
  }
  if (retired_ || !open) return;
  const auto& timeouts = core_->rules.timeouts;
  // Where another replica has taken all connections, and always has questions for them, none would ever be free for this one.
  if (due && take_permit(places_.size() > 1)) open_one(w, 0, steady::now() + timeouts.connect + timeouts.reply, static_cast<int>(u), nullptr);
  else local(w).probe_timers[u]->arm(std::max(at, steady::now() + breaker::first_probe));
}

void pool::upstream_works(std::size_t u) {
  bool closed = false;
  {
    const std::lock_guard hold(mutex_);
    closed = places_[u].guard.succeeded(steady::now());
  }
  if (closed) core_->log->line(level::info, "upstream_up").field("backend", core_->rules.name).field("upstream", places_[u].label);
}

// ---------------------------------------------------------------- targets of SRV records

// A target keeps its place, and its breaker, for as long as it is named. Places are lent for the time of a connection, and taken
// for another target when nobody holds them; the one that was named longest ago goes first.
std::vector<std::size_t> pool::hold_targets(std::size_t parent, const std::vector<service_target>& targets) {
  std::vector<std::size_t> out;
  const auto now = steady::now();
  const std::lock_guard hold(mutex_);
  places_[parent].named = now;
  for (const service_target& t : targets) {
    place_of_upstream* free = nullptr;
    place_of_upstream* found = nullptr;
    for (std::size_t u = configured_; u < places_.size() && found == nullptr; ++u) {
      place_of_upstream& p = places_[u];
      if (p.parent != parent) continue;
      if (p.rules.port != 0 && p.rules.host == t.host && p.rules.port == t.port) found = &p;
      else if (p.holders == 0 && p.named != now && (free == nullptr || p.named < free->named)) free = &p;
    }
    if (found == nullptr && free == nullptr) continue;
    place_of_upstream& p = found != nullptr ? *found : *free;
    if (found == nullptr) {
      p.rules = places_[parent].rules;
      p.rules.srv = false;
      p.rules.scheme = p.rules.scheme.substr(std::string_view("srv+").size());
      p.rules.host = t.host;
      p.rules.port = t.port;
      p.label = p.rules.label();
    }
    // Nobody probes what has not been named for long: what was known of it is old.
    if (found == nullptr || forgotten(p, now)) p.guard = breaker(core_->rules.breaker.failures, core_->rules.breaker.reopen, core_->rules.breaker.service_account);
    p.named = now;
    p.priority = t.priority;
    ++p.holders;
    out.push_back(static_cast<std::size_t>(&p - places_.data()));
  }
  return out;
}

bool pool::hold_target(std::size_t u) {
  if (!is_target(u)) return false;
  const std::lock_guard hold(mutex_);
  ++places_[u].holders;
  return true;
}

void pool::release_targets(const std::vector<std::size_t>& held) {
  if (held.empty()) return;
  const std::lock_guard hold(mutex_);
  for (const std::size_t u : held) --places_[u].holders;
}

bool pool::forgotten(const place_of_upstream& p, steady::time_point now) const { return p.parent != no_parent && p.named + target_life < now; }

// ---------------------------------------------------------------- status

pool_status pool::status() const {
  pool_status out;
  const std::lock_guard hold(mutex_);
  out.connections = permits_used_;
  out.idle = idle();
  out.waiting = static_cast<std::uint32_t>(waiting_.size());
  const auto now = steady::now();
  for (const place_of_upstream& p : places_) {
    if (p.rules.port == 0 || forgotten(p, now)) continue;
    const breaker& b = p.guard;
    out.upstreams.push_back({p.label, p.rules.scheme + "://" + (p.rules.srv ? p.rules.host : p.label), std::string(b.state()), !b.closed(), b.failures(),
                             core_->rules.breaker.failures, b.failures() == 0 ? std::string() : b.last_text(), std::chrono::duration_cast<milliseconds>(now - b.since())});
  }
  return out;
}

}  // namespace authbroker
