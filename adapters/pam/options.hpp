// The words behind pam_authbroker.so in a file of /etc/pam.d. Pure.
#pragma once
#include <chrono>
#include <string_view>

#include "ask/ask.hpp"

namespace authbroker {

enum class first_pass : unsigned char {
  or_prompt,  // what an earlier module got, else a prompt
  only,       // use_first_pass: never a prompt
  then_prompt,  // try_first_pass: if that is refused, a prompt
};

struct pam_options {
  std::string_view socket = default_socket;
  std::string_view domain;   // for names without '@'
  std::string_view service;  // "": the name of the file in /etc/pam.d
  std::chrono::milliseconds timeout = default_timeout;
  first_pass first = first_pass::or_prompt;
  bool rewrite_user = false;
  bool reveal = false;
  bool debug = false;
};

// Views into argv. Nullptr if all is well, else the word that is wrong: nothing is to be asked then.
const char* read_options(int argc, const char* const* argv, pam_options& out) noexcept;

}  // namespace authbroker
