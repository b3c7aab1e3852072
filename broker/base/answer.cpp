#include "base/answer.hpp"

#include <cstdlib>

namespace authbroker {

std::string_view name(mailbox_kind k) {
  switch (k) {
    case mailbox_kind::unknown: return "";
    case mailbox_kind::user: return "user";
    case mailbox_kind::alias: return "alias";
    case mailbox_kind::group: return "group";
    case mailbox_kind::shared: return "shared";
    case mailbox_kind::resource: return "resource";
  }
  std::abort();
}

std::string_view name(mail_protocol p) {
  switch (p) {
    case mail_protocol::none: return "";
    case mail_protocol::imap: return "imap";
    case mail_protocol::pop3: return "pop3";
    case mail_protocol::smtp: return "smtp";
  }
  std::abort();
}

std::string_view name(addresses_state s) {
  switch (s) {
    case addresses_state::none: return "none";
    case addresses_state::complete: return "complete";
    case addresses_state::stale: return "stale";
    case addresses_state::unavailable: return "unavailable";
  }
  std::abort();
}

}  // namespace authbroker
