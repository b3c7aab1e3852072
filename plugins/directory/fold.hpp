// Comparisons that fold the case of ASCII letters only: attribute names, texts of servers, and DNs that one server wrote.
#pragma once
#include "text.hpp"

namespace directory {

bool contains(std::string_view text, std::string_view part) noexcept;
// The same DN, spaces after commas aside. False for two that only a schema would know to be equal.
bool same_dn(std::string_view a, std::string_view b) noexcept;

}  // namespace directory
