// saslauthd requests. Oracles: a message encodes to the bytes it was made of; every prefix of a message's first four strings
// waits for more; nothing longer than the limit is waited for.
#include "wire/saslauthd.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t n) {
  using namespace authbroker;
  const std::string copy(reinterpret_cast<const char*>(bytes), n);
  const std::string_view in(copy);
  saslauthd_limits limits;
  limits.field_bytes_max = 300;
  const saslauthd_outcome got = parse_saslauthd(in, limits);
  if (got.what == progress::need_more && in.size() >= 4 * (2 + limits.field_bytes_max)) std::abort();
  if (got.what != progress::message) return 0;
  if (got.used > in.size()) std::abort();
  saslauthd_request four = got.request;
  four.client = {};
  const std::string again = encode_saslauthd(four);
  if (in.substr(0, again.size()) != again) std::abort();
  for (std::size_t k = 0; k < again.size(); ++k)
    if (parse_saslauthd(in.substr(0, k), limits).what != progress::need_more) std::abort();
  const std::size_t fifth = got.request.client.empty() ? 0 : got.request.client.size() + 2;
  if (got.used != again.size() + fifth && got.used != again.size() + 2) std::abort();
  return 0;
}
