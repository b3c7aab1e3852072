// `authbrokerd --probe`: what an upstream is like, found out without any configuration. Run by `authbroker probe`.
//
// In the daemon's program, since only that has plugins, TLS and pools; not in the running daemon, since it is wanted before
// there is a configuration, and must not touch the breakers, caches and connections of those that work.
#pragma once
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "ops/probe_facts.hpp"

namespace authbroker {

// A request as it comes on standard input: lines "key=value", an empty line, and the password up to the end. The caller wipes
// the text.
result<probe_request> parse_probe_request(std::string_view text);

// The one JSON document for standard output. Names no password.
std::string probe_report(const probe_facts&, const struct probe_advice&);

// Reads the request, asks, and writes the report. At most two failed logins: one with the full address, and one with the bare
// name if the server said no to that. Returns the exit status: see probe_advice, and 2 for
// a request that makes no sense.
int run_probe();

}  // namespace authbroker
