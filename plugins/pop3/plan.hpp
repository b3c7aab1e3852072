// Which mechanism carries a name and a password. Pure.
#pragma once
#include <abk/answer.hpp>

#include <string_view>
#include <variant>

#include "replies.hpp"
#include "rules.hpp"

namespace pop3 {

// The longest command RFC 2449 allows, CR LF included. Servers lock out whoever sends more (IMail from 512 on), so that the
// lines of an AUTH exchange keep to it too.
inline constexpr std::size_t command_bytes_max = 255;

struct plan {
  mechanism by = mechanism::user;
  bool initial_response = false;  // PLAIN: the server may be given it with the command, and it fits
  bool unoffered = false;         // nothing better is known than USER, though CAPA did not list it
};

// The first of `allowed` that the server offers and that can carry both, or why there is none: then nothing may be sent.
std::variant<plan, abk::answer> choose(const std::vector<mechanism>& allowed, const capabilities&, std::string_view name, abk::secret_view password);

// Nothing if APOP can carry the name, else why not.
std::optional<abk::answer> apop_excuse(std::string_view name, abk::secret_view password);

}  // namespace pop3
