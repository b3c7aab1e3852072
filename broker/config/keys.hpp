// Every key of the configuration, once: what may be written, its type, its default and one line about it. The readers refuse
// what is not here, the suggestions for misspelt keys come from here, and the manual page is made and checked from here.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/nearest.hpp"

namespace authbroker {

enum class key_type : std::uint8_t { text, whole, boolean, duration, size, text_list, table, secret, other };
std::string_view name(key_type);  // "text", "whole number", ...

struct key_info {
  std::string_view path;      // "backend.pool.connections"; a parent stands before its children
  key_type type = key_type::text;
  std::string_view fallback;  // as it would be written in TOML; "" when the key has no default
  std::string_view about;     // one line for the manual
};

std::span<const key_info> key_table();
inline std::vector<key_info> known_keys() { return {key_table().begin(), key_table().end()}; }
// nullptr if there is no such key.
const key_info* find_key(std::string_view path);
// The names of the keys right below `parent` ("" for the top).
std::vector<std::string_view> keys_below(std::string_view parent);

}  // namespace authbroker
