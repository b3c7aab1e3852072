// What an Active Directory means by result 49: one table from the number in its diagnostic text to a verdict.
#pragma once
#include <directory/verdicts.hpp>

namespace exchange {

// Looked at before the rows that all directories share. Never a yes.
std::span<const directory::bind_row> subcodes();

}  // namespace exchange
