// A single-threaded server for the benchmark: accepts, reads, and lets a protocol answer.
#pragma once
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "loop.hpp"

namespace bench {

// What one connection's protocol does with what has come: drops what it used from `in`, appends to `out`; true: close once
// `out` is sent.
using answer_function = std::function<bool(std::string& in, std::string& out)>;

struct service {
  std::function<answer_function()> open;  // a new connection
  std::string greeting;
  SSL_CTX* tls = nullptr;                 // from the first byte
};

// Serves each address with its service, for ever.
[[noreturn]] void serve(const std::vector<std::pair<address, service>>&);

}  // namespace bench
