// Backends and sessions as C++ classes, and the border between them and the host: every function that the host can call is
// noexcept, catches everything, and turns what it caught into tempfail `internal`.
//
// Most conversations are easier to write as a talk (abk/talk.hpp). Derive from session itself when several questions are
// under way on one connection at the same time.
#pragma once
#include <abk/host.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <exception>
#include <memory>
#include <stdexcept>

namespace abk {

enum class step : std::uint32_t { read = ABK_READ, start_tls = ABK_START_TLS, ready = ABK_READY, close = ABK_CLOSE, drain = ABK_DRAIN, compute = ABK_COMPUTE };
enum class encryption : std::uint32_t { none = ABK_CLEARTEXT, starttls_wanted = ABK_STARTTLS_WANTED, tls = ABK_TLS };
enum class scope : std::uint32_t {
  backend = ABK_FACT_BACKEND,
  upstream = ABK_FACT_UPSTREAM,
  upstream_domain = ABK_FACT_UPSTREAM_DOMAIN,
  question = ABK_FACT_QUESTION
};

// Something to send: plain bytes, or bytes that no transcript may show.
struct piece {
  std::string_view bytes;
  bool secret = false;
  piece(const char* text) noexcept : bytes(text) {}              // NOLINT: a literal is a piece
  piece(std::string_view text) noexcept : bytes(text) {}         // NOLINT
  piece(const std::string& text) noexcept : bytes(text) {}       // NOLINT
  piece(secret_view hidden) noexcept : bytes(hidden.reveal()), secret(true) {}             // NOLINT
  piece(const secret_text& hidden) noexcept : bytes(hidden.view().reveal()), secret(true) {}  // NOLINT
};

// The host's end of a session during one call. [session]
class io {
 public:
  io(abk_io* raw, const host& on, std::vector<std::uint32_t>* open) noexcept : raw_(raw), host_(&on), open_(open) {}

  std::string_view in() const noexcept { return view(raw_->in); }
  bool eof() const noexcept { return raw_->eof; }
  encryption channel() const noexcept { return static_cast<encryption>(raw_->channel); }
  void consume(std::size_t n) noexcept { raw_->consume(raw_, n); }

  // Queues the pieces, and `ending` after them, as one message. Throws std::bad_alloc, std::length_error above 64 KiB.
  void send(std::initializer_list<piece> pieces, std::string_view ending = {}) {
    std::size_t total = ending.size();
    for (const piece& p : pieces) total += p.bytes.size();
    if (total > 65536) throw std::length_error("message to upstream");
    // Most messages are short, and are put together here; what is longer has memory of its own.
    std::array<char, 512> small;
    std::array<abk_range, 8> few{};
    const std::unique_ptr<char[]> large(total > small.size() ? new char[total] : nullptr);
    const std::unique_ptr<abk_range[]> many(pieces.size() > few.size() ? new abk_range[pieces.size()] : nullptr);
    char* const out = large ? large.get() : small.data();
    abk_range* const hidden = many ? many.get() : few.data();
    struct wiped {
      char* bytes;
      std::size_t n;
      ~wiped() { wipe(bytes, n); }
    } const afterwards{out, total};
    std::size_t used = 0, hidden_count = 0;
    const auto add = [out, &used](std::string_view bytes) {
      if (!bytes.empty()) std::memcpy(out + used, bytes.data(), bytes.size());
      used += bytes.size();
    };
    for (const piece& p : pieces) {
      if (p.secret) hidden[hidden_count++] = {used, p.bytes.size()};
      add(p.bytes);
    }
    add(ending);
    raw_->send(raw_, out, used, hidden, hidden_count);
  }
  // Answers question `id` (0 during prepare: why the connection cannot be prepared).
  void finish(std::uint32_t id, const answer& a) {
    with_abi(a, [&](const abk_answer& out) { finish(id, out); });
  }
  void finish(std::uint32_t id, const abk_answer& out) noexcept {
    forget(id);
    raw_->finish(raw_, id, &out);
  }
  // Hands question `id` on to a connection of another role, with at most 4 KiB for that leg to know.
  void next(std::uint32_t id, std::uint32_t role, std::string_view carry) noexcept {
    forget(id);
    raw_->next(raw_, id, role, str(carry));
  }
  // A transcript is being made: otherwise note() is for nobody, and its text need not be put together.
  bool watched() const noexcept { return raw_->watched; }
  // A line for the transcript of `authbroker test`; id 0: of whoever waits for this connection.
  void note(std::uint32_t id, std::string_view what, std::string_view text) const noexcept { raw_->note(raw_, id, str(what), str(text)); }
  std::optional<std::string> fact(std::uint32_t id, scope of, std::string_view key) const {
    char value[ABK_FACT_VALUE_MAX];
    std::size_t n = 0;
    if (!host_->facts() || !host_->facts()->get(raw_, id, static_cast<std::uint32_t>(of), str(key), value, &n) || n > sizeof value) return {};
    return std::string(value, n);
  }
  void learn(std::uint32_t id, scope of, std::string_view key, std::string_view value, std::chrono::seconds keep) const noexcept {
    if (host_->facts()) host_->facts()->put(raw_, id, static_cast<std::uint32_t>(of), str(key), str(value), static_cast<std::uint32_t>(keep.count()));
  }
 private:
  void forget(std::uint32_t id) noexcept { std::erase(*open_, id); }
  abk_io* raw_;
  const host* host_;
  std::vector<std::uint32_t>* open_;  // the questions not yet answered on this connection
};

// One upstream connection. The comments of abk_session hold for each function. Exceptions are answered as tempfail: give_up
// says which one, anything else is `internal`; the connection is closed.
class session {
 public:
  virtual ~session() = default;
  session() = default;
  session(const session&) = delete;
  session& operator=(const session&) = delete;

  virtual step prepare(io&) { return step::ready; }
  virtual step begin(const question&, io&) = 0;
  virtual step resume(io&) = 0;
  // True: the connection is still good without question `id`.
  virtual bool cancel(std::uint32_t /*id*/) { return false; }
  // The last words on an idle connection.
  virtual void farewell(io&) {}
  // After step::compute, on a thread that may take its time: touches what the session owns, and not the question. [pool]
  virtual void compute() {}
};

// One [[backend]]; immutable once made.
class backend {
 public:
  explicit backend(const host& on) : host_(on) {}
  virtual ~backend() = default;
  backend(const backend&) = delete;
  backend& operator=(const backend&) = delete;

  // What the host should know; read once, after the backend was made.
  struct traits {
    std::uint32_t kinds = 0;         // ABK_LOGIN | ABK_MAILBOX | ABK_PROBE
    std::uint32_t check_kinds = 0;   // of these, the ones that check() answers
    std::uint32_t inline_kinds = 0;  // of these, the ones whose check() never blocks
    std::uint32_t roles = 1;
    std::uint32_t login_role = 0;    // where a login starts
    std::uint32_t mailbox_role = 0;  // where a mailbox question starts
    std::array<std::uint32_t, ABK_ROLES_MAX> questions_max{1, 1, 1, 1};  // in flight on one connection, by role
    std::uint32_t flags = 0;
  };
  virtual traits about() const = 0;
  // A fresh connection's session. [any]
  virtual std::unique_ptr<session> open(std::uint32_t /*role*/) const { return nullptr; }
  // For the check kind; may block unless declared inline. [pool]
  virtual answer check(const question&) const { return {}; }
  const host& on() const noexcept { return host_; }

 private:
  host host_;
};

namespace border {

struct held_session {
  abk_session api{};
  const backend* of = nullptr;
  std::unique_ptr<session> inner;
  std::vector<std::uint32_t> open;
  bool preparing = true;

  static held_session& self(abk_session* s) noexcept { return *static_cast<held_session*>(s->self); }

  // Everybody who still waits on this connection hears the same. Never throws.
  void answer_all(io& up, const answer* why) noexcept {
    while (preparing || !open.empty()) {
      const std::uint32_t id = preparing ? 0 : open.back();
      preparing = false;
      try {
        if (why) up.finish(id, *why);
        else up.finish(id, internal_trouble("sdk.exception"));
      } catch (...) {
        up.finish(id, internal_trouble("sdk.no-memory"));
      }
      if (id == 0) break;
    }
  }
  template <class Deed>
  abk_step guarded(abk_io* raw, Deed&& deed) noexcept {
    io up(raw, of->on(), &open);
    step next = step::close;
    try {
      next = deed(up);
    } catch (const give_up& e) {
      answer_all(up, &e.why());
    } catch (const std::exception& e) {
      of->on().log(level::error, "plugin_exception", {{"what", e.what()}});
      answer_all(up, nullptr);
    } catch (...) {
      answer_all(up, nullptr);
    }
    if (next == step::ready) preparing = false;
    if (next == step::close && (!open.empty())) answer_all(up, nullptr);
    return static_cast<abk_step>(next);
  }
};

inline abk_step prepare(abk_session* s, abk_io* raw) noexcept {
  auto& me = held_session::self(s);
  return me.guarded(raw, [&](io& up) { return me.inner->prepare(up); });
}
inline abk_step begin(abk_session* s, const abk_question* q, abk_io* raw) noexcept {
  auto& me = held_session::self(s);
  return me.guarded(raw, [&](io& up) {
    me.preparing = false;
    me.open.push_back(q->id);  // room was reserved: cannot throw before the question is known to the border
    return me.inner->begin(question(*q), up);
  });
}
inline abk_step resume(abk_session* s, abk_io* raw) noexcept {
  auto& me = held_session::self(s);
  return me.guarded(raw, [&](io& up) { return me.inner->resume(up); });
}
inline bool cancel(abk_session* s, std::uint32_t id) noexcept {
  auto& me = held_session::self(s);
  try {
    std::erase(me.open, id);
    return me.inner->cancel(id);
  } catch (...) {
    return false;
  }
}
inline void farewell(abk_session* s, abk_io* raw) noexcept {
  auto& me = held_session::self(s);
  io up(raw, me.of->on(), &me.open);
  try {
    me.inner->farewell(up);
  } catch (...) {  // then without
  }
}
inline void compute(abk_session* s) noexcept {
  auto& me = held_session::self(s);
  try {
    me.inner->compute();
  } catch (const std::exception& e) {
    me.of->on().log(level::error, "plugin_exception", {{"what", e.what()}});
  } catch (...) {
    me.of->on().log(level::error, "plugin_exception", {{"what", "compute() threw"}});
  }
}
inline void destroy_session(abk_session* s) noexcept { delete static_cast<held_session*>(s->self); }

struct held_backend {
  abk_backend api{};
  std::unique_ptr<backend> inner;
  backend::traits about;
};

inline abk_session* open(const abk_backend* b, std::uint32_t role) noexcept {
  const auto* me = static_cast<const held_backend*>(b->self);
  try {
    auto s = std::make_unique<held_session>();
    s->of = me->inner.get();
    s->open.reserve(role < ABK_ROLES_MAX ? std::max<std::size_t>(1, me->about.questions_max[role]) : 1);
    s->inner = me->inner->open(role);
    if (!s->inner) return nullptr;
    s->api = {sizeof(abk_session), s.get(), &prepare, &begin, &resume, &cancel, &destroy_session, &farewell, &compute};
    return &s.release()->api;
  } catch (...) {
    return nullptr;
  }
}
inline void check(const abk_backend* b, const abk_question* q, abk_check* out) noexcept {
  const auto* me = static_cast<const held_backend*>(b->self);
  const auto say = [out](const abk_answer& a) { out->finish(out, &a); };
  bool said = false;
  try {
    const answer a = me->inner->check(question(*q));
    with_abi(a, [&](const abk_answer& ready) {
      said = true;
      say(ready);
    });
  } catch (const give_up& e) {
    try {
      with_abi(e.why(), [&](const abk_answer& ready) {
        said = true;
        say(ready);
      });
    } catch (...) {
      if (!said) say(internal_trouble("sdk.no-memory"));
    }
  } catch (...) {
    if (!said) say(internal_trouble("sdk.exception"));
  }
}
inline void destroy_backend(abk_backend* b) noexcept { delete static_cast<held_backend*>(b->self); }

// Wraps what a plugin's create function made; NULL if it made nothing, threw, or reported a problem.
template <class Create>
abk_backend* create(const abk_host* raw, abk_config* cfg, Create&& make) noexcept {
  settings given(cfg);
  try {
    auto held = std::make_unique<held_backend>();
    held->inner = make(host(raw), given);
    if (!held->inner || given.failed()) return nullptr;
    held->about = held->inner->about();
    const auto& t = held->about;
    const auto& n = t.questions_max;
    held->api = {sizeof(abk_backend), held.get(), t.kinds, t.check_kinds, t.inline_kinds, t.roles, t.login_role, t.mailbox_role,
                 {n[0], n[1], n[2], n[3]}, t.flags, &open, &check, &destroy_backend};
    return &held.release()->api;
  } catch (const std::exception& e) {
    cfg->problem(cfg, "", e.what());
  } catch (...) {
    cfg->problem(cfg, "", "the plugin failed for an unknown cause");
  }
  return nullptr;
}

}  // namespace border
}  // namespace abk

// Exports the plugin. CREATE is a function: std::unique_ptr<abk::backend>(const abk::host&, abk::settings&).
#define ABK_PLUGIN(NAME, VERSION, CREATE)                                                                           \
  extern "C" ABK_EXPORT const abk_plugin* abk_plugin_1(void) {                                                      \
    static const abk_plugin me = {sizeof(abk_plugin), ABK_ABI_MINOR, NAME, VERSION, nullptr,                        \
                                  [](const abk_host* h, abk_config* c) { return abk::border::create(h, c, CREATE); }}; \
    return &me;                                                                                                     \
  }                                                                                                                 \
  static_assert(true, "a semicolon follows")
