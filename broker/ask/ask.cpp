#include "ask/ask.hpp"

#include <pthread.h>

#include <algorithm>
#include <charconv>

#include "ask/conversation.hpp"

namespace authbroker {
namespace {

// A host may cancel its threads. Ended in here, one would leave a descriptor open and a password unwiped.
class no_cancel {
 public:
  no_cancel() { ::pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before_); }
  no_cancel(const no_cancel&) = delete;
  no_cancel& operator=(const no_cancel&) = delete;
  ~no_cancel() { ::pthread_setcancelstate(before_, nullptr); }

 private:
  int before_ = PTHREAD_CANCEL_ENABLE;
};

std::chrono::milliseconds told_deadline(std::chrono::milliseconds timeout) {
  const auto spare = std::min(timeout / 8, std::chrono::milliseconds(500));
  return std::max(timeout - spare, std::chrono::milliseconds(1));
}

}  // namespace

heard ask(question q, std::string_view path, std::chrono::milliseconds timeout) noexcept {
  const no_cancel hold;
  heard out;
  try {
    const patience until = std::chrono::steady_clock::now() + timeout;
    q.deadline = told_deadline(timeout);
    question_bytes request;
    if (!request.write(q)) {
      out.trouble = "not asked: name or password is too long, or not UTF-8";
      return out;
    }
    conversation_result got = converse(path, request.bytes(), heard_bytes_max, until);
    if (got.trouble.empty()) return read_heard(q.kind, got.bytes);
    out.trouble = std::move(got.trouble);
  } catch (...) {
    // No memory. A yes has not been made: that is the last thing done.
    out.what = verdict::tempfail;
    out.why = reason::internal;
  }
  return out;
}

bool read_timeout(std::string_view text, std::chrono::milliseconds& out) noexcept {
  unsigned seconds = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (wrong != std::errc() || end != text.data() + text.size() || seconds < 1 || seconds > 600) return false;
  out = std::chrono::seconds(seconds);
  return true;
}

std::string address_of(std::string_view name, std::string_view domain) {
  std::string address(name);
  if (!domain.empty() && name.find('@') == std::string_view::npos) address.append("@").append(domain);
  return address;
}

}  // namespace authbroker
