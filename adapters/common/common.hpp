// What the small programs share: their options, the question, and one line of the system's log for what went wrong. They say
// nothing on standard output and error, which belong to whoever runs them.
#pragma once
#include <string>
#include <string_view>

#include "ask/ask.hpp"

namespace authbroker {

struct adapter_options {
  std::string_view socket = default_socket;
  std::string_view domain;   // for names without '@'
  std::string_view service;
  std::chrono::milliseconds timeout = default_timeout;
  int used = 1;              // words of argv that were options, and the program's name
};

// "-s SOCKET -t SECONDS -d DOMAIN -n SERVICE", up to the first word that is none of them, or "--". Views into argv.
// False, and a line in the log, for what is not understood: nothing is to be asked.
bool read_adapter_options(int argc, char** argv, adapter_options& out);

// Asks, and logs a tempfail. Names are not logged that may be passwords typed in the wrong place.
heard ask_logged(const question&, const adapter_options&);

// Opens the system's log, and keeps the program's memory from core dumps and other processes.
void begin_adapter(const char* name);

}  // namespace authbroker
