// How a name or a password is written as an argument of a command (an "astring" of RFC 9051). Pure.
#pragma once
#include <abk/secret.hpp>

#include <cstdint>
#include <string_view>

namespace imap {

enum class form : std::uint8_t {
  atom,     // as it is
  quoted,   // "like \"this\""
  literal,  // {4} CR LF and the bytes: for what the other two cannot carry
};

// The plainest form that carries every byte of `text`. A literal carries any byte but NUL.
form form_of(std::string_view text);

// As `form_of` says: an atom or a quoted string with its escapes; of a literal, the bytes alone.
abk::secret_text spelled(abk::secret_view text);

// How many bytes spelled() gives.
std::size_t spelled_size(std::string_view text);

}  // namespace imap
