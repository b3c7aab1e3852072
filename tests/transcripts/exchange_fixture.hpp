// A domain controller's side of transcripts, and what the exchange plugin must say to it.
#pragma once
#include <abk/transcript.hpp>
#include <directory/filter.hpp>
#include <gtest/gtest.h>

#include "unit/directory/bytes.hpp"

namespace exchange_test {

using list = std::vector<std::string>;

inline constexpr const char* base = "DC=ad,DC=example,DC=com";
inline constexpr const char* ann_dn = "CN=Ann Anders,OU=Staff,DC=ad,DC=example,DC=com";
inline constexpr const char* login_filter =
    "(&(objectCategory=person)(objectClass=user)(|(proxyAddresses=smtp:{address})(mail={address})(userPrincipalName={address})))";
inline constexpr const char* mailbox_filter =
    "(&(|(objectCategory=person)(objectCategory=group)(objectClass=msExchDynamicDistributionList)(objectClass=publicFolder))"
    "(|(proxyAddresses=smtp:{address})(mail={address})))";

inline const abk_plugin* plugin() {
  static const abk_plugin* const loaded = abk::test::load(BINARY_DIR "/plugins/exchange.so");
  return loaded;
}
inline abk::test::table settings(const abk::test::table& change = {}) {
  abk::test::table t = {{"base", list{base}}, {"bind_dn", "reader@ad.example.com"}, {"bind_password", "reader's secret"}};
  for (const auto& [key, value] : change) t[key] = value;
  return t;
}

// ---- what the plugin says
inline std::string bind(int id, std::string_view name, std::string_view password) {
  return bytes::message(id, 0x60, bytes::tlv(2, "\3") + bytes::tlv(4, name) + bytes::tlv(0x80, password));
}
struct searching {
  std::string base = exchange_test::base;
  int scope = 2, seconds = 5;
  std::string filter = login_filter;
  list attributes = {};  // besides those that are always asked for
};
inline std::string search(int id, std::string_view address, const searching& how = {}) {
  const auto f = directory::filter_template::parse(how.filter);
  const std::size_t at = address.rfind('@');
  const std::string filter = f.value->encode({address, address.substr(0, at), at == address.npos ? "" : address.substr(at + 1)});
  std::string names;
  for (const char* name : {"objectClass", "proxyAddresses", "mail", "userAccountControl", "msDS-User-Account-Control-Computed", "msExchRecipientTypeDetails"}) names += bytes::tlv(4, name);
  for (const std::string& name : how.attributes) names += bytes::tlv(4, name);
  const auto number = [](int tag, int n) { return bytes::tlv(tag, std::string(1, static_cast<char>(n))); };
  return bytes::message(id, 0x63, bytes::tlv(4, how.base) + number(0x0a, how.scope) + number(0x0a, 0) + number(2, 2) + number(2, how.seconds) + bytes::tlv(1, std::string(1, '\0')) + filter + bytes::tlv(0x30, names));
}

// ---- what the controller says
inline std::string bound(int id, int code = 0, std::string_view text = {}) { return bytes::message(id, 0x61, bytes::result_fields(code, {}, text)); }
inline std::string refused(int id, std::string_view number) {
  return bound(id, 49, "80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data " + std::string(number) + ", v1db1");
}
inline std::string done(int id, int code = 0, std::string_view text = {}) { return bytes::message(id, 0x65, bytes::result_fields(code, {}, text)); }
inline std::string reference(int id) { return bytes::message(id, 0x73, bytes::tlv(4, "ldap://ad.example.com/CN=Configuration,DC=ad,DC=example,DC=com")); }
inline std::string person(int id, std::string_view control = "512", std::string_view dn = ann_dn, const std::string& more = {}) {
  return bytes::entry(id, dn, bytes::attribute("objectClass", {"top", "person", "organizationalPerson", "user"}) + bytes::attribute("userAccountControl", {control}) +
                                  bytes::attribute("proxyAddresses", {"SMTP:ann@example.com", "smtp:a.anders@example.com", "X500:/o=x", "SIP:ann@example.com"}) + more);
}

// ---- beginnings
inline abk::test::transcript story(const abk::test::table& change = {}) {
  abk::test::transcript t(plugin());
  t.settings(settings(change)).login("ann@example.com", "open sesame").says_secret(bind(1, "reader@ad.example.com", "reader's secret"), "reader's secret").upstream(bound(1));
  return t;
}
// A mailbox question, up to what the controller says to the search.
inline abk::test::transcript mailbox(const std::string& address, const abk::test::table& change = {}, const searching& how = {.filter = mailbox_filter}) {
  abk::test::transcript t = story(change);
  t.mailbox(address).says(search(2, address, how));
  return t;
}
// A login, up to the reply to the user's bind.
inline abk::test::transcript at_password(const abk::test::table& change = {}) {
  abk::test::transcript t = story(change);
  t.says(search(2, "ann@example.com")).upstream(person(2) + done(2)).goes_on(1).says_secret(bind(1, ann_dn, "open sesame"), "open sesame");
  return t;
}

}  // namespace exchange_test

// A transcript without trouble.
#define EXPECT_PLAYS(T) EXPECT_EQ((T).run(), "")
