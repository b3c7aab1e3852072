// The tree behind a filter_template. Private to this library.
#pragma once
#include "filter.hpp"

namespace directory {

enum class match : std::uint8_t { all, any, none, equal, greater, less, approximate, present, substrings, extensible };

struct filter_template::node {
  match how = match::equal;
  std::vector<node> children;          // of all, any and none (which has one)
  std::string attribute;               // of the others; may be empty for extensible
  value_template value;                // of equal, greater, less, approximate, extensible
  // Of substrings: what stands between the stars. The first and the last may be empty, meaning that a star begins or ends it.
  std::vector<value_template> parts;
  std::string rule;                    // of extensible; may be empty
  bool dn_attributes = false;          // of extensible
};

}  // namespace directory
