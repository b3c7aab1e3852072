#include "connection.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "root_dse.hpp"

namespace directory {
namespace {

using abk::reason;
using abk::step;

[[noreturn]] void disconnected(const message& m) {
  std::string text = "the server is about to close the connection";
  reason why = reason::upstream_down;
  if (const auto* said = std::get_if<extended_result>(&m.body)) {
    text += ": " + in_words(said->of);
    if (said->of.code == result_code::busy) why = reason::upstream_busy;
    if (said->of.code == result_code::protocol_error) why = reason::upstream_nonsense;
    if (said->of.code == result_code::stronger_auth_required) why = reason::misconfigured;
  }
  throw abk::give_up(why, "message.disconnection", text);
}

// A message that does not fit into what the host keeps for us. One that somebody waits for is gathered; what is larger still, a group
// with a hundred thousand members, say, must not cost the others that are asked on this connection their answers, so it is passed
// over, up to a size that no honest entry has.
constexpr std::size_t skipped_bytes_max = std::size_t{16} * 1024 * 1024;
constexpr std::size_t head_bytes = 12;  // enough for the length and the id

constexpr int root_messages_max = 16;  // one, and its end, are due
constexpr std::string_view does_not_tell = "root entry";  // the fact that the server does not show it

struct large_message {
  std::size_t bytes = 0;
  std::int32_t id = 0;
};
// Of a message that is too large, once `in` has its head. Nothing: it is no message at all.
std::optional<large_message> read_large(std::string_view in) {
  const auto at = [in](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(in[i])); };
  if (next_message(in, skipped_bytes_max).is != frame::state::need_more) return {};
  const std::size_t header = 2 + (at(1) & 0x7f);
  large_message out;
  for (std::size_t i = 2; i < header; ++i) out.bytes = out.bytes << 8 | at(i);
  out.bytes += header;
  const std::size_t digits = at(header + 1);
  if (at(header) != 2 || digits == 0 || digits > 4) return {};
  std::uint32_t id = 0;
  for (std::size_t i = header + 2; i < header + 2 + digits; ++i) id = id << 8 | at(i);
  out.id = static_cast<std::int32_t>(id);
  return out;
}

[[noreturn]] void unasked() { throw abk::give_up(reason::upstream_nonsense, "message.unasked", "a message that answers nothing that was asked"); }

}  // namespace

std::int32_t connection::new_id() {
  if (last_id_ == std::numeric_limits<std::int32_t>::max()) throw abk::give_up(reason::internal, "message.ids", "no message ids are left on this connection");
  return ++last_id_;
}

step connection::prepare(abk::io& up) {
  if (up.channel() != abk::encryption::starttls_wanted) return get_to_know(up);
  stage_ = stage::asking_for_tls;
  up.send({encode_start_tls(new_id())});
  return step::read;
}

// Some servers hang up on whoever reads anything before a bind, with a refusal or without: that costs one connection, not all.
void connection::do_not_ask_again(abk::io& up) const { up.learn(0, abk::scope::upstream, does_not_tell, "1", std::chrono::hours(24)); }

step connection::get_to_know(abk::io& up) {
  const bool anonymous = account_ != nullptr && account_->dn.empty();
  if (policy_ != ask_policy::if_known || anonymous || up.fact(0, abk::scope::upstream, does_not_tell)) return log_in(up);
  stage_ = stage::asking_what_it_knows;
  up.send({encode_search(new_id(), what_the_server_knows())});
  return step::read;
}

step connection::log_in(abk::io& up) {
  if (account_ == nullptr || account_->dn.empty()) {
    stage_ = stage::prepared;
    return step::ready;
  }
  stage_ = stage::binding;
  const bind_request out = encode_bind(new_id(), account_->dn, account_->password, asks_policy());
  up.send({out.head, account_->dn, out.between, account_->password}, out.tail);
  return step::read;
}

// Nothing: there is more to be heard.
std::optional<step> connection::preparing(const message& m, abk::io& up) {
  if (m.id != last_id_) unasked();
  switch (stage_) {
    case stage::asking_for_tls: {
      const auto* const said = std::get_if<extended_result>(&m.body);
      if (said == nullptr || (!said->oid.empty() && said->oid != oid_start_tls)) unasked();
      if (said->of.code != result_code::success) throw abk::give_up(reason::tls_unavailable, "starttls.refused", in_words(said->of));
      stage_ = stage::handshake;
      return step::start_tls;
    }
    case stage::binding: {
      const auto* const said = std::get_if<bind_result>(&m.body);
      if (said == nullptr) unasked();
      up.note(0, "service account", account_->dn + ": " + in_words(said->of));
      const bind_reply reply{*said, m.controls, account_->dn};
      if (const auto why = judge_service_bind(reply)) throw abk::give_up(why->why, why->rule, why->operator_text);
      stage_ = stage::prepared;
      return {};
    }
    case stage::asking_what_it_knows: {
      if (++heard_of_root_ > root_messages_max) unasked();
      if (const auto* const root = std::get_if<search_entry>(&m.body)) {
        if (lacks_policy(*root)) policy_ = ask_policy::never;
        return {};
      }
      if (std::holds_alternative<search_reference>(m.body) || std::holds_alternative<other_message>(m.body)) return {};
      const auto* const said = std::get_if<search_done>(&m.body);
      if (said == nullptr) unasked();
      // A server that does not tell, whatever its reason, may know the control.
      if (said->of.code != result_code::success) do_not_ask_again(up);
      up.note(0, "password policy", asks_policy() ? "asked for with each bind" : "not asked for: the server does not know it");
      log_in(up);
      return {};
    }
    case stage::handshake:
    case stage::prepared: break;
  }
  unasked();
}

void connection::left_out(std::int32_t, std::size_t, abk::io&) { throw abk::give_up(reason::upstream_nonsense, "message.too-large", "a reply of more than 64 KiB"); }

step connection::resume(abk::io& up) {
  if (stage_ == stage::handshake && up.channel() == abk::encryption::tls) return get_to_know(up);
  for (;;) {
    const std::size_t skipped = std::min(to_skip_, up.in().size());
    up.consume(skipped);
    to_skip_ -= skipped;
    if (to_skip_ > 0) break;
    if (to_gather_ > 0) {
      const std::size_t came = std::min(to_gather_, up.in().size());
      gathered_ += up.in().substr(0, came);
      up.consume(came);
      to_gather_ -= came;
      if (to_gather_ > 0) break;
      const std::string whole = std::exchange(gathered_, {});
      if (const auto done = take(whole, 0, up)) return *done;
      continue;
    }
    const frame next = next_message(up.in());
    if (next.is == frame::state::need_more) break;
    if (next.is == frame::state::malformed) {
      const bool too_large = stage_ == stage::prepared && next_message(up.in(), skipped_bytes_max).is == frame::state::need_more;
      if (too_large && up.in().size() < head_bytes) break;
      const auto large = too_large ? read_large(up.in()) : std::nullopt;
      if (!large) throw abk::give_up(reason::upstream_nonsense, "message.malformed", next.problem);
      if (large->bytes <= large_message_bytes_max && takes_large(large->id)) {
        to_gather_ = large->bytes;
        continue;
      }
      left_out(large->id, large->bytes, up);
      to_skip_ = large->bytes;
      continue;
    }
    if (const auto done = take(up.in().substr(0, next.bytes), next.bytes, up)) return *done;
  }
  if (up.eof() && stage_ == stage::asking_what_it_knows) do_not_ask_again(up);
  return stage_ == stage::prepared ? next_step() : step::read;
}

// One whole message, of which the host still has so many bytes. What is done next, if it is not to read on.
std::optional<step> connection::take(std::string_view one, std::size_t to_consume, abk::io& up) {
  decoded got = decode(one);
  if (!got.value) throw abk::give_up(reason::upstream_nonsense, "message.malformed", got.problem);
  up.consume(to_consume);
  const message& m = *got.value;
  if (m.is_disconnection()) {
    if (stage_ == stage::asking_what_it_knows) do_not_ask_again(up);
    disconnected(m);
  }
  if (stage_ != stage::prepared) return preparing(m, up);
  heard(m, !up.in().empty(), up);
  return {};
}

}  // namespace directory
