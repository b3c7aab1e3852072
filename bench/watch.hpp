// What a process has used, from /proc.
#pragma once
#include <string>

namespace bench {

struct usage {
  double cpu_us = 0;   // of all threads that live, to the nanosecond
  long rss_kib = 0;
};
// Zeros for a process that is gone.
usage usage_of(int pid);

}  // namespace bench
