// LDAP as both sides write it, and the beginnings that most transcripts share. Nothing here is the plugin's own code.
#pragma once
#include <abk/transcript.hpp>
#include <gtest/gtest.h>

#include "unit/directory/bytes.hpp"

namespace ldap_test {

using bytes::attribute;
using bytes::control;
using bytes::controls;
using bytes::entry;
using bytes::message;
using bytes::result_fields;
using bytes::tlv;
using abk::test::table;
using texts = std::vector<std::string>;

inline const std::string ann_dn = "uid=ann,ou=people,dc=x";
inline const std::string password = "open sesame";
inline const std::string policy_oid = "1.3.6.1.4.1.42.2.27.8.5.1";

inline const abk_plugin* plugin() {
  static const abk_plugin* const loaded = abk::test::load(BINARY_DIR "/plugins/ldap.so");
  return loaded;
}

// ---- what the broker sends

inline std::string number(int tag, int n) { return tlv(tag, std::string(1, static_cast<char>(n))); }
inline std::string bind(int id, const std::string& dn, const std::string& secret) {
  return message(id, 0x60, number(2, 3) + tlv(4, dn) + tlv(0x80, secret), controls(tlv(0x30, tlv(4, policy_oid))));
}
inline std::string equals(const std::string& name, const std::string& value) { return tlv(0xa3, tlv(4, name) + tlv(4, value)); }
inline std::string either(const std::string& filters) { return tlv(0xa1, filters); }
inline std::string both(const std::string& filters) { return tlv(0xa0, filters); }
inline std::string present(const std::string& name) { return tlv(0x87, name); }
inline std::string names(std::initializer_list<std::string> all) {
  std::string out;
  for (const std::string& n : all) out += tlv(4, n);
  return tlv(0x30, out);
}
struct asked {  // a search, with what the transcripts' settings make of it
  std::string base = "ou=people,dc=x";
  int scope = 2, size = 2, seconds = 5;
  std::string attributes = names({"mail", "mailAlternateAddress"});
};
inline std::string limit(int n) { return n < 128 ? number(2, n) : tlv(2, std::string{static_cast<char>(n >> 8), static_cast<char>(n & 255)}); }
inline std::string search(int id, const std::string& filter, const asked& a = {}) {
  return message(id, 0x63, tlv(4, a.base) + number(0x0a, a.scope) + number(0x0a, 0) + limit(a.size) + limit(a.seconds) + tlv(1, std::string(1, '\0')) + filter + a.attributes);
}
inline std::string start_tls(int id) { return message(id, 0x77, tlv(0x80, "1.3.6.1.4.1.1466.20037")); }

// ---- what the server sends

inline std::string bound(int id, int code, const std::string& text = {}, const std::string& tail = {}, const std::string& matched = {}) {
  return message(id, 0x61, result_fields(code, matched, text), tail);
}
inline std::string done(int id, int code = 0, const std::string& text = {}) { return message(id, 0x65, result_fields(code, {}, text)); }
inline std::string reference(int id, const std::string& url) { return message(id, 0x73, tlv(4, url)); }
inline std::string extended(int id, int code, const std::string& oid = "1.3.6.1.4.1.1466.20037") { return message(id, 0x78, result_fields(code) + (oid.empty() ? "" : tlv(0x8a, oid))); }
inline std::string policy(const std::string& value) { return controls(control(policy_oid, tlv(0x30, value))); }
inline std::string error(int n) { return number(0x81, n); }
inline std::string ann(int id, const std::string& dn = ann_dn) { return entry(id, dn, attribute("mail", {"ann@example.com"}) + attribute("mailAlternateAddress", {"a.smith@example.com"})); }

// ---- settings and stories

inline table searching() {
  return {{"base", "ou=people,dc=x"}, {"filter", "(mail={address})"}, {"mailbox_filter", "(mail={address})"}, {"group_classes", texts{}}};
}
inline table with(table t, const table& more) {
  for (const auto& [key, value] : more) t[key] = value;
  return t;
}
inline table mailboxes_only() {
  table t = searching();
  t.erase("filter");
  return t;
}
inline table template_bind() { return {{"user_dn", "uid={local},ou=people,dc=x"}}; }
inline table as_reader() { return with(searching(), {{"bind_dn", "cn=reader,dc=x"}, {"bind_password", "reader secret"}}); }

inline abk::test::transcript story(table settings) {
  abk::test::transcript t(plugin());
  t.settings(std::move(settings)).login("ann@example.com", password);
  return t;
}
inline abk::test::transcript mailbox_story(table settings, const std::string& address = "ann@example.com") {
  abk::test::transcript t(plugin());
  t.settings(std::move(settings)).mailbox(address);
  return t;
}
inline const std::string by_mail = equals("mail", "ann@example.com");
// A login by template, bound and waiting for the reply.
inline abk::test::transcript at_bind() {
  abk::test::transcript t = story(template_bind());
  t.says_secret(bind(1, ann_dn, password), password);
  return t;
}
// A login by search, anonymous, the search sent.
inline abk::test::transcript at_search() {
  abk::test::transcript t = story(searching());
  t.says(search(1, by_mail));
  return t;
}
// ... and found, and bound as.
inline abk::test::transcript at_bind_after_search() {
  abk::test::transcript t = at_search();
  t.upstream(ann(1)).upstream(done(1)).goes_on(1).says_secret(bind(1, ann_dn, password), password);
  return t;
}

}  // namespace ldap_test

#define EXPECT_PLAYS(T) EXPECT_EQ((T).run(), "")
