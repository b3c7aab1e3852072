#include "front/policy_session.hpp"

#include <algorithm>

#include "wire/address_form.hpp"
#include "wire/policy.hpp"

namespace authbroker {
namespace {

constexpr std::string_view no_opinion = "DUNNO";
constexpr std::string_view later = "DEFER_IF_PERMIT 4.3.0 The recipient cannot be checked now, try again later";

}  // namespace

policy_session::policy_session(std::shared_ptr<branch> home, int fd, peer who)
    : asking_session(std::move(home), fd, std::move(who), policy_limits{}.request_bytes_max) {}

asking_session::taken policy_session::take(std::string_view bytes, query& q) {
  policy_limits limits;
  limits.request_bytes_max = std::min<std::size_t>(limits.request_bytes_max, rules().limits.request_bytes);
  const policy_outcome got = parse_policy(bytes, limits);
  taken t;
  t.what = got.what;
  t.used = got.used;
  if (got.what != progress::message) return t;
  if (got.request.protocol_state != "RCPT" || got.request.recipient.empty()) {
    append_policy(output(), no_opinion);
    t.answered = true;
    return t;
  }
  q.kind = question_kind::mailbox;
  q.address = quoted_address(got.request.recipient);
  q.session.assign(got.request.instance);
  report_client(q, got.request.client_address, from(), terms());
  under_way_.begin(table_kind::policy, name(table_kind::policy), {}, rules());
  q.wire = &under_way_;
  return t;
}

session::ending policy_session::say(const answer& a) {
  const table_answer said = under_way_.reply(a);
  switch (said.what) {
    case table_answer::word::found: append_policy(output(), said.text); break;
    case table_answer::word::not_found: append_policy(output(), no_opinion); break;
    case table_answer::word::temporary: append_policy(output(), later); break;
  }
  return ending::none;
}

}  // namespace authbroker
