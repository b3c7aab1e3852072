// What a reply means that comes before any question: a reply that is not the hoped-for one is a tempfail, whatever it says.
// A table; the first row that fits decides, and its name goes into the log. Pure.
#pragma once
#include <abk/answer.hpp>

#include <span>

#include "replies.hpp"

namespace smtp {

enum class moment : std::uint8_t { greeting, ehlo, helo, starttls, xclient };

struct opening_row {
  moment at;
  std::uint16_t from, to;  // codes, both included
  abk::reason why;
  std::string_view name;  // the rule is "<moment>.<name>"
};
std::span<const opening_row> opening_table();

// Why the connection cannot be prepared. For replies that are none, and for codes that no row knows: upstream_nonsense.
abk::give_up judge_opening(moment, const reply&);

}  // namespace smtp
