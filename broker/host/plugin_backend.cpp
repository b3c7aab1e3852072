#include "host/plugin_backend.hpp"

#include <algorithm>
#include <thread>

#include "host/answers.hpp"
#include "host/connection.hpp"

namespace authbroker {
namespace {

constexpr std::size_t dynamic_hosts_max = 64;
constexpr std::uint32_t legs_max = 8;

// Hands a leg on, and awaits its end.
template <class Where>
class leg_over final : public stoppable {
 public:
  leg_over(const leg_ptr& l, Where& where) : leg_(l), where_(where) {}
  leg_over(const leg_over&) = delete;
  leg_over& operator=(const leg_over&) = delete;
  ~leg_over() {
    if (signal_ != nullptr) signal_->listen(nullptr);
  }
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> asking) {
    leg_->on_over = continuation(asking);
    signal_ = leg_->on_over.stop();
    if (signal_ != nullptr) signal_->listen(this);
    try {
      where_.submit(leg_);
    } catch (...) {
      leg_->on_over.take_back();
      throw;
    }
  }
  void await_resume() const noexcept {}
  void stop() override { give_up_leg(*leg_, finding::tempfail(reason::shutting_down, "the caller is gone")); }

 private:
  const leg_ptr& leg_;
  Where& where_;
  stop_signal* signal_ = nullptr;
};

leg_ptr make_leg(const stage_question& q, steady::time_point start_by, steady::time_point until, finding& out) {
  auto l = std::make_shared<leg>();
  l->asked = &q;
  l->found = &out;
  l->home = &worker::current();
  l->start_by = start_by;
  l->until = until;
  return l;
}

std::uint32_t bit(question_kind k) { return k == question_kind::login ? ABK_LOGIN : k == question_kind::mailbox ? ABK_MAILBOX : ABK_PROBE; }

// A leg's question and its trace end with the asking coroutine, also when that is destroyed.
struct leg_guard {
  const leg_ptr& l;
  ~leg_guard() { give_up_leg(*l, finding::tempfail(reason::shutting_down)); }
};

}  // namespace

std::shared_ptr<plugin_backend> plugin_backend::make(const backend_rules& rules, const loaded_plugin& plugin, const abk_host* host,
                                                     const environment& env, std::vector<config_problem>& problems) {
  const std::string key = "backend." + rules.name;
  auto core = std::make_shared<backend_core>();
  core->rules = rules;
  core->log = env.log;
  core->workers = env.workers;
  core->facts = std::make_unique<fact_store>(*env.time);
  // The reader's texts live as long as the backend: it goes where the backend goes.
  std::uint32_t channels = 0;
  for (const upstream_rules& u : rules.upstream)
    channels |= 1u << (u.tls == tls_use::none ? ABK_CLEARTEXT : u.tls == tls_use::starttls ? ABK_STARTTLS_WANTED : ABK_TLS);
  auto reader = std::make_shared<settings_reader>(rules.settings, rules.where, rules.name, channels, env.credentials_elsewhere);
  abk_backend* api = nullptr;
  try {
    api = plugin.api->create(host, reader->api());
  } catch (...) {
    problems.push_back({rules.where, key, "the plugin's create() threw an exception"});
    return nullptr;
  }
  std::vector<config_problem> found = reader->problems();
  if (env.warn)
    for (const config_problem& w : reader->warnings()) env.warn(w);
  core->api = api;
  core->dispose = [reader, api, on_main = env.on_main](backend_core&) {
    if (api != nullptr && api->destroy != nullptr) on_main([reader, api] { api->destroy(api); });
  };
  if (api == nullptr && found.empty()) found.push_back({rules.where, key, "the plugin's create() failed and did not say why"});
  if (api != nullptr) {
    const std::uint32_t conversations = api->kinds & ~api->check_kinds;
    if (api->size < sizeof(abk_backend)) {
      found.push_back({rules.where, key, "the plugin's abk_backend has " + std::to_string(api->size) + " bytes; wanted: at least " + std::to_string(sizeof(abk_backend))});
      core->api = nullptr;
    } else if ((api->kinds & (ABK_LOGIN | ABK_MAILBOX)) == 0 || (conversations != 0 && api->open == nullptr) || (api->check_kinds != 0 && api->check == nullptr) || api->roles > ABK_ROLES_MAX || std::max(api->login_role, api->mailbox_role) >= std::max(api->roles, 1u)) {
      found.push_back({rules.where, key, "the plugin made a backend that answers nothing, lacks open() or check(), has more than 4 roles, or starts at one that it does not have"});
    } else if ((conversations & (ABK_LOGIN | ABK_MAILBOX)) != 0 && rules.upstream.empty()) {
      found.push_back({rules.where, key + ".upstream", "found none; wanted: at least one, since plugin \"" + rules.plugin + "\" talks to a server"});
    }
  }
  const bool wants_tls = std::any_of(rules.upstream.begin(), rules.upstream.end(), [](const upstream_rules& u) { return u.tls != tls_use::none; });
  if (wants_tls) {
    tls_settings t;
    t.minimum = rules.tls.minimum;
    t.verify = rules.tls.verify;
    t.ca_file = rules.tls.ca_file;
    t.pin_sha256 = rules.tls.pin_sha256;
    t.client_cert = rules.tls.client_cert;
    t.client_key = rules.tls.client_key;
    result<std::shared_ptr<tls_context>> made = tls_context::make(t);
    if (made) core->tls = std::move(*made);
    else found.push_back({rules.where, key + ".tls", made.error().text});
  }
  if (!found.empty()) {
    problems.insert(problems.end(), found.begin(), found.end());
    return nullptr;
  }
  const auto out = std::shared_ptr<plugin_backend>(new plugin_backend(env.workers.size()));
  out->core_ = core;
  out->plugin_version_ = plugin.version;
  out->plugin_file_ = plugin.file;
  core->computing = std::make_shared<thread_lane>(std::max(1u, std::min(env.blocking_share, std::thread::hardware_concurrency())), rules.pool.queue);
  if ((api->kinds & ~api->check_kinds & (ABK_LOGIN | ABK_MAILBOX)) != 0) out->pool_ = std::make_shared<pool>(core, rules.upstream, false, rules.pool.connections);
  if ((api->check_kinds & ~api->inline_kinds) != 0)
    out->lane_ = std::make_shared<blocking_lane>(core, std::max(1u, std::min(env.blocking_share, rules.pool.connections)));
  return out;
}

plugin_backend::~plugin_backend() {
  if (core_ == nullptr) return;
  if (pool_) pool_->retire();
  for (const dynamic_pool& d : dynamic_) d.its->retire();
  if (lane_) lane_->retire();
}

bool plugin_backend::answers(question_kind k) const { return (core_->api->kinds & bit(k)) != 0; }

void plugin_backend::count(const finding& f) {
  tally& mine = counted_[worker::current().index];
  auto& counter = is_yes(f.what) ? mine.yes : is_no(f.what) ? mine.no : f.what == verdict::unverifiable ? mine.unverifiable : mine.tempfail;
  counter.fetch_add(1, std::memory_order_relaxed);
}

task<void> plugin_backend::ask(const stage_question& q, steady::time_point start_by, steady::time_point until, finding& out) {
  const abk_backend& api = *core_->api;
  if ((api.kinds & bit(q.kind)) == 0) return cannot(q.kind, out);
  if ((api.inline_kinds & api.check_kinds & bit(q.kind)) != 0) return check_here(q, until, out);
  if ((api.check_kinds & bit(q.kind)) != 0) return check_elsewhere(q, start_by, until, out);
  return run_legs(q, start_by, until, out);
}

task<void> plugin_backend::cannot(question_kind k, finding& out) {
  out = finding::tempfail(reason::misconfigured, "plugin " + core_->rules.plugin + " does not answer " + std::string(authbroker::name(k)) + " questions");
  count(out);
  co_return;
}

task<void> plugin_backend::check_here(const stage_question& q, steady::time_point until, finding& out) {
  run_check(*core_, to_question(q, until), q.kind, q.password == nullptr ? std::string_view() : q.password->reveal(), out);
  count(out);
  co_return;
}

task<void> plugin_backend::check_elsewhere(const stage_question& q, steady::time_point start_by, steady::time_point until, finding& out) {
  const leg_ptr l = make_leg(q, start_by, until, out);
  const leg_guard guard{l};
  leg_over over(l, *lane_);
  co_await over;
  count(out);
}

task<void> plugin_backend::run_legs(const stage_question& q, steady::time_point start_by, steady::time_point until, finding& out) {
  const std::shared_ptr<pool> of_host = q.dynamic_host.empty() ? nullptr : pool_for(q.dynamic_host);
  pool* const where = q.dynamic_host.empty() ? pool_.get() : of_host.get();
  if (where == nullptr) {
    out = finding::tempfail(reason::overloaded, "64 hosts of dynamic routes are in use");
    count(out);
    co_return;
  }
  const abk_backend& api = *core_->api;
  std::uint32_t role = q.kind == question_kind::login ? api.login_role : q.kind == question_kind::mailbox ? api.mailbox_role : 0;
  std::string carry;
  bool password_sent = false;
  bool tried_again = false;
  int upstream = -1;
  for (std::uint32_t legs = 0; legs < legs_max; ++legs) {
    const leg_ptr l = make_leg(q, start_by, until, out);
    const leg_guard guard{l};
    l->role = role;
    l->carry = std::move(carry);
    l->only_upstream = upstream;
    // Once, and for plugins that say so: the ladder from a refused digest to the password itself.
    const bool second_try = password_sent && !tried_again && (api.flags & ABK_SECOND_TRY) != 0;
    tried_again = tried_again || second_try;
    l->may_see_password = !password_sent || second_try;
    leg_over over(l, *where);
    co_await over;
    password_sent = password_sent || out.password_sent;
    if (!l->goes_on) {
      out.password_sent = password_sent;
      count(out);
      co_return;
    }
    role = l->next_role;
    carry = std::move(l->next_carry);
    if (l->next_upstream >= 0) upstream = l->next_upstream;
  }
  core_->misbehaved("a question with more than 8 legs");
  out = finding::tempfail(reason::internal, "more than 8 legs", password_sent);
  count(out);
}

// The pool of a dynamic route's host: the backend's first URL with the host replaced.
std::shared_ptr<pool> plugin_backend::pool_for(std::string_view host) {
  const std::lock_guard hold(mutex_);
  const auto it = std::find_if(dynamic_.begin(), dynamic_.end(), [&](const dynamic_pool& d) { return d.host == host; });
  if (it != dynamic_.end()) {
    dynamic_.splice(dynamic_.begin(), dynamic_, it);
    return it->its;
  }
  if (dynamic_.size() >= dynamic_hosts_max) {
    const pool_status oldest = dynamic_.back().its->status();
    if (oldest.connections != oldest.idle || oldest.waiting != 0) return nullptr;
    dynamic_.back().its->retire();
    dynamic_.pop_back();
  }
  upstream_rules u = core_->rules.upstream.front();
  u.host = host;
  dynamic_.push_front({std::string(host), std::make_shared<pool>(core_, std::vector<upstream_rules>{u}, true, core_->rules.pool.connections)});
  return dynamic_.front().its;
}

task<finding> plugin_backend::connect_only(std::size_t upstream, trace* out, steady::time_point until) {
  stage_question q;
  q.kind = question_kind::probe;
  q.out = out;
  finding found;
  const leg_ptr l = make_leg(q, until, until, found);
  const leg_guard guard{l};
  l->only_upstream = static_cast<int>(upstream);
  leg_over over(l, *pool_);
  co_await over;
  co_return found;
}

backend_status plugin_backend::status() const {
  backend_status out;
  out.name = core_->rules.name;
  out.plugin = core_->rules.plugin;
  out.plugin_version = plugin_version_;
  if (pool_) out.connections = pool_->status();
  if (lane_) {
    out.threads_busy = lane_->busy();
    out.threads_waiting = lane_->waiting();
  }
  out.misbehaviour = core_->misbehaviour.load(std::memory_order_relaxed);
  for (const tally& t : counted_) {
    out.counted.yes += t.yes;
    out.counted.no += t.no;
    out.counted.unverifiable += t.unverifiable;
    out.counted.tempfail += t.tempfail;
  }
  return out;
}

}  // namespace authbroker
