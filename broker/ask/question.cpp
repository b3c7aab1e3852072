#include "ask/question.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/text.hpp"

namespace authbroker {

question_bytes::~question_bytes() { explicit_bzero(room_.data(), room_.size()); }

void question_bytes::add(std::string_view text) {
  if (text.size() > room_.size() - end_) {
    fits_ = false;
    return;
  }
  std::copy(text.begin(), text.end(), room_.begin() + static_cast<std::ptrdiff_t>(end_));
  end_ += text.size();
}

void question_bytes::add_text(std::string_view key, std::string_view text) {
  if (!valid_utf8(text) || text.find('\0') != std::string_view::npos) {
    fits_ = false;
    return;
  }
  constexpr std::string_view digits = "0123456789abcdef";
  add(room_[end_ - 1] == '{' ? "\"" : ",\"");
  add(key);
  add("\":\"");
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      add("\\");
      add({&c, 1});
    } else if (byte < 0x20) {
      add("\\u00");
      add(digits.substr(byte >> 4, 1));
      add(digits.substr(byte & 15, 1));
    } else {
      add({&c, 1});
    }
  }
  add("\"");
}

void question_bytes::add_number(std::int64_t n) {
  std::array<char, 24> digits;
  const auto done = std::to_chars(digits.data(), digits.data() + digits.size(), n);
  add({digits.data(), static_cast<std::size_t>(done.ptr - digits.data())});
}

namespace {

// Who asks from where is told along: it is nothing to lose a login over.
bool tellable(std::string_view text) { return !text.empty() && text.size() <= 255 && valid_utf8(text) && text.find('\0') == std::string_view::npos; }

}  // namespace

bool question_bytes::write(const question& q) {
  // The body first, behind room for the head, which tells its length; then the head, and the body moves up to it.
  fits_ = true;
  end_ = head_bytes_max;
  add("{");
  add_text("address", q.address);
  if (q.kind == question_kind::login) add_text("password", q.password);
  if (tellable(q.client)) add_text("client", q.client);
  if (tellable(q.service)) add_text("service", q.service);
  if (q.deadline.count() > 0) {
    add(",\"deadline_ms\":");
    add_number(std::clamp<std::int64_t>(q.deadline.count(), 1, 3'600'000));
  }
  add("}");
  const std::size_t body_bytes = end_ - head_bytes_max;
  end_ = 0;
  if (!fits_ || body_bytes > body_bytes_max) return false;
  add(q.kind == question_kind::login ? "POST /v1/login" : "POST /v1/mailbox");
  add(" HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: ");
  add_number(static_cast<std::int64_t>(body_bytes));
  add("\r\n\r\n");
  std::memmove(room_.data() + end_, room_.data() + head_bytes_max, body_bytes);
  end_ += body_bytes;
  return true;
}

}  // namespace authbroker
