#include "front/terms.hpp"

#include <algorithm>

#include "wire/client_address.hpp"

namespace authbroker {

result<std::shared_ptr<const listener_terms>> make_terms(listener_rules rules) {
  auto peers = resolve_peers(rules);
  if (!peers) return peers.error();
  auto made = std::make_shared<listener_terms>();
  made->rules = std::move(rules);
  made->peers = std::move(*peers);
  return std::shared_ptr<const listener_terms>(std::move(made));
}

bool listener_shared::complain() {
  // Seconds since the clock's start, plus one: 0 means never.
  const std::int64_t now = std::chrono::duration_cast<std::chrono::seconds>(steady::now().time_since_epoch()).count() + 1;
  std::int64_t last = complained_at.load(std::memory_order_relaxed);
  return last != now && complained_at.compare_exchange_strong(last, now, std::memory_order_relaxed);
}

void listener_shared::refused(const listener_rules& rules, const peer& from, std::string_view error) {
  counts.malformed.fetch_add(1, std::memory_order_relaxed);
  if (complain()) parts.log->line(level::warning, "request_refused").field("listener", rules.name).field("caller", from.text).field("error", error);
}

in_flight_place::in_flight_place(listener_shared& s, const listener_terms& t)
    : shared_(s), taken_(s.counts.in_flight.fetch_add(1, std::memory_order_relaxed) < t.rules.limits.in_flight) {
  if (taken_) return;
  shared_.counts.in_flight.fetch_sub(1, std::memory_order_relaxed);
  shared_.counts.overloaded.fetch_add(1, std::memory_order_relaxed);
  if (shared_.complain())
    shared_.parts.log->line(level::warning, "listener_overloaded").field("listener", t.rules.name).field("in_flight", t.rules.limits.in_flight);
}

in_flight_place::~in_flight_place() {
  if (taken_) shared_.counts.in_flight.fetch_sub(1, std::memory_order_relaxed);
}

void begin_query(query& q, const peer& from, const listener_terms& t) {
  q.caller = from.text;
  q.listener = t.rules.name;
  q.default_domain = t.rules.default_domain;
}

void report_client(query& q, std::string_view reported, const peer& from, const listener_terms& t) {
  q.client = normal_client(reported);
  q.client_believed = !q.client.empty() && trusted(from, t.peers);
}

bool may_ask(question_kind kind, const listener_rules& rules) {
  const permission needed = kind == question_kind::login ? permission::login : permission::mailbox;
  return std::find(rules.allow.begin(), rules.allow.end(), needed) != rules.allow.end();
}

mailbox_word two_valued(verdict v, unverifiable_as as) {
  switch (v) {
    case verdict::exists: return mailbox_word::exists;
    case verdict::absent: return mailbox_word::absent;
    case verdict::no_route: return mailbox_word::no_route;
    case verdict::unverifiable:
      switch (as) {
        case unverifiable_as::exists: return mailbox_word::exists;
        case unverifiable_as::absent: return mailbox_word::absent;
        case unverifiable_as::tempfail: return mailbox_word::tempfail;
      }
      break;
    case verdict::tempfail:
    case verdict::accept:
    case verdict::reject: break;
  }
  return mailbox_word::tempfail;
}

namespace {

class words_of_logins final : public wire_words {
 public:
  std::string_view table() const override { return {}; }
  std::string_view said(const answer& a) override { return a.found.what == verdict::no_route ? name(verdict::reject) : std::string_view(); }
};

class words_of_mailboxes final : public wire_words {
 public:
  explicit words_of_mailboxes(unverifiable_as as, std::string_view table = "userdb") : as_(as), table_(table) {}
  std::string_view table() const override { return table_; }
  std::string_view said(const answer& a) override {
    verdict told = verdict::tempfail;
    switch (two_valued(a.found.what, as_)) {
      // There is no yes without a name in it.
      case mailbox_word::exists: told = a.found.mailbox.empty() && a.identity.empty() ? verdict::tempfail : verdict::exists; break;
      case mailbox_word::absent:
      case mailbox_word::no_route: told = verdict::absent; break;
      case mailbox_word::tempfail: break;
    }
    return told == a.found.what ? std::string_view() : name(told);
  }

 private:
  unverifiable_as as_;
  std::string_view table_;
};

}  // namespace

wire_words& login_words() {
  static words_of_logins words;
  return words;
}

wire_words& mailbox_words(unverifiable_as as) {
  static words_of_mailboxes exists(unverifiable_as::exists), absent(unverifiable_as::absent), tempfail(unverifiable_as::tempfail);
  switch (as) {
    case unverifiable_as::exists: return exists;
    case unverifiable_as::absent: return absent;
    case unverifiable_as::tempfail: break;
  }
  return tempfail;
}

wire_words& recipient_words() {
  static words_of_mailboxes words(unverifiable_as::exists, {});
  return words;
}

answer own_answer(verdict v, reason r, const query& q) {
  answer a;
  a.found.what = v;
  a.found.why = r;
  a.found.rule = "listener";
  a.client_believed = q.client_believed;
  if (const verdict_row* row = find_row(v, r)) a.text.assign(told(*row, q.kind));
  return a;
}

steady::time_point not_before(question_kind kind, verdict v, steady::time_point began, std::chrono::milliseconds floor) {
  const bool waits = kind == question_kind::login && (is_no(v) || v == verdict::no_route);
  return waits ? began + floor : steady::time_point{};
}

}  // namespace authbroker
