// The settings of one backend.
#pragma once
#include <abk/host.hpp>
#include <smtp/opening.hpp>

#include <string>
#include <vector>

#include "budget.hpp"

namespace vrfy {

enum class method : std::uint8_t { vrfy, rcpt };
enum class preset : std::uint8_t { none, sendmail, domino, exchange };

struct rules {
  smtp::manners manners;
  std::vector<method> methods{method::rcpt};  // in order, each once
  std::string sender;                         // of MAIL FROM; empty: the null sender
  bool detect_accept_all = true;
  std::uint32_t session_questions = 100;      // of one connection
  allowance unknown;                          // of questions about addresses that there are not
  preset like = preset::none;
  std::string backend;                        // for the log
};

// Reads them; complaints go to the host.
rules read_rules(abk::settings&);

}  // namespace vrfy
