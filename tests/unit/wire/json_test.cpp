#include <gtest/gtest.h>

#include <array>
#include <boost/json/parse.hpp>
#include <cstdio>
#include <limits>

#include "wire/json_answer.hpp"
#include "wire/json_question.hpp"
#include "wire/json_writer.hpp"

namespace authbroker {
namespace {

using std::string_literals::operator""s;

TEST(json_question, ReadsALogin) {
  const auto got = parse_json_question(
      R"( {"address":"ann@example.com","password":"pa\"ss\u00e9","client":"203.0.113.7","service":"webmail","deadline_ms":3000} )", json_form::login);
  ASSERT_EQ(got.error, nullptr) << got.text;
  EXPECT_EQ(got.question.kind, question_kind::login);
  EXPECT_EQ(got.question.address, "ann@example.com");
  EXPECT_EQ(got.question.password.reveal(), "pa\"ss\xc3\xa9");
  EXPECT_EQ(got.question.client, "203.0.113.7");
  EXPECT_EQ(got.question.service, "webmail");
  EXPECT_EQ(got.question.deadline.count(), 3000);
}

TEST(json_question, ReadsAMailboxQuestion) {
  const auto got = parse_json_question(R"({"address":"ann@example.com"})", json_form::mailbox);
  ASSERT_EQ(got.error, nullptr) << got.text;
  EXPECT_EQ(got.question.kind, question_kind::mailbox);
  EXPECT_EQ(got.question.deadline.count(), 0);
}

TEST(json_question, KindDecidesOnTheAdminSocket) {
  EXPECT_EQ(parse_json_question(R"({"kind":"mailbox","address":"a"})", json_form::either).question.kind, question_kind::mailbox);
  EXPECT_EQ(parse_json_question(R"({"kind":"login","address":"a","password":"b"})", json_form::either).error, nullptr);
  EXPECT_NE(parse_json_question(R"({"kind":"login","address":"a"})", json_form::either).error, nullptr);
  EXPECT_NE(parse_json_question(R"({"kind":"probe","address":"a"})", json_form::either).error, nullptr);
  EXPECT_NE(parse_json_question(R"({"address":"a"})", json_form::either).error, nullptr);
  EXPECT_NE(parse_json_question(R"({"kind":"login","address":"a","password":"b"})", json_form::login).error, nullptr);
}

TEST(json_question, LeavesNoPasswordBehind) {
  const std::size_t before = secrets_alive();
  {
    const auto got = parse_json_question(R"({"address":"a","password":"secret"})", json_form::login);
    EXPECT_EQ(secrets_alive(), before + 1);
  }
  EXPECT_EQ(secrets_alive(), before);
  for (const char* wrong : {R"({"password":"secret","address":7})", R"({"password":"secret"})", R"({"address":"a","password":"secret"}x)",
                            R"({"address":"a","password":"secret")"}) {
    const auto got = parse_json_question(wrong, json_form::login);
    EXPECT_NE(got.error, nullptr);
    EXPECT_EQ(secrets_alive(), before) << wrong;
    EXPECT_TRUE(got.question.address.empty()) << wrong;
  }
}

TEST(json_question, PasswordsAbove1024BytesAreSaidToBeTooLong) {
  const auto body = [](std::size_t n) { return R"({"address":"a","password":")" + std::string(n, 'x') + "\"}"; };
  EXPECT_EQ(parse_json_question(body(1024), json_form::login).question.password.size(), 1024U);
  const auto long_one = parse_json_question(body(1025), json_form::login);
  EXPECT_EQ(long_one.error, nullptr);
  EXPECT_TRUE(long_one.question.password_too_long);
  EXPECT_TRUE(long_one.question.password.empty());
}

struct row {
  const char* id;
  std::string body;
  const http_error* error;
  const char* says;
};
class wrong : public ::testing::TestWithParam<row> {};
TEST_P(wrong, SaysWhat) {
  const auto got = parse_json_question(GetParam().body, json_form::login);
  ASSERT_EQ(got.error, GetParam().error) << GetParam().body;
  EXPECT_NE(got.text.find(GetParam().says), std::string::npos) << got.text;
}

const std::string good = R"("address":"a","password":"b")";
INSTANTIATE_TEST_SUITE_P(
    json_question, wrong,
    ::testing::Values(
        row{"K12_depth", std::string(100'000, '['), &http_errors::bad_question, "object"},
        row{"K12_nested", "{" + good + R"(,"client":{}})", &http_errors::bad_question, "\"client\" must be a string"},
        row{"K12_long_string", R"({"address":")" + std::string(5000, 'a') + "\"}", &http_errors::bad_question, "4 KiB"},
        row{"K12_long_escaped", R"({"address":")" + [] { std::string s; for (int i = 0; i < 5000; ++i) s += "\\n"; return s; }() + "\"}", &http_errors::bad_question, "4 KiB"},
        row{"K12_huge_number", "{" + good + R"(,"deadline_ms":1e999999})", &http_errors::bad_question, "deadline_ms"},
        row{"K12_fraction", "{" + good + R"(,"deadline_ms":1.5})", &http_errors::bad_question, "deadline_ms"},
        row{"K12_many_digits", "{" + good + R"(,"deadline_ms":)" + std::string(1000, '9') + "}", &http_errors::bad_question, "deadline_ms"},
        row{"K12_zero", "{" + good + R"(,"deadline_ms":-0})", &http_errors::bad_question, "deadline_ms"},
        row{"K12_above", "{" + good + R"(,"deadline_ms":3600001})", &http_errors::bad_question, "3600000"},
        row{"K12_text_deadline", "{" + good + R"(,"deadline_ms":"5"})", &http_errors::bad_question, "deadline_ms"},
        row{"K13_twice", R"({"address":"a","address":"b","password":"c"})", &http_errors::bad_question, "\"address\" is there twice"},
        row{"K13_escaped_twice", R"({"address":"a","\u0061ddress":"b","password":"c"})", &http_errors::bad_question, "twice"},
        row{"K13_case", R"({"Address":"a","password":"c"})", &http_errors::bad_question, "Known are: address, password, client, service, deadline_ms."},
        row{"K14_nul", R"({"address":"a\u0000b","password":"c"})", &http_errors::bad_question, "NUL"},
        row{"K14_nul_password", R"({"address":"a","password":"\u0000c"})", &http_errors::bad_question, "NUL"},
        row{"K14_surrogate", R"({"address":"\ud800","password":"c"})", &http_errors::bad_json, "JSON"},
        row{"K14_control", "{\"address\":\"\x01\",\"password\":\"c\"}", &http_errors::bad_json, "JSON"},
        row{"K14_utf8", "{\"address\":\"\xff\",\"password\":\"c\"}", &http_errors::bad_json, "JSON"},
        row{"K14_overlong", "{\"address\":\"\xc0\x80\",\"password\":\"c\"}", &http_errors::bad_json, "JSON"},
        row{"K14_bom", "\xef\xbb\xbf{" + good + "}", &http_errors::bad_json, "JSON"},
        row{"K14_utf16", "{\0\"\0a\0"s, &http_errors::bad_json, "JSON"},
        row{"K15_array", R"({"address":["a"],"password":"c"})", &http_errors::bad_question, "\"address\" must be a string"},
        row{"K15_null", R"({"address":null,"password":"c"})", &http_errors::bad_question, "\"address\" must be a string"},
        row{"K15_number", R"({"address":"a","password":123})", &http_errors::bad_question, "\"password\" must be a string"},
        row{"K15_bool", R"({"address":true,"password":"c"})", &http_errors::bad_question, "\"address\" must be a string"},
        row{"K15_unknown", "{" + good + R"(,"user":"x"})", &http_errors::bad_question, "a key that this question does not have"},
        row{"K15_missing_address", R"({"password":"c"})", &http_errors::bad_question, "\"address\" is missing"},
        row{"K15_missing_password", R"({"address":"a"})", &http_errors::bad_question, "\"password\" is missing"},
        row{"K15_empty_object", "{}", &http_errors::bad_question, "missing"},
        row{"K15_top_level_array", "[{" + good + "}]", &http_errors::bad_question, "object"},
        row{"K15_top_level_string", "\"a\"", &http_errors::bad_question, "object"},
        row{"K15_trailing", "{" + good + "}x", &http_errors::bad_json, "after"},
        row{"K15_two", "{" + good + "}{" + good + "}", &http_errors::bad_json, "after"},
        row{"K15_comma", "{" + good + ",}", &http_errors::bad_json, "JSON"},
        row{"K15_comment", "{" + good + "/* */}", &http_errors::bad_json, "JSON"},
        row{"K15_empty", "", &http_errors::bad_json, "JSON"},
        row{"K15_unfinished", "{" + good, &http_errors::bad_json, "JSON"}),
    [](const auto& tested) { return std::string(tested.param.id); });

TEST(json_question, EveryPrefixOfAGoodBodyIsAnError) {
  const std::string body = R"({"address":"ann@example.com","password":"p\u0061ss","deadline_ms":30})";
  for (std::size_t n = 0; n < body.size(); ++n) EXPECT_NE(parse_json_question(std::string_view(body).substr(0, n), json_form::login).error, nullptr) << n;
  EXPECT_EQ(parse_json_question(body, json_form::login).error, nullptr);
}

TEST(json_writer, EveryByteComesBack) {
  for (int a = 0; a < 256; ++a) {
    const std::string text{'x', static_cast<char>(a), 'y'};
    text_buffer out;
    append_json_string(out, text);
    const auto back = boost::json::parse(out.view()).as_string();
    if (a < 0x80)
      EXPECT_EQ(std::string(back), text) << a;
    else
      EXPECT_EQ(std::string(back), "x\xef\xbf\xbdy") << a;
  }
}

// A text of one member, as it is written.
std::string written(std::string_view text) {
  std::string out;
  json_writer w(out);
  w.begin_array().value(text).end_array();
  return out;
}

TEST(json_writer, EveryByteAtEveryPlace) {
  for (std::size_t length = 0; length <= 40; ++length)
    for (std::size_t at = 0; at < length; ++at)
      for (int c = 0; c < 256; ++c) {
        std::string text(length, 'v');
        text[at] = static_cast<char>(c);
        std::string shown(1, text[at]);
        std::array<char, 8> unit{};
        std::snprintf(unit.data(), unit.size(), "\\u%04x", static_cast<unsigned>(c));
        if (c == '"' || c == '\\') shown.insert(0, 1, '\\');
        else if (c == '\n') shown = "\\n";
        else if (c == '\r') shown = "\\r";
        else if (c == '\t') shown = "\\t";
        else if (c < 0x20 || c == 0x7f || c == '<' || c == '>' || c == '&') shown = unit.data();
        else if (c >= 0x80) shown = "\xef\xbf\xbd";
        ASSERT_EQ(written(text), "[\"" + text.substr(0, at) + shown + text.substr(at + 1) + "\"]") << length << ' ' << at << ' ' << c;
      }
  EXPECT_EQ(written(""), "[\"\"]");
}

TEST(json_writer, LongTextsComeBack) {
  for (const std::size_t length : {1000U, 1023U, 1024U, 1025U, 5000U, 100'000U})
    for (const std::string_view filling : {"v", "\n", "\x01", "\xc3\xa9", "\xff", "\xe2\x80\xa8"}) {
      std::string text;
      while (text.size() < length) text += filling;
      const auto back = boost::json::parse(written(text)).as_array();
      if (filling == "\xff")
        EXPECT_EQ(back.at(0).as_string().size(), 3 * text.size());
      else
        EXPECT_EQ(std::string_view(back.at(0).as_string()), text) << length;
    }
}

TEST(json_writer, CommasStandBetween) {
  std::string out = "before ";
  {
    json_writer w(out);
    w.begin_object().end_object();
  }
  EXPECT_EQ(out, "before {}");
  json_writer w(out);
  w.begin_object().member("a", 1).member("b", "x").member("c", true).key("d").null().key("e").begin_array().value(std::int64_t{-9}).value(false).value("y");
  w.begin_object().end_object().null().end_array().key("f").begin_object().value("n\"1").colon().value("v").value("n2").colon().begin_array().end_array();
  w.end_object().member("least", std::numeric_limits<std::int64_t>::min()).member("g", false).end_object();
  out += " behind";
  EXPECT_EQ(out,
            R"(before {}{"a":1,"b":"x","c":true,"d":null,"e":[-9,false,"y",{},null],"f":{"n\"1":"v","n2":[]},"least":-9223372036854775808,"g":false} behind)");
}

TEST(json_writer, TextStaysTextInAPage_K17) {
  text_buffer out;
  append_json_string(out, "\"</script>&\n\xe2\x80\xa8\xf0\x9f\x98\x80\xed\xa0\x80");
  EXPECT_EQ(out.view(), "\"\\\"\\u003c/script\\u003e\\u0026\\n\\u2028\xf0\x9f\x98\x80\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}

TEST(json_answer, SaysAllThatACallerMaySee) {
  answer a;
  a.found.what = verdict::accept;
  a.found.why = reason::alert;
  a.found.operator_text = "for operators";
  a.found.rule = "row-7";
  a.found.notice = "Quota <90%>";
  a.found.mailbox = "ann@example.com";
  a.found.kind = mailbox_kind::user;
  a.found.addresses = {"ann@example.com", "a.b@example.com"};
  a.found.attributes = {{"memberOf", "x"}, {"display\"Name", "Ann"}, {"memberOf", "y"}};
  a.found.password_expires_in = std::chrono::seconds(3600);
  a.found.grace_logins = 2;
  a.found.upstream = "mail1:110";
  a.identity = "ann@example.com";
  a.login_name = "ann";
  a.route = "example.com";
  a.backend = "mail1";
  a.addresses = addresses_state::complete;
  a.cached = true;
  a.age = std::chrono::milliseconds(5);
  a.client_believed = true;
  a.id = "id-1";
  a.elapsed = std::chrono::microseconds(12'345);
  a.text = "Accepted.";
  a.help_url = "https://example.com/help";
  std::string out;
  append_json_answer(out, a);
  EXPECT_TRUE(out.starts_with(R"({"verdict":"accept","reason":"alert","identity":"ann@example.com",)")) << out;
  EXPECT_EQ(boost::json::parse(out), boost::json::parse(R"({"verdict":"accept","reason":"alert","identity":"ann@example.com","login_name":"ann",
    "mailbox":"ann@example.com","addresses":["ann@example.com","a.b@example.com"],"addresses_state":"complete",
    "attributes":{"memberOf":["x","y"],"display\"Name":["Ann"]},"kind":"user","password_expires_in":3600,"grace_logins":2,
    "notice":"Quota <90%>","route":"example.com","backend":"mail1","upstream":"mail1:110","cached":true,"age_ms":5,"client_believed":true,
    "id":"id-1","elapsed_ms":12,"text":"Accepted.","help_url":"https://example.com/help"})"));
}

TEST(json_answer, AnEmptyAnswerIsATempfail) {
  std::string out;
  append_json_answer(out, answer{});
  EXPECT_EQ(boost::json::parse(out), boost::json::parse(R"({"verdict":"tempfail","reason":"internal","identity":"","login_name":"","mailbox":"",
    "addresses":[],"addresses_state":"none","route":"","backend":"","upstream":"","cached":false,"age_ms":0,"client_believed":false,
    "id":"","elapsed_ms":0,"text":""})"));
}

TEST(json_answer, ReasonIsNullForNone) {
  answer a;
  a.found.what = verdict::exists;
  a.found.why = reason::none;
  a.found.retry_after = std::chrono::milliseconds(1500);
  std::string out;
  append_json_answer(out, a);
  const auto back = boost::json::parse(out).as_object();
  EXPECT_TRUE(back.at("reason").is_null());
  EXPECT_EQ(back.at("retry_after_ms"), 1500);
}

}  // namespace
}  // namespace authbroker
