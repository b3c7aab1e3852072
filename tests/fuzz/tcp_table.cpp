// Lines of tcp_table. Oracles: a key encodes to a line that is read as the same key; every prefix of a line waits for more; a
// reply is one line within the limit, with three digits, a space and a text.
#include "wire/tcp_table.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t n) {
  using namespace authbroker;
  const std::string copy(reinterpret_cast<const char*>(bytes), n);
  const std::string_view in(copy);
  for (const tcp_table_status s : {tcp_table_status::found, tcp_table_status::temporary, tcp_table_status::not_found}) {
    std::string reply;
    append_tcp_table(reply, s, in);
    if (reply.size() < 6 || reply.size() > tcp_table_line_bytes_max || reply[3] != ' ' || reply.find('\n') != reply.size() - 1) std::abort();
  }
  const tcp_table_outcome got = parse_tcp_table(in, 300);
  if (got.what == progress::need_more && in.size() >= 300) std::abort();
  if (got.what != progress::message) return 0;
  if (got.used > in.size() || in[got.used - 1] != '\n') std::abort();
  for (std::size_t k = 0; k < got.used; ++k)
    if (parse_tcp_table(in.substr(0, k), 300).what != progress::need_more) std::abort();
  if (!got.is_get) return 0;
  const std::string line = encode_tcp_table(got.key);
  const tcp_table_outcome again = parse_tcp_table(line);
  if (!again.is_get || again.used != line.size() || again.key != got.key) std::abort();
  return 0;
}
