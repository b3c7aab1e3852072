#include <exchange/names.hpp>

#include <gtest/gtest.h>

#include <string>

namespace {

using exchange::down_level;
using exchange::upn;

TEST(names, a_principal_name_goes_as_it_is) {
  EXPECT_EQ(upn("ann@ad.example.com"), "ann@ad.example.com");
  EXPECT_EQ(upn("Ann.Anders+x@example.com"), "Ann.Anders+x@example.com");
}

TEST(names, B_14_no_other_form_passes_for_a_principal_name) {
  for (const char* name : {"", "ann", "@", "ann@", "@x", "a@b@c", "EXAMPLE\\ann", "EXAMPLE\\ann@x", "CN=Ann,DC=ad", "CN=ann@x,DC=ad", "CN=ann@x", "{6f0c3d9e-0000-0000-0000-000000000000}", "{x}@y",
                           "host/ann@x", "ad.example.com/Users/ann", "S-1-5-21-1-2-3-500", "Ann Anders", "Ann Anders@x", "\"ann\"@x", "ann;x@y"})
    EXPECT_EQ(upn(name), std::nullopt) << name;
}

TEST(names, a_down_level_name_has_the_domain_before_it) {
  EXPECT_EQ(down_level("EXAMPLE", "ann"), "EXAMPLE\\ann");
  EXPECT_EQ(down_level("EXAMPLE", "ann anders"), "EXAMPLE\\ann anders");
}

// A controller takes each of them for "ann" or "ann anders".
TEST(names, B_14_no_other_spelling_passes) {
  for (const char* name : {"\xc3\xa1nn", "\xef\xbd\x81nn", "ann\xcc\x81", "an\xc2\xadn"}) {
    EXPECT_EQ(upn(std::string(name) + "@ad.example.com"), std::nullopt) << name;
    EXPECT_EQ(down_level("EXAMPLE", name), std::nullopt) << name;
  }
  for (const char* name : {"ann  anders", " ann", "ann ", "ann\xc2\xa0" "anders"}) EXPECT_EQ(down_level("EXAMPLE", name), std::nullopt) << name;
}

TEST(names, B_14_no_other_form_passes_for_a_down_level_name) {
  for (const char* local : {"", "a\\b", "a/b", "CN=ann", "a,b", "a+b", "a*", "a?", "<a>", "a@b", "\"a\"", "a;b", "a:b", "a|b", "[a]"}) EXPECT_EQ(down_level("EXAMPLE", local), std::nullopt) << local;
}

}  // namespace
