// From what a plugin says to what the broker believes. Everything is copied, cleaned and capped here, once.
#pragma once
#include <abk/plugin.h>

#include <array>

#include "base/answer.hpp"
#include "core/backend.hpp"

namespace authbroker {

// What an asker typed.
struct typed {
  std::string_view password;
  std::array<std::string_view, 5> names{};
};
inline typed typed_in(const stage_question& q, std::string_view password) { return {password, {q.address, q.login_name, q.identity, q.local, q.domain}}; }
// For the log and for transcripts.
std::string shown(std::string_view text, const typed&);

// An unknown verdict, a reason that does not belong to it, or an answer of the other kind of question gives
// tempfail(internal) with an operator text that says what was wrong; `legal` is set to false then.
// A text that tells the password is withheld; addresses and attributes are handed out as they are, or not at all: a changed
// one would be somebody else's. Of what `out` held nothing is left. Cost: one pass over the texts.
void read_answer(question_kind kind, const abk_answer& from, const typed&, finding& out, bool& legal);

inline std::string_view view(abk_str s) { return s.data == nullptr ? std::string_view() : std::string_view(s.data, s.len); }
inline abk_str to_abk(std::string_view s) { return {s.data(), s.size()}; }

}  // namespace authbroker
