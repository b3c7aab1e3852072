// The SASL library: what it computes, what it believes, and what it may load.
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sasl/sasl.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "smtpauth/challenge.hpp"
#include "smtpauth/sasl_exchange.hpp"
#include "smtpauth/sasl_library.hpp"

namespace {

using smtpauth::exchange;
using smtpauth::mechanism;

std::string text(const exchange& e) { return std::string(e.response().reveal()); }
// Once the library is set up, whichever test is the first.
exchange made(mechanism m, const char* host, const char* name, abk::secret_view password, bool encrypted) {
  EXPECT_EQ(smtpauth::sasl_trouble(m), "");
  return {m, host, name, password, encrypted};
}
void begin(exchange& e, mechanism m) {
  ASSERT_EQ(smtpauth::sasl_trouble(m), "");
  ASSERT_TRUE(e.start());
}

TEST(SmtpAuthSasl, EveryMechanismOfThePackageIsThere) {
  for (const mechanism m : smtpauth::every_mechanism)
    if (smtpauth::needs_library(m)) {
      EXPECT_EQ(smtpauth::sasl_trouble(m), "") << smtpauth::name_of(m);
    }
}

TEST(SmtpAuthSasl, P_13_OnlyWhatIsWantedIsLoaded) {
  ASSERT_EQ(smtpauth::sasl_trouble(mechanism::cram_md5), "");
  const char** const all = sasl_global_listmech();
  for (const char** one = all; one != nullptr && *one != nullptr; ++one) {
    const std::string name = *one;
    EXPECT_TRUE(name.rfind("SCRAM-", 0) == 0 || name == "DIGEST-MD5" || name == "CRAM-MD5" || name == "NTLM" || name == "EXTERNAL") << name;
  }
}

// The library is set up once in a process: each of these has its own.
[[noreturn]] void look_in(const std::string& folder, mode_t folder_mode, mode_t file_mode) {
  std::filesystem::permissions(folder + "/libcrammd5.so", std::filesystem::perms(file_mode));
  std::filesystem::permissions(folder, std::filesystem::perms(folder_mode));
  setenv("SASL_PATH", folder.c_str(), 1);
  const std::string cram = smtpauth::sasl_trouble(mechanism::cram_md5), scram = smtpauth::sasl_trouble(mechanism::scram_sha_1);
  const bool named = scram.find("libsasl2-modules") != scram.npos;
  std::fprintf(stderr, "CRAM-MD5 %s, SCRAM %s\n", cram.empty() ? "is there" : "is not there", named ? "is not there" : "is there");
  std::_Exit(0);
}
TEST(SmtpAuthSaslDeathTest, P_13_WhatOthersMayWriteIsNotLoaded) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  char folder[] = "/tmp/ab.XXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  std::filesystem::path original;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);)
    if (const std::size_t at = line.find("/"); line.find("libsasl2.so") != line.npos) original = std::filesystem::path(line.substr(at)).parent_path() / "sasl2/libcrammd5.so";
  std::filesystem::copy_file(original, std::string(folder) + "/libcrammd5.so");
  EXPECT_EXIT(look_in(folder, 0755, 0644), testing::ExitedWithCode(0), "CRAM-MD5 is there, SCRAM is not there");
  EXPECT_EXIT(look_in(folder, 0755, 0664), testing::ExitedWithCode(0), "CRAM-MD5 is not there");
  EXPECT_EXIT(look_in(folder, 0755, 0646), testing::ExitedWithCode(0), "CRAM-MD5 is not there");
  EXPECT_EXIT(look_in(folder, 0777, 0644), testing::ExitedWithCode(0), "CRAM-MD5 is not there");
  std::filesystem::remove_all(folder);
}

TEST(SmtpAuthSasl, CramMd5AsInRfc2195) {
  exchange e = made(mechanism::cram_md5, "mail.example.com", "tim", abk::secret_view("tanstaaftanstaaf"), true);
  begin(e, mechanism::cram_md5);
  EXPECT_EQ(text(e), "");
  ASSERT_TRUE(e.step("<1896.697170952@postoffice.reston.mci.net>"));
  EXPECT_EQ(text(e), "tim b913a602c7eda7a495b4e6e7334d3890");
  EXPECT_TRUE(e.complete());
  EXPECT_FALSE(e.step("more"));
}

TEST(SmtpAuthSasl, DigestMd5NeedsTheServersProof) {
  const std::string challenge = "realm=\"example.com\",nonce=\"OA6MG9tEQGm2hh\",qop=\"auth\",algorithm=md5-sess,charset=utf-8";
  exchange e = made(mechanism::digest_md5, "mail.example.com", "ann", abk::secret_view("open sesame"), true);
  begin(e, mechanism::digest_md5);
  EXPECT_EQ(text(e), "");
  ASSERT_TRUE(e.step(challenge));
  EXPECT_NE(text(e).find("username=\"ann\",realm=\"example.com\""), std::string::npos) << text(e);
  EXPECT_NE(text(e).find("digest-uri=\"smtp/mail.example.com\""), std::string::npos);
  EXPECT_EQ(text(e).find("authzid"), std::string::npos);
  EXPECT_FALSE(e.complete());
  EXPECT_FALSE(e.step("rspauth=00000000000000000000000000000000"));
  EXPECT_FALSE(e.complete());
}

// The library compares it with what it has not computed yet.
TEST(SmtpAuthSasl, AProofBeforeTheChallengeIsNotHandedOn) {
  exchange e = made(mechanism::digest_md5, "mail.example.com", "ann", abk::secret_view("open sesame"), true);
  begin(e, mechanism::digest_md5);
  EXPECT_FALSE(e.step("rspauth=00000000000000000000000000000000"));
}

TEST(SmtpAuthSasl, ARealmThatTheNameHasIsChosen) {
  exchange e = made(mechanism::digest_md5, "mail.example.com", "ann@b.example", abk::secret_view("open sesame"), true);
  begin(e, mechanism::digest_md5);
  ASSERT_TRUE(e.step("realm=\"a.example\",realm=\"b.example\",nonce=\"OA6MG9tEQGm2hh\",qop=\"auth\",algorithm=md5-sess,charset=utf-8"));
  EXPECT_NE(text(e).find("realm=\"b.example\""), std::string::npos) << text(e);
}

TEST(SmtpAuthSasl, AnEmptyChallengeResumesNothing) {
  for (const mechanism m : {mechanism::digest_md5, mechanism::cram_md5, mechanism::scram_sha_1}) {
    exchange e = made(m, "mail.example.com", "ann", abk::secret_view("open sesame"), true);
    begin(e, m);
    EXPECT_FALSE(e.step(""));
  }
}

TEST(SmtpAuthSasl, NtlmBeginsWithoutAName) {
  exchange e = made(mechanism::ntlm, "mail.example.com", "ann", abk::secret_view("open sesame"), true);
  begin(e, mechanism::ntlm);
  EXPECT_EQ(text(e), "");
  ASSERT_TRUE(e.step(""));
  EXPECT_EQ(text(e).rfind("NTLMSSP", 0), 0U);
  EXPECT_EQ(text(e).find("ann"), std::string::npos);
  EXPECT_FALSE(e.complete());
  EXPECT_FALSE(e.step("NTLMSSP, or not"));
}

// A server for SCRAM, by RFC 5802 and other code than the library's.
class scram_server {
 public:
  scram_server(const EVP_MD* digest, std::string password) : digest_(digest), password_(std::move(password)) {}
  std::string first(const std::string& client_first) {
    client_first_bare_ = client_first.substr(3);  // "n,,"
    first_ = "r=" + client_first_bare_.substr(client_first_bare_.find("r=") + 2) + "SERVER,s=c2FsdHNhbHQ=,i=4096";
    return first_;
  }
  // The proof of the server, and whether the client's is right.
  std::string last(const std::string& client_last, bool& right) const {
    const std::string salted = salted_password(), without_proof = client_last.substr(0, client_last.find(",p="));
    const std::string message = client_first_bare_ + "," + first_ + "," + without_proof;
    const std::string key = mac(salted, "Client Key"), signature = mac(hash(key), message);
    std::string proof = key;
    for (std::size_t i = 0; i < proof.size(); ++i) proof[i] = static_cast<char>(proof[i] ^ signature[i]);
    right = smtpauth::decode_base64(client_last.substr(client_last.find(",p=") + 3)) == proof;
    const std::string mine = mac(mac(salted, "Server Key"), message);
    const abk::secret_text encoded = abk::base64(abk::secret_view(mine));
    return "v=" + std::string(encoded.view().reveal());
  }

 private:
  std::string mac(const std::string& key, const std::string& data) const {
    unsigned char out[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    HMAC(digest_, key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(data.data()), data.size(), out, &n);
    return {reinterpret_cast<const char*>(out), n};
  }
  std::string hash(const std::string& data) const {
    unsigned char out[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    EVP_Digest(data.data(), data.size(), out, &n, digest_, nullptr);
    return {reinterpret_cast<const char*>(out), n};
  }
  std::string salted_password() const {
    std::string out(static_cast<std::size_t>(EVP_MD_get_size(digest_)), '\0');
    PKCS5_PBKDF2_HMAC(password_.data(), static_cast<int>(password_.size()), reinterpret_cast<const unsigned char*>("saltsalt"), 8, 4096, digest_, EVP_MD_get_size(digest_),
                      reinterpret_cast<unsigned char*>(out.data()));
    return out;
  }
  const EVP_MD* digest_;
  std::string password_, client_first_bare_, first_;
};

void scram(mechanism m, const EVP_MD* digest) {
  scram_server server(digest, "open sesame");
  exchange e = made(m, "mail.example.com", "ann@example.com", abk::secret_view("open sesame"), true);
  begin(e, m);
  EXPECT_EQ(text(e).rfind("n,,n=ann@example.com,r=", 0), 0U) << text(e);
  ASSERT_TRUE(e.step(server.first(text(e))));
  bool right = false;
  const std::string proof = server.last(text(e), right);
  EXPECT_TRUE(right);
  EXPECT_FALSE(e.complete());
  ASSERT_TRUE(e.step(proof));
  EXPECT_TRUE(e.complete());
  EXPECT_EQ(text(e), "");
}
TEST(SmtpAuthSasl, ScramProvesBothSides) {
  scram(mechanism::scram_sha_256, EVP_sha256());
  scram(mechanism::scram_sha_1, EVP_sha1());
}

TEST(SmtpAuthSasl, AScramServerThatDoesNotKnowThePasswordIsNotBelieved) {
  scram_server server(EVP_sha256(), "another one");
  exchange e = made(mechanism::scram_sha_256, "mail.example.com", "ann", abk::secret_view("open sesame"), true);
  begin(e, mechanism::scram_sha_256);
  ASSERT_TRUE(e.step(server.first(text(e))));
  bool right = true;
  const std::string proof = server.last(text(e), right);
  EXPECT_FALSE(right);
  EXPECT_FALSE(e.step(proof));
  EXPECT_FALSE(e.complete());
}

TEST(SmtpAuthSasl, AScramServersNonceMustContinueOurs) {
  exchange e = made(mechanism::scram_sha_256, "mail.example.com", "ann", abk::secret_view("open sesame"), true);
  begin(e, mechanism::scram_sha_256);
  EXPECT_FALSE(e.step("r=somethingelse,s=c2FsdHNhbHQ=,i=4096"));
  EXPECT_FALSE(e.complete());
}

TEST(SmtpAuthSasl, ManyAtATime) {
  ASSERT_EQ(smtpauth::sasl_trouble(mechanism::scram_sha_1), "");
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([] {
      for (int i = 0; i < 10; ++i) {
        scram(mechanism::scram_sha_1, EVP_sha1());
        exchange e = made(mechanism::digest_md5, "mail.example.com", "ann", abk::secret_view("open sesame"), true);
        EXPECT_TRUE(e.start() && e.step("realm=\"example.com\",nonce=\"OA6MG9tEQGm2hh\",qop=\"auth\",algorithm=md5-sess,charset=utf-8"));
      }
    });
  for (std::thread& t : threads) t.join();
}

TEST(SmtpAuthSasl, NamesInHosts) {
  const std::string hosts = "# broker\n127.0.0.1\tlocalhost\n127.0.1.1 broker.example.com Broker # old\n\n::1 ip6-localhost";
  const auto has = [&hosts](std::string_view name) {
    std::istringstream in(hosts);
    return smtpauth::names_host(in, name);
  };
  EXPECT_TRUE(has("localhost"));
  EXPECT_TRUE(has("broker"));
  EXPECT_TRUE(has("ip6-localhost"));
  EXPECT_FALSE(has("old"));
  EXPECT_FALSE(has("127.0.0.1"));
  EXPECT_FALSE(has("broker.example"));
}

}  // namespace
