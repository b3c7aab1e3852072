#include "host/connection.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "host/answers.hpp"

namespace authbroker {
namespace {

constexpr std::size_t in_bytes_max = 64 * 1024;
constexpr auto tidy_time_max = std::chrono::seconds(2);

}  // namespace

connection::connection(std::shared_ptr<pool> owner, worker& home, std::uint32_t role) : pool_(std::move(owner)), home_(home), role_(role) {
  io_.size = sizeof io_;
  io_.host = this;
  io_.consume = &io_consume;
  io_.send = &io_send;
  io_.finish = &io_finish;
  io_.next = &io_next;
  io_.note = &io_note;
}

connection::~connection() {
  for (const question& q : questions_)
    if (q.asked != nullptr) q.asked->on_give_up = nullptr;
  pool_->release_targets(held_);
  wipe(out_.data(), out_.size());
}

// ---------------------------------------------------------------- ready

void connection::became_ready() {
  const bool fresh = state_ == state::preparing;
  if (closing_ && in_at_ == in_.size()) {
    state_ = state::ready;
    return dismiss();
  }
  if (closing_) return close_now();
  if (in_at_ < in_.size()) {  // nobody asked for it: a reply too many, or a flood
    pool_->core().log->line(level::warning, "upstream_talks_unasked").field("backend", pool_->core().rules.name).field("upstream", pool_->label(upstream_));
    if (fresh) return upstream_failed(reason::upstream_nonsense, "the upstream talks without being asked", true);
    return close_now();
  }
  state_ = state::ready;
  leave_opening();
  ready_since_ = steady::now();
  timer_.arm(ready_since_ + pool_->core().rules.pool.idle);
  stream_->wait_readable([this] { receive(); });
  pool_->connection_ready(*this, fresh);
}

// ---------------------------------------------------------------- questions

std::uint32_t connection::questions_max() const { return std::max(pool_->core().api->questions_max[role_], 1u); }

std::size_t connection::live() const {
  return static_cast<std::size_t>(std::count_if(questions_.begin(), questions_.end(), [](const question& q) { return q.asked != nullptr; }));
}

bool connection::outstayed() {
  if (upstream_ == 0) return false;  // there is none before it
  const steady::time_point now = steady::now();
  if (now < second_choice_until_) return false;
  second_choice_until_ = now + breaker::first_probe;  // not at each of a busy connection's questions
  return pool_->better_usable(upstream_);
}

connection::question* connection::find(std::uint32_t id) {
  const auto it = std::find_if(questions_.begin(), questions_.end(), [id](const question& q) { return q.id == id; });
  return it == questions_.end() ? nullptr : &*it;
}

void connection::begin(leg_ptr l) {
  const auto self = shared_from_this();
  const steady::time_point now = steady::now();
  // Ready since before this moment: the upstream may have gone meanwhile.
  const bool was_idle = state_ == state::ready && now - ready_since_ > std::chrono::milliseconds(1);
  // What an upstream says before it is asked (that it hangs up now, mostly) must not be read as the answer.
  if (was_idle && (pool_->core().api->flags & ABK_IDLE_READ) == 0) {
    char byte = 0;
    if (stream_->read({&byte, 1}).status != io_status::would_block) {
      boost::asio::post(home_.io, [p = pool_, l] {
        if (l->is != leg::state::over) p->requeue(l);
      });
      return close_now();
    }
  }
  if (state_ == state::ready) pool_->connection_idle_ended(*this);
  state_ = state::busy;
  l->is = leg::state::running;
  l->start_timer.disarm();
  const std::uint32_t id = next_id_++;
  leg& of = *l;
  questions_.push_back({id, std::move(l), false, false, was_idle, now});
  of.on_give_up = [this, who = &of] { give_up(who); };
  const stage_question& q = *of.asked;
  if (q.kind == question_kind::probe && (pool_->core().api->kinds & ABK_PROBE) == 0) {  // being prepared was the question
    finding works;
    works.what = verdict::unverifiable;
    works.why = reason::cannot_verify;
    settle(questions_.back(), std::move(works));
    return close_now();
  }
  abk_question asked{};
  asked.size = sizeof asked;
  asked.kind = q.kind == question_kind::login ? ABK_LOGIN : q.kind == question_kind::mailbox ? ABK_MAILBOX : ABK_PROBE;
  asked.id = id;
  asked.login_name = to_abk(q.login_name);
  asked.address = to_abk(q.address);
  asked.local = to_abk(q.local);
  asked.domain = to_abk(q.domain);
  asked.identity = to_abk(q.identity);
  if (of.may_see_password) asked.password = to_abk(of.password());
  asked.client = to_abk(q.client);
  asked.carry = to_abk(of.carry);
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(of.until - now).count();
  asked.time_left_ms = static_cast<std::uint32_t>(std::clamp<std::int64_t>(left, 1, 3'600'000));
  if (live() == 1) timer_.arm(now + pool_->core().rules.timeouts.reply);  // whoever joins others gives a silent server no more time
  std::uint32_t step = 0;
  if (!guarded("begin", [&] { step = session_->begin(session_, &asked, &io_); })) return end(reason::internal, "the plugin failed");
  take_step(step);
}

void connection::settle(question& q, finding f) {
  *q.asked->found = std::move(f);
  settle(q);
}

// The asker has it already.
void connection::settle(question& q) {
  finding& f = *q.asked->found;
  f.password_sent = f.password_sent || q.secret_sent;
  f.upstream = pool_->label(upstream_);
  if (q.secret_sent && is_yes(f.what)) {
    const steady::time_point now = steady::now();
    pool_->login_took(now - q.began, now);
  }
  const leg_ptr l = std::move(q.asked);
  end_leg(*l);
}

// The asker is gone, or its time is up.
void connection::give_up(const leg* who) {
  const auto self = shared_from_this();
  const auto it = std::find_if(questions_.begin(), questions_.end(), [who](const question& q) { return q.asked.get() == who; });
  if (it == questions_.end()) return;
  const std::uint32_t id = it->id;
  it->asked->password_sent = it->secret_sent;
  it->asked->upstream = pool_->label(upstream_);
  it->asked = nullptr;
  bool keep = false;
  if (session_ != nullptr && session_->cancel != nullptr && computing_ == nullptr) guarded("cancel", [&] { keep = session_->cancel(session_, id); });
  std::erase_if(questions_, [id](const question& q) { return q.id == id; });
  if (!keep) closing_ = true;
  if (closing_ && live() == 0) return close_now();
  if (keep) pool_->connection_has_room(*this);
}

// ---------------------------------------------------------------- steps and bytes

void connection::take_step(std::uint32_t step) {
  if (state_ == state::closed) return;
  const bool shared = state_ == state::busy && questions_max() > 1;
  if (shared && (step == ABK_READ || step == ABK_DRAIN)) flush_soon();
  else flush(step == ABK_CLOSE && state_ != state::preparing);
  if (state_ == state::closed) return;
  const auto reply = pool_->core().rules.timeouts.reply;
  // A server that drips bytes must not hold a connection in preparation for ever.
  if (state_ == state::preparing) timer_.arm(std::min<steady::time_point>(steady::now() + reply, prepare_until_));
  switch (step) {
    case ABK_DRAIN:
      if (state_ == state::preparing) {
        misbehaved("DRAIN during prepare");
        return;
      }
      if (!std::exchange(closing_, true)) pool_->connection_drains();
      if (state_ == state::ready) return dismiss();
      [[fallthrough]];
    case ABK_READ:
      std::erase_if(questions_, [](const question& q) { return q.asked == nullptr; });
      if (io_.eof) return lost(reason::upstream_down, trouble_.empty() ? "the upstream closed the connection" : trouble_);
      if (state_ == state::busy && live() == 0) {
        state_ = state::tidying;
        arm(tidy_time_max);
      }
      if (in_.size() - in_at_ >= in_bytes_max) return lost(reason::upstream_nonsense, "the upstream sends without end");
      stream_->wait_readable([this] { receive(); });
      if (shared && reserved_ == nullptr) pool_->connection_has_room(*this);
      return;
    case ABK_COMPUTE: return compute();
    case ABK_START_TLS:
      if (state_ != state::preparing || io_.channel != ABK_STARTTLS_WANTED) {
        misbehaved("START_TLS where it is not legal");
        return;
      }
      if (in_at_ < in_.size()) return upstream_failed(reason::upstream_nonsense, "plaintext before TLS: bytes were waiting behind the reply to STARTTLS", true);
      return start_tls();
    case ABK_READY:
      if (state_ == state::preparing) return prepared();
      if (live() > 0) {
        misbehaved("READY with a question unanswered");
        return;
      }
      questions_.clear();
      return became_ready();
    case ABK_CLOSE:
      if (state_ == state::preparing) {
        finding f = failed_prepare_ ? prepare_finding_ : finding::tempfail(reason::upstream_down, !io_.eof ? "the plugin gave up" : trouble_.empty() ? "the upstream closed the connection" : trouble_);
        return upstream_failed(f.why, f.operator_text, f.why != reason::service_account && f.why != reason::misconfigured);
      }
      if (live() > 0) {
        misbehaved("CLOSE with a question unanswered");
        return;
      }
      return close_now();
    default: misbehaved("an unknown step"); return;
  }
}

// Gives the plugin what is there.
void connection::pump() {
  io_.in = {in_.data() + in_at_, in_.size() - in_at_};
  std::uint32_t step = 0;
  if (!guarded("resume", [&] { step = session_->resume(session_, &io_); })) {
    if (state_ == state::preparing) return upstream_failed(reason::internal, "the plugin failed", false);
    return end(reason::internal, "the plugin failed");
  }
  if (in_at_ == in_.size()) {
    in_.clear();
    in_at_ = 0;
  }
  if (state_ == state::busy && live() > 0) arm(pool_->core().rules.timeouts.reply);
  take_step(step);
}

void connection::receive() {
  const auto self = shared_from_this();
  if (state_ == state::closed || computing_ != nullptr) return;  // computed() reads on
  [[gnu::uninitialized]] char part[4096];
  const io_result got = stream_->read(part);
  if (got.status == io_status::would_block) {
    stream_->wait_readable([this] { receive(); });
    return;
  }
  if (got.status == io_status::ok) {
    if (in_at_ > 0) {
      in_.erase(0, in_at_);
      in_at_ = 0;
    }
    in_.append(part, got.bytes);
    heard_ = true;
    trace_bytes("<", {part, got.bytes}, nullptr, 0);
    for (question& q : questions_) q.heard = true;
  } else {
    io_.eof = true;  // orderly or not: what came before is complete lines or nothing
    if (got.status == io_status::failed) trouble_ = stream_->trouble();
  }
  if (state_ == state::ready && (pool_->core().api->flags & ABK_IDLE_READ) == 0) {
    if (got.status == io_status::ok)
      pool_->core().log->line(level::debug, "upstream_talks_unasked").field("backend", pool_->core().rules.name).field("upstream", pool_->label(upstream_));
    return close_now();
  }
  pump();
  if (state_ == state::busy && live() > 0 && questions_max() > 1 && out_.empty()) stream_->acknowledge();
}

// `last`: what follows is close_now().
void connection::flush(bool last) {
  while (!out_.empty()) {
    const io_result put = last ? stream_->write_last(out_) : stream_->write(out_);
    if (put.status == io_status::ok) {
      if (put.bytes < out_.size()) {  // into another string: moved down within this one, its end would stay behind unwiped
        std::string rest;
        rest.reserve(out_.capacity());
        rest.assign(out_, put.bytes);
        out_.swap(rest);
        wipe(rest.data(), rest.size());
      } else {
        wipe(out_.data(), out_.size());
        out_.clear();
      }
    } else if (put.status == io_status::would_block) {
      stream_->wait_writable([this] {
        const auto self = shared_from_this();
        flush();
      });
      return;
    } else {
      wipe(out_.data(), out_.size());
      out_.clear();
      // The reading side reports the end, after what the upstream may have said before it.
      return;
    }
  }
}

// What the questions of one turn of the loop have to say goes out in one piece.
void connection::flush_soon() {
  if (out_.empty() || std::exchange(flush_posted_, true)) return;
  boost::asio::post(home_.io, [self = shared_from_this()] {
    self->flush_posted_ = false;
    if (self->stream_ != nullptr) self->flush();
  });
}

void connection::arm(std::chrono::milliseconds in) { timer_.arm(steady::now() + in); }

}  // namespace authbroker
