// What a listener of look-ups answers: socketmap, policy and tcp-table. A look-up is about an address or a domain, and what is
// said for each verdict depends on what the table is for. Values only.
#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace authbroker {

enum class table_kind : std::uint8_t {
  mailbox,    // does it exist? any value is a yes
  canonical,  // the address that a mail goes to: the value is read as addresses
  domain,     // is it one of ours? nobody is asked
  access,     // an action of access(5)
  policy,     // the same, as a policy service says it
};
inline constexpr std::size_t table_kinds = 5;
std::string_view name(table_kind);

// What a reply can depend on; a tempfail is always said as one.
enum class table_row : std::uint8_t {
  exists,
  same,  // exists, and its value would be the address that was asked about: some askers look up again what they found
  absent,
  unverifiable,
  no_route,
};
inline constexpr std::size_t table_rows = 5;
std::string_view name(table_row);

struct table_reply {
  enum class form : std::uint8_t {
    value,         // `text`, a template
    not_found,     // the table has nothing to say; on the policy wire DUNNO
    temporary,     // the asker is to try again later
    as_listener,   // as exists, absent or temporary, by the listener's `unverifiable`
    as_exists,
  } what = form::temporary;
  std::string text;
};

struct table_rules {
  // What callers call the tables; "*" stands for all other names, and for the one table of a wire that has no names. Our own
  // names need not be here.
  std::map<std::string, table_kind, std::less<>> maps;
  std::array<std::array<table_reply, table_rows>, table_kinds> replies = usual_replies();

  const table_reply& reply(table_kind k, table_row r) const { return replies[static_cast<std::size_t>(k)][static_cast<std::size_t>(r)]; }
  table_reply& reply(table_kind k, table_row r) { return replies[static_cast<std::size_t>(k)][static_cast<std::size_t>(r)]; }

  static std::array<std::array<table_reply, table_rows>, table_kinds> usual_replies();
};

}  // namespace authbroker
