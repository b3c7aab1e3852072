// authbroker-checkpassword [options] prog [args]: "name NUL password NUL ..." on descriptor 3, as Bernstein's checkpassword reads it.
// Runs prog if the login is accepted. Status 1 for a no, 111 for what could not be found out, 2 if it is used wrongly.
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

#include "common/common.hpp"

namespace authbroker {
namespace {

constexpr int input = 3, refused = 1, misused = 2, later = 111;

// What came on descriptor 3. The protocol has 512 bytes; who sends more is not cut.
class credentials {
 public:
  credentials() = default;
  credentials(const credentials&) = delete;
  credentials& operator=(const credentials&) = delete;
  ~credentials() { ::explicit_bzero(room_.data(), room_.size()); }

  // False if it is not two texts that end with NUL.
  bool read() {
    std::size_t size = 0;
    for (;;) {
      const ssize_t n = ::read(input, room_.data() + size, room_.size() - size);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return false;
      if (n == 0) break;
      size += static_cast<std::size_t>(n);
      if (size == room_.size()) return false;
    }
    const std::string_view all(room_.data(), size);
    const std::size_t first = all.find('\0'), second = first == std::string_view::npos ? first : all.find('\0', first + 1);
    if (second == std::string_view::npos) return false;
    name = all.substr(0, first);
    password = all.substr(first + 1, second - first - 1);
    return true;
  }
  std::string_view name, password;

 private:
  std::array<char, 2048> room_;
};

std::string_view environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::string_view() : value;
}

int status_of(verdict v) {
  switch (v) {
    case verdict::accept: return 0;
    case verdict::reject:
    case verdict::no_route: return refused;
    case verdict::tempfail:
    case verdict::exists:
    case verdict::absent:
    case verdict::unverifiable: return later;
  }
  return later;
}

// 0, and whose login it is, or the status to end with. The password is gone when this returns.
int judge(const adapter_options& o, std::string& identity) {
  credentials given;
  if (!given.read()) return misused;
  const std::string address = address_of(given.name, o.domain);
  question q;
  q.address = address;
  q.password = given.password;
  q.client = environment("TCPREMOTEIP");
  q.service = !o.service.empty() ? o.service : !environment("SERVICE").empty() ? environment("SERVICE") : "checkpassword";
  heard h = ask_logged(q, o);
  identity = std::move(h.identity);
  return status_of(h.what);
}

int check(int argc, char** argv) {
  begin_adapter("authbroker-checkpassword");
  adapter_options o;
  if (!read_adapter_options(argc, argv, o) || o.used == argc || ::fcntl(input, F_GETFD) == -1) return misused;
  std::string identity;
  if (const int status = judge(o, identity); status != 0) return status;
  ::close(input);
  if (identity.empty() || ::setenv("USER", identity.c_str(), 1) != 0) return later;
  ::execvp(argv[o.used], argv + o.used);
  return later;
}

}  // namespace
}  // namespace authbroker

int main(int argc, char** argv) {
  try {
    return authbroker::check(argc, argv);
  } catch (...) {
    return authbroker::later;
  }
}
