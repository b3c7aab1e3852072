// `check-config`: every problem of a configuration at once, without a running daemon.
//
// The text, the types and the cross-references are judged here. What a plugin thinks of its
// settings only a process that loads plugins can know: that is `authbrokerd --check`, run as a child if it can be found.
#pragma once
#include <string>
#include <vector>

namespace authbroker {

struct check_outcome {
  bool ok = false;
  bool unreachable = false;      // --connect: the configuration is good, an upstream does not work
  bool plugins_checked = false;  // false: no authbrokerd was found to load them
  std::vector<std::string> problems, warnings;  // lines, "file:line:column: key: what"
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
