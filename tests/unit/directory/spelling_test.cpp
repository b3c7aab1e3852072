// Names that a directory would take for another name.
#include <directory/dialect.hpp>
#include <directory/spelling.hpp>

#include <gtest/gtest.h>

namespace {

using directory::plainly_spelled;

TEST(spelling, what_people_type_is_plain) {
  for (const char* name : {"", "ann", "ANN", "a.b+c_d-e", "Ann Anders", "#hash+plus", "o'neil", "comma,user", "j\xc3\xbcrgen", "ren\xc3\xa9", "stra\xc3\x9f" "e", "\xc3\x98rsted", "\xce\xb1\xce\xbd\xce\xbd\xce\xb1", "\xd0\xb0\xd0\xbd\xd0\xbd\xd0\xb0",
                           "\xe5\xae\x89", "\xe1\xba\xbf"})
    EXPECT_TRUE(plainly_spelled(name)) << name;
}

TEST(spelling, B_14_blanks_that_a_directory_takes_together_are_not) {
  for (const char* name : {" ann", "ann ", "ann  anders", " ", "ann\xc2\xa0" "anders", "ann\xe2\x80\x83" "anders", "ann\xe3\x80\x80" "anders"}) EXPECT_FALSE(plainly_spelled(name)) << name;
}

TEST(spelling, B_14_letters_that_are_others_in_disguise_are_not) {
  for (const char* name : {"\xef\xbd\x81nn", "\xc2\xaann", "\xf0\x9d\x90\x9ann", "\xe2\x93\x90nn", "e\xcc\x81", "o\xef\xac\x83" "ce", "\xc5\xbf", "\xe2\x84\xaa", "an\xc2\xadn", "an\xe2\x80\x8bn", "an\xe2\x80\x8dn", "\xef\xbb\xbf" "ann",
                           "\xe2\x85\xa7", "x\xc2\xb2", "x\xe2\x82\x82", "an\xef\xb8\x8fn", "\xf3\xa0\x81\xa1"})
    EXPECT_FALSE(plainly_spelled(name)) << name;
}

// The host lets none through; whatever comes is looked at to its end and not beyond.
TEST(spelling, bytes_that_are_no_utf8_are_survived) {
  for (int c = 0x80; c < 0x100; ++c) {
    const std::string lone(1, static_cast<char>(c));
    (void)plainly_spelled(lone);
    EXPECT_FALSE(plainly_spelled("ann" + lone + " ")) << c;
  }
}

TEST(spelling, B_14_a_login_under_another_spelling_is_a_bad_name) {
  abk::question q;
  q.local = "ann  anders";
  const auto no = directory::refuse_spelling(q);
  ASSERT_TRUE(no);
  EXPECT_EQ(no->what, abk::verdict::no);
  EXPECT_EQ(no->why, abk::reason::bad_name);
  q.local = "ann anders";
  EXPECT_FALSE(directory::refuse_spelling(q));
}

}  // namespace
