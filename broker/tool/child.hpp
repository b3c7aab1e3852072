// Another program of ours, run to its end.
#pragma once
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace authbroker {

struct child_result {
  int status = -1;      // exit status; -1: killed, or never ran
  std::string out, error;  // what it wrote, a megabyte of each at most
  std::string trouble;  // why there is no exit status
};

enum class child_error { captured, shown };  // what it writes to standard error: kept, or left to our own

// Runs words[0] with the other words, `input` (at most 64 KiB) as its standard input if there is any, else with ours. A child
// that runs longer than `patience` is killed, which is a trouble. Waits for its end in any case.
child_result run_child(std::vector<std::string> words, std::string_view input, child_error errors, std::chrono::milliseconds patience);

// The daemon's program that belongs to this tool: ../sbin/authbrokerd beside it, else the one in PATH, else "".
std::string find_daemon();

}  // namespace authbroker
