// A configuration as key -> value texts, under the names of keys.hpp, so that two can be compared key by key.
#pragma once
#include <map>
#include <string>

#include "config/config.hpp"

namespace authbroker::test {

std::map<std::string, std::string> dump(const configuration&);
// The keys whose values differ.
std::vector<std::string> difference(const configuration&, const configuration&);

// The smallest useful configuration, with lines of `extra` put into `section` ("", "broker", "log", "listener", "backend",
// "route", or a table below one of them such as "backend.tls"). A line "key = ..." that the smallest configuration has itself
// replaces it; "-key" takes it away.
std::string small(const std::string& section = "", const std::string& extra = "");

// Loads from memory; fails the test, showing the problems, if there are any.
configuration loaded(const std::string& text);
// The problems, each "key: what", or "load: no problem" if there is none.
std::string problems(const std::string& text);
std::string warnings(const std::string& text);

}  // namespace authbroker::test
