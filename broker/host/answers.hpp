// From what a plugin says to what the broker believes. Everything is copied, cleaned and capped here, once.
#pragma once
#include <abk/plugin.h>

#include "base/answer.hpp"

namespace authbroker {

// An unknown verdict, a reason that does not belong to it, or an answer of the other kind of question gives
// tempfail(internal) with an operator text that says what was wrong; `legal` is set to false then.
// `password` is blotted out of every text. Cost: one pass over the texts.
finding read_answer(question_kind kind, const abk_answer& from, std::string_view password, bool& legal);

inline std::string_view view(abk_str s) { return s.data == nullptr ? std::string_view() : std::string_view(s.data, s.len); }
inline abk_str to_abk(std::string_view s) { return {s.data(), s.size()}; }

}  // namespace authbroker
