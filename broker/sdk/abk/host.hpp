// What a plugin gets from its host besides connections: a log, a memory for facts, and the backend's settings.
#pragma once
#include <abk/answer.hpp>
#include <abk/ext/facts.h>
#include <abk/ext/log.h>

#include <array>
#include <initializer_list>
#include <span>

namespace abk {

enum class level : std::uint32_t { debug = ABK_LOG_DEBUG, info = ABK_LOG_INFO, warning = ABK_LOG_WARNING, error = ABK_LOG_ERROR };

// A cheap handle, valid as long as the process. [any]
class host {
 public:
  host() = default;
  explicit host(const abk_host* raw) noexcept : raw_(raw), log_(service<abk_log>(ABK_EXT_LOG)), facts_(service<abk_facts>(ABK_EXT_FACTS)) {}

  struct field {
    std::string_view name, value;
  };
  // A line in the daemon's log; `event` is a stable word. Fields beyond the sixteenth are dropped. Says nothing on a host without a log.
  void log(level how, const char* event, std::initializer_list<field> fields = {}) const noexcept {
    if (!log_) return;
    std::array<abk_attribute, 16> out{};
    std::size_t n = 0;
    for (const field& f : fields)
      if (n < out.size()) out[n++] = {str(f.name), str(f.value)};
    log_->write(raw_, static_cast<std::uint32_t>(how), event, out.data(), n);
  }
  const abk_facts* facts() const noexcept { return facts_; }  // nullptr: this host keeps none
  const abk_host* raw() const noexcept { return raw_; }

 private:
  template <class T>
  const T* service(const char* id) const noexcept {
    return raw_ ? static_cast<const T*>(raw_->extension(raw_, id)) : nullptr;
  }
  const abk_host* raw_ = nullptr;
  const abk_log* log_ = nullptr;
  const abk_facts* facts_ = nullptr;
};

// One word of a setting that takes one of a few.
template <class T>
struct word {
  std::string_view text;
  T value;
};

// Reader of [backend.settings]. Each getter returns the default where the key is absent; where it is wrong the host reports
// file and line itself, the default is returned, and loading fails later. Keys that nobody read are errors: read every key
// always, also those that another key makes useless. [main], within create() only.
class settings {
 public:
  explicit settings(abk_config* raw) noexcept : raw_(raw) {}

  std::string_view backend_name() const noexcept { return view(raw_->backend_name); }
  // Views of settings live as long as the backend.
  std::string_view text(const char* key, std::string_view otherwise = {}) {
    abk_str out{};
    return raw_->text(raw_, key, &out) ? view(out) : otherwise;
  }
  bool has_text(const char* key, std::string_view& out) {
    abk_str found{};
    if (!raw_->text(raw_, key, &found)) return false;
    out = view(found);
    return true;
  }
  std::int64_t number(const char* key, std::int64_t min, std::int64_t max, std::int64_t otherwise) {
    std::int64_t out = otherwise;
    return raw_->number(raw_, key, min, max, &out) ? out : otherwise;
  }
  bool flag(const char* key, bool otherwise) {
    bool out = otherwise;
    return raw_->boolean(raw_, key, &out) ? out : otherwise;
  }
  std::chrono::milliseconds duration(const char* key, std::chrono::milliseconds otherwise) {
    std::int64_t out = 0;
    return raw_->duration(raw_, key, &out) ? std::chrono::milliseconds(out) : otherwise;
  }
  std::int64_t bytes(const char* key, std::int64_t otherwise) {
    std::int64_t out = 0;
    return raw_->bytes(raw_, key, &out) ? out : otherwise;
  }
  std::vector<std::string> list(const char* key, std::vector<std::string> otherwise = {}) {
    const abk_str* items = nullptr;
    std::size_t count = 0;
    if (!raw_->list(raw_, key, &items, &count)) return otherwise;
    std::vector<std::string> out;
    for (std::size_t i = 0; i < count; ++i) out.emplace_back(view(items[i]));
    return out;
  }
  secret_view secret(const char* key) {
    abk_str out{};
    return raw_->secret(raw_, key, &out) ? secret_view(view(out)) : secret_view();
  }
  // One of `words`; the complaint about any other lists them.
  template <class T>
  T one_of(const char* key, std::initializer_list<word<T>> words, T otherwise) {
    std::string_view found;
    if (!has_text(key, found)) return otherwise;
    for (const word<T>& w : words)
      if (w.text == found) return w.value;
    refuse(key, found, std::span(words.begin(), words.size()));
    return otherwise;
  }
  // A list of `words`, in the order given, each at most once.
  template <class T>
  std::vector<T> some_of(const char* key, std::initializer_list<word<T>> words, std::vector<T> otherwise) {
    const abk_str* items = nullptr;
    std::size_t count = 0;
    if (!raw_->list(raw_, key, &items, &count)) return otherwise;
    std::vector<T> out;
    for (std::size_t i = 0; i < count; ++i) {
      bool known = false;
      for (const word<T>& w : words) {
        if (w.text != view(items[i])) continue;
        known = true;
        for (const T& before : out)
          if (before == w.value) problem(key, std::string(w.text) + " is there twice; each word once is wanted");
        out.push_back(w.value);
      }
      if (!known) refuse(key, view(items[i]), std::span(words.begin(), words.size()));
    }
    return out;
  }
  // Reports a semantic error as "what was found; what is wanted".
  void problem(const char* key, const std::string& what) {
    failed_ = true;
    raw_->problem(raw_, key, what.c_str());
  }
  bool failed() const noexcept { return failed_; }
  // True if some connection begins in the clear and is to be encrypted by the plugin (STARTTLS).
  bool starttls() const noexcept { return ABK_HAS(raw_, abk_config, channels) && (raw_->channels & 1U << ABK_STARTTLS_WANTED) != 0; }

 private:
  template <class T>
  void refuse(const char* key, std::string_view found, std::span<const word<T>> words) {
    std::string what = "\"" + std::string(found) + "\"; wanted: ";
    for (std::size_t i = 0; i < words.size(); ++i)
      what += (i == 0 ? "\"" : i + 1 == words.size() ? " or \"" : ", \"") + std::string(words[i].text) + "\"";
    problem(key, what);
  }
  abk_config* raw_;
  bool failed_ = false;
};

}  // namespace abk
