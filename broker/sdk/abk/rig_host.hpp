// The pretend host's side of a backend: its settings, facts and log, and whatever it has to complain about. See rig.hpp.
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
    case ABK_TEMPFAIL: return reason == ABK_REASON_NONE || within(ABK_REASON_UPSTREAM_DOWN, ABK_REASON_SLOW_DOWN);
    default: return false;
  }
}

class connection_rig;

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
    host_rig& me = self(c);
    auto& views = me.lists_[key];
    views.clear();
    const auto it = me.settings_.find(key);
    if (const auto* one = it == me.settings_.end() ? nullptr : std::get_if<std::string>(&it->second)) {  // "a list, or one of it"
      me.read_.insert(key);
      views.push_back({one->data(), one->size()});
    } else {
      const auto* found = find<std::vector<std::string>>(c, key);
      if (found == nullptr) return false;
      for (const auto& each : *found) views.push_back({each.data(), each.size()});
    }
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

}  // namespace abk::test
