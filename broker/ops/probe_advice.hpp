// From what a probe found out to what the administrator should know, and to TOML. Pure.
#pragma once
#include <string>
#include <vector>

#include "ops/probe_facts.hpp"

namespace authbroker {

// Is another form of the name worth a login, after this one was answered so?
bool another_form_may_do(const finding&);
// Could the password go to another server after this? Only if it has not been sent.
bool another_server_may_do(const finding&);

// Does this way of asking tell which mailboxes exist?
bool tells(const mailbox_try&);

struct probe_advice {
  int status = 0;             // 0 works, 1 login refused, 3 mailboxes cannot be verified, 75 cannot tell now, 78 bad settings
  std::string configuration;  // TOML to paste; "" if nothing useful is known
  std::vector<std::string> sentences;
};
probe_advice advise(const probe_facts&);

}  // namespace authbroker
