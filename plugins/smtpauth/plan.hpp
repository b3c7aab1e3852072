// Which mechanism carries a name and a password. Pure.
#pragma once
#include <abk/answer.hpp>
#include <smtp/extensions.hpp>

#include <span>
#include <variant>

#include "mechanisms.hpp"

namespace smtpauth {

// The longest command RFC 5321 allows, CR LF included. The lines that follow AUTH may be longer: see challenge_bytes_max.
inline constexpr std::size_t command_bytes_max = 512;

struct plan {
  mechanism by = mechanism::plain;
  bool initial_response = false;  // PLAIN: it fits into the line of the command
};

// The first of `allowed` that the server offers and that can carry both, or why there is none: then nothing may be sent.
std::variant<plan, abk::answer> choose(std::span<const mechanism> allowed, const smtp::extensions&, std::string_view name, abk::secret_view password);

}  // namespace smtpauth
