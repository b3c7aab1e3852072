#include "password.hpp"

#include <crypt.h>
#include <gtest/gtest.h>

namespace static_users {
namespace {

// The cheapest cost: what is tested is the judgement.
struct scheme {
  const char* prefix;
  unsigned long count;
};
constexpr scheme schemes[] = {{"$y$", 1}, {"$2b$", 4}, {"$6$", 1000}, {"$5$", 1000}, {"$7$", 6}, {"$1$", 0}};
constexpr const scheme& yescrypt = schemes[0], &bcrypt = schemes[1], &sha512 = schemes[2];

std::string hash_of(const std::string& password, const scheme& with) {
  crypt_data room{};
  char setting[CRYPT_GENSALT_OUTPUT_SIZE];
  const char salt[] = "0123456789abcdefghijklmnopqrstuv";
  EXPECT_NE(crypt_gensalt_rn(with.prefix, with.count, salt, sizeof salt - 1, setting, sizeof setting), nullptr) << with.prefix;
  const char* const made = crypt_r(password.c_str(), setting, &room);
  EXPECT_NE(made[0], '*') << setting;
  return made;
}

TEST(Password, EachSchemeTellsRightFromWrong) {
  for (const scheme& with : schemes) {
    const std::string hash = hash_of("correct horse", with);
    EXPECT_EQ(check_password("correct horse", hash), outcome::right) << hash;
    for (const std::string_view wrong : {"correct hors", "correct horse ", " correct horse", "Correct horse", "x", ""}) EXPECT_EQ(check_password(wrong, hash), outcome::wrong) << hash << " " << wrong;
  }
}

TEST(Password, A_12_BytesAreTakenAsTheyAre) {  // A-12
  const std::string latin = hash_of("caf\xE9", sha512);
  EXPECT_EQ(check_password("caf\xE9", latin), outcome::right);
  EXPECT_EQ(check_password("caf\xC3\xA9", latin), outcome::wrong);
}

TEST(Password, A_02_ANulIsNotTheEnd) {  // A-02
  const std::string hash = hash_of("sec", sha512);
  EXPECT_EQ(check_password(std::string_view("sec\0ret", 7), hash), outcome::wrong);
}

TEST(Password, A_11_NothingIsCut) {  // A-11
  const std::string base(72, 'p');
  const std::string cut = hash_of(base, bcrypt);
  EXPECT_EQ(check_password(base, cut), outcome::right);
  EXPECT_EQ(check_password(base + "x", cut), outcome::too_long);
  const std::string sha = hash_of(std::string(200, 'p') + "a", sha512);
  EXPECT_EQ(check_password(std::string(200, 'p') + "a", sha), outcome::right);
  EXPECT_EQ(check_password(std::string(200, 'p') + "b", sha), outcome::wrong);
  EXPECT_EQ(check_password(std::string(512, 'p'), sha), outcome::too_long);
  EXPECT_EQ(check_password(std::string(100'000, 'p'), sha), outcome::too_long);
}

TEST(Password, WhatCryptCannotDoIsNeitherRightNorWrong) {
  for (const std::string hash : {"$nope$salt$hash", "*0", "*1", "!", "", "$y$"}) EXPECT_EQ(check_password("x", hash), outcome::broken) << hash;
  EXPECT_NE(hash_fault("$nope$salt$hash"), "");
  EXPECT_EQ(hash_fault(hash_of("x", yescrypt)), "");
}

TEST(Password, ACutHashIsWrongForEverybody) {
  const std::string hash = hash_of("correct horse", sha512);
  EXPECT_NE(check_password("correct horse", hash.substr(0, hash.size() - 1)), outcome::right);
  EXPECT_NE(check_password("correct horse", hash + "x"), outcome::right);
}

TEST(Password, TheStandInCanBeHashedAgainst) { EXPECT_EQ(check_password("x", stand_in_hash()), outcome::wrong); }

}  // namespace
}  // namespace static_users
