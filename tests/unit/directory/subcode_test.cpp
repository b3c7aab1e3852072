#include <directory/text.hpp>

#include <gtest/gtest.h>

namespace {

using directory::ad_subcode;

constexpr std::string_view before = "80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data ";

TEST(ad_subcode, reads_what_domain_controllers_send) {
  for (const std::uint32_t code : {0x525U, 0x52eU, 0x530U, 0x531U, 0x532U, 0x533U, 0x701U, 0x773U, 0x775U}) {
    char hex[9];
    std::snprintf(hex, sizeof hex, "%x", code);
    EXPECT_EQ(ad_subcode(std::string(before) + hex + ", v1db1"), code);
  }
  EXPECT_EQ(ad_subcode(std::string(before) + "52E, v4563"), 0x52eU);
  EXPECT_EQ(ad_subcode("80090308: LdapErr: DSID-0C09042A, comment: AcceptSecurityContext error, data 775, v2580\0"), 0x775U);
}

TEST(ad_subcode, B_13_the_last_match_counts_since_a_name_may_be_quoted_before_it) {
  EXPECT_EQ(ad_subcode("user x, data 52e, v1, comment: AcceptSecurityContext error, data 775, v2580"), 0x775U);
  EXPECT_EQ(ad_subcode(std::string(before) + "775, v1db1, data nonsense"), 0x775U);
}

TEST(ad_subcode, B_13_anything_else_is_no_subcode) {
  for (const std::string_view text : {"", "data 52e", ", data 52e", ", data 52e,", ", data 52e, x", ", data , v1", ", data 52g, v1", ", data -52e, v1",
                                      ", data 0x52e, v1", ", data  52e, v1", ", data 123456789, v1", ", data 52e , v1", "invalid credentials"})
    EXPECT_EQ(ad_subcode(text), std::nullopt) << text;
}

TEST(ad_subcode, is_quick_on_text_that_matches_often) {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += ", data ";
  EXPECT_EQ(ad_subcode(text), std::nullopt);
}

}  // namespace
