// Which command carries a name and a password, and how. Pure.
#pragma once
#include <abk/answer.hpp>

#include <string_view>
#include <variant>

#include "capabilities.hpp"
#include "rules.hpp"

namespace imap {

// What RFC 2683 says a server should take as one line, CR LF included.
inline constexpr std::size_t command_bytes_max = 8000;

struct plan {
  mechanism by = mechanism::plain;
  bool initial_response = false;  // AUTHENTICATE PLAIN: the password goes with the command
};

// The first of `allowed` that the server offers and that can carry both, or why there is none: then nothing may be sent.
std::variant<plan, abk::answer> choose(const std::vector<mechanism>& allowed, const capabilities&, std::string_view name, abk::secret_view password);

// True if a literal of `bytes` bytes may follow its announcement at once.
bool unawaited_literal(const capabilities&, std::size_t bytes);

}  // namespace imap
