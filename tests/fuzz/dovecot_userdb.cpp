// Lines of Dovecot's auth-userdb protocol. Oracles: what is read lies in the line; a request has an id; replies made of what was
// read are one line of two or three fields.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "wire/dovecot_userdb.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t n) {
  using namespace authbroker;
  const std::string copy(reinterpret_cast<const char*>(bytes), n);
  std::string_view in(copy);
  for (;;) {
    const dovecot_line line = take_dovecot_line(in, 512);
    if (line.what != progress::message) return 0;
    const auto said = parse_dovecot_userdb(line.text);
    if (!said) return 0;
    if (said->word != userdb_word::version && said->id == 0) std::abort();
    if (!said->user.empty() && (said->user.data() < line.text.data() || said->user.data() + said->user.size() > line.text.data() + line.text.size())) std::abort();
    std::string reply;
    append_userdb_user(reply, said->id, copy);
    if (std::count(reply.begin(), reply.end(), '\n') != 1 || std::count(reply.begin(), reply.end(), '\t') != 2) std::abort();
    in.remove_prefix(line.used);
  }
}
