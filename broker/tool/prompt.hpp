// A password from the person at the terminal, or from standard input. Never from argv, which every user can read.
#pragma once
#include <string>

#include "base/result.hpp"
#include "base/secret.hpp"

namespace authbroker {

// Asks on /dev/tty without echo. A signal that ends or stops us first gives the terminal its echo back; after a stop and a
// continue the question is asked again. Fails where there is no terminal. One thread only: it sets signal handlers meanwhile.
result<secret> ask_for_password(const std::string& question);

// The first line of standard input, without its newline; the end of the input ends the line too.
result<secret> read_password_from_stdin();

}  // namespace authbroker
