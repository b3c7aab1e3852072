#include "front/http_session.hpp"

#include "base/log.hpp"

namespace authbroker {
namespace {

task<http_reply> failed(std::exception_ptr why) {
  std::rethrow_exception(std::move(why));
  co_return http_reply{};
}

// What the service throws before there is a task counts as the task's own.
task<http_reply> begin_handling(http_service& by, const http_request& r) {
  try {
    return by.handle(r);
  } catch (...) {
    return failed(std::current_exception());
  }
}

std::size_t bytes_max(const listener_terms& t) { return std::size_t{t.rules.limits.header_bytes} + t.rules.limits.request_bytes; }

}  // namespace

http_session::http_session(std::shared_ptr<branch> home, int fd, peer who)
    : session(home, fd, std::move(who), bytes_max(*home->terms())) {}

bool http_session::on_bytes() {
  const std::string_view bytes = input().bytes();
  if (bytes.size() < needed_) {
    expect_more();
    return false;
  }
  request_.terms = home().terms();
  const limits_rules& limits = request_.terms->rules.limits;
  input().allow(bytes_max(*request_.terms));
  const bool looked_before = needed_ != 0;  // while the body came, the buffer may have moved: read the head again
  if (looked_before) scan_ = {};
  http_head_limits head_limits;
  head_limits.header_bytes_max = limits.header_bytes;
  const http_head_outcome got = parse_http_head(bytes, scan_, head_limits);
  if (got.what == progress::need_more) {
    expect_more();
    return false;
  }
  if (got.what == progress::malformed) {
    refuse(*got.error);
    return true;
  }
  request_.head = got.head;
  const auto plan = home().shared().service->admit(got.head, from(), *request_.terms);
  if (plan.error != nullptr) {
    refuse(*plan.error, plan.allow);
    return true;
  }
  if (const http_error* e = judge_body(got.head, plan.body, limits.request_bytes)) {
    refuse(*e);
    return true;
  }
  const std::size_t body = plan.body == http_body::json ? static_cast<std::size_t>(*got.head.content_length) : 0;
  needed_ = got.used + body;
  if (bytes.size() < needed_) {
    if (got.head.expect_continue && got.head.version_1_1 && !looked_before && bytes.size() == got.used) interject(continue_reply);
    expect_more();
    return false;
  }
  request_.body = bytes.substr(got.used, body);
  body_unread_ = plan.body == http_body::ignored && got.head.content_length.value_or(0) != 0;
  used_ = needed_;
  serve();
  return true;
}

void http_session::serve() {
  begin();
  home().shared().counts.requests.fetch_add(1, std::memory_order_relaxed);
  request_.from = &from();
  auto done = [this, self = shared_from_this()](const std::exception_ptr& trouble, http_reply&& r) { reply(trouble, std::move(r)); };
  run_task(begin_handling(*home().shared().service, request_), stop(), std::move(done));
}

void http_session::reply(const std::exception_ptr& trouble, http_reply&& r) {
  if (ended()) return finish(ending::clean);
  if (trouble) {
    r = make_error(http_errors::internal);
    try {
      std::rethrow_exception(trouble);
    } catch (const std::exception& e) {
      if (home().shared().complain())
        home().shared().parts.log->line(level::error, "request_failed").field("listener", request_.terms->rules.name).field("why", e.what());
    }
  }
  reply_form form;
  form.version_1_1 = request_.head.version_1_1;
  form.keep_alive = request_.head.keep_alive && !draining() && !body_unread_ && !r.close;
  form.head_only = request_.head.method == "HEAD";
  append_reply(output(), r, form);
  finish(form.keep_alive ? ending::none : body_unread_ ? ending::abrupt : ending::clean, r.not_before);
}

void http_session::refuse(const http_error& e, std::string_view allow) {
  begin();
  home().shared().refused(home().terms()->rules, from(), e.code);
  http_reply r = make_error(e);
  if (!allow.empty()) r.fields.push_back({"Allow", std::string(allow)});
  reply_form form;
  form.keep_alive = false;
  form.head_only = request_.head.method == "HEAD";
  append_reply(output(), r, form);
  used_ = input().bytes().size();
  finish(ending::abrupt);
}

void http_session::on_served() {
  input().consume(used_);
  used_ = needed_ = 0;
  scan_ = {};
  request_ = {};
  body_unread_ = false;
}

}  // namespace authbroker
