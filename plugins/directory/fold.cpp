#include "fold.hpp"

#include <algorithm>

namespace directory {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
bool same_letter(char a, char b) { return lower(a) == lower(b); }

}  // namespace

bool contains(std::string_view text, std::string_view part) noexcept {
  return std::search(text.begin(), text.end(), part.begin(), part.end(), same_letter) != text.end();
}

bool same_dn(std::string_view a, std::string_view b) noexcept {
  bool after_comma = true;
  std::size_t i = 0;
  std::size_t k = 0;
  for (;;) {
    if (after_comma) {
      while (i < a.size() && a[i] == ' ') ++i;
      while (k < b.size() && b[k] == ' ') ++k;
    }
    if (i == a.size() || k == b.size()) return i == a.size() && k == b.size();
    if (!same_letter(a[i], b[k])) return false;
    after_comma = a[i] == ',' || a[i] == '+';
    ++i;
    ++k;
  }
}

}  // namespace directory
