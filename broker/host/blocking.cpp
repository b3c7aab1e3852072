#include "host/blocking.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>

#include "host/answers.hpp"

namespace authbroker {
namespace {

struct check_state {
  abk_check api;
  backend_core* core;
  question_kind kind;
  typed by;
  finding& out;
  bool answered = false;
};

void take_answer(abk_check* c, const abk_answer* answer) {
  check_state& me = *static_cast<check_state*>(c->host);
  if (me.answered || answer == nullptr || answer->size < sizeof(abk_answer)) {
    me.core->misbehaved("check() answered twice, or with a short struct");
    return;
  }
  me.answered = true;
  bool is_legal = true;
  read_answer(me.kind, *answer, me.by, me.out, is_legal);
  if (!is_legal) me.core->misbehaved(me.out.operator_text);
}

}  // namespace

abk_question to_question(const stage_question& q, steady::time_point until) {
  abk_question out{};
  out.size = sizeof out;
  out.kind = q.kind == question_kind::login ? ABK_LOGIN : q.kind == question_kind::mailbox ? ABK_MAILBOX : ABK_PROBE;
  out.id = 1;
  out.login_name = to_abk(q.login_name);
  out.address = to_abk(q.address);
  out.local = to_abk(q.local);
  out.domain = to_abk(q.domain);
  out.identity = to_abk(q.identity);
  if (q.password != nullptr) out.password = to_abk(q.password->reveal());
  out.client = to_abk(q.client);
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - steady::now()).count();
  out.time_left_ms = static_cast<std::uint32_t>(std::clamp<std::int64_t>(left, 1, 3'600'000));
  return out;
}

void run_check(backend_core& core, const abk_question& q, question_kind kind, std::string_view password, finding& out) {
  check_state state{{sizeof(abk_check), nullptr, &take_answer}, &core, kind, {password, {view(q.address), view(q.login_name), view(q.identity), view(q.local), view(q.domain)}}, out, false};
  state.api.host = &state;
  if (core.disabled()) {
    out = finding::tempfail(reason::internal, "the backend is disabled: its plugin misbehaved too often");
    return;
  }
  try {
    core.api->check(core.api, &q, &state.api);
  } catch (const std::exception& e) {
    core.misbehaved(std::string("check() threw: ") + e.what());
    out = finding::tempfail(reason::internal, "the plugin failed");
    state.answered = true;
  } catch (...) {
    core.misbehaved("check() threw");
    out = finding::tempfail(reason::internal, "the plugin failed");
    state.answered = true;
  }
  if (!state.answered) {
    core.misbehaved("check() returned without an answer");
    out = finding::tempfail(reason::internal, "the plugin gave no answer");
  }
  out.password_sent = kind == question_kind::login;  // it has seen it, and who knows what it did
}

// Copies: the asker may be gone before the thread is done.
struct blocking_lane::job final : thread_lane::task {
  void run() override;
  std::shared_ptr<backend_core> core;
  leg_ptr asked;
  question_kind kind = question_kind::login;
  std::string login_name, address, local, domain, identity, client;
  secret password;
  steady::time_point until;
  worker* home = nullptr;
};

void blocking_lane::submit(const leg_ptr& l) {
  const stage_question& q = *l->asked;
  const auto j = std::make_shared<job>();
  j->core = core_;
  j->asked = l;
  j->kind = q.kind;
  j->login_name = q.login_name;
  j->address = q.address;
  j->local = q.local;
  j->domain = q.domain;
  j->identity = q.identity;
  j->client = q.client;
  if (q.password != nullptr) j->password = q.password->copy();
  j->until = l->until;
  j->home = l->home;
  const std::weak_ptr<leg> weak = l;
  l->deadline_timer.bind(l->home->timers, [weak] {
    if (const leg_ptr it = weak.lock()) give_up_leg(*it, finding::tempfail(reason::deadline, "the plugin did not answer in time"));
  });
  l->deadline_timer.arm(l->until);
  l->start_timer.bind(l->home->timers, [weak, weak_job = std::weak_ptr<job>(j), threads = std::weak_ptr(threads_)] {  // weak: the job holds the leg
    const leg_ptr it = weak.lock();
    const auto waiting = weak_job.lock();
    const auto lane = threads.lock();
    if (it == nullptr || waiting == nullptr || lane == nullptr || lane->started(*waiting)) return;
    give_up_leg(*it, finding::tempfail(reason::overloaded, "all threads of the backend are busy"));
  });
  l->start_timer.arm(std::min(l->start_by, l->until));
  // Never through j->asked: once a thread has the job, that is the thread's.
  l->on_give_up = [threads = threads_, j, weak] {
    const bool begun = !threads->withdraw(j);
    if (const leg_ptr it = weak.lock(); it != nullptr && begun) it->password_sent = j->kind == question_kind::login;
  };
  switch (threads_->submit(j)) {
    case thread_lane::outcome::taken: return;
    case thread_lane::outcome::full: return end_leg(*l, finding::tempfail(reason::overloaded, "the queue of the backend is full"));
    case thread_lane::outcome::retired: return end_leg(*l, finding::tempfail(reason::shutting_down, "the configuration was replaced"));
    case thread_lane::outcome::no_thread: return end_leg(*l, finding::tempfail(reason::overloaded, "the system gives no thread for the plugin"));
  }
}

void blocking_lane::job::run() {
  stage_question q;
  q.kind = kind;
  q.login_name = login_name;
  q.address = address;
  q.local = local;
  q.domain = domain;
  q.identity = identity;
  q.client = client;
  if (!password.empty()) q.password = &password;
  finding f;
  run_check(*core, to_question(q, until), kind, password.reveal(), f);
  password.clear();
  // By its worker: the leg is not ours to touch here.
  boost::asio::post(home->io, [l = std::move(asked), f = std::move(f)]() mutable { end_leg(*l, std::move(f)); });
}

}  // namespace authbroker
