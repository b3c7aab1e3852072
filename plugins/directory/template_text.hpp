// What the parsers of filters and DNs share: a place in a text, and complaints that say where it is. Private to this library.
#pragma once
#include "filter.hpp"

#include <stdexcept>

namespace directory {

struct template_problem : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class template_text {
 public:
  explicit template_text(std::string_view text) noexcept : text_(text) {}

  bool done() const noexcept { return at_ == text_.size(); }
  char peek() const noexcept { return done() ? '\0' : text_[at_]; }  // NUL at the end, which no configuration can hold
  void skip() noexcept { ++at_; }
  char take() noexcept { return text_[at_++]; }
  void expect(char c);
  char escaped_byte();               // "\2a"
  value_template::place place();     // "{address}"
  // "FOUND at character N; WANTED is wanted"
  [[noreturn]] void fail(const std::string& found, const std::string& wanted) const;
  [[noreturn]] void fail_here(const std::string& wanted) const;  // what was found is the next character, or the end

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace directory
