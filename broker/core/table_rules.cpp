#include "core/table_rules.hpp"

#include <cstdlib>

namespace authbroker {

std::string_view name(table_kind k) {
  switch (k) {
    case table_kind::mailbox: return "mailbox";
    case table_kind::canonical: return "canonical";
    case table_kind::domain: return "domain";
    case table_kind::access: return "access";
    case table_kind::policy: return "policy";
  }
  std::abort();
}

std::string_view name(table_row r) {
  switch (r) {
    case table_row::exists: return "exists";
    case table_row::same: return "same";
    case table_row::absent: return "absent";
    case table_row::unverifiable: return "unverifiable";
    case table_row::no_route: return "no_route";
  }
  std::abort();
}

// An address without a route is a temporary trouble where a no would bounce mail: somebody may have forgotten the domain here.
// Where the question is whether a domain is ours, and where others decide after us, it is a plain "nothing to say".
std::array<std::array<table_reply, table_rows>, table_kinds> table_rules::usual_replies() {
  using enum table_reply::form;
  const auto says = [](std::string text) { return table_reply{value, std::move(text)}; };
  const table_reply nothing{not_found, {}}, later{temporary, {}}, by_listener{as_listener, {}}, so_too{as_exists, {}};
  return {{
      {{says("{mailbox}"), so_too, nothing, by_listener, later}},
      {{says("{mailbox}"), so_too, nothing, by_listener, later}},
      {{says("{domain}"), so_too, nothing, later, nothing}},
      {{says("DUNNO"), so_too, says("REJECT 5.1.1 User unknown"), says("DUNNO"), nothing}},
      {{says("DUNNO"), so_too, says("550 5.1.1 User unknown"), says("DUNNO"), nothing}},
  }};
}

}  // namespace authbroker
