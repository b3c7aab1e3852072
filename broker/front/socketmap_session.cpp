#include "front/socketmap_session.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "wire/socketmap.hpp"

namespace authbroker {
namespace {

constexpr std::size_t frame_bytes = 7;  // five digits, ':' and ','

void write(std::string& out, const table_answer& said) {
  switch (said.what) {
    case table_answer::word::found: return append_socketmap(out, socketmap_status::ok, said.text);
    case table_answer::word::not_found: return append_socketmap(out, socketmap_status::not_found, {});
    case table_answer::word::temporary: break;
  }
  append_socketmap(out, socketmap_status::temp, said.text);
}

}  // namespace

socketmap_session::socketmap_session(std::shared_ptr<branch> home, int fd, peer who)
    : asking_session(std::move(home), fd, std::move(who), socketmap_limits{}.request_bytes_max + frame_bytes) {}

asking_session::taken socketmap_session::take(std::string_view bytes, query& q) {
  socketmap_limits limits;
  limits.request_bytes_max = std::min<std::size_t>(limits.request_bytes_max, rules().limits.request_bytes);
  const socketmap_outcome got = parse_socketmap(bytes, limits);
  taken t;
  t.what = got.what;
  t.used = got.used;
  if (got.what != progress::message) return t;
  const std::optional<table_kind> kind = got.has_key ? kind_of(rules().tables, got.request.map) : std::nullopt;
  if (!kind) {
    listener_shared& shared = home().shared();
    shared.counts.malformed.fetch_add(1, std::memory_order_relaxed);
    if (shared.complain())
      shared.parts.log->line(level::warning, "unknown_map").field("listener", rules().name).field("map", got.request.map).field("caller", from().text);
    append_socketmap(output(), socketmap_status::temp, "no such map here");
    t.answered = true;
    return t;
  }
  if (const auto known = look_up(*kind, got.request.key, rules(), *home().shared().parts.who, q)) {
    write(output(), *known);
    t.answered = true;
  } else {
    under_way_.begin(*kind, got.request.map, q.address, rules());
    q.wire = &under_way_;
  }
  return t;
}

session::ending socketmap_session::say(const answer& a) {
  write(output(), under_way_.reply(a));
  return ending::none;
}

}  // namespace authbroker
