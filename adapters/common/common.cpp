#include "common/common.hpp"

#include <sys/prctl.h>
#include <syslog.h>
#include <unistd.h>

#include "base/text.hpp"

namespace authbroker {
namespace {

bool take(char option, std::string_view value, adapter_options& out) {
  switch (option) {
    case 's': out.socket = value; return !value.empty() && value.front() == '/';
    case 't': return read_timeout(value, out.timeout);
    case 'd': out.domain = value; return !value.empty() && value.find('@') == std::string_view::npos;
    case 'n': out.service = value; return !value.empty();
    default: return false;
  }
}

}  // namespace

bool read_adapter_options(int argc, char** argv, adapter_options& out) {
  int at = 1;
  for (; at < argc && argv[at][0] == '-'; at += 2) {
    const std::string_view word = argv[at];
    if (word == "--") {
      ++at;
      break;
    }
    if (word.size() != 2 || at + 1 == argc || !take(word[1], argv[at + 1], out)) {
      ::syslog(LOG_ERR, "not a right option: %s; see authbroker-adapters(7)", argv[at]);
      return false;
    }
  }
  out.used = at;
  return true;
}

heard ask_logged(const question& q, const adapter_options& o) {
  heard h = ask(q, o.socket, o.timeout);
  if (h.what != verdict::tempfail) return h;
  const std::string who = q.address.find('@') == std::string_view::npos ? "(unknown)" : escape_for_log(q.address);
  if (h.trouble.empty())
    ::syslog(LOG_ERR, "user=%s verdict=tempfail reason=%s id=%s", who.c_str(), std::string(name(h.why)).c_str(), escape_for_log(h.id).c_str());
  else
    ::syslog(LOG_ERR, "cannot ask %s about %s: %s", std::string(o.socket).c_str(), who.c_str(), escape_for_log(h.trouble).c_str());
  return h;
}

void begin_adapter(const char* name) {
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  ::openlog(name, LOG_PID, LOG_AUTHPRIV);
}

}  // namespace authbroker
