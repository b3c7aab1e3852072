#include "spelling.hpp"

#include <abk/words.hpp>

#include <algorithm>

namespace imap {
namespace {

// Narrower than the grammar: what some server might take for something else is quoted.
bool atom_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_' || c == '@';
}
// RFC 9051 lets a quoted string hold UTF-8, RFC 3501 does not: eight bits go as a literal, which both know.
bool quotable(char c) { return c >= 0x20 && c < 0x7f; }
bool escaped(char c) { return c == '"' || c == '\\'; }

}  // namespace

form form_of(std::string_view text) {
  if (!text.empty() && std::all_of(text.begin(), text.end(), atom_char) && !abk::same_word(text, "NIL")) return form::atom;
  if (std::all_of(text.begin(), text.end(), quotable)) return form::quoted;
  return form::literal;
}

std::size_t spelled_size(std::string_view text) {
  const auto escapes = static_cast<std::size_t>(std::count_if(text.begin(), text.end(), escaped));
  return form_of(text) == form::quoted ? text.size() + escapes + std::string_view("\"\"").size() : text.size();
}

abk::secret_text spelled(abk::secret_view text) {
  const bool quoted = form_of(text.reveal()) == form::quoted;
  abk::secret_text out(spelled_size(text.reveal()));
  if (quoted) out.append('"');
  for (const char c : text.reveal()) {
    if (quoted && escaped(c)) out.append('\\');
    out.append(c);
  }
  if (quoted) out.append('"');
  return out;
}

}  // namespace imap
