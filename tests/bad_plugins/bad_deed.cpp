// Plugins that load, and then do one thing that the contract forbids. Everything else is done well: a login conversation that
// answers yes to the line "yes", and no to any other.
#include <abk/plugin.h>

#include <cstdlib>
#include <cstring>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

struct talk {
  abk_session api{};
  std::uint32_t id = 0;
};
talk& self(abk_session* s) { return *static_cast<talk*>(s->self); }

[[maybe_unused]] void finish(abk_io* up, std::uint32_t id, std::uint32_t verdict, std::uint32_t reason) {
  abk_answer a{};
  a.size = sizeof a;
  a.verdict = verdict;
  a.reason = reason;
  a.rule = {"bad.deed", 8};
#ifdef BAD_short_answer
  a.size = 8;
#endif
#ifdef BAD_huge_answer
  static const std::string text(1'000'000, 'x');
  static const abk_str addresses[100'000] = {};
  a.rule = a.public_text = a.operator_text = a.notice = a.mailbox = {text.data(), text.size()};
  a.addresses = addresses;
  a.address_count = 100'000;
#endif
  up->finish(up, id, &a);
}

[[maybe_unused]] abk_step prepare(abk_session*, abk_io* up) {
#ifdef BAD_throws_in_prepare
  throw std::runtime_error("in prepare");
#endif
#ifdef BAD_yes_in_prepare
  finish(up, 0, ABK_YES, ABK_REASON_NONE);
  return ABK_CLOSE;
#endif
  (void)up;
  return ABK_READY;
}

[[maybe_unused]] abk_step begin(abk_session* s, const abk_question* q, abk_io* up) {
  self(s).id = q->id;
#ifdef BAD_throws_in_begin
  throw std::runtime_error("in begin");
#endif
#ifdef BAD_sends_a_lot
  static const std::string much(1'000'000, 'x');
  up->send(up, much.data(), much.size(), nullptr, 0);
#endif
#ifdef BAD_start_tls_late
  return ABK_START_TLS;
#endif
#ifdef BAD_ready_unanswered
  return ABK_READY;
#endif
#ifdef BAD_no_answer
  return ABK_CLOSE;
#endif
#ifdef BAD_unmarked_secret
  up->send(up, q->password.data, q->password.len, nullptr, 0);
  up->send(up, "\r\n", 2, nullptr, 0);
  return ABK_READ;
#endif
  up->send(up, "ask\r\n", 5, nullptr, 0);
  return ABK_READ;
}

[[maybe_unused]] abk_step resume(abk_session* s, abk_io* up) {
  const std::string_view in(up->in.data == nullptr ? "" : up->in.data, up->in.len);
  const std::uint32_t id = self(s).id;
#ifdef BAD_throws_in_resume
  throw 7;
#endif
#ifdef BAD_never_finishes
  up->consume(up, in.size());
  (void)id;
  return ABK_READ;
#endif
  const std::size_t end = in.find('\n');
  if (end == in.npos) return ABK_READ;
  [[maybe_unused]] const bool yes = in.substr(0, 3) == "yes";
  up->consume(up, end + 1);
#if defined(BAD_another_id)
  finish(up, id + 1000, ABK_YES, ABK_REASON_NONE);
#elif defined(BAD_illegal_reason)
  finish(up, id, ABK_YES, ABK_REASON_WRONG_PASSWORD);
#elif defined(BAD_unknown_verdict)
  finish(up, id, 77, ABK_REASON_NONE);
#elif defined(BAD_unknown_reason)
  finish(up, id, ABK_YES, 7777);
#elif defined(BAD_misleading_next)
  up->next(up, id, 77, {nullptr, 0});
#else
  finish(up, id, yes ? ABK_YES : ABK_NO, yes ? ABK_REASON_NONE : ABK_REASON_WRONG_PASSWORD);
#endif
#ifdef BAD_finishes_twice
  finish(up, id, yes ? ABK_YES : ABK_NO, yes ? ABK_REASON_NONE : ABK_REASON_WRONG_PASSWORD);
#endif
#ifdef BAD_finishes_yes_then_no
  finish(up, id, yes ? ABK_NO : ABK_YES, yes ? ABK_REASON_WRONG_PASSWORD : ABK_REASON_NONE);
#endif
  return ABK_CLOSE;
}

#ifdef BAD_garbage_step
// As a number: a C++ function cannot return an enumerator that does not exist, but a plugin in another language can.
std::uint32_t garbage(abk_session*, const abk_question*, abk_io*) { return 77; }
#endif

[[maybe_unused]] bool cancel(abk_session*, std::uint32_t) {
#ifdef BAD_throws_in_cancel
  throw std::runtime_error("in cancel");
#endif
  return false;
}
[[maybe_unused]] void destroy_session(abk_session* s) {
  delete &self(s);
#ifdef BAD_throws_in_destroy
  throw std::runtime_error("in destroy");
#endif
}

abk_session* open(const abk_backend*, std::uint32_t) {
#ifdef BAD_throws_in_open
  throw std::runtime_error("in open");
#endif
#ifdef BAD_null_open
  return nullptr;
#else
  auto* t = new (std::nothrow) talk;
  if (t == nullptr) return nullptr;
  t->api = {sizeof(abk_session), t, prepare, begin, resume, cancel, destroy_session, nullptr, nullptr};
#ifdef BAD_garbage_step
  t->api.begin = reinterpret_cast<decltype(t->api.begin)>(garbage);
#endif
  return &t->api;
#endif
}

[[maybe_unused]] void check(const abk_backend*, const abk_question* q, abk_check* out) {
  abk_answer a{};
  a.size = sizeof a;
  a.verdict = q->password.len > 3 ? ABK_YES : ABK_NO;
  a.reason = q->password.len > 3 ? ABK_REASON_NONE : ABK_REASON_WRONG_PASSWORD;
#ifdef BAD_check_throws
  throw std::runtime_error("in check");
#endif
#ifdef BAD_check_illegal
  a.verdict = ABK_NO;
  a.reason = ABK_REASON_ALERT;
#endif
#ifndef BAD_check_silent
  out->finish(out, &a);
#endif
#ifdef BAD_check_twice
  a.verdict = ABK_TEMPFAIL;
  a.reason = ABK_REASON_INTERNAL;
  out->finish(out, &a);
#endif
  (void)out;
}

abk_backend* create(const abk_host*, abk_config* cfg) {
#ifdef BAD_throws_in_create
  throw std::runtime_error("in create");
#endif
#ifdef BAD_crashes_in_create
  std::abort();
#endif
#ifdef BAD_null_create
  cfg->problem(cfg, "settings", "found nothing good; wanted: something better");
  return nullptr;
#endif
#ifdef BAD_silent_create
  return nullptr;
#endif
  (void)cfg;
  auto* b = new (std::nothrow) abk_backend{};
  if (b == nullptr) return nullptr;
  b->size = sizeof *b;
  b->kinds = ABK_LOGIN;
  b->open = open;
  b->destroy = [](abk_backend* dead) { delete dead; };
#if defined(BAD_check_throws) || defined(BAD_check_silent) || defined(BAD_check_twice) || defined(BAD_check_illegal)
  b->check_kinds = ABK_LOGIN;
  b->check = check;
#endif
#ifdef BAD_no_open
  b->open = nullptr;
#endif
#ifdef BAD_short_backend
  b->size = 16;
#endif
  return b;
}

}  // namespace

extern "C" ABK_EXPORT const abk_plugin* abk_plugin_1(void) {
  static const abk_plugin me = {sizeof(abk_plugin), ABK_ABI_MINOR, BAD_NAME, "0", nullptr, create};
  return &me;
}
