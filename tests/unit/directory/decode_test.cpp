#include <directory/messages.hpp>

#include <gtest/gtest.h>

#include "bytes.hpp"

namespace {

using namespace directory;

message must(const std::string& one) {
  auto d = decode(one);
  EXPECT_TRUE(d.value) << d.problem;
  return d.value ? std::move(*d.value) : message{};
}

TEST(decode, a_refused_bind) {
  const message m = must(bytes::from_hex("30 0c 02 01 01 61 07 0a 01 31 04 00 04 00"));
  EXPECT_EQ(m.id, 1);
  const auto& b = std::get<bind_result>(m.body);
  EXPECT_EQ(b.of.code, result_code::invalid_credentials);
  EXPECT_EQ(name_of(b.of.code), "invalidCredentials");
  EXPECT_FALSE(b.sasl_credentials);
  EXPECT_TRUE(m.controls.empty());
}

TEST(decode, lengths_in_the_form_of_an_active_directory) {
  using bytes::wide;
  const message m = must(wide(0x30, wide(2, "\x02") + wide(0x61, wide(0x0a, std::string(1, '\0')) + wide(4, "") + wide(4, "hello"))));
  EXPECT_EQ(m.id, 2);
  EXPECT_EQ(std::get<bind_result>(m.body).of.code, result_code::success);
  EXPECT_EQ(std::get<bind_result>(m.body).of.text, "hello");
}

TEST(decode, B_07_what_is_attached_to_a_success_is_seen) {
  const auto with = [](std::string_view tail, std::string_view controls = {}) { return must(bytes::message(1, 0x61, bytes::result_fields(0) + std::string(tail), controls)); };
  EXPECT_TRUE(std::get<bind_result>(with(bytes::tlv(0x87, "token")).body).sasl_credentials);
  const auto referred = with(bytes::tlv(0xa3, bytes::tlv(4, "ldap://evil:389/")));
  ASSERT_EQ(std::get<bind_result>(referred.body).of.referrals.size(), 1U);
  EXPECT_EQ(std::get<bind_result>(referred.body).of.referrals[0], "ldap://evil:389/");
  const auto controlled = with("", bytes::controls(bytes::control("1.2.3", "v")));
  ASSERT_EQ(controlled.controls.size(), 1U);
  EXPECT_EQ(controlled.controls[0].oid, "1.2.3");
  EXPECT_EQ(controlled.controls[0].value, "v");
}

TEST(decode, an_entry_with_its_values) {
  const message m = must(bytes::entry(7, "uid=ann,dc=x", bytes::attribute("mail", {"a@x", "b@x"}) + bytes::attribute("cn", {}) + bytes::attribute("sn;lang-de", {"A"})));
  const auto& e = std::get<search_entry>(m.body);
  EXPECT_EQ(e.dn, "uid=ann,dc=x");
  ASSERT_EQ(e.values("MAIL").size(), 2U);
  EXPECT_EQ(e.values("mail")[1], "b@x");
  EXPECT_EQ(e.values("sn").size(), 1U);
  EXPECT_TRUE(e.values("cn").empty());
  EXPECT_TRUE(e.values("absent").empty());
  EXPECT_FALSE(e.truncated);
  EXPECT_TRUE(e.whole("mail") && e.whole("absent"));
}

TEST(decode, a_list_that_comes_in_parts_is_said_to_be_cut) {
  const auto whole = [](std::string_view name) {
    const message m = must(bytes::entry(7, "cn=x", bytes::attribute("memberOf", {}) + bytes::attribute(name, {"g"})));
    return std::get<search_entry>(m.body).whole("memberOf");
  };
  const message held = must(bytes::entry(7, "cn=x", bytes::attribute("memberOf", {}) + bytes::attribute("memberOf;range=0-1499", {"g"})));
  const auto& e = std::get<search_entry>(held.body);
  EXPECT_FALSE(e.whole("MemberOf"));
  EXPECT_TRUE(e.whole("mail")) << "what others lack it does not";
  EXPECT_EQ(e.values("memberof").size(), 1U);
  EXPECT_TRUE(whole("memberOf;range=0-*"));
  EXPECT_FALSE(whole("memberOf;range=1500-*"));
}

TEST(decode, the_end_of_a_search_a_reference_and_an_extended_result) {
  EXPECT_EQ(std::get<search_done>(must(bytes::message(2, 0x65, bytes::result_fields(4, "", "too many"))).body).of.code, result_code::size_limit_exceeded);
  const message ref = must(bytes::message(2, 0x73, bytes::tlv(4, "ldap://a") + bytes::tlv(4, "ldap://b")));
  EXPECT_EQ(std::get<search_reference>(ref.body).urls.size(), 2U);
  const message ext = must(bytes::message(3, 0x78, bytes::result_fields(0) + bytes::tlv(0x8a, oid_start_tls) + bytes::tlv(0x8b, "v")));
  EXPECT_EQ(std::get<extended_result>(ext.body).oid, oid_start_tls);
  EXPECT_FALSE(ext.is_disconnection());
}

TEST(decode, B_09_a_notice_of_disconnection_is_known) {
  EXPECT_TRUE(must(bytes::message(0, 0x78, bytes::result_fields(52) + bytes::tlv(0x8a, oid_disconnection))).is_disconnection());
  EXPECT_FALSE(must(bytes::message(1, 0x78, bytes::result_fields(52) + bytes::tlv(0x8a, oid_disconnection))).is_disconnection());
  EXPECT_FALSE(must(bytes::message(0, 0x61, bytes::result_fields(0))).is_disconnection());
}

TEST(decode, parts_that_are_not_known_are_passed_over) {
  EXPECT_EQ(std::get<bind_result>(must(bytes::message(1, 0x61, bytes::result_fields(0) + bytes::tlv(0x8f, "new"), bytes::tlv(0x8e, "newer"))).body).of.code, result_code::success);
  EXPECT_EQ(std::get<other_message>(must(bytes::message(1, 0x79, "")).body).tag, 0x79U);
}

TEST(decode, B_10_every_cut_of_a_message_is_refused_and_none_is_read_beyond_its_end) {
  const std::string fields = bytes::result_fields(0, "dc=x", "text") + bytes::tlv(0xa3, bytes::tlv(4, "ldap://x"));
  const std::string tail = bytes::controls(bytes::control(oid_password_policy, bytes::from_hex("30 00")));
  const std::string entry = bytes::tlv(4, "cn=x") + bytes::tlv(0x30, bytes::attribute("mail", {"a", "b"}));
  for (std::size_t n = 0; n < fields.size(); ++n) {
    const auto d = decode(bytes::message(1, 0x61, fields.substr(0, n)));
    // A whole result without its optional parts is a result.
    EXPECT_EQ(d.value.has_value(), n == bytes::result_fields(0, "dc=x", "text").size()) << n;
  }
  for (std::size_t n = 0; n < entry.size(); ++n) EXPECT_FALSE(decode(bytes::message(1, 0x64, entry.substr(0, n))).value) << n;
  for (std::size_t n = 1; n < tail.size(); ++n) EXPECT_FALSE(decode(bytes::message(1, 0x61, fields, tail.substr(0, n))).value) << n;
  const std::string all = bytes::message(1, 0x61, fields, tail);
  for (std::size_t n = 0; n < all.size(); ++n) EXPECT_FALSE(decode(std::string(all.data(), n)).value) << n;
  EXPECT_FALSE(decode(all + "x").value);
}

TEST(decode, B_10_numbers_that_are_none) {
  EXPECT_FALSE(decode(bytes::from_hex("30 0c 02 01 ff 61 07 0a 01 31 04 00 04 00")).value) << "a negative id";
  EXPECT_FALSE(decode(bytes::from_hex("30 0c 02 01 01 61 07 0a 01 ff 04 00 04 00")).value) << "a negative code";
  EXPECT_FALSE(decode(bytes::from_hex("30 10 02 05 01 00 00 00 00 61 07 0a 01 31 04 00 04 00")).value) << "an id of five bytes";
  EXPECT_FALSE(decode(bytes::from_hex("30 0b 02 00 61 07 0a 01 31 04 00 04 00")).value) << "an id of none";
  EXPECT_FALSE(decode(bytes::from_hex("30 0b 02 01 01 61 06 0a 00 04 00 04 00")).value) << "a code of none";
}

TEST(decode, B_10_indefinite_lengths_inside_are_refused) {
  EXPECT_FALSE(decode(bytes::from_hex("30 0e 02 01 01 61 80 0a 01 00 04 00 04 00 00 00")).value);
  EXPECT_FALSE(decode(bytes::from_hex("30 0d 02 01 01 61 08 0a 01 00 04 80 04 00 00")).value);
  EXPECT_FALSE(decode(bytes::from_hex("30 10 02 01 01 61 0b 0a 01 00 04 84 ff ff ff ff 04 00")).value);
}

TEST(decode, B_10_what_is_nested_ten_thousand_deep_is_one_opaque_element) {
  std::string deep = "\x04";
  deep.push_back('\0');
  for (int i = 0; i < 10'000; ++i) deep = bytes::tlv(0x30, deep);
  EXPECT_FALSE(decode(bytes::message(1, 0x64, deep)).value);
  EXPECT_TRUE(decode(bytes::message(1, 0x79, deep)).value) << "an operation that nobody reads";
}

TEST(decode, B_20_more_values_and_attributes_than_are_kept) {
  std::string set, list;
  for (std::size_t i = 0; i < attribute_values_max + 10; ++i) set += bytes::tlv(4, "v");
  const message many = must(bytes::entry(1, "cn=x", bytes::tlv(0x30, bytes::tlv(4, "memberOf") + bytes::tlv(0x31, set)) + bytes::attribute("mail", {"late"})));
  const auto& e = std::get<search_entry>(many.body);
  EXPECT_FALSE(e.whole("memberOf"));
  EXPECT_TRUE(e.whole("mail"));
  EXPECT_EQ(e.values("memberOf").size(), attribute_values_max);
  EXPECT_EQ(e.values("mail").size(), 1U) << "one attribute with many values leaves room for others";
  for (char c = 'a'; c < 'm'; ++c) list += bytes::tlv(0x30, bytes::tlv(4, std::string(1, c)) + bytes::tlv(0x31, set));
  const message all = must(bytes::entry(1, "cn=x", list));
  std::size_t values = 0;
  for (const attribute& a : std::get<search_entry>(all.body).attributes) values += a.values.size();
  EXPECT_EQ(values, entry_values_max);
  list.clear();
  for (int i = 0; i < 2000; ++i) list += bytes::attribute("a" + std::to_string(i), {});
  const message wide = must(bytes::entry(1, "cn=x", list));
  EXPECT_FALSE(std::get<search_entry>(wide.body).whole("a1")) << "more attributes than are kept: anything may be missing";
  EXPECT_EQ(std::get<search_entry>(wide.body).attributes.size(), entry_attributes_max);
}

TEST(decode, more_controls_than_are_kept_make_a_message_unreadable_since_one_may_say_no) {
  std::string list;
  for (std::size_t i = 0; i < controls_max; ++i) list += bytes::control("1.2.3", "");
  EXPECT_TRUE(decode(bytes::message(1, 0x61, bytes::result_fields(0), bytes::controls(list))).value);
  list += bytes::control("1.2.3", "");
  EXPECT_FALSE(decode(bytes::message(1, 0x61, bytes::result_fields(0), bytes::controls(list))).value);
}

TEST(decode, views_stay_when_a_message_is_moved) {
  message from = must(bytes::entry(7, "uid=ann,dc=x", bytes::attribute("mail", {"a@x"})));
  const message to = std::move(from);
  EXPECT_EQ(std::get<search_entry>(to.body).values("mail")[0], "a@x");
}

}  // namespace
