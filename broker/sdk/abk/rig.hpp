// A pretend host, for tests and fuzzers of plugins: it plays abk_host, abk_config and abk_io in memory, and complains about
// every breach of the contract in <abk/plugin.h>. No sockets, no threads, no time. Needs the standard library and libdl.
//
// What it lends to the plugin it lends as narrowly as the contract says: input lies in memory of its exact size, and a
// question's texts are freed when it is answered, so that a sanitizer sees whoever looks further or longer.
#pragma once
#include <abk/ext/facts.h>
#include <abk/ext/log.h>
#include <abk/plugin.h>
#include <dlfcn.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace abk::test {

// The plugin in a shared object, which stays loaded. Throws std::runtime_error.
inline const abk_plugin* load(const std::string& file) {
  void* so = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (so == nullptr) throw std::runtime_error(dlerror());
  void* entry = dlsym(so, "abk_plugin_1");
  if (entry == nullptr) throw std::runtime_error(file + " has no symbol abk_plugin_1");
  const abk_plugin* (*get)() = nullptr;
  std::memcpy(&get, &entry, sizeof get);
  const abk_plugin* found = get();
  if (found == nullptr || found->size < sizeof(abk_plugin)) throw std::runtime_error(file + ": abk_plugin_1() gave no plugin, or a short one");
  return found;
}

// Texts serve for text, duration ("5s"), size ("64KiB") and secret.
using value = std::variant<std::string, std::int64_t, bool, std::vector<std::string>>;
using table = std::map<std::string, value>;

// An answer, copied.
struct said_answer {
  std::uint32_t id = 0, verdict = ABK_TEMPFAIL, reason = ABK_REASON_INTERNAL;
  std::string rule, public_text, operator_text, notice, mailbox;
  std::uint32_t kind = ABK_KIND_UNKNOWN, retry_after_ms = 0, flags = 0;
  std::vector<std::string> addresses;
  std::vector<std::pair<std::string, std::string>> attributes;
  std::int64_t password_expires_in_s = 0;
  std::int32_t grace_logins = 0;
};

// One login or mailbox question, as a test writes it.
struct ask {
  std::uint32_t kind = ABK_LOGIN;
  std::string login_name, password, address, client, carry;
};

// True if a question of `kind` may be answered so.
inline bool legal(std::uint32_t kind, std::uint32_t verdict, std::uint32_t reason) {
  const auto within = [reason](std::uint32_t from, std::uint32_t to) { return reason >= from && reason <= to; };
  switch (verdict) {
    case ABK_YES: return reason == ABK_REASON_NONE || within(ABK_REASON_MAILBOX_BUSY, ABK_REASON_YES_MUST_CHANGE);
    case ABK_NO: return kind == ABK_MAILBOX ? reason == ABK_REASON_NONE || reason == ABK_REASON_NO_SUCH_USER : within(ABK_REASON_WRONG_PASSWORD, ABK_REASON_TOO_LONG);
    case ABK_UNVERIFIABLE: return kind == ABK_MAILBOX && (within(ABK_REASON_ACCEPTS_ALL, ABK_REASON_CANNOT_VERIFY) || reason == ABK_REASON_BAD_NAME || reason == ABK_REASON_TOO_LONG);
    case ABK_TEMPFAIL: return reason == ABK_REASON_NONE || within(ABK_REASON_UPSTREAM_DOWN, ABK_REASON_INTERNAL);
    default: return false;
  }
}

// A host with one backend. Facts are kept as "scope/key"; the pretend host has one route, one upstream and one name.
class host_rig {
 public:
  // Creates the backend; `problems` says why not.
  // `channel`: what its connections will begin on, ABK_TLS and so on.
  explicit host_rig(const abk_plugin* plugin, table settings = {}, std::map<std::string, std::string> known = {}, std::uint32_t channel = ABK_TLS)
      : facts(std::move(known)), settings_(std::move(settings)) {
    host_ = {sizeof host_, ABK_ABI_MINOR, this, [](const abk_host* h, const char* id) { return self(h).extension(id); }};
    config_ = {sizeof config_, this, {"test", 4}, &text, &number, &boolean, &duration, &bytes, &list, &text, &problem, 1U << channel};
    static std::set<const abk_plugin*> initialised;  // init() comes once per process
    if (plugin->init != nullptr && initialised.insert(plugin).second && !plugin->init(&host_)) problems.push_back("init() refused");
    if (problems.empty()) backend_ = plugin->create(&host_, &config_);
    if (backend_ == nullptr && problems.empty()) problems.push_back("create() gave no backend and no problem");
    for (const auto& [key, unused] : settings_)
      if (read_.count(key) == 0) problems.push_back(key + ": nobody reads this key");
    if (backend_ != nullptr && backend_->size < sizeof(abk_backend)) problems.push_back("a short abk_backend");
  }
  ~host_rig() {
    if (backend_ != nullptr && backend_->destroy != nullptr) backend_->destroy(backend_);
  }
  host_rig(const host_rig&) = delete;
  host_rig& operator=(const host_rig&) = delete;

  const abk_backend* backend() const { return backend_; }
  void complain(std::string what) { complaints.push_back(std::move(what)); }

  std::vector<std::string> problems;    // of the configuration
  std::vector<std::string> complaints;  // about breaches of the contract
  std::vector<std::string> log;         // "event name=value ..."
  std::map<std::string, std::string> facts;

  static said_answer copy(const abk_answer& from, std::uint32_t id) {
    const auto own = [](abk_str s) { return std::string(s.len > 0 ? s.data : "", s.len); };
    said_answer out;
    out.id = id;
    out.verdict = from.verdict;
    out.reason = from.reason;
    out.rule = own(from.rule);
    out.public_text = own(from.public_text);
    out.operator_text = own(from.operator_text);
    out.notice = own(from.notice);
    out.mailbox = own(from.mailbox);
    out.kind = from.kind;
    for (std::size_t i = 0; i < from.address_count; ++i) out.addresses.push_back(own(from.addresses[i]));
    for (std::size_t i = 0; i < from.attribute_count; ++i) out.attributes.emplace_back(own(from.attributes[i].name), own(from.attributes[i].value));
    out.retry_after_ms = from.retry_after_ms;
    out.password_expires_in_s = from.password_expires_in_s;
    out.grace_logins = from.grace_logins;
    out.flags = from.flags;
    return out;
  }

 private:
  static host_rig& self(const abk_host* h) { return *static_cast<host_rig*>(h->host); }
  static host_rig& self(abk_config* c) { return *static_cast<host_rig*>(c->host); }

  const void* extension(std::string_view id) {
    static const abk_log log_service = {sizeof(abk_log), [](const abk_host* h, std::uint32_t, const char* event, const abk_attribute* fields, std::size_t n) {
                                          std::string line = event;
                                          for (std::size_t i = 0; i < n; ++i)
                                            line += " " + std::string(fields[i].name.data, fields[i].name.len) + "=" + std::string(fields[i].value.data, fields[i].value.len);
                                          self(h).log.push_back(line);
                                        }};
    static const abk_facts fact_service = {sizeof(abk_facts), &fact_get, &fact_put};
    if (id == ABK_EXT_LOG) return &log_service;
    if (id == ABK_EXT_FACTS) return &fact_service;
    return nullptr;
  }
  static bool fact_get(abk_io* io, std::uint32_t id, std::uint32_t scope, abk_str key, char* out, std::size_t* len);
  static void fact_put(abk_io* io, std::uint32_t id, std::uint32_t scope, abk_str key, abk_str what, std::uint32_t ttl_s);

  template <class T>
  static const T* find(abk_config* c, const char* key) {
    host_rig& me = self(c);
    me.read_.insert(key);
    const auto it = me.settings_.find(key);
    if (it == me.settings_.end()) return nullptr;
    const T* found = std::get_if<T>(&it->second);
    if (found == nullptr) me.problems.push_back(std::string(key) + ": wrong type");
    return found;
  }
  static bool text(abk_config* c, const char* key, abk_str* out) {
    const auto* found = find<std::string>(c, key);
    if (found != nullptr) *out = {found->data(), found->size()};
    return found != nullptr;
  }
  static bool number(abk_config* c, const char* key, std::int64_t min, std::int64_t max, std::int64_t* out) {
    const auto* found = find<std::int64_t>(c, key);
    if (found == nullptr) return false;
    if (*found < min || *found > max) self(c).problems.push_back(std::string(key) + ": out of range");
    *out = std::clamp(*found, min, max);
    return *found == *out;
  }
  static bool boolean(abk_config* c, const char* key, bool* out) {
    const auto* found = find<bool>(c, key);
    if (found != nullptr) *out = *found;
    return found != nullptr;
  }
  static bool scaled(abk_config* c, const char* key, const std::map<std::string, std::int64_t>& units, std::int64_t* out) {
    const auto* found = find<std::string>(c, key);
    if (found == nullptr) return false;
    const std::size_t digits = std::min(found->find_first_not_of("0123456789"), found->size());
    const auto unit = units.find(found->substr(digits));
    if (digits == 0 || digits > 9 || unit == units.end()) {
      self(c).problems.push_back(std::string(key) + ": \"" + *found + "\" is not understood");
      return false;
    }
    *out = std::stoll(found->substr(0, digits)) * unit->second;
    return true;
  }
  static bool duration(abk_config* c, const char* key, std::int64_t* out) {
    static const std::map<std::string, std::int64_t> units = {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};
    return scaled(c, key, units, out);
  }
  static bool bytes(abk_config* c, const char* key, std::int64_t* out) {
    static const std::map<std::string, std::int64_t> units = {{"B", 1}, {"KiB", 1024}, {"MiB", 1024 * 1024}};
    return scaled(c, key, units, out);
  }
  static bool list(abk_config* c, const char* key, const abk_str** out, std::size_t* count) {
    const auto* found = find<std::vector<std::string>>(c, key);
    if (found == nullptr) return false;
    auto& views = self(c).lists_[key];
    views.clear();
    for (const auto& one : *found) views.push_back({one.data(), one.size()});
    *out = views.data();
    *count = views.size();
    return true;
  }
  static void problem(abk_config* c, const char* key, const char* what) { self(c).problems.push_back(std::string(key) + ": " + what); }

  table settings_;
  std::set<std::string> read_;
  std::map<std::string, std::vector<abk_str>> lists_;
  abk_host host_{};
  abk_config config_{};
  abk_backend* backend_ = nullptr;
};

// One connection of that backend. Drive it as the host does: feed(), end(), tls_up(), begin().
class connection_rig {
 public:
  enum class state { preparing, wants_tls, ready, busy, closed };

  connection_rig(host_rig& host, std::uint32_t channel, std::uint32_t role = 0) : host_(host), role_(role) {
    io_ = {sizeof io_, this, {nullptr, 0}, channel, false, &consume, &send, &finish, &next};
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
  void destroy() {
    if (session_ != nullptr && session_->destroy != nullptr) session_->destroy(session_);
    session_ = nullptr;
    state_ = state::closed;
  }

  // What was sent since the last call, and which bytes of it were marked as secret ('x' at their places).
  std::string take_sent() { return std::exchange(sent_, {}); }
  std::string take_marks() { return std::exchange(marks_, {}); }
  const std::string& sent() const { return sent_; }

  std::vector<said_answer> answers;  // id 0: why the connection could not be prepared
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
      case ABK_READ:
        if (io_.eof) lost("the connection ended");
        else if (io_.in.len >= 65536) lost("too much unread input");
        return;
      case ABK_START_TLS:
        if (!preparing || io_.channel != ABK_STARTTLS_WANTED) host_.complain("START_TLS where it is not legal");
        if (io_.in.len > 0) return lost("bytes were waiting before TLS");
        state_ = state::wants_tls;
        return;
      case ABK_READY:
        if (!open_.empty()) host_.complain("READY with a question unanswered");
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

  host_rig& host_;
  std::uint32_t role_;
  abk_session* session_ = nullptr;
  abk_io io_{};
  state state_ = state::preparing;
  bool in_call_ = false;
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
  if ((id == 0 && scope != ABK_FACT_UPSTREAM) || (id != 0 && at.open_.count(id) == 0)) at.host_.complain("a fact about no open question");
  if (key.len > ABK_FACT_KEY_MAX || what.len > ABK_FACT_VALUE_MAX || ttl_s == 0) at.host_.complain("a fact that is too long, or has no life");
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
