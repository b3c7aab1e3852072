#include "front/concurrent_session.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <new>
#include <utility>

#include "base/log.hpp"

namespace authbroker {
namespace {

constexpr auto place_look = std::chrono::milliseconds(20);  // how often one that waits for the listener looks again

}  // namespace

bool concurrent_session::idle() const {
  return questions_.empty() && output().empty() && !dialogues_open() && !ending_ && !bidding_farewell();
}

bool concurrent_session::takes_more() {
  if (ended() || bidding_farewell() || ending_ || draining() || output().size() >= output_bytes_max) return false;
  return questions_.size() < open_max && !listener_is_full();
}

// For one that has something to wait for. To others it has to be told.
bool concurrent_session::listener_is_full() {
  return !questions_.empty() && home().shared().counts.in_flight.load(std::memory_order_relaxed) >= home().terms()->rules.limits.in_flight;
}

concurrent_session::taken concurrent_session::take_one() {
  try {
    return take(input().bytes());
  } catch (const std::bad_alloc&) {  // there is no room for one more password
    if (home().shared().complain())
      home().shared().parts.log->line(level::error, "request_failed").field("listener", home().terms()->rules.name).field("why", "no memory");
    taken none;
    none.what = progress::malformed;
    return none;
  }
}

void concurrent_session::work() {
  if (working_) return;
  working_ = true;
  terms_ = home().terms();
  while (takes_more() && !input().empty()) {
    const taken got = take_one();
    if (got.what == progress::need_more) {
      if (partial_until_ == steady::time_point::max()) partial_until_ = steady::now() + times().request;
      break;
    }
    partial_until_ = steady::time_point::max();
    idle_since_ = steady::now();
    if (got.what == progress::message) {
      input().consume(got.used);
      continue;
    }
    home().shared().refused(terms_->rules, from(), "not_this_protocol");
    malformed_ = true;
    end_after_answers();
  }
  if (!takes_more()) partial_until_ = steady::time_point::max();  // what waits here does so on our time
  terms_.reset();
  working_ = false;
  settle();
}

// After whatever happened: sends what there is to send, ends what is to end, reads on, and sets the next deadline.
void concurrent_session::settle() {
  if (ended() || bidding_farewell()) return;
  if (!output().empty()) flush();
  if (ended()) return;
  if (questions_.empty() && output().empty()) {
    if (ending_ || draining()) return end();
    if (end_of_input()) return close();
  }
  limit(next_deadline());
  read_on();
}

// A client that has got all its answers, and sends its next request before it has noticed, makes another connection only if it
// cannot write to this one any more: so the socket is not kept half open. On a Unix socket what was written stays readable.
void concurrent_session::end() {
  if (from().is_unix) return close();
  say_farewell(!malformed_);
}

steady::time_point concurrent_session::next_deadline() {
  steady::time_point at = std::min(blocked_until_, partial_until_);
  if (questions_.empty() && output().empty()) return std::min(at, idle_since_ + home().terms()->rules.limits.idle);
  for (const auto& q : questions_)
    if (q->answered) at = std::min(at, q->due);
  // The places of others become free without a word to us.
  if (!input().empty() && !ending_ && !draining() && listener_is_full()) at = std::min(at, steady::now() + place_look);
  return at;
}

concurrent_session::question& concurrent_session::add(std::uint32_t id, question_kind kind) {
  home().shared().counts.requests.fetch_add(1, std::memory_order_relaxed);
  auto made = std::make_unique<question>();
  made->id = id;
  made->kind = kind;
  made->terms = terms_;
  made->began = steady::now();
  questions_.push_back(std::move(made));
  return *questions_.back();
}

void concurrent_session::ask(std::uint32_t id, query asked) {
  const bool allowed = may_ask(asked.kind, terms_->rules);
  question& q = add(id, asked.kind);
  if (allowed) q.place.emplace(home().shared(), *terms_);
  if (!allowed || !*q.place) return on_answer(q, nullptr, own_answer(verdict::tempfail, allowed ? reason::overloaded : reason::misconfigured, asked));
  auto kept = std::make_unique<exchange>(exchange{std::move(asked), {}});
  exchange& its = *kept;
  auto done = [this, self = shared_from_this(), &q, kept = std::move(kept)](const std::exception_ptr& trouble) { on_answer(q, trouble, kept->found); };
  run_task(home().shared().parts.who->ask(its.asked, its.found, nullptr), &q.stop, std::move(done));
}

void concurrent_session::answer_own(std::uint32_t id, verdict what, reason why, const query& asked) {
  on_answer(add(id, asked.kind), nullptr, own_answer(what, why, asked));
}

void concurrent_session::on_answer(question& q, const std::exception_ptr& trouble, const answer& a) {
  if (ended() || q.forgotten) {
    remove(q);
    // A place has become free.
    if (!ended() && !working_) work();
    return;
  }
  if (trouble && home().shared().complain())
    home().shared().parts.log->line(level::error, "request_failed").field("listener", q.terms->rules.name);
  const answer& said = trouble ? answer{} : a;  // which begins as tempfail(internal)
  if (!say(q.id, said, q.terms->rules, q.reply)) end_after_answers();
  q.answered = true;
  q.place.reset();
  q.due = not_before(q.kind, said.found.what, q.began, times().floor);
  if (q.due > steady::now()) {
    if (!working_) settle();
    return;
  }
  output() += q.reply;
  remove(q);
  idle_since_ = steady::now();
  home().touch(*this);
  if (working_) return;
  if (questions_.empty()) work();
  else work_soon();
}

// After what is ready already: answers that come together go out in one piece.
void concurrent_session::work_soon() {
  if (std::exchange(work_posted_, true)) return;
  boost::asio::post(home().on().io, [this, self = shared_from_this()] {
    work_posted_ = false;
    work();
  });
}

void concurrent_session::send_due(steady::time_point now) {
  for (std::size_t i = 0; i < questions_.size();) {
    question& q = *questions_[i];
    if (!q.answered || q.due > now) {
      ++i;
      continue;
    }
    output() += q.reply;
    remove(q);
    idle_since_ = now;
  }
}

void concurrent_session::on_blocked() {
  if (blocked_until_ == steady::time_point::max()) blocked_until_ = steady::now() + times().reply;
}

// What waited for the caller to take its replies goes on.
void concurrent_session::on_flushed() {
  if (std::exchange(blocked_until_, steady::time_point::max()) != steady::time_point::max()) work();
}

void concurrent_session::on_deadline() {
  const auto now = steady::now();
  if (now >= blocked_until_) return close();
  send_due(now);
  if (now >= partial_until_) {  // whatever is in the buffer, it is no request
    partial_until_ = steady::time_point::max();
    end_after_answers();
  }
  if (questions_.empty() && output().empty() && now >= idle_since_ + home().terms()->rules.limits.idle) return close();
  work();
}

void concurrent_session::on_drain() {
  if (bidding_farewell()) return;
  if (idle()) return close();
  settle();
}

std::size_t concurrent_session::find(std::uint32_t id) const {
  std::size_t i = 0;
  while (i < questions_.size() && (questions_[i]->id != id || questions_[i]->forgotten)) ++i;
  return i;
}

void concurrent_session::forget(std::uint32_t id) {
  const std::size_t at = find(id);
  if (at == questions_.size()) return;
  question& q = *questions_[at];
  q.forgotten = true;
  if (q.answered) return remove(q);
  q.stop.request();
}

void concurrent_session::remove(const question& q) {
  std::erase_if(questions_, [&q](const auto& one) { return one.get() == &q; });
}

void concurrent_session::on_close() {
  std::erase_if(questions_, [](const auto& q) { return q->answered; });
  for (const auto& q : questions_) {
    if (q->forgotten) continue;
    home().shared().counts.vanished.fetch_add(1, std::memory_order_relaxed);
    q->stop.request();
  }
}

}  // namespace authbroker
