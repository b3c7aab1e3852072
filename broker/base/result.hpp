// result<T> for what may go wrong in good code: a peer, a file, a message. The problem says what was found and what to do.
#pragma once
#include <boost/system/result.hpp>
#include <stdexcept>
#include <string>

namespace authbroker {

struct problem {
  problem() = default;
  explicit problem(std::string what) : text(std::move(what)) {}
  std::string text;
};

template <class T>
using result = boost::system::result<T, problem>;

// A result<std::string> cannot be made from a string alone: it could mean either.
inline result<std::string> found(std::string text) { return {boost::system::in_place_value, std::move(text)}; }

// What result<T>::value() throws when somebody does not look first; found by its argument.
[[noreturn]] inline void throw_exception_from_error(const problem& p, const boost::source_location&) { throw std::runtime_error(p.text); }

}  // namespace authbroker
