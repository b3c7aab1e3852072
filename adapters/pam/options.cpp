#include "pam_parts/options.hpp"

namespace authbroker {
namespace {

bool take(std::string_view word, pam_options& out) {
  const std::size_t equals = word.find('=');
  if (equals == std::string_view::npos) {
    if (word == "use_first_pass")
      out.first = first_pass::only;
    else if (word == "try_first_pass")
      out.first = first_pass::then_prompt;
    else if (word == "rewrite_user")
      out.rewrite_user = true;
    else if (word == "reveal")
      out.reveal = true;
    else if (word == "debug")
      out.debug = true;
    else
      return false;
    return true;
  }
  const std::string_view key = word.substr(0, equals), value = word.substr(equals + 1);
  if (value.empty()) return false;
  if (key == "socket") {
    out.socket = value;
    return value.front() == '/';
  }
  if (key == "timeout") return read_timeout(value, out.timeout);
  if (key == "domain") {
    out.domain = value;
    return value.find('@') == std::string_view::npos;
  }
  if (key == "service") {
    out.service = value;
    return true;
  }
  return false;
}

}  // namespace

const char* read_options(int argc, const char* const* argv, pam_options& out) noexcept {
  for (int i = 0; i < argc; ++i)
    if (!take(argv[i], out)) return argv[i];
  return nullptr;
}

}  // namespace authbroker
