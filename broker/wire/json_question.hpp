// The JSON body of a question: {"address":"...","password":"...","client":"...","service":"...","deadline_ms":3000}.
// Nothing is guessed: an unknown or repeated key, a wrong type or a missing key is an error that names it.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/secret.hpp"
#include "base/verdict.hpp"
#include "wire/http_error.hpp"

namespace authbroker {

enum class json_form : std::uint8_t {
  login,    // address and password are needed
  mailbox,  // address is needed, password an error
  either,   // "kind" says which: the admin socket's
};

struct json_question {
  question_kind kind = question_kind::login;
  std::string address;
  secret password;
  bool password_too_long = false;  // above password_bytes_max: then `password` is empty
  std::string client, service;
  std::chrono::milliseconds deadline{0};  // 0: not given
};

struct json_outcome {
  const http_error* error = nullptr;  // nullptr: the question is good
  std::string text;                   // what is wrong, for people; holds nothing of the body but a known key's name
  json_question question;
};

// Strings are UTF-8 without NUL and at most 4 KiB each; deadline_ms is a whole number from 1 to 3600000.
// The password goes from `body` into wiped memory and nowhere else; wiping `body` is the caller's. Never throws for anything
// in `body`; throws std::bad_alloc.
json_outcome parse_json_question(std::string_view body, json_form);

}  // namespace authbroker
