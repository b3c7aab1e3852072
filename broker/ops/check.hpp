// `authbrokerd --check`: everything that loading does, without serving.
#pragma once
#include <string>
#include <vector>

namespace authbroker {

// Prints problems and warnings to standard error and, with `connect`, what each upstream says to standard output.
// Returns the exit status: 0, 78 for a configuration that is refused, 75 if an upstream did not work.
int check_configuration(const std::string& file, bool connect, bool progress);

// The same in a child, which may crash. The problems; none if it is good. Takes 10 s at most.
std::vector<std::string> try_configuration(const std::string& file);

}  // namespace authbroker
