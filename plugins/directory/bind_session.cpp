#include "bind_session.hpp"

#include "carry.hpp"

namespace directory {

using abk::reason;

abk::step bind_session::tell(abk::io& up, std::uint32_t id, const abk::answer& a) {
  question_ = 0;
  up.finish(id, a);
  return next_step();
}

abk::step bind_session::begin(const abk::question& q, abk::io& up) {
  const auto refuse = [&](reason why, const char* rule, const char* text) { return tell(up, q.id, abk::answer::tempfail(why, rule, text)); };
  if (q.kind != ABK_LOGIN) return refuse(reason::internal, "bind.not-a-login", "only logins are asked by a bind");
  who_ = {};
  if (!q.carry.empty()) {
    auto carried = from_carry(q.carry);
    if (!carried) return refuse(reason::internal, "bind.carry", "the search left nothing to go on with");
    who_ = std::move(*carried);
  } else {
    if (const auto why = dialect_.refusal(q)) return tell(up, q.id, why->what == abk::verdict::no ? *why : abk::answer());
    who_.dn = dialect_.bind_name(q);
  }
  // Each of the two would make the bind an anonymous one, which succeeds.
  if (who_.dn.empty()) return refuse(reason::internal, "bind.no-name", "there is no name to bind as");
  if (q.password.empty()) return refuse(reason::internal, "bind.no-password", "the host kept the password back");
  if (who_.dn.size() > dn_bytes_max) return tell(up, q.id, abk::answer::no(reason::too_long, "bind.too-long"));
  bind_id_ = new_id();
  question_ = q.id;
  const bind_request out = encode_bind(bind_id_, who_.dn, q.password, asks_policy());
  up.note(q.id, "bind", who_.dn);
  up.send({out.head, who_.dn, out.between, q.password}, out.tail);
  return abk::step::read;
}

void bind_session::heard(const message& m, bool more, abk::io& up) {
  const auto* const said = std::get_if<bind_result>(&m.body);
  spent_ = true;
  if (said == nullptr || question_ == 0 || m.id != bind_id_) throw abk::give_up(reason::upstream_nonsense, "bind.nonsense", "not the reply to the bind");
  // A second reply to one bind: which of them is true?
  if (more) throw abk::give_up(reason::upstream_nonsense, "bind.more", "bytes follow the reply to the bind");
  abk::answer a = judge_bind({*said, m.controls, who_.dn}, dialect_.own_rows());
  up.note(question_, "bind result", a.operator_text);
  if (a.what == abk::verdict::yes) {
    a.mailbox = std::move(who_.mailbox);
    a.kind = who_.kind;
    a.addresses = std::move(who_.addresses);
    a.addresses_complete = who_.addresses_complete;
    a.attributes = std::move(who_.attributes);
    if (who_.attributes_left_out) a.operator_text += attributes_left_out_text;
  }
  spent_ = a.what == abk::verdict::tempfail;
  tell(up, question_, a);
}

}  // namespace directory
