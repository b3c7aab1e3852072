// authbroker-extauth [options]: ejabberd's external authentication. Frames of a two-byte length and "auth:user:server:password" or
// "isuser:user:server" on standard input, one answer each on standard output: 1, 0, or 2 for what could not be found out.
//
// The protocol knows 1 and 0 only. To 0 ejabberd gives credit for a while (its cache); a program that ends has its question put to
// the next one of the pool, and so the password sent upstream once more; one that is silent is ended after 10 s. Anything else is
// an error to it, logged and not remembered: that is what "cannot tell" is here.
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include "common/common.hpp"

namespace authbroker {
namespace {

constexpr char no = 0, yes = 1, cannot_tell = 2;

// All of it, or false at the end of the input.
bool read_all(char* into, std::size_t n) {
  while (n > 0) {
    const ssize_t got = ::read(STDIN_FILENO, into, n);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    into += got;
    n -= static_cast<std::size_t>(got);
  }
  return true;
}

bool write_answer(char value) {
  const std::array<char, 4> frame{0, 2, 0, value};
  std::size_t sent = 0;
  while (sent < frame.size()) {
    const ssize_t n = ::write(STDOUT_FILENO, frame.data() + sent, frame.size() - sent);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    sent += static_cast<std::size_t>(n);
  }
  return true;
}

std::string_view until_colon(std::string_view& rest) {
  const std::size_t colon = rest.find(':');
  const std::string_view part = rest.substr(0, colon);
  rest = colon == std::string_view::npos ? std::string_view() : rest.substr(colon + 1);
  return part;
}

char said(verdict v) {
  switch (v) {
    case verdict::accept:
    case verdict::exists:
    case verdict::unverifiable: return yes;  // of an address: a server that cannot tell still takes messages for it
    case verdict::reject:
    case verdict::absent:
    case verdict::no_route: return no;
    case verdict::tempfail: return cannot_tell;
  }
  return cannot_tell;
}

// A frame's text. Only the password may hold colons.
char answer(std::string_view rest, const adapter_options& o) {
  const std::string_view what = until_colon(rest), user = until_colon(rest), server = until_colon(rest);
  if (what != "auth" && what != "isuser") return no;  // passwords and accounts are made elsewhere
  if (user.empty() || user.find('@') != std::string_view::npos) return no;
  const std::string address = address_of(user, o.domain.empty() ? server : o.domain);
  question q;
  q.kind = what == "auth" ? question_kind::login : question_kind::mailbox;
  q.address = address;
  if (q.kind == question_kind::login) q.password = rest;
  q.service = o.service.empty() ? "xmpp" : o.service;
  return said(ask_logged(q, o).what);
}

int serve(int argc, char** argv) {
  begin_adapter("authbroker-extauth");
  adapter_options o;
  o.timeout = std::chrono::seconds(8);  // ejabberd waits for 10 s
  if (!read_adapter_options(argc, argv, o) || o.used != argc) return 2;
  std::array<char, 65536> room;
  for (;;) {
    std::array<unsigned char, 2> length;
    if (!read_all(reinterpret_cast<char*>(length.data()), length.size())) return 0;
    const std::size_t n = static_cast<std::size_t>(length[0]) << 8 | length[1];
    char value = cannot_tell;
    if (!read_all(room.data(), n)) return 0;
    try {
      value = answer({room.data(), n}, o);
    } catch (...) {  // no memory
    }
    ::explicit_bzero(room.data(), n);
    if (!write_answer(value)) return 0;
  }
}

}  // namespace
}  // namespace authbroker

int main(int argc, char** argv) { return authbroker::serve(argc, argv); }
