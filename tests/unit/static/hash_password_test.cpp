// What the tool makes, the backend takes.
#include "tool/hash_password.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

#include "password.hpp"
#include "users.hpp"

namespace authbroker {
namespace {

TEST(HashPassword, EachSchemeMakesWhatTheBackendTakes) {
  const std::vector<std::string_view> schemes = hash_schemes();
  ASSERT_GE(schemes.size(), 4u);
  EXPECT_EQ(schemes.front(), "yescrypt");
  for (const std::string_view scheme : schemes) {
    const std::string hash = make_entry_hash(secret("correct horse"), scheme);
    static_users::user_table table;
    std::vector<static_users::complaint> complaints;
    EXPECT_TRUE(static_users::parse_users("ann@example.com:" + hash + ":\n", table, complaints)) << scheme << " " << (complaints.empty() ? "" : complaints[0].what);
    EXPECT_EQ(static_users::hash_fault(hash), "") << scheme;
    EXPECT_EQ(static_users::check_password("correct horse", hash), static_users::outcome::right) << scheme;
    EXPECT_EQ(static_users::check_password("correct hors", hash), static_users::outcome::wrong) << scheme;
  }
}

TEST(HashPassword, TheDefaultIsYescryptWithAFreshSalt) {
  const std::string one = make_entry_hash(secret("x"), ""), two = make_entry_hash(secret("x"), "");
  EXPECT_TRUE(one.starts_with("$y$"));
  EXPECT_NE(one, two);
}

TEST(HashPassword, RefusesWhatASchemeWouldCut) {
  EXPECT_NO_THROW(make_entry_hash(secret(std::string(72, 'p')), "bcrypt"));
  EXPECT_THROW(make_entry_hash(secret(std::string(73, 'p')), "bcrypt"), std::invalid_argument);
  EXPECT_NO_THROW(make_entry_hash(secret(std::string(511, 'p')), "sha512crypt"));
  EXPECT_THROW(make_entry_hash(secret(std::string(512, 'p')), "sha512crypt"), std::invalid_argument);
  EXPECT_THROW(make_entry_hash(secret(), "yescrypt"), std::invalid_argument);
  EXPECT_THROW(make_entry_hash(secret(std::string_view("a\0b", 3)), "yescrypt"), std::invalid_argument);
  EXPECT_THROW(make_entry_hash(secret("x"), "des"), std::invalid_argument);
}

}  // namespace
}  // namespace authbroker
