#include "users.hpp"

#include <gtest/gtest.h>

namespace static_users {
namespace {

constexpr const char* y = "$y$j9T$aaaaaaaaaaaaaaaaaaaaaa$bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
constexpr const char* six = "$6$saltsalt$ccccccccccccccccccccccc";

struct parsed {
  bool right = false;
  user_table table;
  std::string complaints;
};
parsed parse(const std::string& text) {
  parsed out;
  std::vector<complaint> found;
  out.right = parse_users(text, out.table, found);
  for (const complaint& c : found) out.complaints += (out.complaints.empty() ? "" : "\n") + std::to_string(c.line) + ": " + c.what;
  EXPECT_EQ(out.right, found.empty());
  return out;
}

TEST(Users, PeopleAliasesAndWholeDomains) {
  const parsed p = parse("# people\n\nAnn@Example.com:" + std::string(y) + ":Office@example.com, info@example.com,\r\n"
                         "  bob@example.com : ! \n"
                         "carol@example.net:" + y + ":@example.net\n"
                         "dave:" + y + "\n"
                         "closed@example.com:!" + y + ":\n"
                         "@Example.ORG\n");
  ASSERT_TRUE(p.right) << p.complaints;
  const person* const ann = p.table.login("ANN@example.COM");
  ASSERT_NE(ann, nullptr);
  EXPECT_EQ(ann->address, "ann@example.com");
  EXPECT_EQ(ann->hash, y);
  EXPECT_EQ(ann->line, 3u);
  EXPECT_EQ(ann->aliases, (std::vector<std::string>{"office@example.com", "info@example.com"}));
  EXPECT_EQ(p.table.mailbox("ann@example.com").kind, how::person);
  EXPECT_EQ(p.table.mailbox("OFFICE@example.com").kind, how::alias);
  EXPECT_EQ(p.table.mailbox("office@example.com").who, ann);
  EXPECT_TRUE(p.table.login("bob@example.com")->hash.empty());
  EXPECT_TRUE(p.table.login("closed@example.com")->hash.empty());
  EXPECT_EQ(p.table.mailbox("whoever@example.net").kind, how::rest);
  EXPECT_EQ(p.table.mailbox("whoever@example.net").who, p.table.login("carol@example.net"));
  EXPECT_TRUE(p.table.login("carol@example.net")->takes_rest);
  EXPECT_EQ(p.table.mailbox("whoever@example.org").kind, how::any);
  EXPECT_EQ(p.table.mailbox("whoever@sub.example.org").kind, how::nobody);
  EXPECT_EQ(p.table.mailbox("whoever@example.com").kind, how::nobody);
  EXPECT_EQ(p.table.mailbox("dave").kind, how::person);
  EXPECT_EQ(p.table.mailbox("dave@example.com").kind, how::nobody);
  EXPECT_EQ(p.table.mailbox("").kind, how::nobody);
  EXPECT_EQ(p.table.mailbox("@").kind, how::nobody);
}

TEST(Users, AnAliasIsNoNameToLogInWith) {
  const parsed p = parse("ann@example.com:" + std::string(y) + ":office@example.com\n");
  EXPECT_EQ(p.table.login("office@example.com"), nullptr);
  EXPECT_EQ(p.table.login("nobody@example.com"), nullptr);
  EXPECT_EQ(p.table.login(""), nullptr);
}

TEST(Users, AnEmptyFileIsRightAndKnowsNobody) {
  EXPECT_TRUE(parse("").right);
  EXPECT_TRUE(parse("# only\n\n   \n").right);
  EXPECT_EQ(parse("").table.usual_hash(), "");
}

TEST(Users, TheLastLineMayLackItsEnd) { EXPECT_EQ(parse("a@example.com:!").table.size(), 1u); }

TEST(Users, EachMistakeHasItsLineAndItsWords) {
  struct row {
    std::string text, complaint;
  };
  const std::string hash = y, wants_hash = "; wanted: one of crypt(3), made by \"authbroker hash-password\", or !";
  const std::string wants_address = "; wanted: an address whose domain is in ASCII (xn--... for others)";
  const row rows[] = {
      {"ann@example.com\n", "1: found no colon; wanted: address:hash, address:! or @domain"},
      {"\n#\nann@example.com\n", "3: found no colon; wanted: address:hash, address:! or @domain"},
      {"ann@example.com:\n", "1: found no password hash for \"ann@example.com\"" + wants_hash},
      {"ann@example.com::alias@example.com\n", "1: found no password hash for \"ann@example.com\"" + wants_hash},
      {"ann@example.com:hunter2hunter2\n", "1: found something else than a hash for \"ann@example.com\"" + wants_hash},
      {"ann@example.com:abJnggxhB/yWI\n", "1: found something else than a hash for \"ann@example.com\"" + wants_hash},  // DES
      {"ann@example.com:$6$\n", "1: found something else than a hash for \"ann@example.com\"" + wants_hash},
      {"ann@example.com:$6$a b$c\n", "1: found something else than a hash for \"ann@example.com\"" + wants_hash},
      {"ann@example.com:*0\n", "1: found something else than a hash for \"ann@example.com\"" + wants_hash},
      {"ann@example.com:*\n", "1: found something else than a hash for \"ann@example.com\"" + wants_hash},
      {":" + hash + "\n", "1: found no name; wanted: an address"},
      {"an n@example.com:!\n", "1: found \"an n@example.com\"; wanted: an address without spaces"},
      {std::string("an\0n@example.com:!\n", 19), "1: found \"an?n@example.com\"; wanted: an address without spaces"},
      {"ann@:!\n", "1: found \"ann@\"" + wants_address},
      {"ann@b\xC3\xBC" "cher.example:!\n", "1: found \"ann@b??cher.example\"" + wants_address},
      {"ann@a..b:!\n", "1: found \"ann@a..b\"" + wants_address},
      {"ann@.a:!\n", "1: found \"ann@.a\"" + wants_address},
      {std::string(321, 'a') + ":!\n", "1: found a name of 321 bytes; wanted: at most 320"},
      {"@\n", "1: found \"\"; wanted: @domain, in ASCII (xn--... for others)"},
      {"@exa mple\n", "1: found \"exa mple\"; wanted: @domain, in ASCII (xn--... for others)"},
      {"@example.com:!\n", "1: found \"example.com:!\"; wanted: @domain, in ASCII (xn--... for others)"},
      {"a@example.com:!:b@example.com:c\n", "1: found a third colon; wanted: address:hash:alias,alias"},
      {"a@example.com:!\nA@EXAMPLE.com:!\n", "2: found \"a@example.com\" again, first in line 1; wanted: each name once"},
      {"a@example.com:!:b@example.com\nb@example.com:!\n", "2: found \"b@example.com\" again, first in line 1; wanted: each name once"},
      {"a@example.com:!:a@example.com\n", "1: found \"a@example.com\" again, first in line 1; wanted: each name once"},
      {"@example.com\na@example.com:!:@example.com\n", "2: found \"@example.com\" again, first in line 1; wanted: each domain once"},
      {"# " + std::string(70'000, 'x') + "\n", "1: found a line of 70002 bytes; wanted: at most 65536"},
  };
  for (const row& r : rows) EXPECT_EQ(parse(r.text).complaints, r.complaint) << r.text;
}

TEST(Users, R_02_AComplaintNeverShowsAHash) {
  EXPECT_EQ(parse("ann@example.com:hunter2-hunter2\nbob@example.com:" + std::string(y) + " x\n").complaints.find("hunter2"), std::string::npos);
}

TEST(Users, ComplaintsEndAtTwenty) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "x\n";
  std::vector<complaint> found;
  user_table table;
  EXPECT_FALSE(parse_users(text, table, found));
  EXPECT_EQ(found.size(), complaints_max);
}

TEST(Users, TheCostIsThePartThatSetsIt) {
  EXPECT_EQ(cost_of("$y$j9T$salt$hash"), "$y$j9T");
  EXPECT_EQ(cost_of("$6$salt$hash"), "$6");
  EXPECT_EQ(cost_of("$6$rounds=99999$salt$hash"), "$6$rounds=99999");
  EXPECT_EQ(cost_of("$2b$12$saltandhash"), "$2b$12");
  EXPECT_EQ(cost_of("$1$salt$hash"), "$1");
  EXPECT_EQ(cost_of("$"), "$");
  EXPECT_EQ(cost_of(""), "");
}

TEST(Users, AnUnknownNameCostsWhatMostNamesCost) {
  const parsed p = parse("a@x.example:" + std::string(six) + "\nb@x.example:" + y + "\nc@x.example:" + y + "\nd@x.example:!\n");
  ASSERT_TRUE(p.right) << p.complaints;
  EXPECT_EQ(cost_of(p.table.usual_hash()), "$y$j9T");
}

}  // namespace
}  // namespace static_users
