// What a configuration may say about TLS, and what is said when it is wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/tls_trust.hpp"
#include "unit/net/servers.hpp"

namespace authbroker {
namespace {

using namespace authbroker::testing;
using ::testing::HasSubstr;
using ::testing::Not;

std::string problem_of(const tls_settings& s) {
  const auto made = tls_context::make(s);
  return made ? "no problem" : made.error().text;
}

TEST(TlsContext, EveryMistakeIsNamed) {
  const temporary_file ca(good_ca().pem()), empty(""), text("not a certificate\n"), loose(good_ca().pem(), 0666);
  const temporary_file damaged(good_ca().pem() + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  const auto with = [&](auto change) {
    tls_settings s;
    s.ca_file = ca.path();
    change(s);
    return problem_of(s);
  };
  EXPECT_EQ(with([](auto&) {}), "no problem");
  EXPECT_THAT(with([](auto& s) { s.minimum = "1.4"; }), HasSubstr("tls.minimum"));
  EXPECT_THAT(with([](auto& s) { s.minimum = ""; }), HasSubstr("tls.minimum"));
  EXPECT_THAT(with([](auto& s) { s.ca_file = "/nonexistent/ca.pem"; }), HasSubstr("/nonexistent/ca.pem"));
  EXPECT_THAT(with([&](auto& s) { s.ca_file = empty.path(); }), HasSubstr("no certificate"));
  EXPECT_THAT(with([&](auto& s) { s.ca_file = text.path(); }), HasSubstr("no certificate"));
  EXPECT_THAT(with([&](auto& s) { s.ca_file = damaged.path(); }), HasSubstr("certificate 2 is damaged"));
  EXPECT_THAT(with([&](auto& s) { s.ca_file = loose.path(); }), HasSubstr("chmod"));
  for (const char* const pin : {"", "sha256//", "abc", "sha256//AAAA", "zz", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA!"})
    EXPECT_THAT(with([&](auto& s) { s.pin_sha256 = {pin}; }), HasSubstr("tls.pin_sha256")) << pin;
  EXPECT_EQ(with([](auto& s) { s.pin_sha256 = {good_ca().pin(), good_ca().pin().substr(8), std::string(64, 'a')}; }), "no problem");
}

TEST(TlsContext, TrustIsReadOnlyWhenItIsNeeded) {
  tls_settings s;
  s.verify = false;
  s.ca_file = "/nonexistent/ca.pem";
  EXPECT_EQ(problem_of(s), "no problem");
}

TEST(TlsContext, ClientCertificateMistakes) {
  const temporary_file ca(good_ca().pem()), cert(good_ca().pem()), key(good_ca().key_pem()), wrong(other_ca().key_pem());
  const temporary_file readable(good_ca().key_pem(), 0644);
  // An encrypted key must not ask for its pass phrase on the terminal.
  const temporary_file locked("-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIGjMF8GCSqGSIb3DQEFDTBSMDEGCSqGSIb3DQEFDDAkBBC\n-----END ENCRYPTED PRIVATE KEY-----\n");
  const auto with = [&](const std::string& c, const std::string& k) {
    tls_settings s;
    s.ca_file = ca.path();
    s.client_cert = c;
    s.client_key = k;
    return problem_of(s);
  };
  EXPECT_EQ(with(cert.path(), key.path()), "no problem");
  EXPECT_THAT(with(cert.path(), wrong.path()), HasSubstr("does not belong"));
  EXPECT_THAT(with(cert.path(), readable.path()), HasSubstr("chmod"));
  EXPECT_THAT(with(cert.path(), locked.path()), HasSubstr("no private key"));
  EXPECT_THAT(with("", key.path()), HasSubstr("tls.client_cert is not"));
  EXPECT_THAT(with(cert.path(), ""), HasSubstr("no private key"));
  EXPECT_THAT(with("/nonexistent/cert.pem", key.path()), HasSubstr("/nonexistent/cert.pem"));
  EXPECT_THAT(with(cert.path(), wrong.path()), Not(HasSubstr("PRIVATE")));
}

TEST(TlsContext, TrustStoresAreSharedByContent) {
  const temporary_file one(good_ca().pem()), same(good_ca().pem()), other(other_ca().pem());
  const auto a = trust_store(one.path()), b = trust_store(same.path()), c = trust_store(other.path());
  ASSERT_TRUE(a && b && c);
  EXPECT_EQ(*a, *b);
  EXPECT_NE(*a, *c);
}

}  // namespace
}  // namespace authbroker
