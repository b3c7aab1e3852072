// `check-config`: every problem of a configuration at once, without a running daemon.
//
// `authbrokerd --check`, run as a child, judges as the daemon does at its start, and loads the plugins. Where no daemon can be
// found the text, the types and the cross-references are judged here, and the plugins' settings are not.
#pragma once
#include <string>
#include <vector>

namespace authbroker {

struct check_outcome {
  bool ok = false;
  bool unreachable = false;      // --connect: the configuration is good, an upstream does not work
  bool plugins_checked = false;  // false: no authbrokerd was found to load them
  std::vector<std::string> problems, warnings;  // lines, "file:line:column: key: what", without "warning: "
  std::string summary;  // "3 listeners, 2 backends, 2 routes"
  std::vector<std::string> said;  // what the child wrote to standard output: the results of --connect
};

// `connect`: also tries every upstream and the service accounts; that takes the daemon's program. Never throws for anything
// in the file. Returns once the child has ended; a child that runs longer than two minutes is killed, which is a problem.
check_outcome check_config(const std::string& file, bool connect);

// The admin socket that `file` names, read leniently: also from a configuration with problems, since a daemon with the
// configuration before it may be running. "" if it names none or cannot be read.
std::string admin_socket_in(const std::string& file);

}  // namespace authbroker
