// What a directory may send: framing, reading through liblber, the password policy, an Active Directory's diagnostic text.
#include <directory/messages.hpp>
#include <directory/text.hpp>
#include <directory/verdicts.hpp>

#include "oracle.hpp"

namespace {

using namespace directory;

// The bytes of a message that a view may point into.
struct bounds {
  const char* from;
  std::size_t n;
  void hold(std::string_view part) const { must(part.empty() || (part.data() >= from && part.data() + part.size() <= from + n), "a view beyond the message"); }
};

void look(const result& r, const bounds& in) {
  in.hold(r.matched);
  in.hold(r.text);
  must(r.referrals.size() <= referral_urls_max, "referrals without end");
  for (const auto url : r.referrals) in.hold(url);
  must(static_cast<std::int32_t>(r.code) >= 0, "a negative code");
  if (const auto code = ad_subcode(r.text)) must(r.text.find(", data ") != std::string_view::npos, "a sub-code from nowhere");
}

void look(const message& m, std::size_t n) {
  const bounds in{m.bytes.get(), n};
  must(m.id >= 0, "a negative id");
  must(m.controls.size() <= controls_max, "controls without end");
  for (const control& c : m.controls) {
    in.hold(c.oid);
    if (c.value) in.hold(*c.value);
  }
  const password_policy policy = policy_of(m.controls);
  if (policy.expires_in) must(policy.expires_in->count() >= 0, "expired before it expires");
  if (const auto* b = std::get_if<bind_result>(&m.body)) {
    look(b->of, in);
    const abk::answer a = judge_bind({*b, m.controls, "cn=x"}, {});
    if (a.what == abk::verdict::yes)
      must(b->of.code == result_code::success && !b->sasl_credentials && b->of.referrals.empty() && !policy.unreadable && !policy.netscape_expired, "a yes from less than a plain success");
    if (a.what == abk::verdict::no) must(a.why != abk::reason::none && a.why != abk::reason::internal, "a no without a reason");
  }
  if (const auto* d = std::get_if<search_done>(&m.body)) look(d->of, in);
  if (const auto* x = std::get_if<extended_result>(&m.body)) {
    look(x->of, in);
    in.hold(x->oid);
  }
  if (const auto* e = std::get_if<search_entry>(&m.body)) {
    in.hold(e->dn);
    must(e->attributes.size() <= entry_attributes_max, "attributes without end");
    std::size_t values = 0;
    for (const attribute& a : e->attributes) {
      in.hold(a.name);
      for (const auto v : a.values) in.hold(v);
      values += a.values.size();
    }
    must(values <= entry_values_max, "values without end");
  }
  if (const auto* r = std::get_if<search_reference>(&m.body))
    for (const auto url : r->urls) in.hold(url);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view in(reinterpret_cast<const char*>(data), size);
  ad_subcode(in);
  for (;;) {
    const frame f = next_message(in);
    if (f.is != frame::state::message) break;
    must(f.bytes >= 2 && f.bytes <= in.size() && f.bytes <= message_bytes_max, "a frame beyond its end");
    if (const decoded d = decode(in.substr(0, f.bytes)); d.value) look(*d.value, f.bytes);
    in.remove_prefix(f.bytes);
  }
  return 0;
}
