// From a look-up to a question, and from an answer to what a table says. One place for socketmap, policy and tcp-table, which
// differ in how they write it. No sockets.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "core/asker.hpp"
#include "core/listener_rules.hpp"

namespace authbroker {

struct table_answer {
  enum class word : std::uint8_t { temporary, found, not_found } what = word::temporary;
  std::string text = "internal";  // the value; or, where it is temporary, why, for the asker's log
};

// What a caller's name for a table means; nullopt: nothing. "" is the one table of a wire without names.
std::optional<table_kind> kind_of(const table_rules&, std::string_view map);

// Either the answer, where nobody need be asked, or nullopt, and `q` is the question.
std::optional<table_answer> look_up(table_kind, std::string_view key, const listener_rules&, const asker&, query& q);

// A value is written only where it can be nothing else to its reader: an address that others could take for a list of them is
// a temporary answer instead.
// `asked` is the query's address.
table_answer answer_of(table_kind, const listener_rules&, const answer&, std::string_view asked);

}  // namespace authbroker
