// The daemon's JSON as text for people, and as an exit status. Pure functions; a member that is missing is left out, and a
// member of another type than agreed counts as missing: an older or newer daemon must not crash the tool.
#pragma once
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>

namespace authbroker {

// The tool's exit status: part of its interface, the same as sysexits.h where that has a word.
enum class exit_code : int { yes = 0, no = 1, usage = 2, unverifiable = 3, tempfail = 75, configuration = 78 };

// By the verdict's name. What is not a verdict is a tempfail.
exit_code exit_code_for(std::string_view verdict);

// `test`: the answer, then the timed transcript, then what to try next.
std::string render_test(const boost::json::object& reply);
std::string render_explain(const boost::json::object& reply);
// `why`: a decision made before, as its line in the log, or with the members of an answer.
std::string render_why(const boost::json::object& reply);

std::string render_status(const boost::json::object& reply);
std::string render_routes(const boost::json::value& reply);
std::string render_plugins(const boost::json::value& reply);

// A member as text for a terminal: "" if absent or null; lists of scalars joined by ", ".
std::string text_of(const boost::json::object&, std::string_view key);
const boost::json::object* object_in(const boost::json::object&, std::string_view key);
const boost::json::array* array_in(const boost::json::object&, std::string_view key);
double number_in(const boost::json::object&, std::string_view key, double otherwise);

}  // namespace authbroker
