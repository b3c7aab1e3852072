#include "host/pool.hpp"

#include <algorithm>
#include <optional>

#include "host/connection.hpp"

namespace authbroker {

using std::chrono::milliseconds;

namespace {
constexpr milliseconds patience{100};  // how long a question waits before a busy connection gives way to it
}

backend_core::~backend_core() {
  if (computing) computing->retire();
  if (dispose) dispose(*this);
}

void backend_core::misbehaved(std::string_view what) {
  const std::uint64_t times = misbehaviour.fetch_add(1, std::memory_order_relaxed) + 1;
  if (times > 20) return;
  log->line(level::error, "plugin_misbehaved").field("backend", rules.name).field("plugin", rules.plugin).field("text", what).field("times", static_cast<std::int64_t>(times));
  if (times == 20)
    log->line(level::error, "backend_disabled").field("backend", rules.name).field("text", "its plugin misbehaved 20 times; it is asked again after a reload");
}

pool::~pool() = default;

// ---------------------------------------------------------------- questions

void pool::submit(leg_ptr l) {
  worker& home = *l->home;
  l->deadline_timer.bind(home.timers, [it = l.get()] { give_up_leg(*it, finding::tempfail(reason::deadline, "no answer in time")); });
  l->deadline_timer.arm(l->until);
  requeue(std::move(l));
}

// A question waits no longer for a connection than this leaves another backend its share.
void pool::limit_wait(const leg_ptr& l) {
  if (l->start_timer.armed()) return;
  const std::weak_ptr<pool> me = weak_from_this();
  l->start_timer.bind(l->home->timers, [it = l.get(), me] {
    const std::shared_ptr<pool> p = me.lock();
    if (p == nullptr || it->is != leg::state::waiting) return;
    bool full = false;
    {
      const std::lock_guard hold(p->mutex_);
      full = p->permits_used_ >= p->connections_max_;
    }
    give_up_leg(*it, full ? finding::tempfail(reason::overloaded, "no connection became free in time; all " + std::to_string(p->connections_max_) + " are in use")
                         : finding::tempfail(reason::deadline, "no connection was ready in time"));
  });
  l->start_timer.arm(std::min(l->start_by, l->until));
}

void pool::requeue(leg_ptr l) {
  worker& home = *l->home;
  l->is = leg::state::waiting;
  const bool refused = retired_ || core_->disabled();
  const bool own = l->out() != nullptr || l->only_upstream >= 0;  // a connection for it alone
  if (!refused && !own && !l->retried && waiting_on(home, l->role) == 0)  // nobody is overtaken
    for (const auto& c : local(home).all)
      if (c->role() == l->role && c->reserved() == nullptr && c->ready()) return c->begin(std::move(l));
  if (l->upstream.empty() && configured_ == 1) l->upstream = label(0);
  if (l->queued == steady::time_point()) l->queued = steady::now();
  if (retired_) return end_leg(*l, finding::tempfail(reason::shutting_down));
  if (refused) return end_leg(*l, finding::tempfail(reason::internal, "the backend is disabled: its plugin misbehaved too often"));
  bool any_usable = false;
  bool full = false;
  {
    const std::lock_guard hold(mutex_);
    any_usable = any_closed();
    full = waiting_.size() >= core_->rules.pool.queue;
    if (any_usable && !full && !own) waiting_.push_back(l);
    nobody_waits_ = waiting_.empty();
  }
  if (!any_usable) return end_leg(*l, breaker_finding());
  if (full) return end_leg(*l, finding::tempfail(reason::overloaded, "the queue of backend " + core_->rules.name + " is full"));
  limit_wait(l);
  const std::weak_ptr<pool> me = weak_from_this();
  const leg* who = l.get();
  l->on_give_up = [me, who] {
    if (const std::shared_ptr<pool> p = me.lock()) p->forget(who);
  };
  if (own) {  // a transcript shows all of a fresh connection; a second leg goes to the same server as the first
    if (!take_permit()) return end_leg(*l, finding::tempfail(reason::overloaded, "all connections of backend " + core_->rules.name + " are in use"));
    return open_one(home, l->role, l->start_by, l->only_upstream, l);
  }
  serve(home);
}

void pool::forget(const leg* who) {
  const std::lock_guard hold(mutex_);
  std::erase_if(waiting_, [who](const leg_ptr& l) { return l.get() == who; });
  nobody_waits_ = waiting_.empty();
}

leg_ptr pool::next_waiting(worker& w, std::uint32_t role) {
  if (nobody_waits_.load(std::memory_order_relaxed)) return nullptr;
  const std::lock_guard hold(mutex_);
  const auto it = std::find_if(waiting_.begin(), waiting_.end(), [&](const leg_ptr& l) { return l->home == &w && l->role == role; });
  if (it == waiting_.end()) return nullptr;
  leg_ptr l = std::move(*it);
  waiting_.erase(it);
  nobody_waits_ = waiting_.empty();
  return l;
}

std::size_t pool::waiting_on(worker& w, std::uint32_t role) const {
  if (nobody_waits_.load(std::memory_order_relaxed)) return 0;  // what this worker itself has put there it sees
  const std::lock_guard hold(mutex_);
  return static_cast<std::size_t>(std::count_if(waiting_.begin(), waiting_.end(), [&](const leg_ptr& l) { return l->home == &w && l->role == role; }));
}

// Opens as many connections as the questions need that wait here, as far as permits go.
void pool::serve(worker& w) {
  const std::uint32_t roles = std::clamp(core_->api->roles, 1U, roles_max);
  for (std::uint32_t role = 0; role < roles; ++role) {
    if (nobody_waits_.load(std::memory_order_relaxed)) return;
    const std::size_t room = std::max(core_->api->questions_max[role], 1U);
    while (!retired_) {
      std::optional<steady::time_point> until;
      {
        const std::lock_guard hold(mutex_);
        std::size_t waiting = 0;
        for (const leg_ptr& l : waiting_)
          if (l->home == &w && l->role == role && ++waiting > local(w).opening[role] * room) {
            until = l->start_by;
            break;
          }
      }
      if (!until) break;
      if (!take_permit()) {
        make_room();
        return look_again_later(w);
      }
      open_one(w, role, *until, for_questions, nullptr);
    }
  }
}

void pool::open_one(worker& w, std::uint32_t role, steady::time_point until, int probe, leg_ptr reserved) {
  auto c = std::make_shared<connection>(shared_from_this(), w, role);
  local_part& mine = local(w);
  mine.all.push_back(c);
  ++mine.open[role];
  if (reserved == nullptr) ++mine.opening[role];
  c->open(until, probe, std::move(reserved));
}

// ---------------------------------------------------------------- permits

bool pool::take_permit(bool beyond_the_cap) {
  const std::lock_guard hold(mutex_);
  if (permits_used_ >= connections_max_ && !beyond_the_cap) return false;
  ++permits_used_;
  return true;
}

// Every worker with a question that waits looks, the longest wait first: one that needs no permit after all must not keep
// the others from it.
void pool::give_permit() {
  std::vector<worker*> next;
  {
    const std::lock_guard hold(mutex_);
    --permits_used_;
    for (const leg_ptr& l : waiting_) {
      if (next.size() == core_->workers.size()) break;
      if (std::find(next.begin(), next.end(), l->home) == next.end()) next.push_back(l->home);
    }
  }
  for (worker* w : next) boost::asio::post(w->io, [self = shared_from_this(), w] { self->serve(*w); });
}

std::uint32_t pool::idle() const {
  std::uint32_t sum = 0;
  for (const auto& l : locals_) sum += l->idle;
  return sum;
}

// No permit is free and somebody waits: a worker that has an idle connection closes one.
void pool::make_room() {
  if (idle() == 0) return;
  for (worker* w : core_->workers)
    boost::asio::post(w->io, [self = shared_from_this(), w] {
      {
        const std::lock_guard hold(self->mutex_);
        if (self->permits_used_ < self->connections_max_ || self->first_without(steady::now()) == nullptr) return;
      }
      for (const auto& c : self->local(*w).all)
        if (c->idle()) return std::shared_ptr<connection>(c)->dismiss();
    });
}

// Who waits beside busy connections of its own worker may be served by them at any moment: taking somebody else's idle one at
// once would make workers that share few connections close each other's all the time.
void pool::look_again_later(worker& w) {
  timer& t = local(w).patience_timer;
  if (t.armed() || retired_) return;
  const std::weak_ptr<pool> me = weak_from_this();
  t.bind(w.timers, [me, home = &w] {
    if (const std::shared_ptr<pool> p = me.lock()) p->serve(*home);
  });
  t.arm(steady::now() + patience);
}

// Under the mutex: who has waited longest of those that no connection on its way is for, and who have none on their worker or have
// waited for long.
const leg* pool::first_without(steady::time_point now) const {
  std::vector<std::array<std::uint32_t, roles_max>> served(locals_.size());
  for (const leg_ptr& l : waiting_) {
    const std::uint32_t room = std::max(core_->api->questions_max[l->role], 1U);
    const local_part& there = *locals_[l->home->index];
    if (++served[l->home->index][l->role] <= there.opening[l->role].load(std::memory_order_relaxed) * room) continue;
    if (there.open[l->role].load(std::memory_order_relaxed) == 0 || now - l->queued >= patience) return l.get();
  }
  return nullptr;
}

// A connection that always has somebody of its own waiting would never become idle, and others would wait for its permit in
// vain. One connection at a time gives way, so that not all of them do it for the same question.
bool pool::yields(const connection& c) {
  if (nobody_waits_.load(std::memory_order_relaxed)) return false;
  const std::lock_guard hold(mutex_);
  if (permits_used_ < connections_max_) return false;
  const steady::time_point now = steady::now();
  if (now - yielded_ < patience) return false;
  const leg* const first = first_without(now);
  if (first == nullptr || now - first->queued < patience || (first->home == &worker::current() && first->role == c.role())) return false;
  yielded_ = now;
  return true;
}

// ---------------------------------------------------------------- what connections report

void pool::connection_ready(connection& c, bool fresh) {
  const leg_ptr reserved = c.reserved();
  if (retired_) return c.dismiss();
  if (reserved != nullptr) {
    if (!fresh || reserved->is != leg::state::waiting) return c.dismiss();
    return c.begin(reserved);
  }
  connection_has_room(c);
  if (!c.idle() || c.counted_idle) return;  // an answer without a byte: this was run already, one call deeper
  c.counted_idle = true;
  ++local(worker::current()).idle;
  if (nobody_waits_) return;  // whoever begins to wait after this sees the idle one, in make_room()
  bool wanted_elsewhere = false;
  {
    const std::lock_guard hold(mutex_);
    wanted_elsewhere = permits_used_ >= connections_max_ && first_without(steady::now()) != nullptr;
  }
  if (wanted_elsewhere) c.dismiss();
}

// Those who wait come before those who ask next.
void pool::connection_has_room(connection& c) {
  if (c.served() && c.ready() && c.outstayed()) {
    c.yield();
    return connection_drains();
  }
  if (c.served() && c.ready() && yields(c)) return c.yield();
  while (c.ready()) {
    leg_ptr l = next_waiting(worker::current(), c.role());
    if (l == nullptr) break;
    if (too_late(*l))
      end_leg(*l, finding::tempfail(reason::overloaded, "waited so long for a connection that no time was left to ask"));
    else
      c.begin(std::move(l));
  }
}

void pool::connection_drains() {
  if (nobody_waits_.load(std::memory_order_relaxed)) return;
  boost::asio::post(worker::current().io, [self = shared_from_this(), w = &worker::current()] { self->serve(*w); });
}

// A password that is sent when its asker is about to give up is sent for nothing, costs the connection, and the server counts it.
// What was measured is believed for twice as long as it says: what is not asked is not measured, and the server may be faster by now.
bool pool::too_late(const leg& l) const {
  if (l.asked->kind != question_kind::login || !l.may_see_password) return false;
  const local_part& here = *locals_[l.home->index];
  const steady::time_point now = steady::now();
  return l.until - now < here.login_takes && now - here.login_measured < 2 * here.login_takes;
}

void pool::login_took(steady::duration d, steady::time_point now) {
  local_part& here = local(worker::current());
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(d), before = here.login_takes;
  here.login_takes = before.count() == 0 ? us : before + (us - before) / 8;
  here.login_measured = now;
}

void pool::connection_idle_ended(connection& c) {
  if (c.counted_idle) --local(worker::current()).idle;
  c.counted_idle = false;
}

void pool::connection_failed(connection& c, const finding& why, bool all_waiting) {
  worker& w = worker::current();
  if (c.reserved() != nullptr) {
    end_leg(*c.reserved(), why);
    return;
  }
  if (all_waiting || !any_worth_a_try()) {
    for (worker* each : core_->workers) {
      if (each == &w) fail_waiting(w, why);
      else boost::asio::post(each->io, [self = shared_from_this(), each, why] { self->fail_waiting(*each, why); });
    }
    return;
  }
  if (c.probing()) return;  // nobody waited for it
  if (waiting_on(w, c.role()) > local(w).opening[c.role()])
    if (const leg_ptr l = next_waiting(w, c.role())) end_leg(*l, why);
}

void pool::fail_waiting(worker& w, const finding& why) {
  for (std::uint32_t role = 0; role < roles_max; ++role)
    while (const leg_ptr l = next_waiting(w, role)) end_leg(*l, why);
}

void pool::opening_ended(connection& c) { --local(worker::current()).opening[c.role()]; }

void pool::connection_closed(connection& c) {
  worker& w = worker::current();
  std::erase_if(local(w).all, [&](const auto& each) { return each.get() == &c; });
  --local(w).open[c.role()];
  give_permit();
  // A server that hangs up on what was never asked must not be connected to without a pause.
  if (local(w).warm) c.served() ? warm_up(w) : warm_up_later(w);
}

// ---------------------------------------------------------------- warm connections, retirement, status

void pool::keep_warm() {
  if (core_->rules.pool.warm == 0) return;
  for (worker* w : core_->workers)
    boost::asio::post(w->io, [self = shared_from_this(), w] {
      self->local(*w).warm = true;
      self->warm_up(*w);
    });
}

void pool::warm_up(worker& w) {
  if (retired_) return;
  local_part& mine = local(w);
  const auto workers = static_cast<std::uint32_t>(core_->workers.size());
  const std::uint32_t share = core_->rules.pool.warm / workers + (w.index < core_->rules.pool.warm % workers ? 1 : 0);
  auto have = static_cast<std::uint32_t>(std::count_if(mine.all.begin(), mine.all.end(), [](const auto& c) { return c->idle() && c->role() == 0; })) + mine.opening[0];
  const bool any_usable = any_worth_a_try();
  while (any_usable && have < share && take_permit()) {
    open_one(w, 0, steady::now() + core_->rules.timeouts.connect + core_->rules.timeouts.reply, for_questions, nullptr);
    ++have;
  }
  if (have < share) warm_up_later(w);
}

void pool::warm_up_later(worker& w) {
  local_part& mine = local(w);
  if (mine.warm_timer.armed() || retired_) return;
  const std::weak_ptr<pool> me = weak_from_this();
  mine.warm_timer.bind(w.timers, [me, home = &w] {
    if (const std::shared_ptr<pool> p = me.lock()) p->warm_up(*home);
  });
  mine.warm_timer.arm(steady::now() + std::chrono::seconds(1));
}

void pool::retire() {
  retired_ = true;
  for (worker* w : core_->workers)
    boost::asio::post(w->io, [self = shared_from_this(), w] {
      local_part& mine = self->local(*w);
      mine.warm = false;
      mine.warm_timer.disarm();
      mine.patience_timer.disarm();
      mine.account_timer.disarm();
      for (const auto& t : mine.probe_timers) t->disarm();
      self->fail_waiting(*w, finding::tempfail(reason::shutting_down));
      const auto all = mine.all;  // closing changes the list
      for (const auto& c : all) c->retire();
    });
}

}  // namespace authbroker
