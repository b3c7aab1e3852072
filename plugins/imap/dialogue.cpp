// How commands and replies are told apart and kept within bounds.
#include <abk/words.hpp>

#include "connection.hpp"

namespace imap {
namespace {

using abk::reason;

// Between one command and its tagged reply. A login brings a handful of lines; servers that report on mailboxes before they let
// anybody in are not known.
constexpr int replies_max = 64;
constexpr std::size_t bytes_max = 16 * 1024;

}  // namespace

void connection::count(std::size_t bytes) {
  bytes_ += bytes;
  if (bytes_ > bytes_max) throw abk::give_up(reason::upstream_nonsense, "reply.too-long", "more than 16 KiB in reply to one command");
}

// The next reply, whole: what it has of literals is counted, and dropped.
abk::part<reply> connection::hear_one(abk::channel up) {
  if (++replies_ > replies_max) throw abk::give_up(reason::upstream_nonsense, "reply.too-many", "more than 64 lines in reply to one command");
  line_ = co_await up.line();
  count(line_.size());
  const reply said = parse_reply(line_);
  for (std::optional<std::uint32_t> literal = said.literal; literal;) {
    count(*literal);
    co_await up.bytes(*literal);
    const std::string rest = co_await up.line();
    count(rest.size());
    literal = announced_literal(rest);
  }
  co_return said;
}

// The reply that the command waits for: its tagged one, a continuation, or a BYE. What comes before it is noted or passed over.
abk::part<reply> connection::hear_reply(abk::channel up) {
  for (;;) {
    reply said = co_await hear_one(up);
    if (said.what == sort::tagged && said.tag != tag_) said.what = sort::nonsense;
    const bool passed_over = said.what == sort::untagged && said.says != state::bye && said.says != state::preauth;
    if (!passed_over) co_return said;
    take_note(said);
  }
}

void connection::take_note(const reply& said) {
  if (said.says == state::data) {
    std::string_view rest = said.text;
    if (!abk::same_word(abk::next_word(rest), "CAPABILITY") || said.literal) return;
    heard_.known = true;
    add_capabilities(heard_, rest);
  } else if (abk::same_word(said.code, "ALERT")) {
    alert_ = said.text;
  }
}

// Unasked-for reports are legal in IMAP at any time. A tagged reply is not, nor anything else.
abk::part<void> connection::settle(abk::channel up) {
  while (up.unread()) {
    const reply said = co_await hear_one(up);
    if (said.what == sort::untagged && said.says == state::bye) {
      const abk::answer why = judge("connection", moment::start, said, now());
      throw abk::give_up(why.why, why.rule, why.operator_text);
    }
    if (said.what != sort::untagged || said.says == state::preauth)
      throw abk::give_up(reason::upstream_nonsense, "reply.early", "the server sent something that no command had asked for");
  }
}

// Makes the tag of a new command.
abk::part<void> connection::open_command(abk::channel up) {
  co_await settle(up);
  tag_ = "A" + std::to_string(++commands_);
  replies_ = 0;
  bytes_ = 0;
  alert_.clear();
  heard_ = capabilities();
}

}  // namespace imap
