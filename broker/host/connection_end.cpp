// How a connection ends: too late, lost, misbehaved, yielding to another, retired; and what becomes of its questions then.
#include <boost/asio/post.hpp>

#include "base/text.hpp"
#include "host/connection.hpp"

namespace authbroker {

void connection::timed_out() {
  const auto self = shared_from_this();
  switch (state_) {
    case state::opening: return look_up_too_late();
    case state::preparing: return upstream_failed(reason::upstream_down, "no answer within " + format_duration(pool_->core().rules.timeouts.reply), true);
    case state::busy: return end(reason::deadline, "no reply within " + format_duration(pool_->core().rules.timeouts.reply));
    case state::ready: return dismiss();
    case state::tidying: return close_now();
    case state::fresh:
    case state::closed: return;
  }
}

// The stream is at its end and the plugin has seen it.
void connection::lost(reason why, std::string text) {
  const auto self = shared_from_this();
  if (state_ == state::preparing) return upstream_failed(why, std::move(text), true);
  // A connection that lay ready and turns out dead: asked again on a fresh one, if nothing derived from a password has left.
  for (question& q : questions_)
    if (q.asked != nullptr && q.was_idle && !q.heard && !q.secret_sent && !q.asked->retried) {
      const leg_ptr l = std::move(q.asked);
      q.asked = nullptr;
      l->on_give_up = nullptr;
      l->upstream = pool_->label(upstream_);
      l->retried = true;
      boost::asio::post(home_.io, [p = pool_, l] {
        if (l->is != leg::state::over) p->requeue(l);
      });
    }
  end(why, text);
}

void connection::misbehaved(const char* what) {
  pool_->core().misbehaved(what);
  if (state_ == state::preparing) return upstream_failed(reason::internal, std::string("the plugin misbehaved: ") + what, false);
  end(reason::internal, std::string("the plugin misbehaved: ") + what);
}

void connection::end(reason why, const std::string& text) {
  const auto self = shared_from_this();
  for (question& q : questions_)
    if (q.asked != nullptr) settle(q, finding::tempfail(why, text));
  close_now();
}

void connection::yield() {
  closing_ = true;
  if (live() == 0) dismiss();
}

void connection::retire() {
  closing_ = true;
  if (live() == 0 && reserved_ == nullptr && state_ != state::tidying) dismiss();
}

void connection::dismiss() {
  const auto self = shared_from_this();
  if (state_ == state::ready && !io_.eof && ABK_HAS(session_, abk_session, farewell) && session_->farewell != nullptr) {
    guarded("farewell", [&] { session_->farewell(session_, &io_); });
    flush(true);
  }
  close_now();
}

void connection::close_now() {
  if (state_ == state::closed) return;
  const auto self = shared_from_this();
  if (state_ == state::ready) pool_->connection_idle_ended(*this);
  leave_opening();
  state_ = state::closed;
  timer_.disarm();
  for (question& q : questions_)
    if (q.asked != nullptr) settle(q, finding::tempfail(reason::shutting_down));
  questions_.clear();
  reserved_ = nullptr;
  leave_computing();
  if (session_ != nullptr) {
    guarded("destroy", [&] { session_->destroy(session_); });
    session_ = nullptr;
  }
  lookup_.reset();
  if (stream_ != nullptr) stream_->shutdown();
  stream_.reset();
  wipe(out_.data(), out_.size());
  out_.clear();
  pool_->connection_closed(*this);
}

}  // namespace authbroker
