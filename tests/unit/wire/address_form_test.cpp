#include "wire/address_form.hpp"

#include <gtest/gtest.h>

namespace authbroker {
namespace {

TEST(address_form, QuotesWhatNeedsIt) {
  struct row {
    std::string_view typed, form;
  };
  for (const row& r : {row{"ann@example.com", "ann@example.com"},
                       {"ann+x@Example.COM", "ann+x@Example.COM"},
                       {"a b@example.com", "\"a b\"@example.com"},
                       {"\"a b\"@example.com", "\"a b\"@example.com"},
                       {"\"ann\"@example.com", "ann@example.com"},
                       {"\"\\a\\n\\n\"@example.com", "ann@example.com"},
                       {"a@b@example.com", "\"a@b\"@example.com"},
                       {"x,root@example.com", "\"x,root\"@example.com"},
                       {"a\"b@example.com", "\"a\\\"b\"@example.com"},
                       {"\"a\"b\"@example.com", "\"\\\"a\\\"b\\\"\"@example.com"},
                       {"a\\b@example.com", "\"a\\\\b\"@example.com"},
                       {"\"\"@example.com", "\"\\\"\\\"\"@example.com"},
                       {"a..b@example.com", "a..b@example.com"},
                       {"\"a..b\"@example.com", "\"a..b\"@example.com"},
                       {"b\xc3\xbc" "cher@example.com", "b\xc3\xbc" "cher@example.com"},
                       {"ann smith", "ann smith"},
                       {"@example.com", "@example.com"},
                       {"a\nb@example.com", "a\nb@example.com"},
                       {"", ""}}) {
    EXPECT_EQ(quoted_address(r.typed), r.form) << r.typed;
    EXPECT_EQ(quoted_address(r.form), r.form) << r.typed << " twice";
  }
}

TEST(address_form, KnowsWhatIsOneAddressOnly) {
  for (const std::string_view good : {"ann@example.com", "\"x, root\"@example.com", "a..b@example.com", "b\xc3\xbc" "cher@b\xc3\xbc" "cher.example", "ann@localhost"}) EXPECT_TRUE(stands_alone(good)) << good;
  for (const std::string_view bad : {"ann", "x,root@example.com", "a b@example.com", "ann@example.com,root@example.com", "ann@example.com root", "ann@[192.0.2.1]", "@example.com", "ann@", "",
                                     "\"a\"b\"@example.com", "ann@example.com\n", "<ann@example.com>", "ann(x)@example.com"})
    EXPECT_FALSE(stands_alone(bad)) << bad;
}

}  // namespace
}  // namespace authbroker
