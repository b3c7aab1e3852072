// What each command does, after the command line has been understood: one function a command, which prints and returns the
// exit status. Answers go to standard output, complaints to standard error.
#pragma once
#include <cstdint>
#include <string>

#include "tool/probe.hpp"
#include "tool/render.hpp"

namespace authbroker {

struct options {
  bool json = false;
  std::string config = "/etc/authbroker/authbroker.toml";
  bool config_named = false;  // on the command line
  std::string socket;  // "": the configuration's, else the default
  std::string address;
  std::string client;
  std::string id;
  std::string scheme = "yescrypt";
  std::uint32_t cost = 0;  // 0: the scheme's usual one
  bool connect = false;
  bool password_stdin = false;
  probe_options probe;
};

exit_code command_check_config(const options&);
exit_code command_test_login(const options&);
exit_code command_test_mailbox(const options&);
exit_code command_explain(const options&);
exit_code command_why(const options&);
exit_code command_status(const options&);
exit_code command_routes(const options&);
exit_code command_plugins(const options&);
exit_code command_reload(const options&);
exit_code command_drain(const options&);
exit_code command_hash_password(const options&);
exit_code command_probe(const options&);

}  // namespace authbroker
