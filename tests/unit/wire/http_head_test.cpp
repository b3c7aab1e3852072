#include "wire/http_head.hpp"

#include <gtest/gtest.h>

#include <ostream>

namespace authbroker {

void PrintTo(const http_error* e, std::ostream* out) { *out << (e == nullptr ? "no error" : e->code); }

namespace {

using std::string_literals::operator""s;

http_head_outcome parse(std::string_view in, http_head_limits limits = {}) {
  http_head_scan scan;
  return parse_http_head(in, scan, limits);
}

const http_error* error_of(std::string_view in) {
  const auto got = parse(in);
  EXPECT_NE(got.what, progress::need_more) << in;
  return got.error;
}

const std::string post =
    "POST /v1/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 12\r\nX-Real-IP: 203.0.113.7\r\n"
    "X-Forwarded-For: 198.51.100.1, 203.0.113.8\r\nAuthorization: Basic YTpi\r\nX-Authbroker-Token: t0ken\r\nExpect: 100-continue\r\n\r\n";

TEST(http_head, KeepsWhatIsLookedAt) {
  const std::string in = post + "{\"body\": 1}";
  const auto got = parse(in);
  ASSERT_EQ(got.what, progress::message);
  EXPECT_EQ(got.used, post.size());
  EXPECT_EQ(got.head.method, "POST");
  EXPECT_EQ(got.head.target, "/v1/login");
  EXPECT_TRUE(got.head.version_1_1);
  EXPECT_TRUE(got.head.keep_alive);
  EXPECT_EQ(got.head.content_length, 12U);
  EXPECT_EQ(got.head.content_type, "application/json");
  EXPECT_EQ(got.head.host, "localhost");
  EXPECT_EQ(got.head.authorization, "Basic YTpi");
  EXPECT_EQ(got.head.token, "t0ken");
  EXPECT_EQ(got.head.real_ip, "203.0.113.7");
  EXPECT_EQ(got.head.forwarded_for, "203.0.113.8");
  EXPECT_TRUE(got.head.expect_continue);
}

TEST(http_head, WaitsAtEverySplitAndLooksAtEachByteOnce) {
  http_head_scan scan;
  for (std::size_t n = 0; n < post.size(); ++n) {
    ASSERT_EQ(parse_http_head(std::string_view(post).substr(0, n), scan).what, progress::need_more) << n;
    ASSERT_EQ(scan.looked, n);
  }
  EXPECT_EQ(parse_http_head(post, scan).what, progress::message);
}

TEST(http_head, KeepAliveFollowsVersionAndConnection) {
  EXPECT_TRUE(parse("GET / HTTP/1.1\r\nHost: a\r\n\r\n").head.keep_alive);
  EXPECT_FALSE(parse("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").head.keep_alive);
  EXPECT_FALSE(parse("GET / HTTP/1.0\r\n\r\n").head.keep_alive);
  EXPECT_TRUE(parse("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").head.keep_alive);
}

TEST(http_head, TwoReadersCannotDisagreeAboutTheClient) {
  EXPECT_EQ(parse("GET / HTTP/1.0\r\nX-Real-IP: 192.0.2.1\r\nX-Forwarded-For: 192.0.2.2\r\n\r\n").head.reported_client(), "192.0.2.1");
  EXPECT_EQ(parse("GET / HTTP/1.0\r\nX-Forwarded-For: 192.0.2.2\r\nX-Forwarded-For: 192.0.2.3,192.0.2.4\r\n\r\n").head.reported_client(), "192.0.2.4");
  EXPECT_EQ(parse("GET / HTTP/1.0\r\nX-Real-IP: 192.0.2.1\r\nX-Real-IP: 192.0.2.2\r\n\r\n").head.reported_client(), "");
}

struct row {
  const char* id;
  std::string request;
  const http_error* error;
};
class refused : public ::testing::TestWithParam<row> {};
TEST_P(refused, WithItsError) { EXPECT_EQ(error_of(GetParam().request), GetParam().error) << GetParam().request; }

const std::string start = "POST /v1/login HTTP/1.1\r\nHost: a\r\n";
INSTANTIATE_TEST_SUITE_P(
    http_head, refused,
    ::testing::Values(
        row{"K01_length_then_chunked", start + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", &http_errors::transfer_encoding},
        row{"K01_chunked_then_length", start + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", &http_errors::transfer_encoding},
        row{"K01_gzip_then_length", start + "Transfer-Encoding: gzip\r\nContent-Length: 5\r\n\r\n", &http_errors::transfer_encoding},
        row{"K01_identity", start + "transfer-encoding: identity\r\n\r\n", &http_errors::transfer_encoding},
        row{"K01_space_before_colon", start + "Transfer-Encoding : chunked\r\n\r\n", &http_errors::bad_request},
        row{"K02_chunked_1_0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", &http_errors::transfer_encoding},
        row{"K02_http_0_9", "GET /\r\n", &http_errors::bad_request},
        row{"K02_http_2_preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &http_errors::bad_version},
        row{"K02_http_1_2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", &http_errors::bad_version},
        row{"K02_lower_case", "GET / http/1.1\r\nHost: a\r\n\r\n", &http_errors::bad_request},
        row{"K02_tls", "\x16\x03\x01\x02\x00\x01\n"s, &http_errors::bad_request},
        row{"K04_equal", start + "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", &http_errors::bad_length},
        row{"K04_different", start + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n", &http_errors::bad_length},
        row{"K04_plus", start + "Content-Length: +5\r\n\r\n", &http_errors::bad_length},
        row{"K04_hex", start + "Content-Length: 0x5\r\n\r\n", &http_errors::bad_length},
        row{"K04_list", start + "Content-Length: 5,5\r\n\r\n", &http_errors::bad_length},
        row{"K04_negative", start + "Content-Length: -1\r\n\r\n", &http_errors::bad_length},
        row{"K04_2_to_64", start + "Content-Length: 18446744073709551616\r\n\r\n", &http_errors::bad_length},
        row{"K04_leading_zero", start + "Content-Length: 05\r\n\r\n", &http_errors::bad_length},
        row{"K04_empty", start + "Content-Length: \r\n\r\n", &http_errors::bad_length},
        row{"K05_no_colon", start + "Accept\r\n\r\n", &http_errors::bad_request},
        row{"K05_space_before_colon", start + "Accept : a\r\n\r\n", &http_errors::bad_request},
        row{"K05_folded", start + "Accept: a\r\n b\r\n\r\n", &http_errors::bad_request},
        row{"K05_folded_first", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", &http_errors::bad_request},
        row{"K05_bare_lf", start + "Accept: a\n\r\n", &http_errors::bad_request},
        row{"K05_bare_lf_end", "GET / HTTP/1.1\r\nHost: a\r\n\n", &http_errors::bad_request},
        row{"K05_bare_cr", start + "Accept: a\rb\r\n\r\n", &http_errors::bad_request},
        row{"K05_nul", start + "Accept: a\0b\r\n\r\n"s, &http_errors::bad_request},
        row{"K05_nul_in_target", "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"s, &http_errors::bad_request},
        row{"K05_empty_name", start + ": a\r\n\r\n", &http_errors::bad_request},
        row{"K05_empty_first_line", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", &http_errors::bad_request},
        row{"K05_control", start + "Accept: \x01\r\n\r\n", &http_errors::bad_request},
        row{"K11_no_host", "GET / HTTP/1.1\r\n\r\n", &http_errors::bad_host},
        row{"K11_two_hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", &http_errors::bad_host},
        row{"K11_two_types", start + "Content-Type: text/plain\r\nContent-Type: application/json\r\n\r\n", &http_errors::bad_request},
        row{"K16_two_authorizations", start + "Authorization: Basic YTpi\r\nAuthorization: Basic YTpi\r\n\r\n", &http_errors::bad_authorization}),
    [](const auto& tested) { return std::string(tested.param.id); });

TEST(http_head, LimitsBytesAndFields_K06) {
  std::string many = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (int i = 0; i < 63; ++i) many += "X-A: b\r\n";
  EXPECT_EQ(parse(many + "\r\n").what, progress::message);
  EXPECT_EQ(error_of(many + "X-A: b\r\n"), &http_errors::header_too_large);
  EXPECT_EQ(error_of("GET /" + std::string(40'000, 'a')), &http_errors::header_too_large);
  EXPECT_EQ(error_of("GET / HTTP/1.1\r\nA: " + std::string(1'000'000, 'a') + "\r\n\r\n"), &http_errors::header_too_large);
  http_head_limits small;
  small.header_bytes_max = 64;
  EXPECT_EQ(parse(post, small).error, &http_errors::header_too_large);
  const std::string fits = "GET / HTTP/1.0\r\n\r\n";
  small.header_bytes_max = fits.size();
  EXPECT_EQ(parse(fits, small).what, progress::message);
  small.header_bytes_max = fits.size() - 1;
  EXPECT_EQ(parse(fits, small).error, &http_errors::header_too_large);
}

const http_error* judge(const std::string& fields, http_body takes = http_body::json) {
  const std::string request = "POST / HTTP/1.0\r\n" + fields + "\r\n";
  const auto got = parse(request);
  EXPECT_EQ(got.what, progress::message) << request;
  return judge_body(got.head, takes, 8192);
}

TEST(http_head, JudgesTheBodyBeforeReadingIt_K07_K08_K11_K20) {
  const std::string json = "Content-Type: application/json\r\n";
  EXPECT_EQ(judge(json + "Content-Length: 8192\r\n"), nullptr);
  EXPECT_EQ(judge("Content-Type: Application/JSON; charset=utf-8\r\nContent-Length: 2\r\n"), nullptr);
  EXPECT_EQ(judge(json + "Content-Length: 8193\r\n"), &http_errors::body_too_large) << "K-07";
  EXPECT_EQ(judge(json + "Content-Length: 1073741824\r\n"), &http_errors::body_too_large) << "K-07";
  EXPECT_EQ(judge(json), &http_errors::length_required);
  EXPECT_EQ(judge(json + "Content-Length: 2\r\nExpect: 100-continue\r\n"), nullptr) << "K-08";
  EXPECT_EQ(judge(json + "Content-Length: 2\r\nExpect: 200-ok\r\n"), &http_errors::unknown_expectation) << "K-08";
  EXPECT_EQ(judge("Content-Type: text/plain\r\nContent-Length: 2\r\n"), &http_errors::not_json) << "K-11";
  EXPECT_EQ(judge("Content-Length: 2\r\n"), &http_errors::not_json) << "K-11";
  EXPECT_EQ(judge(json + "Content-Length: 2\r\nContent-Encoding: gzip\r\n"), &http_errors::encoded_body) << "K-20";
  EXPECT_EQ(judge("Content-Length: 99999999\r\nContent-Encoding: gzip\r\n", http_body::ignored), nullptr);
}

TEST(http_head, SplitsTheTargetAtTheFirstQuestionMark) {
  const std::string request = "GET /admin/why?id=a?b HTTP/1.0\r\n\r\n";
  const auto got = parse(request);
  EXPECT_EQ(got.head.path(), "/admin/why");
  EXPECT_EQ(got.head.query(), "id=a?b");
  EXPECT_EQ(parse("GET /x HTTP/1.0\r\n\r\n").head.query(), "");
}

}  // namespace
}  // namespace authbroker
