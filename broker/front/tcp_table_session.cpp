#include "front/tcp_table_session.hpp"

#include <algorithm>

#include "wire/tcp_table.hpp"

namespace authbroker {
namespace {

void write(std::string& out, const table_answer& said) {
  switch (said.what) {
    case table_answer::word::found: return append_tcp_table(out, tcp_table_status::found, said.text);
    case table_answer::word::not_found: return append_tcp_table(out, tcp_table_status::not_found, said.text);
    case table_answer::word::temporary: break;
  }
  append_tcp_table(out, tcp_table_status::temporary, said.text);
}

}  // namespace

tcp_table_session::tcp_table_session(std::shared_ptr<branch> home, int fd, peer who)
    : asking_session(std::move(home), fd, std::move(who), tcp_table_line_bytes_max) {}

asking_session::taken tcp_table_session::take(std::string_view bytes, query& q) {
  const tcp_table_outcome got = parse_tcp_table(bytes, std::min<std::size_t>(tcp_table_line_bytes_max, rules().limits.request_bytes));
  taken t;
  t.what = got.what;
  t.used = got.used;
  if (got.what != progress::message) return t;
  if (!got.is_get) {
    append_tcp_table(output(), tcp_table_status::temporary, "not a question");
    t.answered = true;
    return t;
  }
  const table_kind kind = kind_of(rules().tables, {}).value_or(table_kind::mailbox);
  if (const auto known = look_up(kind, got.key, rules(), *home().shared().parts.who, q)) {
    write(output(), *known);
    t.answered = true;
  } else {
    under_way_.begin(kind, name(kind), q.address, rules());
    q.wire = &under_way_;
  }
  return t;
}

session::ending tcp_table_session::say(const answer& a) {
  write(output(), under_way_.reply(a));
  return ending::none;
}

}  // namespace authbroker
