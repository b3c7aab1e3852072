// What every parser of this room says about the bytes it was shown.
#pragma once
#include <cstdint>

namespace authbroker {

enum class progress : std::uint8_t {
  need_more,  // a good beginning
  message,    // complete
  malformed,  // no continuation can make it good
};

}  // namespace authbroker
