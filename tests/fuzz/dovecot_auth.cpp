// A connection of Dovecot's auth-client protocol, line by line. Oracles: a prefix of a line waits for more; no line is longer than
// the limit; what is read lies in the line; nothing is asked before the handshake; replies made of what was read are one line each
// with its id in second place; escaping is undone by its inverse; decoded credentials keep their limits.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "wire/dovecot_auth.hpp"
#include "wire/sasl_plain.hpp"

using namespace authbroker;

namespace {

bool inside(std::string_view part, std::string_view whole) {
  return part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void check_reply(const std::string& reply, std::uint32_t id, std::string_view word) {
  if (reply.empty() || reply.back() != '\n' || std::count(reply.begin(), reply.end(), '\n') != 1) std::abort();
  dovecot_fields fields(std::string_view(reply).substr(0, reply.size() - 1));
  std::string_view field;
  if (!fields.next(field) || field != word || !fields.next(field) || dovecot_number(field) != id) std::abort();
}

void check_credentials(std::string_view base64) {
  const sasl_plain both = parse_sasl_plain(base64);
  if (both.state == sasl_state::good && (both.name.size() > 1024 || both.password.size() > password_bytes_max)) std::abort();
  const sasl_name name = parse_sasl_name(base64);
  if (name.state == sasl_state::good && name.name.size() > 1024) std::abort();
  const sasl_password password = parse_sasl_password(base64);
  if ((password.state == sasl_state::not_base64) != (name.state == sasl_state::not_base64)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t n) {
  const std::string copy(reinterpret_cast<const char*>(bytes), n);
  std::string_view in(copy);
  constexpr std::size_t bytes_max = 512;
  dovecot_handshake handshake;
  for (;;) {
    const dovecot_line line = take_dovecot_line(in, bytes_max);
    if (line.what == progress::need_more && in.size() >= bytes_max) std::abort();
    if (line.what != progress::message) return 0;
    if (line.used != line.text.size() + 1 || line.used > bytes_max || line.used > in.size()) std::abort();
    if (take_dovecot_line(in.substr(0, line.used - 1), bytes_max).what != progress::need_more) std::abort();
    std::string escaped;
    append_dovecot_text(escaped, line.text);
    if (dovecot_text(escaped) != line.text || escaped.find_first_of("\t\r\n") != std::string::npos) std::abort();
    const auto said = parse_dovecot_auth(line.text);
    if (!said) return 0;
    if (!inside(said->mechanism, line.text) || !inside(said->service.value_or(""), line.text) || !inside(said->client, line.text) ||
        !inside(said->session, line.text) || !inside(said->response.value_or(""), line.text))
      std::abort();
    const bool met = handshake.done();
    if (!handshake.admits(*said)) return 0;
    const bool asks = said->word == dovecot_word::auth || said->word == dovecot_word::cont || said->word == dovecot_word::cancel;
    if (asks && (!met || said->id == 0)) std::abort();
    if (said->response) check_credentials(*said->response);
    if (asks) {
      answer a;
      a.identity = dovecot_text(said->service.value_or("x"));
      a.found.what = verdict::accept;
      a.found.why = reason::none;
      std::string reply;
      if (append_dovecot_answer(reply, said->id, a, true)) check_reply(reply, said->id, "OK");
      reply.clear();
      append_dovecot_fail(reply, said->id, dovecot_refusal::credentials, line.text);
      check_reply(reply, said->id, "FAIL");
    }
    in.remove_prefix(line.used);
  }
}
