// Attack  the name is a stranger's. It is refused here, once, if a later protocol could take it for more than a name: control
//         bytes end commands, invalid UTF-8 means different things to different readers, an empty half makes an anonymous bind.
#include "core/identity.hpp"

#include <algorithm>

#include "base/domain.hpp"
#include "base/secret.hpp"
#include "base/text.hpp"

namespace authbroker {

name_check check_name(std::string_view typed) {
  const auto fail = [](name_fault f) { return name_check{f, {}}; };
  if (typed.empty()) return fail(name_fault::no_grammar);
  if (typed.size() > address_bytes_max) return fail(name_fault::too_long);
  if (!printable_ascii(typed) && (!valid_utf8(typed) || has_control(typed))) return fail(name_fault::not_carried);
  if (trim(typed).empty()) return fail(name_fault::no_grammar);
  if (typed.front() == ' ' || typed.back() == ' ') return fail(name_fault::not_carried);
  name_check out;
  out.name.typed = typed;
  const std::size_t at = typed.rfind('@');
  if (at == std::string_view::npos) {
    out.name.local = typed;
    return out;
  }
  out.name.local = typed.substr(0, at);
  out.name.domain_typed = typed.substr(at + 1);
  if (out.name.local.empty() || out.name.domain_typed.empty()) return fail(name_fault::no_grammar);
  if (out.name.local.back() == ' ') return fail(name_fault::not_carried);
  result<std::string> domain = to_a_label(out.name.domain_typed);
  if (!domain) {
    out.fault = name_fault::bad_domain;
    return out;
  }
  out.name.domain = std::move(*domain);
  return out;
}

local_verdict refuse_name(question_kind kind, name_fault fault) {
  if (kind != question_kind::mailbox)
    return {verdict::reject, fault == name_fault::too_long ? reason::too_long : reason::bad_name};
  switch (fault) {
    case name_fault::none: return {verdict::tempfail, reason::internal};
    case name_fault::too_long: return {verdict::unverifiable, reason::too_long};
    case name_fault::bad_domain:
    case name_fault::not_carried: return {verdict::unverifiable, reason::bad_name};
    case name_fault::no_grammar: return {verdict::absent, reason::none};
  }
  return {verdict::tempfail, reason::internal};
}

reason check_password(std::string_view password) {
  if (password.empty()) return reason::empty_password;
  if (password.size() > password_bytes_max) return reason::too_long;
  for (const char ch : password) {
    const auto c = static_cast<unsigned char>(ch);
    if (c < 0x20 || c == 0x7F) return reason::bad_password;
  }
  return reason::none;
}

bool has_path_characters(std::string_view local, std::string_view allowed) {
  static constexpr byte_classes which = [] {
    byte_classes t{};
    t['#'] = 1;
    t['~'] = 2;
    t['/'] = 4;
    return t;
  }();
  return (classes_of(local, which) & ~classes_of(allowed, which)) != 0;
}

std::string make_identity(const checked_name& name, std::string_view canonical_domain, bool keep_case) {
  const std::string_view domain = canonical_domain.empty() ? std::string_view(name.domain) : canonical_domain;
  std::string out;
  out.reserve(name.local.size() + 1 + domain.size());
  out += name.local;
  if (!keep_case) std::transform(out.begin(), out.end(), out.begin(), lower_ascii);
  if (!domain.empty()) {
    out += '@';
    out += domain;
  }
  return out;
}

std::string expand_template(std::string_view pattern, std::string_view address, std::string_view local, std::string_view domain) {
  std::string out;
  while (!pattern.empty()) {
    const auto take = [&](std::string_view placeholder, std::string_view value) {
      if (!pattern.starts_with(placeholder)) return false;
      out += value;
      pattern.remove_prefix(placeholder.size());
      return true;
    };
    if (take("{address}", address) || take("{local}", local) || take("{domain}", domain)) continue;
    out += pattern.front();
    pattern.remove_prefix(1);
  }
  return out;
}

}  // namespace authbroker
