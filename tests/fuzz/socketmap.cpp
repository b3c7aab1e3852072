// Socketmap requests. Oracles: a look-up encodes to the bytes it was made of; every prefix of a frame waits for more; nothing
// longer than the limit is waited for; a reply, whatever its text, is one frame with a word that clients know.
#include "wire/socketmap.hpp"

#include <cstdint>
#include <cstdlib>

#include "wire/netstring.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t n) {
  using namespace authbroker;
  const std::string copy(reinterpret_cast<const char*>(bytes), n);
  const std::string_view in(copy);
  socketmap_limits limits;
  limits.request_bytes_max = 300;
  const socketmap_outcome got = parse_socketmap(in, limits);
  if (got.what == progress::need_more && in.size() >= limits.request_bytes_max + 8) std::abort();
  for (const socketmap_status s : {socketmap_status::ok, socketmap_status::not_found, socketmap_status::temp}) {
    std::string reply;
    append_socketmap(reply, s, in);
    const netstring_outcome frame = parse_netstring(reply, 10'000);
    if (frame.what != progress::message || frame.used != reply.size() || frame.payload.find(' ') == std::string_view::npos) std::abort();
    if (frame.payload == "OK ") std::abort();
  }
  if (got.what != progress::message) return 0;
  if (got.used > in.size()) std::abort();
  if (got.has_key && in.substr(0, got.used) != encode_socketmap(got.request)) std::abort();
  for (std::size_t k = 0; k < got.used; ++k)
    if (parse_socketmap(in.substr(0, k), limits).what != progress::need_more) std::abort();
  return 0;
}
