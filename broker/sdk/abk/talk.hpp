// A conversation that reads like its protocol: one coroutine for the time before a question, one for the question.
//
//   class connection : public abk::conversation {
//     abk::part<void> prepare(abk::channel up) override {
//       const std::string greeting = co_await up.line();
//       if (!greeting.starts_with("+OK")) throw abk::give_up(abk::reason::upstream_refuses_us, "greeting", greeting);
//     }
//     abk::part<abk::after> answer(const abk::question& who, abk::channel up) override {
//       up.command({"USER ", who.login_name});
//       ...
//       up.decide(verdict_of(reply));   // the asker has the answer now
//       up.command({"QUIT"});           // what follows only tidies up
//       co_await up.line_or_end();
//       co_return abk::after::close;
//     }
//   };
//
// Trouble is thrown: whatever the upstream does wrong ends the conversation as a tempfail, unless it was decided before; then
// it changes nothing. Nothing but the channel's functions and other parts can be awaited. One question at a time.
#pragma once
#include <abk/part.hpp>
#include <abk/session.hpp>

namespace abk {

class talk;

// The stream ended while something was awaited. Left alone by a conversation that was asked a question, it becomes the host's
// business: only the host knows whether the connection had been lying idle, so that the question may be asked on a new one.
class stream_ended : public give_up {
 public:
  explicit stream_ended(std::string text = "the server closed the connection") : give_up(reason::upstream_down, "connection.ended", std::move(text)) {}
};

enum class after { ready, close };  // what becomes of the connection

// The bounds of a line protocol. Bytes, line ends included.
struct line_limits {
  std::size_t received_max = 2048;
  std::size_t sent_max = 512;
};

namespace detail {
enum class awaited { nothing, line, bytes, tls, compute };
struct waits {
  talk* on;
  awaited what;
  std::size_t bytes = 0;
  bool await_ready() const noexcept;
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise>) const noexcept;
};
struct waits_line : waits {
  std::string await_resume() const;
};
struct waits_line_or_end : waits {
  std::optional<std::string> await_resume() const;
};
struct waits_bytes : waits {
  std::string await_resume() const;
};
struct waits_tls : waits {
  void await_resume() const;
};
struct waits_compute : waits {
  void (*deed)(const void*);
  const void* what_for;
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise>) const noexcept;
  void await_resume() const;
};
}  // namespace detail

// A conversation's end of its connection; a cheap handle, valid as long as the conversation. [session]
class channel {
 public:
  explicit channel(talk& on) noexcept : on_(&on) {}

  // The next line with its line end (LF, or CR LF). Throws stream_ended when the stream ends first, give_up
  // (upstream_nonsense) when the line is longer than line_limits::received_max.
  detail::waits_line line() const noexcept { return {{on_, detail::awaited::line}}; }
  // As line(), but nothing when the stream ends first, in the middle of a line too.
  detail::waits_line_or_end line_or_end() const noexcept { return {{on_, detail::awaited::line}}; }
  // Exactly n bytes, at most 64 KiB. Throws as line() does.
  detail::waits_bytes bytes(std::size_t n) const noexcept { return {{on_, detail::awaited::bytes, n}}; }
  // Encrypts. Legal while preparing only. Throws give_up (upstream_nonsense) if bytes have come that nobody read: they were
  // sent in the clear, perhaps by somebody else, and would be taken for part of the encrypted stream.
  detail::waits_tls start_tls() const;
  // Has `deed` called on a thread where it holds up nobody, for what takes longer than some 100 us; legal while answering. It
  // may touch what the conversation owns, local variables too, but neither the channel nor the question. What it throws is
  // thrown here. A named callable, so that it lives as long as it is awaited.
  template <class Deed>
  detail::waits_compute compute(const Deed& deed) const noexcept;
  template <class Deed>
  void compute(const Deed&&) const = delete;

  void send(std::initializer_list<piece> pieces) const;
  // Sends one line, to which CR LF is added. Throws give_up: upstream_nonsense when something was received that no command
  // had asked for, internal when a piece holds CR, LF or NUL or the line is longer than line_limits::sent_max. Nothing has
  // been sent then.
  void command(std::initializer_list<piece> pieces) const;
  // True if bytes have come that nobody has read yet.
  bool unread() const noexcept;
  bool eof() const noexcept;
  encryption encrypted() const noexcept;
  void limit(line_limits) const noexcept;

  // Answers the question now; it must not be touched any more (it reads as empty). What follows tidies the connection.
  void decide(const answer&) const;
  // Hands the question to a connection of another role instead.
  void next(std::uint32_t role, std::string_view carry) const;
  bool decided() const noexcept;

  // A transcript is being made. Of the question: no more once it is decided.
  bool watched() const noexcept;
  // A line for the transcript of `authbroker test`. Text protocols need none: their lines are shown.
  void note(std::string_view what, std::string_view text) const noexcept;
  std::optional<std::string> fact(scope, std::string_view key) const;
  void learn(scope, std::string_view key, std::string_view value, std::chrono::seconds keep) const noexcept;
  void forget(scope of, std::string_view key) const noexcept { learn(of, key, {}, std::chrono::seconds(0)); }

 private:
  talk* on_;
};

// One connection's conversation. Members are what the connection knows; they outlive both coroutines.
class conversation {
 public:
  virtual ~conversation() = default;
  conversation() = default;
  conversation(const conversation&) = delete;
  conversation& operator=(const conversation&) = delete;
  // Ends when the connection can take a question. Throw give_up if it never will.
  virtual part<void> prepare(channel) { co_return; }
  virtual part<after> answer(const question&, channel) = 0;
  // The last words on an idle connection; nothing is read any more.
  virtual void farewell(channel) {}
};

// The session that runs a conversation.
class talk final : public session {
 public:
  explicit talk(std::unique_ptr<conversation> who) : who_(std::move(who)) {}

  step prepare(io& up) override {
    up_ = &up;
    preparing_ = who_->prepare(channel(*this));
    runner_.start(preparing_.outermost());
    return run(up);
  }
  step begin(const question& q, io& up) override {
    up_ = &up;
    question_ = q;
    decided_ = false;
    answering_ = who_->answer(question_, channel(*this));
    runner_.start(answering_.outermost());
    return run(up);
  }
  step resume(io& up) override {
    if (!preparing_ && !answering_) return !up.in().empty() || up.eof() ? step::close : step::ready;
    return run(up);
  }
  void farewell(io& up) override {
    up_ = &up;
    who_->farewell(channel(*this));
  }
  void compute() override {
    try {
      deed_(deed_for_);
    } catch (...) {
      deed_trouble_ = std::current_exception();
    }
  }
  // The question's part is dropped in the middle of something, so that the connection is of no use any more.
  bool cancel(std::uint32_t) override {
    drop();
    return false;
  }

 private:
  friend class channel;
  friend struct detail::waits;
  friend struct detail::waits_line;
  friend struct detail::waits_line_or_end;
  friend struct detail::waits_bytes;
  friend struct detail::waits_tls;
  friend struct detail::waits_compute;

  bool here(detail::awaited what, std::size_t bytes) const noexcept {
    const std::string_view in = up_->in();
    switch (what) {
      case detail::awaited::nothing: return true;
      case detail::awaited::line: return in.find('\n') != in.npos || in.size() >= limits_.received_max || up_->eof();
      case detail::awaited::bytes: return in.size() >= bytes || up_->eof();
      case detail::awaited::compute: return true;  // the host comes back once that is done
      case detail::awaited::tls: return false;
    }
    return false;
  }
  step run(io& up) {
    up_ = &up;
    if (waiting_for_ == detail::awaited::tls) {
      if (up.channel() != encryption::tls) throw give_up(reason::tls_unavailable, "sdk.no-tls");
    } else if (!here(waiting_for_, waiting_bytes_)) {
      return step::read;
    }
    waiting_for_ = detail::awaited::nothing;
    runner_.run();
    if (!runner_.done()) {
      if (waiting_for_ == detail::awaited::tls) return step::start_tls;
      return waiting_for_ == detail::awaited::compute ? step::compute : step::read;
    }
    return preparing_ ? prepared(up) : answered(up);
  }
  step prepared(io& up) {
    part<void> done = std::move(preparing_);
    runner_.drop();
    try {
      done.take();
      if (!up.in().empty()) throw give_up(reason::upstream_nonsense, "reply.early", "the server sent something that no command had asked for");
      return step::ready;
    } catch (const give_up& e) {
      up.finish(0, e.why());
      return step::close;
    }
  }
  step answered(io& up) {
    part<after> done = std::move(answering_);
    const std::uint32_t id = question_.id;
    runner_.drop();
    after then = after::close;
    try {
      then = done.take();
    } catch (const stream_ended&) {
      if (!decided_) {
        question_ = question();
        return step::read;  // there is nothing to read: the host ends the question as it sees fit
      }
    } catch (const give_up& e) {
      if (!decided_) decide(e.why());
    } catch (...) {
      if (!decided_) throw;  // the border answers
    }
    if (!decided_) {
      up.finish(id, answer::tempfail(reason::internal, "sdk.undecided"));
      then = after::close;
    }
    question_ = question();
    return then == after::ready && up.in().empty() ? step::ready : step::close;
  }
  void decide(const answer& a) {
    if (decided_) return;
    decided_ = true;
    const std::uint32_t id = question_.id;
    forget_question();
    up_->finish(id, a);
  }
  // What the question borrowed is gone once it is answered: from here on it reads as empty.
  void forget_question() noexcept {
    const std::uint32_t id = question_.id;
    question_ = question();
    question_.id = id;
  }
  void drop() noexcept {
    runner_.drop();
    preparing_.reset();
    answering_.reset();
    waiting_for_ = detail::awaited::nothing;
    question_ = question();
  }
  std::optional<std::string> take_line() {
    const std::string_view in = up_->in();
    const std::size_t lf = in.substr(0, limits_.received_max).find('\n');
    if (lf != in.npos) {
      std::string out(in.substr(0, lf + 1));
      up_->consume(lf + 1);
      return out;
    }
    if (in.size() >= limits_.received_max) throw give_up(reason::upstream_nonsense, "line.too-long", "a line of more than " + std::to_string(limits_.received_max) + " bytes");
    return {};
  }

  std::unique_ptr<conversation> who_;  // outlives the parts below: their frames may refer to it
  line_limits limits_;
  question question_;
  io* up_ = nullptr;
  runner runner_;
  detail::awaited waiting_for_ = detail::awaited::nothing;
  std::size_t waiting_bytes_ = 0;
  bool decided_ = false;
  void (*deed_)(const void*) = nullptr;
  const void* deed_for_ = nullptr;
  std::exception_ptr deed_trouble_;
  part<void> preparing_;
  part<after> answering_;
};

// ---------------------------------------------------------------- the channel's functions

namespace detail {
inline bool waits::await_ready() const noexcept { return what != awaited::tls && what != awaited::compute && on->here(what, bytes); }
template <class Promise>
void waits::await_suspend(std::coroutine_handle<Promise>) const noexcept {
  on->waiting_for_ = what;
  on->waiting_bytes_ = bytes;
  on->runner_.wait();
}
inline std::string waits_line::await_resume() const {
  std::optional<std::string> found = on->take_line();
  if (!found && !on->up_->in().empty()) throw stream_ended("the server closed the connection within a line");
  if (!found) throw stream_ended();
  return std::move(*found);
}
inline std::optional<std::string> waits_line_or_end::await_resume() const { return on->take_line(); }
inline std::string waits_bytes::await_resume() const {
  const std::string_view in = on->up_->in();
  if (in.size() < bytes) throw stream_ended();
  std::string out(in.substr(0, bytes));
  on->up_->consume(bytes);
  return out;
}
inline void waits_tls::await_resume() const {}
template <class Promise>
void waits_compute::await_suspend(std::coroutine_handle<Promise> h) const noexcept {
  on->deed_ = deed;
  on->deed_for_ = what_for;
  waits::await_suspend(h);
}
inline void waits_compute::await_resume() const {
  if (on->deed_trouble_) std::rethrow_exception(std::exchange(on->deed_trouble_, nullptr));
}
}  // namespace detail

inline detail::waits_tls channel::start_tls() const {
  if (unread()) throw give_up(reason::upstream_nonsense, "tls.injection", "plaintext_before_tls: bytes came between the go-ahead and the handshake");
  return {{on_, detail::awaited::tls}};
}
template <class Deed>
detail::waits_compute channel::compute(const Deed& deed) const noexcept {
  return {{on_, detail::awaited::compute}, [](const void* d) { (*static_cast<const Deed*>(d))(); }, &deed};
}
inline void channel::send(std::initializer_list<piece> pieces) const { on_->up_->send(pieces); }
inline void channel::command(std::initializer_list<piece> pieces) const {
  if (unread()) throw give_up(reason::upstream_nonsense, "reply.early", "the server sent something that no command had asked for");
  std::size_t total = std::string_view("\r\n").size();
  for (const piece& p : pieces) {
    total += p.bytes.size();
    for (const char c : p.bytes)
      if (c == '\r' || c == '\n' || c == '\0') throw give_up(reason::internal, "command.line-break");
  }
  if (total > on_->limits_.sent_max) throw give_up(reason::internal, "command.too-long");
  on_->up_->send(pieces, "\r\n");
}
inline bool channel::unread() const noexcept { return !on_->up_->in().empty(); }
inline bool channel::eof() const noexcept { return on_->up_->eof(); }
inline encryption channel::encrypted() const noexcept { return on_->up_->channel(); }
inline void channel::limit(line_limits l) const noexcept { on_->limits_ = l; }
inline void channel::decide(const answer& a) const { on_->decide(a); }
inline void channel::next(std::uint32_t role, std::string_view carry) const {
  if (on_->decided_) return;
  on_->decided_ = true;
  on_->up_->next(on_->question_.id, role, carry);
  on_->forget_question();
}
inline void channel::note(std::string_view what, std::string_view text) const noexcept { on_->up_->note(on_->question_.id, what, text); }
inline bool channel::watched() const noexcept { return on_->up_->watched(); }
inline bool channel::decided() const noexcept { return on_->decided_; }
inline std::optional<std::string> channel::fact(scope of, std::string_view key) const { return on_->up_->fact(on_->question_.id, of, key); }
inline void channel::learn(scope of, std::string_view key, std::string_view value, std::chrono::seconds keep) const noexcept {
  on_->up_->learn(on_->question_.id, of, key, value, keep);
}

}  // namespace abk
