// What [backend.settings] says, once read and checked.
#pragma once
#include <abk/host.hpp>

#include <cstdint>
#include <vector>

namespace pop3 {

enum class apop_use : std::uint8_t { never, prefer, require };
enum class preset : std::uint8_t { none, communigate, mailtraq, imail };
enum class in_use : std::uint8_t { accept, tempfail };
enum class mechanism : std::uint8_t {
  user,
  plain_ir,  // PLAIN where the server may be given everything in one line, which saves waiting for an answer
  plain,
  login
};

struct rules {
  apop_use apop = apop_use::never;
  in_use busy = in_use::accept;
  preset like = preset::none;
  bool forward_client = false;
  std::vector<mechanism> mechanisms{mechanism::plain_ir, mechanism::user, mechanism::plain, mechanism::login};
};

// Reads every key; complaints go to the host.
rules read_rules(abk::settings&);

}  // namespace pop3
