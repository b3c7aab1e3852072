#include "front/asking_session.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>

#include "base/log.hpp"

namespace authbroker {

bool asking_session::on_bytes() {
  terms_ = home().terms();
  query q = begin_query(from(), *terms_);
  const taken got = take(input().bytes(), q);
  listener_shared& shared = home().shared();
  switch (got.what) {
    case progress::need_more:
      terms_.reset();
      expect_more();
      return false;
    case progress::malformed:
      begin();
      shared.counts.malformed.fetch_add(1, std::memory_order_relaxed);
      complain();
      finish(ending::abrupt);
      return true;
    case progress::message: break;
  }
  begin();
  shared.counts.requests.fetch_add(1, std::memory_order_relaxed);
  input().consume(got.used);
  if (got.answered) {
    finish(got.then);
    return true;
  }
  question_ = std::move(q);
  began_ = steady::now();
  auto done = [this, self = shared_from_this()](std::exception_ptr trouble, const answer& a) { reply(trouble, a); };
  boost::asio::co_spawn(home().on().io.get_executor(), ask(), boost::asio::bind_cancellation_slot(cancelled(), std::move(done)));
  return true;
}

boost::asio::awaitable<answer> asking_session::ask() {
  if (!may_ask(question_.kind, terms_->rules)) co_return own_answer(verdict::tempfail, reason::misconfigured, question_);
  const in_flight_place place(home().shared(), *terms_);
  if (!place) co_return own_answer(verdict::tempfail, reason::overloaded, question_);
  co_return co_await home().shared().parts.who->ask(std::move(question_), nullptr);
}

void asking_session::reply(std::exception_ptr trouble, const answer& a) {
  if (ended()) return finish(ending::clean);
  if (trouble && home().shared().complain())
    home().shared().parts.log->line(level::error, "request_failed").field("listener", terms_->rules.name);
  const answer& said = trouble ? answer{} : a;  // which begins as tempfail(internal)
  const ending then = say(said);
  finish(draining() && then == ending::none ? ending::clean : then, not_before(question_.kind, said.found.what, began_, home().shared().parts.times.floor));
}

void asking_session::on_served() {
  terms_.reset();
  question_ = {};
}

}  // namespace authbroker
