// A question to a broker, as the bytes of one HTTP request. Pure.
#pragma once
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/verdict.hpp"

namespace authbroker {

// Views that last as long as the question does. "" means: not told. Client and service are not told either if they are longer than
// 255 bytes or not UTF-8.
struct question {
  question_kind kind = question_kind::login;  // login or mailbox
  std::string_view address;
  std::string_view password;                  // login only
  std::string_view client;                    // the end user's address, where the caller knows it
  std::string_view service;                   // "sshd", for the broker's log
  std::chrono::milliseconds deadline{0};      // for the broker: how long the caller waits
};

// The request, in memory of fixed size that is wiped when it ends. Move it nowhere: it is as large as a request may be.
class question_bytes {
 public:
  question_bytes() = default;
  question_bytes(const question_bytes&) = delete;
  question_bytes& operator=(const question_bytes&) = delete;
  ~question_bytes();

  // False if the question cannot be put: name or password is not UTF-8 (JSON knows nothing else), holds a NUL, or is longer
  // than a broker takes (8 KiB in all). Then nothing is to be sent.
  bool write(const question&);
  std::string_view bytes() const { return {room_.data(), end_}; }

 private:
  void add(std::string_view);
  void add_text(std::string_view key, std::string_view text);
  void add_number(std::int64_t);

  static constexpr std::size_t head_bytes_max = 256, body_bytes_max = 8192;
  std::array<char, head_bytes_max + body_bytes_max> room_;
  std::size_t end_ = 0;
  bool fits_ = true;
};

}  // namespace authbroker
