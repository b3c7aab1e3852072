// What [backend.settings] says, once read and checked.
#pragma once
#include <abk/host.hpp>

#include <cstdint>
#include <vector>

namespace imap {

enum class preset : std::uint8_t { none, communigate, mailtraq };
enum class in_use : std::uint8_t { accept, tempfail };
enum class mechanism : std::uint8_t { plain, login };

struct rules {
  in_use busy = in_use::accept;
  preset like = preset::none;
  bool forward_client = false;
  std::vector<mechanism> mechanisms{mechanism::plain, mechanism::login};
};

// Reads every key; complaints go to the host.
rules read_rules(abk::settings&);

}  // namespace imap
