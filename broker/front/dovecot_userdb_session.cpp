#include "front/dovecot_userdb_session.hpp"

#include <unistd.h>

#include "wire/dovecot_userdb.hpp"

namespace authbroker {
namespace {

// Dovecot takes no longer ones here.
constexpr std::size_t line_bytes_max = 4096;
constexpr std::size_t word_bytes_max = 64;  // of what is only for the log

}  // namespace

dovecot_userdb_session::dovecot_userdb_session(std::shared_ptr<branch> home, int fd, peer who)
    : concurrent_session(std::move(home), fd, std::move(who), 2 * line_bytes_max) {}

void dovecot_userdb_session::greet(std::uint32_t carried) {
  met_ = carried != 0;
  if (!met_) append_userdb_greeting(output(), static_cast<std::uint32_t>(getpid()));
}

concurrent_session::taken dovecot_userdb_session::take(std::string_view bytes) {
  const dovecot_line line = take_dovecot_line(bytes, line_bytes_max);
  taken t;
  t.what = line.what;
  t.used = line.used;
  if (line.what != progress::message) return t;
  const auto said = parse_dovecot_userdb(line.text);
  const bool greets = said && said->word == userdb_word::version;
  if (!said || greets == met_ || (greets && said->major != 1)) {
    t.what = progress::malformed;
    return t;
  }
  switch (said->word) {
    case userdb_word::version: met_ = true; break;
    case userdb_word::pass: append_userdb_trouble(output(), said->id); break;
    case userdb_word::list: append_userdb_no_list(output(), said->id); break;
    case userdb_word::user: {
      if (asked(said->id)) {  // neither's answer could be told from the other's
        forget(said->id);
        t.what = progress::malformed;
        return t;
      }
      query q;
      begin_query(q, from(), *terms());
      q.kind = question_kind::mailbox;
      q.address.assign(said->user);
      q.service = dovecot_text(said->service.substr(0, word_bytes_max));
      q.session = dovecot_text(said->session.substr(0, word_bytes_max));
      report_client(q, said->client, from(), *terms());
      q.wire = &mailbox_words(terms()->rules.unverifiable);
      ask(said->id, std::move(q));
      break;
    }
  }
  return t;
}

bool dovecot_userdb_session::say(std::uint32_t id, const answer& a, const listener_rules& rules, std::string& out) {
  const std::string& name = a.found.mailbox.empty() ? a.identity : a.found.mailbox;
  switch (two_valued(a.found.what, rules.unverifiable)) {
    case mailbox_word::exists: name.empty() ? append_userdb_trouble(out, id) : append_userdb_user(out, id, name); break;
    case mailbox_word::absent:
    case mailbox_word::no_route: append_userdb_absent(out, id); break;
    case mailbox_word::tempfail: append_userdb_trouble(out, id); break;
  }
  return true;
}

}  // namespace authbroker
