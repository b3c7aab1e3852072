// What a broker answered, from the bytes of its HTTP reply. Pure. Of an answer that is not whole, or says two things, nothing
// is believed: it is a tempfail.
#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/verdict.hpp"

namespace authbroker {

struct heard {
  verdict what = verdict::tempfail;
  reason why = reason::internal;
  std::string identity, mailbox, id, text, help_url, notice;
  std::optional<std::chrono::seconds> password_expires_in;
  std::string trouble;  // for a log, if no broker answered, or not as one does: "connect: No such file or directory"
};

// All that came until the end of the connection. A yes needs a complete reply with the status, the verdict and a reason that
// belong together; so does a no.
heard read_heard(question_kind, std::string_view bytes);

inline constexpr std::size_t heard_bytes_max = std::size_t{1024} * 1024;

}  // namespace authbroker
