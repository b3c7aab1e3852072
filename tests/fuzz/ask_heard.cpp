// Replies of a broker. The first byte says what was asked. Oracles: an answer other than tempfail is one of the verdicts of that
// question with a legal reason; no part of its bytes, and nothing longer, is an answer; a tempfail of nobody's says what is wrong.
#include "ask/heard.hpp"

#include <cstdint>

#include "oracle.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t n) {
  using namespace authbroker;
  if (n == 0) return 0;
  const std::string copy(reinterpret_cast<const char*>(bytes) + 1, n - 1);
  const question_kind asked = bytes[0] % 2 == 0 ? question_kind::login : question_kind::mailbox;
  const heard got = read_heard(asked, copy);
  must(legal(got.what, got.why));
  if (got.what == verdict::tempfail) return 0;
  must(got.trouble.empty());
  const bool login = got.what == verdict::accept || got.what == verdict::reject;
  must(got.what == verdict::no_route || login == (asked == question_kind::login));
  const std::size_t step = copy.size() / 64 + 1;
  for (std::size_t k = 0; k < copy.size(); k += step)
    must(read_heard(asked, std::string_view(copy).substr(0, k)).what == verdict::tempfail);
  must(read_heard(asked, copy + " ").what == verdict::tempfail);
  return 0;
}
