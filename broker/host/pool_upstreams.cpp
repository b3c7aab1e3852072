// Which servers a pool knows, and which are worth trying: breakers, the probes while one is open, and the servers that SRV
// records name, and what the servers made of an account of ours.
#include <algorithm>

#include "host/connection.hpp"
#include "host/pool.hpp"

namespace authbroker {

using std::chrono::milliseconds;

namespace {

bool several(const std::vector<upstream_rules>& upstreams) {
  return upstreams.size() > 1 || std::any_of(upstreams.begin(), upstreams.end(), [](const upstream_rules& u) { return u.srv; });
}

}  // namespace

pool::pool(std::shared_ptr<backend_core> core, std::vector<upstream_rules> upstreams, bool refuse_local, std::uint32_t connections_max)
    : core_(std::move(core)), configured_(upstreams.size()), refuse_local_(refuse_local), connections_max_(connections_max),
      account_(core_->rules.breaker.failures, core_->rules.breaker.reopen, core_->rules.breaker.service_account, several(upstreams)) {
  const breaker closed(core_->rules.breaker.failures, core_->rules.breaker.reopen, core_->rules.breaker.service_account);
  for (upstream_rules& u : upstreams) places_.push_back({std::move(u), closed});
  for (std::size_t u = 0; u < configured_; ++u)
    if (places_[u].rules.srv)
      for (std::size_t t = 0; t < targets_max; ++t) places_.push_back({{}, closed, u});
  for (std::size_t i = 0; i < core_->workers.size(); ++i) {
    locals_.push_back(std::make_unique<local_part>());
    for (std::size_t u = 0; u < places_.size(); ++u) locals_.back()->probe_timers.push_back(std::make_unique<timer>());
  }
}

bool pool::any_closed() const {
  return account_.closed() && std::any_of(places_.begin(), places_.begin() + static_cast<std::ptrdiff_t>(configured_), [](const place_of_upstream& p) { return p.guard.closed(); });
}

bool pool::any_worth_a_try() const {
  const std::lock_guard hold(mutex_);
  return any_closed();
}

bool pool::usable(std::size_t u) {
  const std::lock_guard hold(mutex_);
  return places_[u].guard.closed();
}

bool pool::better_usable(std::size_t u) {
  const std::lock_guard hold(mutex_);
  if (!account_.closed()) return false;  // what is bound is worth more than what may not be
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

finding pool::not_asked(const place_of_upstream& p, const breaker& b) const {
  finding f = finding::tempfail(b.last_reason(), "not asked: " + b.last_text());
  f.upstream = p.label;
  f.retry_after = std::max(breaker::first_probe, std::chrono::ceil<milliseconds>(b.next_probe() - steady::now()));
  return f;
}

finding pool::finding_of(std::size_t u) {
  const std::lock_guard hold(mutex_);
  return not_asked(places_[u], places_[u].guard);
}

finding pool::breaker_finding() {
  const std::lock_guard hold(mutex_);
  if (!account_.closed()) return not_asked(places_[account_refused_by_], account_);
  // The reason that says most: a bad certificate of one replica beats "down" of another.
  const place_of_upstream* told = &places_.front();
  for (std::size_t u = 0; u < configured_; ++u)
    if (told->guard.last_reason() == reason::upstream_down && places_[u].guard.last_reason() != reason::upstream_down) told = &places_[u];
  return not_asked(*told, told->guard);
}

std::size_t pool::account_refused_by() {
  const std::lock_guard hold(mutex_);
  return account_refused_by_;
}

std::vector<std::size_t> pool::candidates(int probe) {
  if (probe >= 0) return {static_cast<std::size_t>(probe)};
  std::vector<std::size_t> out;
  const std::lock_guard hold(mutex_);
  for (std::size_t i = 0; i < configured_; ++i) {
    const std::size_t u = probe == for_the_account ? (account_turn_ + i) % configured_ : i;
    if (probe == for_the_account || places_[u].guard.closed()) out.push_back(u);
  }
  if (probe == for_the_account) account_turn_ = (account_turn_ + 1) % configured_;  // however this one ends
  return out;
}

void pool::upstream_failed(std::size_t u, worker& w, std::uint32_t role, reason why, const std::string& text) {
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
  if (why == reason::service_account) account_refused(u, w, role, text, opened);
  if (!open || retired_) return;
  timer& t = *local(w).probe_timers[u];
  const std::weak_ptr<pool> me = weak_from_this();
  t.bind(w.timers, [me, u, home = &w] {
    if (const std::shared_ptr<pool> p = me.lock()) p->probe(u, *home);
  });
  t.arm(at);
}

// `anew`: this one had not refused it before. One that refuses again what another one takes is that one's own affair.
void pool::account_refused(std::size_t u, worker& w, std::uint32_t role, const std::string& text, bool anew) {
  steady::time_point at;
  {
    const std::lock_guard hold(mutex_);
    if (account_.closed() && !anew) return;
    account_.failed(steady::now(), reason::service_account, text);
    account_role_ = role;
    account_refused_by_ = u;
    account_turn_ = ((is_target(u) ? places_[u].parent : u) + 1) % configured_;
    at = account_.next_probe();
  }
  if (retired_) return;
  timer& t = local(w).account_timer;
  const std::weak_ptr<pool> me = weak_from_this();
  t.bind(w.timers, [me, home = &w] {
    if (const std::shared_ptr<pool> p = me.lock()) p->probe_account(*home);
  });
  t.arm(at);
}

void pool::probe_account(worker& w) {
  bool due = false;
  steady::time_point at;
  std::uint32_t role = 0;
  {
    const std::lock_guard hold(mutex_);
    if (account_.closed()) return;
    due = account_.take_probe(steady::now());
    at = account_.next_probe();
    role = account_role_;
  }
  if (retired_) return;
  local(w).account_timer.arm(std::max(at, steady::now() + breaker::first_probe));
  const auto& timeouts = core_->rules.timeouts;
  if (due && take_permit(true)) open_one(w, role, steady::now() + timeouts.connect + timeouts.reply, for_the_account, nullptr);
}

void pool::account_works(std::uint32_t role) {
  const std::lock_guard hold(mutex_);
  if (role == account_role_) account_.succeeded(steady::now());
}

// While a breaker is open: connect and prepare, without a question.
void pool::probe(std::size_t u, worker& w) {
  bool due = false;
  bool open = false;
  steady::time_point at;
  {
    const std::lock_guard hold(mutex_);
    // Not to this one by itself: while the account is refused, one probe is for all.
    const bool refused = !account_.closed();
    due = !refused && places_[u].guard.take_probe(steady::now());
    open = !places_[u].guard.closed() && !forgotten(places_[u], steady::now());
    at = refused ? steady::now() + core_->rules.breaker.reopen : places_[u].guard.next_probe();
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
    const breaker& b = account_.closed() || !p.guard.closed() ? p.guard : account_;
    out.upstreams.push_back({p.label, p.rules.scheme + "://" + (p.rules.srv ? p.rules.host : p.label), std::string(b.state()), !b.closed(), b.failures(),
                             core_->rules.breaker.failures, b.failures() == 0 ? std::string() : b.last_text(), std::chrono::duration_cast<milliseconds>(now - b.since())});
  }
  return out;
}

}  // namespace authbroker
