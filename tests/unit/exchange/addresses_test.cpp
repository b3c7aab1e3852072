#include <exchange/addresses.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using exchange::read_addresses;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(addresses, upper_case_marks_the_primary_one_which_comes_first) {
  const auto a = read_addresses({"smtp:a.anders@example.com", "SMTP:ann@example.com", "smtp:ann@other.example"}, {});
  EXPECT_EQ(a.primary, "ann@example.com");
  EXPECT_THAT(a.all, ElementsAre("ann@example.com", "a.anders@example.com", "ann@other.example"));
}

TEST(addresses, other_kinds_are_not_mails) {
  const auto a = read_addresses({"X500:/o=Example/ou=x/cn=ann@x", "x500:/o=y", "SIP:ann@example.com", "sip:ann@example.com", "EUM:12@x", "x400:c=de", "ms:x@y", "smtp", "smtp:", "", "SMTPX:ann@x"}, {});
  EXPECT_EQ(a.primary, "");
  EXPECT_THAT(a.all, IsEmpty());
}

TEST(addresses, a_mixed_case_is_an_alias) {
  const auto a = read_addresses({"Smtp:b@example.com"}, {});
  EXPECT_EQ(a.primary, "");
  EXPECT_THAT(a.all, ElementsAre("b@example.com"));
}

TEST(addresses, none_is_there_twice_however_it_is_written) {
  const auto a = read_addresses({"SMTP:Ann@Example.com", "smtp:ann@example.com", "smtp:b@x"}, {"ANN@example.com", "mail@x"});
  EXPECT_THAT(a.all, ElementsAre("Ann@Example.com", "b@x", "mail@x"));
}

TEST(addresses, mail_serves_where_there_is_no_proxy_address) {
  const auto a = read_addresses({}, {"ann@example.com"});
  EXPECT_EQ(a.primary, "");
  EXPECT_THAT(a.all, ElementsAre("ann@example.com"));
}

TEST(addresses, mail_is_first_where_none_is_marked) {
  EXPECT_THAT(read_addresses({"smtp:a.anders@example.com"}, {"ann@example.com"}).all, ElementsAre("ann@example.com", "a.anders@example.com"));
}

TEST(addresses, what_is_no_address_is_left_out) {
  const auto a = read_addresses({"SMTP:ann", "smtp:@example.com", "smtp:ann@", "smtp:" + std::string(320, 'x') + "@x"}, {"", "ann"});
  EXPECT_EQ(a.primary, "");
  EXPECT_THAT(a.all, IsEmpty());
}

TEST(addresses, of_two_primaries_the_first_counts) {
  EXPECT_EQ(read_addresses({"SMTP:a@x", "SMTP:b@x"}, {}).primary, "a@x");
}

}  // namespace
