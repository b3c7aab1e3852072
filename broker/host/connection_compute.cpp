// The step COMPUTE: the plugin's compute() on a thread of the backend's, and what becomes of the session meanwhile.
#include <boost/asio/post.hpp>
#include <exception>

#include "host/connection.hpp"

namespace authbroker {

// Keeps the backend, not the connection. If that is closed in the meantime, the session is its heir's.
struct connection::computation final : thread_lane::task, std::enable_shared_from_this<computation> {
  computation(std::shared_ptr<backend_core> c, abk_session* s, worker& w, std::weak_ptr<connection> o)
      : core(std::move(c)), session(s), home(w), of(std::move(o)) {}
  ~computation() override {
    if (!inherited) return;
    try {
      session->destroy(session);
    } catch (...) {
      core->misbehaved("destroy() threw");
    }
  }
  void run() override {
    try {
      session->compute(session);
    } catch (...) {
      failed = true;
    }
    boost::asio::post(home.io, [me = shared_from_this()] {
      if (const auto c = me->of.lock()) c->computed(me);
    });
  }

  const std::shared_ptr<backend_core> core;
  abk_session* const session;
  worker& home;
  const std::weak_ptr<connection> of;
  bool failed = false;
  bool inherited = false;  // written before the connection lets go
};

void connection::compute() {
  if (state_ != state::busy || live() == 0 || questions_max() > 1) return misbehaved("COMPUTE where it is not legal");
  if (!ABK_HAS(session_, abk_session, compute) || session_->compute == nullptr) return misbehaved("COMPUTE without compute()");
  computing_ = std::make_shared<computation>(pool_->core_shared(), session_, home_, weak_from_this());
  if (pool_->core().computing->submit(computing_) == thread_lane::outcome::taken) return;
  computing_ = nullptr;
  end(reason::overloaded, "no thread is free for the plugin's computation");
}

void connection::computed(const std::shared_ptr<computation>& which) {
  const auto self = shared_from_this();
  if (computing_ != which) return;
  computing_ = nullptr;
  if (which->failed) return misbehaved("compute() threw");
  pump();
}

// The session is destroyed by whoever has it last.
void connection::leave_computing() {
  if (computing_ == nullptr) return;
  if (!pool_->core().computing->withdraw(computing_)) {
    computing_->inherited = true;
    session_ = nullptr;
  }
  computing_ = nullptr;
}

}  // namespace authbroker
