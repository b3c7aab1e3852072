#include "wire/policy.hpp"

#include <gtest/gtest.h>

namespace authbroker {
namespace {

using std::string_literals::operator""s;

// As Postfix 3.7 writes it.
const std::string captured =
    "request=smtpd_access_policy\nprotocol_state=RCPT\nprotocol_name=ESMTP\nclient_address=192.0.2.7\nclient_name=localhost\nclient_port=57228\n"
    "reverse_client_name=localhost\nserver_address=127.0.0.1\nserver_port=25\nhelo_name=c.example\nsender=s@example.net\n"
    "recipient=Joe.User+x@Example.COM\nrecipient_count=0\nqueue_id=\ninstance=343a.6b01f693.d8704.0\nsize=1000\netrn_domain=\nstress=\n"
    "sasl_method=PLAIN\nsasl_username=alice\nsasl_sender=\nccert_subject=\nccert_issuer=\nccert_fingerprint=\nccert_pubkey_fingerprint=\n"
    "encryption_protocol=\nencryption_cipher=\nencryption_keysize=0\npolicy_context=\n\n";

std::string with(std::string_view lines) { return "request=smtpd_access_policy\nprotocol_state=RCPT\n" + std::string(lines) + "\n"; }
progress judged(std::string_view in) { return parse_policy(in).what; }

TEST(policy, ReadsWhatPostfixSends) {
  const auto got = parse_policy(captured);
  ASSERT_EQ(got.what, progress::message);
  EXPECT_EQ(got.used, captured.size());
  EXPECT_EQ(got.request.protocol_state, "RCPT");
  EXPECT_EQ(got.request.recipient, "Joe.User+x@Example.COM");
  EXPECT_EQ(got.request.client_address, "192.0.2.7");
  EXPECT_EQ(got.request.instance, "343a.6b01f693.d8704.0");
}

TEST(policy, WaitsAtEverySplit) {
  for (std::size_t n = 0; n < captured.size(); ++n) ASSERT_EQ(judged(std::string_view(captured).substr(0, n)), progress::need_more) << n;
  EXPECT_EQ(parse_policy(captured + captured).used, captured.size());
}

TEST(policy, RefusesWhatIsNoSuchRequest_O01) {
  EXPECT_EQ(judged("\n"), progress::malformed);
  EXPECT_EQ(judged("protocol_state=RCPT\nrecipient=a@b\n\n"), progress::malformed) << "no request=";
  EXPECT_EQ(judged("request=junk\nprotocol_state=RCPT\n\n"), progress::malformed);
  EXPECT_EQ(judged("request=smtpd_access_policy\nrecipient=a@b\n\n"), progress::malformed) << "no state";
  EXPECT_EQ(judged(with("recipient\n")), progress::malformed) << "no =";
  EXPECT_EQ(judged(with("=x\n")), progress::malformed);
  EXPECT_EQ(judged(with("na\0me=x\n"s)), progress::malformed);
  EXPECT_EQ(judged(with("name=\0\n"s)), progress::malformed);
  EXPECT_EQ(judged(with("recipient=a@b\nrecipient=c@d\n")), progress::malformed) << "whose word counts?";
  EXPECT_EQ(judged(with("protocol_state=DATA\n")), progress::malformed);
  EXPECT_EQ(judged(with("size=1\nsize=2\n")), progress::message) << "nobody reads it";
  EXPECT_EQ(judged(with("new_in_4_0=\n")), progress::message);
}

TEST(policy, IsBounded_O02) {
  const auto attributes = [](std::size_t n) {
    std::string lines;
    for (std::size_t i = 2; i < n; ++i) lines += "a" + std::to_string(i) + "=\n";
    return with(lines);
  };
  EXPECT_EQ(judged(attributes(256)), progress::message);
  EXPECT_EQ(judged(attributes(257)), progress::malformed);
  const std::string endless = with("sender=" + std::string(1 << 20, 'x'));
  EXPECT_EQ(judged(std::string_view(endless).substr(0, (64 << 10) - 1)), progress::need_more);
  EXPECT_EQ(judged(std::string_view(endless).substr(0, 64 << 10)), progress::malformed) << "no end within the limit";
  EXPECT_EQ(judged(endless), progress::malformed);
}

TEST(policy, RecipientsComeAsTheyAre_O03) {
  for (const std::string_view r : {"", "<>", "a b@example.com", "b\xc3\xbc" "cher@example.com", "a=b@example.com", "\"q\"@example.com"}) {
    const std::string in = with("recipient=" + std::string(r) + "\n");
    const auto got = parse_policy(in);
    ASSERT_EQ(got.what, progress::message) << r;
    EXPECT_EQ(got.request.recipient, r);
  }
}

TEST(policy, SaysOneActionAndAnEmptyLine_O06) {
  std::string out;
  append_policy(out, "DUNNO");
  append_policy(out, "550 5.1.1 User unknown");
  EXPECT_EQ(out, "action=DUNNO\n\naction=550 5.1.1 User unknown\n\n");
}

}  // namespace
}  // namespace authbroker
