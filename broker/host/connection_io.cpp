// The plugin's end of a connection: what abk_io offers, the masked transcript, and facts.
#include <algorithm>

#include "base/text.hpp"
#include "host/answers.hpp"
#include "host/connection.hpp"

namespace authbroker {
namespace {

constexpr std::size_t out_bytes_max = 64 * 1024, carry_bytes_max = 4096;

bool login_kind(const leg& l) { return l.asked->kind == question_kind::login; }

// Marked or not, a password in the clear counts. But a name that is sent is not the password that happens to be in it, and in
// a protocol that is not text any word of a request may be somebody's password ("people", "mail").
bool looks_sent(const leg& l, std::string_view text, std::uint32_t flags) {
  const std::string_view password = l.password();
  if (password.size() < 4 || (flags & ABK_BINARY) != 0) return false;
  const auto in = [password](std::string_view where) { return where.find(password) != std::string_view::npos; };
  return in(text) && !in(l.asked->login_name) && !in(l.asked->address) && !in(l.asked->identity);
}

}  // namespace

void connection::io_consume(abk_io* io, std::size_t n) {
  connection& me = self(io);
  me.in_at_ += std::min(n, me.in_.size() - me.in_at_);
  io->in = {me.in_.data() + me.in_at_, me.in_.size() - me.in_at_};
}

void connection::io_send(abk_io* io, const void* bytes, std::size_t n, const abk_range* secrets, std::size_t count) {
  connection& me = self(io);
  if (!me.in_plugin_ || me.stream_ == nullptr || n == 0) return;
  if (me.out_.size() + n > out_bytes_max) {
    me.pool_->core().misbehaved("send() of more than 64 KiB");
    return;
  }
  if (count > 0 && me.io_.channel == ABK_STARTTLS_WANTED) {  // a service account's password, before TLS is up
    me.pool_->core().misbehaved("send() of a secret before STARTTLS");
    return;
  }
  const std::string_view text(static_cast<const char*>(bytes), n);
  for (question& q : me.questions_) {
    if (q.asked == nullptr || !login_kind(*q.asked)) continue;
    if (count > 0 || looks_sent(*q.asked, text, me.pool_->core().api->flags)) q.secret_sent = true;
  }
  me.trace_bytes(">", text, secrets, count);
  if (me.out_.capacity() < 1024) me.out_.reserve(1024);  // growing would leave copies behind
  me.out_.append(text);
}

void connection::io_finish(abk_io* io, std::uint32_t id, const abk_answer* answer) {
  connection& me = self(io);
  if (!me.in_plugin_ || answer == nullptr || answer->size < sizeof(abk_answer)) {
    me.pool_->core().misbehaved("finish() out of turn, or of a short struct");
    return;
  }
  bool is_legal = true;
  if (id == 0) {
    finding f;
    read_answer(question_kind::login, *answer, typed(), f, is_legal);
    if (me.state_ != state::preparing || f.what != verdict::tempfail) {
      me.pool_->core().misbehaved("finish(0) may only say, during prepare, why a connection cannot be used");
      f = finding::tempfail(reason::internal, "the plugin misbehaved in prepare");
    }
    me.failed_prepare_ = true;
    me.prepare_finding_ = std::move(f);
    return;
  }
  question* q = me.find(id);
  if (q == nullptr || q->asked == nullptr) {
    me.pool_->core().misbehaved("finish() of a question that is not asked, or answered already");
    return;
  }
  finding& f = *q->asked->found;
  read_answer(q->asked->asked->kind, *answer, typed_in(*q->asked->asked, q->asked->password()), f, is_legal);
  if (!is_legal) me.pool_->core().misbehaved(f.operator_text);
  if (q->asked->out() != nullptr)
    q->asked->note("verdict", std::string(name(f.what)) + (f.why == reason::none ? "" : " " + std::string(name(f.why))) + (f.rule.empty() ? "" : " by rule " + f.rule));
  me.settle(*q);
}

void connection::io_next(abk_io* io, std::uint32_t id, std::uint32_t role, abk_str carry) {
  connection& me = self(io);
  question* q = me.find(id);
  const std::uint32_t roles = std::max(me.pool_->core().api->roles, 1u);
  if (!me.in_plugin_ || q == nullptr || q->asked == nullptr || role >= roles || carry.len > carry_bytes_max) {
    me.pool_->core().misbehaved("next() out of turn, to an unknown role, or with more than 4 KiB");
    return;
  }
  leg& l = *q->asked;
  l.goes_on = true;
  l.next_role = role;
  l.next_carry = std::string(view(carry));
  if (q->secret_sent) l.next_upstream = static_cast<int>(me.upstream_);
  l.note("next", "goes on over another kind of connection (role " + std::to_string(role) + ")");
  me.settle(*q, finding::tempfail(reason::internal, "the next leg did not answer"));
}

// ---------------------------------------------------------------- transcript and facts

void connection::io_note(abk_io* io, std::uint32_t id, abk_str what, abk_str text) {
  connection& me = self(io);
  if (!io->watched) return;
  const leg* l = me.tracer();
  if (id != 0) {
    const question* q = me.find(id);
    l = q != nullptr && q->asked != nullptr && q->asked->out() != nullptr ? q->asked.get() : nullptr;
  }
  if (l == nullptr) return;
  l->note(escape_for_log(view(what).substr(0, 32)), clean_notice(shown(view(text).substr(0, 1000), typed_in(*l->asked, l->password())), 1000));
}

leg* connection::tracer() const {
  for (const question& q : questions_)
    if (q.asked != nullptr && q.asked->out() != nullptr) return q.asked.get();
  return reserved_ != nullptr && reserved_->out() != nullptr ? reserved_.get() : nullptr;
}

void connection::trace_bytes(std::string_view direction, std::string_view bytes, const abk_range* secrets, std::size_t count) {
  const leg* l = tracer();
  if (l == nullptr) return;
  if ((pool_->core().api->flags & ABK_BINARY) != 0) {
    if (trace* t = l->out()) t->add_bytes(direction, bytes.size());
    return;
  }
  std::string text;
  for (std::size_t i = 0; i < bytes.size();) {
    const abk_range* in = std::find_if(secrets, secrets + count, [&](const abk_range& r) { return i >= r.offset && i < r.offset + r.len; });
    if (in == secrets + count) {
      text += bytes[i++];
    } else {
      text += "***";
      i = in->offset + in->len;
    }
  }
  const typed by = typed_in(*l->asked, l->password());
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    l->note(direction, escape_for_log(shown(line, by)));
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
}

// "scope|route|upstream|domain|login|key", as far as the scope reaches; the parts cannot hold a control byte.
std::string connection::fact_key(std::uint32_t id, std::uint32_t scope, abk_str key) {
  const question* q = find(id);
  const bool of_question = scope == ABK_FACT_BACKEND || scope == ABK_FACT_UPSTREAM_DOMAIN || scope == ABK_FACT_QUESTION;
  if (key.len == 0 || key.len > ABK_FACT_KEY_MAX || (of_question && (q == nullptr || q->asked == nullptr))) return {};
  const stage_question* asked = of_question ? q->asked->asked : nullptr;
  std::string out;
  out.reserve(256);  // one piece of memory for the usual ones
  out = view(key);
  const auto add = [&out](std::string_view part) { (out += '\x1f').append(part); };
  switch (scope) {
    case ABK_FACT_BACKEND: add("backend"), add(asked->route); break;
    case ABK_FACT_UPSTREAM: add("upstream"), add(pool_->label(upstream_)); break;
    case ABK_FACT_UPSTREAM_DOMAIN: add("domain"), add(pool_->label(upstream_)), add(to_lower(asked->domain)), add(asked->route); break;
    case ABK_FACT_QUESTION: add("login"), add(asked->route), add(asked->login_name); break;
    default: return {};
  }
  return out;
}

bool connection::facts_get(abk_io* io, std::uint32_t id, std::uint32_t scope, abk_str key, char* value, std::size_t* len) {
  connection& me = self(io);
  if (me.pool_->core().facts->empty()) return false;
  const std::string full = me.fact_key(id, scope, key);
  if (full.empty()) return false;
  const auto known = me.pool_->core().facts->get(full);
  if (!known) return false;
  std::copy(known->begin(), known->end(), value);
  *len = known->size();
  return true;
}

void connection::facts_put(abk_io* io, std::uint32_t id, std::uint32_t scope, abk_str key, abk_str value, std::uint32_t ttl_s) {
  connection& me = self(io);
  const std::string full = me.fact_key(id, scope, key);
  if (full.empty() || value.len > ABK_FACT_VALUE_MAX) {
    me.pool_->core().misbehaved("a fact with a key or value over 64 bytes, or of no question");
    return;
  }
  me.pool_->core().facts->put(full, std::string(view(value)), std::chrono::seconds(ttl_s));
}

}  // namespace authbroker
