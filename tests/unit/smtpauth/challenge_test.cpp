// Base64 as servers send it: one spelling for each challenge.
#include <abk/secret.hpp>
#include <gtest/gtest.h>

#include "smtpauth/challenge.hpp"

namespace {

using smtpauth::decode_base64;

TEST(SmtpAuthChallenge, WhatWasEncodedComesBack) {
  std::string bytes;
  for (int n = 0; n < 300; ++n) {
    const abk::secret_text encoded = abk::base64(abk::secret_view(bytes));
    EXPECT_EQ(decode_base64(encoded.view().reveal()), bytes) << n;
    bytes += static_cast<char>(n * 37);
  }
  EXPECT_EQ(decode_base64(""), "");
}

TEST(SmtpAuthChallenge, A_16_E_04_OneSpellingOnly) {
  for (const std::string_view text : {"Y", "YQ", "YQ=", "YQ==YQ==", "YQ===", "====", "=", "Y===", "YR==", "YWJ=", "YWF=YWFh", " YQ==", "YQ== ", "Y Q=", "YQ==\n", "YW-_", "Username:", "YQ=a", "\xc3\xa4"
                                      "aa"})
    EXPECT_FALSE(decode_base64(text)) << text;
  EXPECT_FALSE(decode_base64(std::string_view("YQ\0=", 4)));
}

TEST(SmtpAuthChallenge, E_04_ALimit) {
  EXPECT_TRUE(decode_base64(std::string(12'288, 'A')));
  EXPECT_FALSE(decode_base64(std::string(12'292, 'A')));
}

TEST(SmtpAuthChallenge, DigestsInTheirOrder) {
  const std::string proof = "rspauth=0123456789abcdef0123456789abcdef";
  EXPECT_TRUE(smtpauth::digest_in_order("realm=\"a\",nonce=\"b\"", true));
  EXPECT_TRUE(smtpauth::digest_in_order(proof, false));
  for (const std::string& first : {std::string(), proof, std::string("RSPAUTH=00")}) EXPECT_FALSE(smtpauth::digest_in_order(first, true)) << first;
  for (const std::string& second : {std::string(), std::string("rspauth="), proof + "0", proof.substr(1), proof + ",a=b", std::string("realm=\"a\",nonce=\"b\"")})
    EXPECT_FALSE(smtpauth::digest_in_order(second, false)) << second;
}

TEST(SmtpAuthChallenge, WhatScramCosts) {
  for (const std::string_view cheap : {"r=abc,s=c2FsdA==,i=4096", "r=i=99999,s=c2FsdA==,i=20000", "i=1", "r=a,s=b,i=15000,ext=i=99999"}) EXPECT_FALSE(smtpauth::too_costly(cheap)) << cheap;
  for (const std::string_view costly : {"", "r=abc,s=c2FsdA==", "r=a,s=b,i=20001", "i=4096x", "i=", "i=0", "i=-1", "i=99999999999999999999", "i=20001,i=4096"}) EXPECT_TRUE(smtpauth::too_costly(costly)) << costly;
}

}  // namespace
