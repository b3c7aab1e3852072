// What [backend.settings] says, once read and checked.
#pragma once
#include <abk/host.hpp>
#include <smtp/opening.hpp>

#include <vector>

#include "mechanisms.hpp"

namespace smtpauth {

enum class preset : std::uint8_t { none, exchange };

struct rules {
  smtp::manners manners;
  preset like = preset::none;
  std::vector<mechanism> mechanisms;  // in order; all of them work on this host
  std::uint32_t session_logins = 3;   // on one connection, as long as all are refused

  // A connection is kept after a refusal. One that was told a client's address belongs to that client.
  bool keeps() const { return session_logins > 1 && !manners.forward_client; }
};

// Reads every key; complaints go to the host. Begins with the SASL library, where a mechanism needs it.
rules read_rules(const abk::host&, abk::settings&);

}  // namespace smtpauth
