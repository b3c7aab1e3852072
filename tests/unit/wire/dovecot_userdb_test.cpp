#include "wire/dovecot_userdb.hpp"

#include <gtest/gtest.h>

namespace authbroker {
namespace {

TEST(dovecot_userdb, ReadsRequestsOfOldAndNewClients) {
  const auto old = parse_dovecot_userdb("USER\t131072\tjoe@example.com\tservice=lmtp\tlip=192.0.2.1\trip=192.0.2.7\tsession=s1");
  ASSERT_TRUE(old);
  EXPECT_EQ(old->word, userdb_word::user);
  EXPECT_EQ(old->id, 131072U);
  EXPECT_EQ(old->user, "joe@example.com");
  EXPECT_EQ(old->service, "lmtp");
  EXPECT_EQ(old->client, "192.0.2.7");
  EXPECT_EQ(old->session, "s1");
  EXPECT_EQ(parse_dovecot_userdb("USER\t1\tjoe\tprotocol=lmtp\tnew=1")->service, "lmtp");
  EXPECT_EQ(parse_dovecot_userdb("USER\t1\t")->user, "");
  EXPECT_EQ(parse_dovecot_userdb("PASS\t1\tjoe\tservice=x")->word, userdb_word::pass);
  EXPECT_EQ(parse_dovecot_userdb("LIST\t1\tuser=a*\tservice=doveadm")->word, userdb_word::list);
  EXPECT_EQ(parse_dovecot_userdb("VERSION\t1\t0")->word, userdb_word::version);
}

TEST(dovecot_userdb, TakesNothingElse) {
  for (const char* const line : {"", "USER", "USER\t1", "USER\t0\tjoe", "USER\tx\tjoe", "USER\t4294967296\tjoe", "PASS\t1", "LIST", "VERSION\t1", "REQUEST\t1\t2\t3",
                                 "CACHE-FLUSH\t1", "user\t1\tjoe", "USER 1 joe"})
    EXPECT_FALSE(parse_dovecot_userdb(line)) << line;
}

TEST(dovecot_userdb, SaysOneLineEach_M06) {
  std::string out;
  append_userdb_greeting(out, 77);
  append_userdb_user(out, 5, "ann\tuid=0\nUSER\t6\tbob");
  append_userdb_absent(out, 6);
  append_userdb_trouble(out, 7);
  append_userdb_no_list(out, 8);
  EXPECT_EQ(out, "VERSION\t1\t1\nSPID\t77\nUSER\t5\tann\1tuid=0\1nUSER\1t6\1tbob\nNOTFOUND\t6\nFAIL\t7\nDONE\t8\tfail\n");
}

}  // namespace
}  // namespace authbroker
