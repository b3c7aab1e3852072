// Names that are written otherwise than usual. A directory compares loosely: it takes blanks together, and a letter for another form
// of the same letter. Each such spelling is the same account to the directory and another name to whoever counts failures by name,
// or keeps what it was told. Pure.
#pragma once
#include <string_view>

namespace directory {

// Is it UTF-8 written as people write: no two blanks in a row or at an end, none but the ordinary blank, no invisible characters, no
// accents by themselves, no letters in another width, style or position ("ａｎｎ", "𝐚nn", "ªnn", "ﬁ")? Case is not looked at.
bool plainly_spelled(std::string_view name) noexcept;

bool ascii(std::string_view text) noexcept;

}  // namespace directory
