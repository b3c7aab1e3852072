#include "front/saslauthd_session.hpp"

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>

#include "base/log.hpp"
#include "wire/client_address.hpp"
#include "wire/saslauthd.hpp"

namespace authbroker {
namespace {

constexpr std::size_t fields_max = 5;

// "203.0.113.7;4711", as the client library writes it.
std::string_view without_port(std::string_view client) { return client.substr(0, client.find(';')); }

}  // namespace

saslauthd_session::saslauthd_session(std::shared_ptr<branch> home, int fd, peer who)
    : session(std::move(home), fd, std::move(who), fields_max * (2 + saslauthd_limits{}.field_bytes_max)) {}

bool saslauthd_session::on_bytes() {
  const saslauthd_outcome got = parse_saslauthd(input().bytes());
  if (got.what == progress::need_more) {
    expect_more();
    return false;
  }
  begin();
  listener_shared& shared = home().shared();
  if (got.what == progress::malformed) {
    shared.counts.malformed.fetch_add(1, std::memory_order_relaxed);
    finish(ending::abrupt);
    return true;
  }
  shared.counts.requests.fetch_add(1, std::memory_order_relaxed);
  terms_ = home().terms();
  question_.kind = question_kind::login;
  question_.address = saslauthd_address(got.request.login, got.request.realm);
  question_.password = secret(got.request.password);
  question_.service.assign(got.request.service);
  question_.client = normal_client(without_port(got.request.client));
  question_.client_believed = !question_.client.empty() && trusted(from(), terms_->peers);
  question_.caller = from().text;
  question_.listener = terms_->rules.name;
  question_.default_domain = terms_->rules.default_domain;
  input().consume(input().bytes().size());
  began_ = steady::now();
  auto done = [this, self = shared_from_this()](std::exception_ptr trouble, const answer& a) { reply(trouble, a); };
  boost::asio::co_spawn(home().on().io.get_executor(), ask(), boost::asio::bind_cancellation_slot(cancelled(), std::move(done)));
  return true;
}

boost::asio::awaitable<answer> saslauthd_session::ask() {
  const auto& allow = terms_->rules.allow;
  if (std::find(allow.begin(), allow.end(), permission::login) == allow.end())
    co_return own_answer(verdict::tempfail, reason::misconfigured, question_);
  const in_flight_place place(home().shared(), *terms_);
  if (!place) co_return own_answer(verdict::tempfail, reason::overloaded, question_);
  co_return co_await home().shared().parts.who->ask(std::move(question_), nullptr);
}

void saslauthd_session::reply(std::exception_ptr trouble, const answer& a) {
  verdict said = verdict::tempfail;
  if (!trouble) {
    said = a.found.what;
  } else if (!ended() && home().shared().complain()) {
    home().shared().parts.log->line(level::error, "request_failed").field("listener", terms_->rules.name);
  }
  switch (said) {
    case verdict::accept: output() = saslauthd_yes; break;
    case verdict::reject:
    case verdict::no_route: output() = saslauthd_no; break;
    case verdict::tempfail:
    case verdict::exists:
    case verdict::absent:
    case verdict::unverifiable: break;  // nothing: the end of the connection is the reply
  }
  finish(ending::clean, not_before(question_kind::login, said, began_, home().shared().parts.times.floor));
}

void saslauthd_session::on_served() {
  terms_.reset();
  question_ = {};
}

}  // namespace authbroker
