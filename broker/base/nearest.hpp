// What somebody most likely meant who misspelt a word.
#pragma once
#include <span>
#include <string_view>

namespace authbroker {

// The candidate that a person most likely meant by `typed`; "" when none is close. Cost: length times length a candidate.
std::string_view nearest(std::string_view typed, std::span<const std::string_view> candidates);

}  // namespace authbroker
