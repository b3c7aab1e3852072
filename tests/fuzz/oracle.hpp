// What a fuzz target holds against its subject.
#pragma once
#include <cstdint>
#include <cstdio>
#include <cstdlib>

inline void must(bool held, const char* what = "see the line in the stack") {
  if (held) return;
  std::fprintf(stderr, "oracle: %s\n", what);
  std::abort();
}
