// Policy requests. Oracles: what is used ends with an empty line and holds no other; no value has a line's end in it; every
// prefix of a request waits for more; nothing longer than the limit is waited for.
#include "wire/policy.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t n) {
  using namespace authbroker;
  const std::string copy(reinterpret_cast<const char*>(bytes), n);
  const std::string_view in(copy);
  policy_limits limits;
  limits.request_bytes_max = 1000;
  limits.attributes_max = 40;
  const policy_outcome got = parse_policy(in, limits);
  if (got.what == progress::need_more && in.size() >= limits.request_bytes_max) std::abort();
  if (got.what != progress::message) return 0;
  if (got.used > in.size() || in.substr(0, got.used).find("\n\n") + 2 != got.used) std::abort();
  for (const std::string_view value : {got.request.request, got.request.protocol_state, got.request.recipient, got.request.client_address, got.request.instance})
    if (value.find('\n') != std::string_view::npos || value.find('\0') != std::string_view::npos) std::abort();
  for (std::size_t k = 0; k < got.used; ++k)
    if (parse_policy(in.substr(0, k), limits).what != progress::need_more) std::abort();
  return 0;
}
