#include <directory/filter.hpp>
#include <directory/messages.hpp>

#include <gtest/gtest.h>

#include <stdexcept>

#include "bytes.hpp"

namespace {

using namespace directory;
using bytes::to_hex;

std::string whole(const bind_request& b, std::string_view name, std::string_view password) {
  return b.head + std::string(name) + b.between + std::string(password) + std::string(b.tail);
}

TEST(encode_bind, leaves_room_for_the_name_and_the_password) {
  const auto b = encode_bind(1, "cn=a", abk::secret_view("x"), false);
  EXPECT_EQ(to_hex(whole(b, "cn=a", "x")), "30 11 02 01 01 60 0c 02 01 03 04 04 63 6e 3d 61 80 01 78");
  EXPECT_EQ(b.tail, "");
}

TEST(encode_bind, asks_for_the_password_policy_in_a_control) {
  const auto b = encode_bind(2, "cn=a", abk::secret_view("x"), true);
  EXPECT_EQ(to_hex(b.tail), to_hex(bytes::controls(bytes::tlv(0x30, bytes::tlv(4, oid_password_policy)))));
  const std::string all = whole(b, "cn=a", "x");
  EXPECT_EQ(next_message(all).bytes, all.size());
}

TEST(encode_bind, lengths_hold_for_every_size_of_password) {
  for (std::size_t n = 1; n < 1200; ++n) {
    const std::string password(n, 'p');
    const std::string_view name = "uid=ann,ou=people";
    const std::string all = whole(encode_bind(77, name, abk::secret_view(password), n % 2 == 0), name, password);
    ASSERT_EQ(next_message(all).is, frame::state::message) << n;
    ASSERT_EQ(next_message(all).bytes, all.size()) << n;
    ASSERT_EQ(std::get<other_message>(decode(all).value->body).tag, 0x60U) << n;
  }
}

TEST(encode_bind, B_06_an_anonymous_bind_cannot_be_made) {
  EXPECT_THROW(encode_bind(1, "", abk::secret_view("x"), false), std::logic_error);
  EXPECT_THROW(encode_bind(1, "cn=a", abk::secret_view(""), false), std::logic_error);
}

TEST(encode_search, says_everything_that_was_asked) {
  const std::vector<std::string> names{"mail", "uid"};
  search_request s;
  s.base = "dc=x";
  s.scope = search_scope::one;
  s.size_limit = 2;
  s.time_limit = std::chrono::seconds(300);
  const std::string filter = filter_template::parse("(uid=*)").value->encode({});
  s.filter = filter;
  s.attributes = names;
  EXPECT_EQ(to_hex(encode_search(5, s)),
            "30 2d 02 01 05 63 28 04 04 64 63 3d 78 0a 01 01 0a 01 00 02 01 02 02 02 01 2c 01 01 00 87 03 75 69 64 30 0b 04 04 6d 61 69 6c 04 03 75 69 64");
}

TEST(encode_search, asks_for_no_attribute_when_none_is_named) {
  search_request s;
  const std::string out = encode_search(5, s);
  EXPECT_TRUE(out.ends_with(bytes::from_hex("30 05 04 03 31 2e 31")));
}

TEST(encode, small_requests) {
  EXPECT_EQ(to_hex(encode_unbind(3)), "30 05 02 01 03 42 00");
  EXPECT_EQ(to_hex(encode_abandon(300, 5)), "30 07 02 02 01 2c 50 01 05");
  EXPECT_EQ(to_hex(encode_abandon(3, 128)), "30 07 02 01 03 50 02 00 80") << "the sign needs a byte";
  EXPECT_EQ(to_hex(encode_abandon(0x7fffffff, 0x800000)), "30 0c 02 04 7f ff ff ff 50 04 00 80 00 00");
  EXPECT_EQ(encode_start_tls(1), bytes::message(1, 0x77, bytes::tlv(0x80, oid_start_tls)));
}

TEST(encode, ids_come_back) {
  for (const std::int32_t id : {1, 127, 128, 255, 256, 32767, 32768, 65536, 0x7fffff, 0x800000, 0x7fffffff}) EXPECT_EQ(decode(encode_unbind(id)).value->id, id);
}

}  // namespace
