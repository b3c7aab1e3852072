// Basic credentials. Oracle: what was decoded and encoded again is what came, but for case and spaces of the scheme.
#include "wire/basic_credentials.hpp"

#include <cstdint>
#include <cstdlib>

#include "base/text.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t n) {
  using namespace authbroker;
  const std::string in(reinterpret_cast<const char*>(bytes), n);
  const basic_credentials got = parse_basic(in);
  if (got.state != basic_state::present) {
    if (!got.name.empty() || !got.password.empty()) std::abort();
    return 0;
  }
  if (got.name.find(':') != std::string::npos) std::abort();
  const std::string again = base64_encode(got.name + ":" + std::string(got.password.reveal()));
  if (in.size() < again.size() || in.substr(in.size() - again.size()) != again) std::abort();
  if (in.substr(5, in.size() - 5 - again.size()).find_first_not_of(' ') != std::string::npos) std::abort();
  return 0;
}
