// From a look-up to a question, and from an answer to what a table says. One place for socketmap, policy and tcp-table, which
// differ in how they write it. No sockets.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "core/asker.hpp"
#include "core/listener_rules.hpp"

namespace authbroker {

struct table_answer {
  enum class word : std::uint8_t { temporary, found, not_found } what = word::temporary;
  std::string text = "internal";  // the value; or, where it is temporary, why, for the asker's log
  // For our log: as what it is told, if that is not the answer's verdict. "exists", "absent", "tempfail"; an action as configured;
  // "nothing" where the table has none. Lives as long as the rules.
  std::string_view said{};
};

// What a caller's name for a table means; nullopt: nothing. "" is the one table of a wire without names.
std::optional<table_kind> kind_of(const table_rules&, std::string_view map);

// Either the answer, where nobody need be asked, or nullopt, and `q` is the question.
std::optional<table_answer> look_up(table_kind, std::string_view key, const listener_rules&, const asker&, query& q);

// A value is written only where it can be nothing else to its reader: an address that others could take for a list of them is
// a temporary answer instead.
// `asked` is the query's address.
table_answer answer_of(table_kind, const listener_rules&, const answer&, std::string_view asked);

// The look-up that a session has under way, and what is told of it to the log and to the caller.
class table_look_up final : public wire_words {
 public:
  // As answer_of(); `table` is what the caller calls it. The rules outlive the question.
  void begin(table_kind, std::string_view table, std::string_view asked, const listener_rules&);
  table_kind kind() const { return kind_; }
  table_answer reply(const answer&);
  std::string_view table() const override { return table_; }
  std::string_view said(const answer&) override;

 private:
  table_kind kind_ = table_kind::mailbox;
  std::string table_, asked_;
  const listener_rules* rules_ = nullptr;
  std::optional<table_answer> told_;
};

}  // namespace authbroker
