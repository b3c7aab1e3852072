#include "front/asking_session.hpp"

#include "base/log.hpp"

namespace authbroker {

bool asking_session::on_bytes() {
  terms_ = home().terms();
  auto kept = std::make_unique<exchange>();
  query& q = kept->asked;
  begin_query(q, from(), *terms_);
  const taken got = take(input().bytes(), q);
  listener_shared& shared = home().shared();
  switch (got.what) {
    case progress::need_more:
      terms_.reset();
      expect_more();
      return false;
    case progress::malformed:
      begin();
      shared.refused(terms_->rules, from(), "not_this_protocol");
      complain();
      finish(ending::abrupt);
      return true;
    case progress::message: break;
  }
  begin();
  shared.counts.requests.fetch_add(1, std::memory_order_relaxed);
  input().consume(got.used);
  if (got.answered) {
    finish(draining() && got.then == ending::none ? ending::clean : got.then);
    return true;
  }
  kind_ = q.kind;
  began_ = steady::now();
  const bool allowed = may_ask(kind_, terms_->rules);
  if (allowed) place_.emplace(shared, *terms_);
  if (!allowed || !*place_) {
    reply(nullptr, own_answer(verdict::tempfail, allowed ? reason::overloaded : reason::misconfigured, q));
    return true;
  }
  exchange& its = *kept;
  auto done = [this, self = shared_from_this(), kept = std::move(kept)](const std::exception_ptr& trouble) { reply(trouble, kept->found); };
  run_task(shared.parts.who->ask(its.asked, its.found, nullptr), stop(), std::move(done));
  return true;
}

void asking_session::reply(const std::exception_ptr& trouble, const answer& a) {
  place_.reset();
  if (ended()) return finish(ending::clean);
  if (trouble && home().shared().complain())
    home().shared().parts.log->line(level::error, "request_failed").field("listener", terms_->rules.name);
  const answer& said = trouble ? answer{} : a;  // which begins as tempfail(internal)
  const ending then = say(said);
  finish(draining() && then == ending::none ? ending::clean : then, not_before(kind_, said.found.what, began_, home().shared().parts.times.floor));
}

void asking_session::on_served() {
  terms_.reset();
}

}  // namespace authbroker
