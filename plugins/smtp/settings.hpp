// The settings that all backends of mail servers have.
#pragma once
#include <abk/host.hpp>

#include "opening.hpp"

namespace smtp {

// Reads `helo`; complaints go to the host. Without it: own_name().
std::string read_helo(abk::settings&);

}  // namespace smtp
