#include <directory/messages.hpp>

#include <gtest/gtest.h>

#include "bytes.hpp"

namespace {

using namespace directory;

password_policy read(std::string_view hex) {
  const std::string value = bytes::from_hex(hex);
  const control one{oid_password_policy, false, value};
  return policy_of({&one, 1});
}

TEST(policy, what_servers_send) {
  EXPECT_EQ(read("30 03 81 01 01").error, policy_error::account_locked);
  EXPECT_EQ(read("30 03 81 01 00").error, policy_error::password_expired);
  EXPECT_EQ(read("30 03 81 01 02").error, policy_error::change_after_reset);
  EXPECT_EQ(read("30 03 81 01 08").error, policy_error::other);
  EXPECT_EQ(read("30 06 a0 04 80 02 0e 10").expires_in, std::chrono::seconds(3600));
  EXPECT_EQ(read("30 05 a0 03 81 01 02").grace_logins, 2);
  const auto both = read("30 08 a0 03 81 01 02 81 01 00");
  EXPECT_EQ(both.error, policy_error::password_expired);
  EXPECT_EQ(both.grace_logins, 2);
  const auto empty = read("30 00");
  EXPECT_FALSE(empty.unreadable);
  EXPECT_EQ(empty.error, policy_error::none);
}

TEST(policy, what_cannot_be_read_is_said) {
  for (const std::string_view hex : {"", "31 00", "30 01", "30 03 81 01", "30 03 81 01 ff", "30 03 82 01 01", "30 02 a0 00", "30 05 a0 03 82 01 02", "30 05 a0 03 80 01 ff",
                                     "30 00 00", "30 08 a0 06 80 01 05 81 01 02", "30 02 81 00"})
    EXPECT_TRUE(read(hex).unreadable) << hex;
  const control without{oid_password_policy, false, std::nullopt};
  EXPECT_TRUE(policy_of({&without, 1}).unreadable);
}

TEST(policy, two_controls_of_one_kind_are_not_believed) {
  const std::string locked = bytes::from_hex("30 03 81 01 01"), fine = bytes::from_hex("30 00");
  const control two[] = {{oid_password_policy, false, locked}, {oid_password_policy, false, fine}};
  EXPECT_TRUE(policy_of(two).unreadable);
}

TEST(policy, the_older_controls) {
  const control expired{oid_netscape_expired, false, "0"};
  EXPECT_TRUE(policy_of({&expired, 1}).netscape_expired);
  const control expiring{oid_netscape_expiring, false, "3600"};
  EXPECT_EQ(policy_of({&expiring, 1}).expires_in, std::chrono::seconds(3600));
  for (const std::string_view odd : {"", "x", "-1", "12x", "99999999999999999999"}) {
    const control c{oid_netscape_expiring, false, odd};
    EXPECT_TRUE(policy_of({&c, 1}).unreadable) << odd;
  }
  const control strange{"1.2.3", true, "x"};
  EXPECT_FALSE(policy_of({&strange, 1}).unreadable);
}

}  // namespace
