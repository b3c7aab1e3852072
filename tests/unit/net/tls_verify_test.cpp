// Which certificates are believed, and what is said about the others. C-08 to C-14, C-19, C-24, C-26.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/x509v3.h>

#include "unit/net/servers.hpp"

namespace authbroker {
namespace {

using namespace authbroker::testing;
using ::testing::HasSubstr;

wish named(std::vector<std::string> dns) {
  wish w;
  w.dns = std::move(dns);
  return w;
}
wish with_addresses(std::vector<std::string> addresses) {
  wish w;
  w.addresses = std::move(addresses);
  return w;
}
template <class F>
wish changed(F change) {
  wish w = named({"good.example"});
  change(w);
  return w;
}

certificate below_many(int intermediates, std::size_t padding = 0) {
  certificate issuer = good_ca();
  for (int i = 0; i < intermediates; ++i) {
    wish w;
    w.common_name = "intermediate " + std::to_string(i);
    w.ca = true;
    w.padding = padding;
    issuer = issue(w, issuer);
  }
  return issue(named({"good.example"}), issuer);
}

struct row {
  std::string story;
  certificate shown;
  std::string name = "good.example";
  reason want = reason::none;
  std::string text = {};
};

void PrintTo(const row& r, std::ostream* out) { *out << r.story; }

std::vector<row> rows() {
  const auto& ca = good_ca();
  std::vector<row> all;
  const auto add = [&](std::string story, certificate c, std::string name, reason want, std::string text = {}) {
    all.push_back({std::move(story), std::move(c), std::move(name), want, std::move(text)});
  };
  const auto untrusted = reason::tls_untrusted;
  const auto bad_name = reason::tls_name;
  add("C08 good", issue(named({"good.example"}), ca), "good.example", reason::none);
  add("C08 good, one of several names", issue(named({"other.example", "good.example"}), ca), "good.example", reason::none);
  add("C08 good, case differs", issue(named({"GOOD.example"}), ca), "good.Example", reason::none);
  add("C08 good below an intermediate", below_many(1), "good.example", reason::none);
  add("C08 other name", issue(named({"bad.example"}), ca), "good.example", bad_name, "not for good.example: it names bad.example");
  add("C08 expired", issue(changed([](wish& w) { w.from_seconds = -86400 * 3, w.until_seconds = -86400; }), ca), "good.example", untrusted, "has expired on 20");
  add("C08 not yet valid", issue(changed([](wish& w) { w.from_seconds = 86400, w.until_seconds = 86400 * 2; }), ca), "good.example", untrusted, "is the clock right?");
  add("C08 self-signed", self_signed(named({"good.example"})), "good.example", untrusted, "tls.ca_file");
  add("C08 wrong CA", issue(named({"good.example"}), other_ca()), "good.example", untrusted, "issued by CN=Other Test CA");
  add("C08 a CA's certificate", issue(changed([](wish& w) { w.ca = true; }), ca), "good.example", untrusted, "CA:TRUE");
  add("C08 for clients only", issue(changed([](wish& w) { w.purpose = "clientAuth"; }), ca), "good.example", untrusted, "purpose");
  add("C08 RSA-1024", issue(changed([](wish& w) { w.rsa_bits = 1024; }), ca), "good.example", untrusted, "key too");
  add("C08 SHA-1", issue(changed([](wish& w) { w.sha1 = true; }), ca), "good.example", untrusted, "too weak");
  add("C09 common name only", issue(named({}), ca), "good.example", bad_name, "the common name does not count");
  add("C09 common name right, SAN other", issue(named({"other.example"}), ca), "good.example", bad_name, "it names other.example");
  add("C10 wildcard", issue(named({"*.mail.example"}), ca), "a.mail.example", reason::none);
  add("C10 wildcard is one label", issue(named({"*.mail.example"}), ca), "a.b.mail.example", bad_name);
  add("C10 wildcard is not no label", issue(named({"*.mail.example"}), ca), "mail.example", bad_name);
  add("C10 wildcard of a top level", issue(named({"*.example"}), ca), "good.example", bad_name);
  add("C10 partial wildcard", issue(named({"g*.mail.example"}), ca), "good.mail.example", bad_name);
  add("C10 two wildcards", issue(named({"*.*.example"}), ca), "a.b.example", bad_name);
  add("C10 everything", issue(named({"*"}), ca), "good.example", bad_name);
  add("C10 wildcard for an address", issue(named({"*.0.0.1"}), ca), "127.0.0.1", bad_name);
  add("C11 address", issue(with_addresses({"127.0.0.1"}), ca), "127.0.0.1", reason::none);
  add("C11 IPv6 address", issue(with_addresses({"::1"}), ca), "::1", reason::none);
  add("C11 IPv6 address in brackets", issue(with_addresses({"::1"}), ca), "[::1]", reason::none);
  add("C11 another address", issue(with_addresses({"127.0.0.2"}), ca), "127.0.0.1", bad_name, "it names 127.0.0.2");
  add("C11 address as a DNS name", issue(named({"127.0.0.1"}), ca), "127.0.0.1", bad_name);
  add("C11 mapped address", issue(with_addresses({"::ffff:127.0.0.1"}), ca), "127.0.0.1", bad_name);
  add("C12 empty name", issue(named({"good.example"}), ca), "", bad_name);
  add("C12 trailing dot", issue(named({"good.example"}), ca), "good.example.", bad_name);
  add("C13 NUL in the certificate", issue(named({std::string("good.example\0.evil.example", 26)}), ca), "good.example", bad_name, "\\x00");
  add("C13 NUL in the name", issue(named({"good.example"}), ca), std::string("good.example\0x", 14), bad_name);
  add("C24 seven intermediates", below_many(8), "good.example", untrusted, "chain too long");
  add("C24 a megabyte of chain", below_many(40, 30000), "good.example", untrusted, "excessive message size");
  return all;
}

class CertificateTable : public ::testing::TestWithParam<row> {};

TEST_P(CertificateTable, IsJudged) {
  const row& r = GetParam();
  SCOPED_TRACE(r.story);
  tls_server_wish w;
  w.own = r.shown;
  tls_server server(w);
  client c(context_for());
  const auto o = c.open_tls(server.port(), r.name);
  EXPECT_EQ(name(o.why), name(r.want)) << o.text;
  EXPECT_THAT(o.text, HasSubstr(r.text));
  EXPECT_LT(o.text.size(), 1000U);
  EXPECT_EQ(c.stream->encrypted(), r.want == reason::none);
  EXPECT_EQ(c.stream->is_open(), r.want == reason::none);
}

INSTANTIATE_TEST_SUITE_P(Tls, CertificateTable, ::testing::ValuesIn(rows()));

certificate good_leaf() {
  static const certificate leaf = issue(named({"good.example"}), good_ca());
  return leaf;
}

TEST(TlsVerify, ASelfSignedCertificateInCaFileIsTrusted) {
  tls_server_wish w;
  w.own = self_signed(changed([](wish& s) { s.ca = true; }));  // what "openssl req -x509" makes
  tls_server server(w);
  client c(context_for({}, w.own));
  EXPECT_EQ(c.open_tls(server.port()).why, reason::none);
}

TEST(TlsVerify, C14OldVersionsAreRefusedUnlessAllowed) {
  for (const int old : {TLS1_VERSION, TLS1_1_VERSION}) {
    tls_server_wish w;
    w.own = good_leaf();
    w.version_min = w.version_max = old;
    tls_server server(w);
    client strict(context_for());
    const auto o = strict.open_tls(server.port());
    EXPECT_EQ(o.why, reason::tls_untrusted) << o.text;
    EXPECT_THAT(o.text, HasSubstr("TLS 1.2 (tls.minimum)"));
    tls_settings lax;
    lax.minimum = "1.0";
    client allowed(context_for(lax));
    EXPECT_EQ(allowed.open_tls(server.port()).why, reason::none);
  }
  tls_server_wish w;
  w.own = good_leaf();
  w.version_max = TLS1_2_VERSION;
  tls_server server(w);
  tls_settings newest;
  newest.minimum = "1.3";
  client c(context_for(newest));
  EXPECT_EQ(c.open_tls(server.port()).why, reason::tls_untrusted);
}

// C-19: with verification a pin adds to chain and name; without, it replaces them.
TEST(TlsVerify, C19Pins) {
  const certificate leaf = good_leaf();
  const certificate stranger = issue(named({"elsewhere.example"}), other_ca());
  struct pin_row {
    const char* story;
    const certificate& shown;
    bool verify;
    std::vector<std::string> pins;
    reason want;
  };
  const std::vector<pin_row> table = {
      {"right pin, good chain", leaf, true, {leaf.pin()}, reason::none},
      {"wrong pin, good chain", leaf, true, {stranger.pin()}, reason::tls_untrusted},
      {"right pin, bad chain", stranger, true, {stranger.pin()}, reason::tls_untrusted},
      {"the CA's pin", leaf, true, {good_ca().pin()}, reason::tls_untrusted},
      {"old and new", leaf, true, {stranger.pin(), leaf.pin()}, reason::none},
      {"pin only, right", stranger, false, {stranger.pin()}, reason::none},
      {"pin only, wrong", stranger, false, {leaf.pin()}, reason::tls_untrusted},
      {"no verification at all", stranger, false, {}, reason::none},
  };
  for (const auto& r : table) {
    SCOPED_TRACE(r.story);
    tls_server_wish w;
    w.own = r.shown;
    tls_server server(w);
    tls_settings s;
    s.verify = r.verify;
    s.pin_sha256 = r.pins;
    client c(context_for(s));
    const auto o = c.open_tls(server.port());
    EXPECT_EQ(name(o.why), name(r.want)) << o.text;
    if (r.want != reason::none && !r.pins.empty() && r.shown.pin() == leaf.pin()) { EXPECT_THAT(o.text, HasSubstr(leaf.pin())); }
  }
}

// C-20: the check is OpenSSL's own, switched on, with no callback that could say yes in its place.
TEST(TlsVerify, C20NoCallbackCanTurnANoIntoAYes) {
  const auto context = context_for();
  const std::unique_ptr<SSL, void (*)(SSL*)> ssl(context->new_ssl("good.example", "k"), SSL_free);
  EXPECT_EQ(SSL_get_verify_mode(ssl.get()), SSL_VERIFY_PEER);
  EXPECT_EQ(SSL_get_verify_callback(ssl.get()), nullptr);
  EXPECT_EQ(SSL_get_options(ssl.get()) & SSL_OP_IGNORE_UNEXPECTED_EOF, 0U);
  EXPECT_NE(SSL_get_options(ssl.get()) & SSL_OP_NO_RENEGOTIATION, 0U);
  EXPECT_EQ(SSL_get_security_level(ssl.get()), 2);
  EXPECT_STREQ(X509_VERIFY_PARAM_get0_host(SSL_get0_param(ssl.get()), 0), "good.example");
}

TEST(TlsVerify, C26SniIsTheVerifiedNameAndNoneForAddresses) {
  tls_server_wish w;
  wish both = named({"good.example"});
  both.addresses = {"127.0.0.1"};
  w.own = issue(both, good_ca());
  tls_server server(w);
  client by_name(context_for()), by_address(context_for());
  ASSERT_EQ(by_name.open_tls(server.port(), "good.example").why, reason::none);
  ASSERT_EQ(by_address.open_tls(server.port(), "127.0.0.1").why, reason::none);
  by_name.stream.reset();
  by_address.stream.reset();
  ASSERT_TRUE(spin(by_name.w, [&] { return server.finished() == 2; }));
  const std::lock_guard lock(server.seen().mutex);
  EXPECT_THAT(server.seen().names, ::testing::UnorderedElementsAre("good.example", ""));
}

TEST(TlsVerify, TheTranscriptNamesVersionCipherAndCertificate) {
  tls_server_wish w;
  w.own = good_leaf();
  tls_server server(w);
  client c(context_for());
  ASSERT_EQ(c.open_tls(server.port()).why, reason::none);
  ASSERT_EQ(c.notes.size(), 3U);
  EXPECT_EQ(c.notes[2].first, "tls");
  EXPECT_THAT(c.notes[2].second, ::testing::StartsWith("TLSv1.3 TLS_"));
  EXPECT_THAT(c.notes[2].second, HasSubstr("CN=good.example, until 20"));
  EXPECT_THAT(c.notes[2].second, HasSubstr(", for good.example"));
  EXPECT_THAT(c.notes[2].second, HasSubstr(", issued by CN="));
  EXPECT_THAT(c.notes[2].second, ::testing::ContainsRegex(", key sha256//[A-Za-z0-9+/]{43}= "));
}

TEST(TlsVerify, AStrangeSubjectCannotSpoilTheLog) {
  tls_server_wish w;
  w.own = issue(changed([](wish& s) {
    s.common_name = "x\r\nfaked=1 \xC3\xA4\xE2\x80\xAE";
    s.dns = {std::string("y\n\xFF\x1B[2J", 7)};
  }), good_ca());
  tls_server server(w);
  client c(context_for());
  const auto o = c.open_tls(server.port());
  EXPECT_EQ(o.why, reason::tls_name);
  for (const char ch : o.text) EXPECT_TRUE(ch >= ' ' && ch < 0x7F) << o.text;
}

}  // namespace
}  // namespace authbroker
