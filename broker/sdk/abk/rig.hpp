// A pretend host, for tests and fuzzers of plugins: it plays abk_host, abk_config and abk_io in memory, and complains about
// every breach of the contract in <abk/plugin.h>. No sockets, no time, no threads but
// the one for compute(). Needs the standard library and libdl.
//
// What it lends to the plugin it lends as narrowly as the contract says: input lies in memory of its exact size, and a
// question's texts are freed when it is answered, so that a sanitizer sees whoever looks further or longer.
#pragma once
#include <abk/rig_host.hpp>

#include <thread>

namespace abk::test {

// One connection of that backend. Drive it as the host does: feed(), end(), tls_up(), begin().
class connection_rig {
 public:
  enum class state { preparing, wants_tls, ready, busy, closed };

  connection_rig(host_rig& host, std::uint32_t channel, std::uint32_t role = 0) : host_(host), role_(role) {
    io_ = {sizeof io_, this, {nullptr, 0}, channel, false, &consume, &send, &finish, &next, &note, true};
    session_ = host.backend()->open(host.backend(), role);
    if (session_ == nullptr) {
      host_.complain("open() gave no session");
      state_ = state::closed;
      return;
    }
    if (session_->prepare == nullptr) state_ = state::ready;
    else call([&] { return session_->prepare(session_, &io_); });
  }
  ~connection_rig() { destroy(); }
  connection_rig(const connection_rig&) = delete;
  connection_rig& operator=(const connection_rig&) = delete;

  state is() const { return state_; }
  bool tls() const { return io_.channel == ABK_TLS; }
  void unwatch() { io_.watched = false; }  // no transcript is being made
  bool draining() const { return draining_; }  // it takes no further questions
  bool listens() const { return state_ == state::preparing || state_ == state::busy; }
  std::uint32_t role() const { return role_; }

  // Bytes from the upstream. Outside a READ they are what the contract says: the end of an idle connection.
  void feed(std::string_view bytes) {
    if (state_ == state::closed || state_ == state::wants_tls || bytes.empty()) return;
    input(std::string(in()) + std::string(bytes));
    resume();
  }
  void end() {
    if (state_ == state::closed) return;
    io_.eof = true;
    if (state_ == state::wants_tls) return lost("the connection ended in the handshake");
    resume();
  }
  void tls_up() {
    if (state_ != state::wants_tls) return host_.complain("TLS came up where nobody had asked for it");
    io_.channel = ABK_TLS;
    state_ = state::preparing;
    resume();
  }
  // Asks; returns the question's id.
  std::uint32_t begin(const ask& q) {
    if (state_ != state::ready && state_ != state::busy) {
      host_.complain("a question for a connection that is not ready");
      return 0;
    }
    if (draining_) host_.complain("a question for a connection that takes no more");
    if (io_.channel == ABK_STARTTLS_WANTED) host_.complain("READY before TLS was up");
    const std::uint32_t id = next_id_++;
    auto kept = std::make_unique<kept_question>(q, id);
    const abk_question* raw = &kept->raw;
    open_[id] = std::move(kept);
    state_ = state::busy;
    call([&] { return session_->begin(session_, raw, &io_); });
    return id;
  }
  // Nobody waits for `id` any more. True: the plugin says that the connection is still good.
  bool cancel(std::uint32_t id) {
    if (session_ == nullptr) return false;
    const bool good = session_->cancel != nullptr && session_->cancel(session_, id);
    open_.erase(id);
    return good;
  }
  // The host closes it, idle as it is.
  void dismiss() {
    if (state_ == state::ready && !io_.eof && session_->size >= sizeof(abk_session) && session_->farewell != nullptr) {
      in_call_ = true;
      session_->farewell(session_, &io_);
      in_call_ = false;
    }
    destroy();
  }
  void destroy() {
    if (session_ != nullptr && session_->destroy != nullptr) session_->destroy(session_);
    session_ = nullptr;
    state_ = state::closed;
  }

  // What was sent since the last call, and which bytes of it were marked as secret ('x' at their places).
  std::string take_sent() { return std::exchange(sent_, {}); }
  std::string take_marks() { return std::exchange(marks_, {}); }
  const std::string& sent() const { return sent_; }

  std::vector<std::string> notes;    // "what: text", as `authbroker test` would show them
  std::vector<said_answer> answers;  // id 0: why the connection could not be prepared
  int computed = 0;                  // how often it said COMPUTE
  bool goes_on = false;              // next() was called
  std::uint32_t next_role = 0;
  std::string carry;

 private:
  friend class host_rig;
  struct kept_question {
    abk_question raw{};
    std::vector<std::unique_ptr<char[]>> texts;
    std::string password;  // the rig's own, to look for it in what is sent
    kept_question(const ask& q, std::uint32_t id) : password(q.password) {
      const std::string address = q.address.empty() ? q.login_name : q.address;
      const std::size_t at = address.rfind('@');
      raw.size = sizeof raw;
      raw.kind = q.kind;
      raw.id = id;
      raw.login_name = keep(q.login_name);
      raw.address = keep(address);
      raw.local = keep(address.substr(0, at));
      raw.domain = keep(at == address.npos ? "" : address.substr(at + 1));
      raw.identity = keep(address);
      raw.password = keep(q.password);
      raw.client = keep(q.client);
      raw.carry = keep(q.carry);
      raw.time_left_ms = 5000;
    }
    abk_str keep(const std::string& s) {
      texts.push_back(std::make_unique<char[]>(s.size()));
      std::copy(s.begin(), s.end(), texts.back().get());
      return {texts.back().get(), s.size()};
    }
  };

  static connection_rig& self(abk_io* io) { return *static_cast<connection_rig*>(io->host); }
  std::string_view in() const { return {io_.in.len > 0 ? io_.in.data : "", io_.in.len}; }

  void input(const std::string& bytes) {
    auto fresh = std::make_unique<char[]>(bytes.size());
    std::copy(bytes.begin(), bytes.end(), fresh.get());
    input_ = std::move(fresh);
    io_.in = {input_.get(), bytes.size()};
  }
  void resume() {
    if (state_ == state::ready && (host_.backend()->flags & ABK_IDLE_READ) == 0) return destroy();
    call([&] { return session_->resume(session_, &io_); });
  }
  template <class Step>
  void call(Step step) {
    const bool preparing = state_ == state::preparing;
    in_call_ = true;
    int then = ABK_CLOSE;  // a number: the plugin may return anything
    try {
      then = static_cast<int>(step());
    } catch (...) {
      host_.complain("an exception came over the border");
    }
    in_call_ = false;
    switch (then) {
      case ABK_DRAIN:
        if (preparing) host_.complain("DRAIN during prepare");
        draining_ = true;
        [[fallthrough]];
      case ABK_READ:
        if (io_.eof) lost("the connection ended");
        else if (io_.in.len >= 65536) lost("too much unread input");
        return;
      case ABK_COMPUTE: {
        if (preparing || open_.empty() || host_.backend()->questions_max[role_] > 1) host_.complain("COMPUTE where it is not legal");
        if (session_->size < sizeof(abk_session) || session_->compute == nullptr) {
          host_.complain("COMPUTE without compute()");
          return destroy();
        }
        ++computed;
        std::thread elsewhere([this] { session_->compute(session_); });
        elsewhere.join();
        return resume();
      }
      case ABK_START_TLS:
        if (!preparing || io_.channel != ABK_STARTTLS_WANTED) host_.complain("START_TLS where it is not legal");
        if (io_.in.len > 0) return lost("bytes were waiting before TLS");
        state_ = state::wants_tls;
        return;
      case ABK_READY:
        if (!open_.empty()) host_.complain("READY with a question unanswered");
        if (draining_) host_.complain("READY after DRAIN");
        state_ = state::ready;
        if (io_.in.len > 0) destroy();
        return;
      case ABK_CLOSE:
        if (!open_.empty()) host_.complain("CLOSE with a question unanswered");
        if (preparing && answers.empty()) host_.complain("CLOSE during prepare without saying why");
        return destroy();
      default: host_.complain("an unknown step"); return destroy();
    }
  }
  // The host ends it: whoever waits gets a tempfail.
  void lost(const char* why) {
    if (state_ == state::preparing || state_ == state::wants_tls) add(0, why);
    for (const auto& [id, unused] : open_) add(id, why);
    open_.clear();
    destroy();
  }
  void add(std::uint32_t id, const char* why) {
    said_answer a;
    a.id = id;
    a.reason = ABK_REASON_UPSTREAM_DOWN;
    a.rule = "host.lost";
    a.operator_text = why;
    answers.push_back(a);
  }

  static void consume(abk_io* io, std::size_t n) {
    connection_rig& me = self(io);
    if (!me.in_call_) me.host_.complain("consume() outside a call");
    if (n > io->in.len) {
      me.host_.complain("consume() of more than there is");
      n = io->in.len;
    }
    me.input(std::string(me.in().substr(n)));
  }
  static void send(abk_io* io, const void* p, std::size_t n, const abk_range* hidden, std::size_t count) {
    connection_rig& me = self(io);
    if (!me.in_call_) me.host_.complain("send() outside a call");
    const std::string_view bytes(static_cast<const char*>(p), n);
    std::string marks(n, '.');
    for (std::size_t i = 0; i < count; ++i) {
      if (hidden[i].offset > n || hidden[i].len > n - hidden[i].offset) {
        me.host_.complain("a secret range outside its message");
        continue;
      }
      std::fill_n(marks.begin() + static_cast<std::ptrdiff_t>(hidden[i].offset), hidden[i].len, 'x');
    }
    if (count > 0 && io->channel == ABK_STARTTLS_WANTED) me.host_.complain("a secret was sent before TLS");
    for (const auto& [id, q] : me.open_) {
      if (q->password.size() < 4) continue;
      const std::size_t at = bytes.find(q->password);
      if (at != bytes.npos && marks.substr(at, q->password.size()).find('.') != marks.npos) me.host_.complain("the password was sent and not marked as secret");
    }
    me.sent_ += bytes;
    me.marks_ += marks;
    if (me.sent_.size() > 65536) me.host_.complain("more than 64 KiB queued");
  }
  static void finish(abk_io* io, std::uint32_t id, const abk_answer* a) {
    connection_rig& me = self(io);
    if (!me.in_call_) me.host_.complain("finish() outside a call");
    if (a == nullptr || a->size < sizeof(abk_answer)) return me.host_.complain("finish() with a short answer");
    const auto it = me.open_.find(id);
    if (id == 0 ? me.state_ != state::preparing : it == me.open_.end()) return me.host_.complain("finish() of a question that is not open");
    if (id == 0 && a->verdict != ABK_TEMPFAIL) me.host_.complain("prepare can only fail with a tempfail");
    if (id != 0 && !legal(it->second->raw.kind, a->verdict, a->reason)) me.host_.complain("a reason that does not belong to its verdict");
    me.answers.push_back(host_rig::copy(*a, id));
    if (id != 0) me.open_.erase(it);
  }
  static void next(abk_io* io, std::uint32_t id, std::uint32_t role, abk_str carry) {
    connection_rig& me = self(io);
    if (me.open_.count(id) == 0) return me.host_.complain("next() of a question that is not open");
    if (role >= std::max(1U, me.host_.backend()->roles)) me.host_.complain("next() to a role that was not declared");
    if (carry.len > 4096) me.host_.complain("next() with more than 4 KiB");
    me.goes_on = true;
    me.next_role = role;
    me.carry.assign(carry.len > 0 ? carry.data : "", carry.len);
    me.open_.erase(id);
  }

  static void note(abk_io* io, std::uint32_t id, abk_str what, abk_str text) {
    connection_rig& me = self(io);
    if (!me.in_call_) me.host_.complain("note() outside a call");
    const std::string_view shown(text.len > 0 ? text.data : "", text.len);
    const auto it = me.open_.find(id);
    if (it != me.open_.end() && it->second->password.size() >= 4 && shown.find(it->second->password) != shown.npos) me.host_.complain("note() of a password");
    me.notes.push_back(std::string(what.len > 0 ? what.data : "", what.len) + ": " + std::string(shown));
  }

  host_rig& host_;
  std::uint32_t role_;
  abk_session* session_ = nullptr;
  abk_io io_{};
  state state_ = state::preparing;
  bool in_call_ = false;
  bool draining_ = false;
  std::unique_ptr<char[]> input_;
  std::string sent_, marks_;
  std::map<std::uint32_t, std::unique_ptr<kept_question>> open_;
  std::uint32_t next_id_ = 1;
};

inline bool host_rig::fact_get(abk_io* io, std::uint32_t id, std::uint32_t scope, abk_str key, char* out, std::size_t* len) {
  connection_rig& at = connection_rig::self(io);
  if (id == 0 && scope != ABK_FACT_UPSTREAM) at.host_.complain("a fact about no question");
  const auto it = at.host_.facts.find(std::to_string(scope) + "/" + std::string(key.data, key.len));
  if (it == at.host_.facts.end()) return false;
  std::copy(it->second.begin(), it->second.end(), out);
  *len = it->second.size();
  return true;
}
inline void host_rig::fact_put(abk_io* io, std::uint32_t id, std::uint32_t scope, abk_str key, abk_str what, std::uint32_t ttl_s) {
  connection_rig& at = connection_rig::self(io);
  if (scope != ABK_FACT_UPSTREAM && at.open_.count(id) == 0) at.host_.complain("a fact about no open question");
  if (key.len > ABK_FACT_KEY_MAX || what.len > ABK_FACT_VALUE_MAX) at.host_.complain("a fact that is too long");
  else if (ttl_s == 0) at.host_.facts.erase(std::to_string(scope) + "/" + std::string(key.data, key.len));
  else at.host_.facts[std::to_string(scope) + "/" + std::string(key.data, key.len)] = std::string(what.data, what.len);
}

// Asks a backend of the check kind.
inline said_answer check(host_rig& host, const ask& q) {
  struct place {
    host_rig* host;
    std::vector<said_answer> got;
  } here{&host, {}};
  abk_check out{};
  out.size = sizeof out;
  out.host = &here;
  out.finish = [](abk_check* c, const abk_answer* a) { static_cast<place*>(c->host)->got.push_back(host_rig::copy(*a, 1)); };
  abk_question raw{};
  const auto lend = [](const std::string& s) { return abk_str{s.data(), s.size()}; };
  raw.size = sizeof raw;
  raw.kind = q.kind;
  raw.id = 1;
  raw.login_name = lend(q.login_name);
  raw.address = raw.identity = lend(q.address.empty() ? q.login_name : q.address);
  raw.password = lend(q.password);
  raw.client = lend(q.client);
  raw.time_left_ms = 5000;
  host.backend()->check(host.backend(), &raw, &out);
  if (here.got.size() != 1) host.complain("check() answered " + std::to_string(here.got.size()) + " times");
  if (!here.got.empty() && !legal(q.kind, here.got[0].verdict, here.got[0].reason)) host.complain("a reason that does not belong to its verdict");
  return here.got.empty() ? said_answer{} : here.got[0];
}

}  // namespace abk::test
