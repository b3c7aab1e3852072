// What an Active Directory may say of an account: attributes of an entry, and the text beside a refused bind.
#include <exchange/accounts.hpp>
#include <exchange/names.hpp>
#include <exchange/subcodes.hpp>

#include "oracle.hpp"

namespace {

using namespace directory;

void look(const search_entry& e, std::uint32_t kind, const exchange::rules& r) {
  hit h;
  h.dn = e.dn;
  h.truncated = e.truncated;
  for (const attribute& a : e.attributes) h.attributes.push_back({std::string(a.name), {a.values.begin(), a.values.end()}, a.truncated});
  abk::question q;
  q.kind = kind;
  q.address = q.identity = q.login_name = "ann@example.com";
  const auto said = exchange::accounts(r).read(q, 0, h);
  if (const auto* refusal = std::get_if<abk::answer>(&said)) {
    must(refusal->what == abk::verdict::no, "a refusal that is no no");
    must((kind == ABK_LOGIN) == (refusal->why != abk::reason::none), "a reason of the other question");
    return;
  }
  const auto& who = std::get<person>(said);
  must(who.addresses.size() <= addresses_listed_max, "addresses without end");
  for (const std::string& address : who.addresses) must(address.size() <= 320 && address.find('@') != address.npos, "an address that is none");
  must(!who.addresses_complete || (e.whole("proxyAddresses") && !who.addresses.empty()), "a part that passes for the whole");
  if (kind == ABK_MAILBOX) must(!who.mailbox.empty(), "a mailbox without a name");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view in(reinterpret_cast<const char*>(data), size);
  if (const auto name = exchange::upn(in)) must(*name == in && in.find('\\') == in.npos, "a name that changed");
  if (const auto name = exchange::down_level("EXAMPLE", in)) must(name->rfind('\\') == 7 && name->substr(8) == in, "a name that changed");
  exchange::rules strict;
  strict.mailbox = exchange::disabled_mailbox::absent;
  for (;;) {
    const frame f = next_message(in);
    if (f.is != frame::state::message) return 0;
    const decoded d = decode(in.substr(0, f.bytes));
    in.remove_prefix(f.bytes);
    if (!d.value) continue;
    if (const auto* e = std::get_if<search_entry>(&d.value->body)) {
      for (const std::uint32_t kind : {ABK_LOGIN, ABK_MAILBOX}) {
        look(*e, kind, {});
        look(*e, kind, strict);
      }
    }
    if (const auto* b = std::get_if<bind_result>(&d.value->body)) {
      const abk::answer a = judge_bind({*b, d.value->controls, "CN=Ann"}, exchange::subcodes());
      must(a.what != abk::verdict::yes || b->of.code == result_code::success, "a yes from a refusal");
      must(a.what != abk::verdict::no || a.why != abk::reason::none, "a no without a reason");
    }
  }
}
