// Lines of Dovecot's auth-client protocol, and what is said there.
#include "wire/dovecot_auth.hpp"

#include <gtest/gtest.h>

#include "base/text.hpp"

namespace authbroker {
namespace {

using std::string_literals::operator""s;

TEST(dovecot_line, WaitsAtEverySplit) {
  const std::string line = "AUTH\t1\tPLAIN\tservice=smtp\tresp=AGEAYg==\n";
  for (std::size_t n = 0; n < line.size(); ++n) EXPECT_EQ(take_dovecot_line(line.substr(0, n)).what, progress::need_more) << n;
  const std::string more = line + "AUTH";
  const auto got = take_dovecot_line(more);
  ASSERT_EQ(got.what, progress::message);
  EXPECT_EQ(got.used, line.size());
  EXPECT_EQ(got.text, line.substr(0, line.size() - 1));
}

TEST(dovecot_line, HasAnEnd_M02) {
  EXPECT_EQ(take_dovecot_line(std::string(dovecot_line_bytes_max - 1, 'x')).what, progress::need_more);
  EXPECT_EQ(take_dovecot_line(std::string(dovecot_line_bytes_max - 1, 'x') + "\n").what, progress::message);
  EXPECT_EQ(take_dovecot_line(std::string(dovecot_line_bytes_max, 'x')).what, progress::malformed);
  EXPECT_EQ(take_dovecot_line(std::string(dovecot_line_bytes_max, 'x') + "\n").what, progress::malformed);
}

TEST(dovecot_line, FieldsAreWhatTabsPart) {
  const auto fields = [](std::string_view line) {
    std::vector<std::string> out;
    dovecot_fields all(line);
    for (std::string_view one; all.next(one);) out.emplace_back(one);
    return out;
  };
  using list = std::vector<std::string>;
  EXPECT_EQ(fields(""), list{""});
  EXPECT_EQ(fields("a"), list{"a"});
  EXPECT_EQ(fields("a\t\tb\t"), (list{"a", "", "b", ""}));
}

TEST(dovecot_line, ValuesAddNoFieldAndNoLine_M06) {
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  std::string escaped;
  append_dovecot_text(escaped, all);
  EXPECT_EQ(escaped.find_first_of("\t\n\r\0"s), std::string::npos);
  EXPECT_EQ(dovecot_text(escaped), all);
  std::string one;
  append_dovecot_text(one, "a\tuser=admin\nOK\t2\1\0\r"s);
  EXPECT_EQ(one, "a\1tuser=admin\1nOK\1t2\1""1\1""0\1r");
  EXPECT_EQ(dovecot_text("\1x\1"), "x") << "as Dovecot reads it";
}

struct line_row {
  std::string line;
  bool good;
};
class lines : public testing::TestWithParam<line_row> {};
TEST_P(lines, AreOfThisProtocolOrNot_M03) { EXPECT_EQ(parse_dovecot_auth(GetParam().line).has_value(), GetParam().good) << GetParam().line; }
INSTANTIATE_TEST_SUITE_P(table, lines, testing::Values(
    line_row{"VERSION\t1\t2", true}, line_row{"VERSION\t1\t2\tmore", true}, line_row{"VERSION\t1", false}, line_row{"VERSION", false},
    line_row{"VERSION\t-1\t2", false}, line_row{"VERSION\t1\t2x", false}, line_row{"VERSION\t1\t", false}, line_row{"VERSION 1 2", false},
    line_row{"CPID\t4711", true}, line_row{"CPID\t0", false}, line_row{"CPID\t-1", false}, line_row{"CPID", false}, line_row{"CPID\t4294967296", false},
    line_row{"AUTH\t1\tPLAIN\tservice=x", true}, line_row{"AUTH\t4294967295\tPLAIN", true}, line_row{"AUTH\t1", true},
    line_row{"AUTH\t0\tPLAIN", false}, line_row{"AUTH\t4294967296\tPLAIN", false}, line_row{"AUTH\t1abc\tPLAIN", false},
    line_row{"AUTH\t01\tPLAIN", false}, line_row{"AUTH\t+1\tPLAIN", false}, line_row{"AUTH\t\tPLAIN", false}, line_row{"AUTH", false},
    line_row{"CONT\t1\tAA==", true}, line_row{"CONT\t1", true}, line_row{"CONT\tx\tAA==", false},
    line_row{"CANCEL\t7", true}, line_row{"CANCEL", false}, line_row{"", false}, line_row{"NOOP\t1", false}, line_row{"auth\t1\tPLAIN", false},
    line_row{" AUTH\t1\tPLAIN", false}));

TEST(dovecot_auth, ReadsWhatOldAndNewClientsSay) {
  const auto old = parse_dovecot_auth("AUTH\t7\tPLAIN\tservice=smtp\tnologin\tlip=192.0.2.1\trip=192.0.2.7\tsecured\tsession=abc\tresp=AGEAYg==");
  ASSERT_TRUE(old);
  EXPECT_EQ(old->id, 7U);
  EXPECT_EQ(old->mechanism, "PLAIN");
  EXPECT_EQ(old->service, "smtp");
  EXPECT_EQ(old->client, "192.0.2.7");
  EXPECT_EQ(old->session, "abc");
  EXPECT_EQ(old->response, "AGEAYg==");
  const auto later = parse_dovecot_auth("AUTH\t7\tLOGIN\tprotocol=imap\ttransport=TLS\trip=2001:db8::1\tunheard-of=1\tservicex=no\trip");
  ASSERT_TRUE(later);
  EXPECT_EQ(later->service, "imap");
  EXPECT_EQ(later->client, "2001:db8::1");
  EXPECT_FALSE(later->response);
  EXPECT_FALSE(parse_dovecot_auth("AUTH\t7\tPLAIN")->service);
}

TEST(dovecot_auth, WhatFollowsTheResponseIsNotRead_M04_M05) {
  const auto got = parse_dovecot_auth("AUTH\t1\tPLAIN\tservice=smtp\tresp=AGEAYg==\trip=10.0.0.1\tcert_username=admin\tservice=x\tresp=other");
  ASSERT_TRUE(got);
  EXPECT_EQ(got->response, "AGEAYg==");
  EXPECT_EQ(got->client, "");
  EXPECT_EQ(got->service, "smtp");
}

struct handshake_row {
  std::vector<std::string> lines;
  std::size_t admitted;  // lines until one may not come
};
class handshakes : public testing::TestWithParam<handshake_row> {};
TEST_P(handshakes, VersionThenProcessEachOnce_M01) {
  dovecot_handshake h;
  std::size_t n = 0;
  for (const auto& line : GetParam().lines) {
    const auto said = parse_dovecot_auth(line);
    if (!said || !h.admits(*said)) break;
    ++n;
  }
  EXPECT_EQ(n, GetParam().admitted);
}
const std::string ver = "VERSION\t1\t2", cpid = "CPID\t9", auth = "AUTH\t1\tPLAIN";
INSTANTIATE_TEST_SUITE_P(table, handshakes, testing::Values(
    handshake_row{{ver, cpid, auth, auth}, 4}, handshake_row{{"VERSION\t1\t0", cpid, auth}, 3}, handshake_row{{"VERSION\t1\t9", cpid, auth}, 3},
    handshake_row{{auth}, 0}, handshake_row{{cpid}, 0}, handshake_row{{"VERSION\t2\t0"}, 0}, handshake_row{{"VERSION\t0\t0"}, 0}, handshake_row{{ver, ver}, 1},
    handshake_row{{ver, auth}, 1}, handshake_row{{ver, "CONT\t1\t"}, 1}, handshake_row{{ver, "CANCEL\t1"}, 1}, handshake_row{{ver, cpid, cpid}, 2},
    handshake_row{{ver, cpid, ver}, 2}, handshake_row{{ver, "CPID\t0"}, 1}, handshake_row{{ver, "CPID\t-1"}, 1}));

TEST(dovecot_auth, AHandshakeIsCarriedToAnotherWorker) {
  for (const char* const minor : {"0", "1", "2", "3", "4294967295"}) {
    dovecot_handshake h;
    EXPECT_EQ(h.carried(), 0U);
    EXPECT_TRUE(h.admits(*parse_dovecot_auth("VERSION\t1\t"s + minor)));
    EXPECT_EQ(h.carried(), 0U);
    EXPECT_TRUE(h.admits(*parse_dovecot_auth(cpid)));
    const dovecot_handshake there(h.carried());
    EXPECT_TRUE(there.done());
    EXPECT_EQ(there.empty_response_counts(), h.empty_response_counts()) << minor;
  }
}

TEST(dovecot_auth, GreetsWithMechanismsBeforeItsNumber_M01) {
  std::string out;
  append_dovecot_greeting(out, 4711, 3, "0123456789abcdef0123456789abcdef");
  EXPECT_EQ(out, "VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nMECH\tLOGIN\tplaintext\nSPID\t4711\nCUID\t3\nCOOKIE\t0123456789abcdef0123456789abcdef\nDONE\n");
}

answer made(verdict v, reason r) {
  answer a;
  a.found.what = v;
  a.found.why = r;
  a.identity = "ann@example.com";
  a.text = "an upstream's own words";
  return a;
}

TEST(dovecot_auth, EveryLegalAnswerHasItsBytes_M11_M12) {
  for (const verdict_row& row : verdict_table()) {
    std::string out;
    const bool said = append_dovecot_answer(out, 12, made(row.what, row.why), false);
    if (row.what == verdict::accept) {
      EXPECT_EQ(out, "OK\t12\tuser=ann@example.com\n");
    } else if (row.what == verdict::reject || row.what == verdict::no_route) {
      EXPECT_TRUE(out == "FAIL\t12\n" || out.starts_with("FAIL\t12\tcode=pass_expired\tpass_expired\treason=Your password")) << out;
    } else {
      EXPECT_FALSE(said);
      EXPECT_EQ(out, "") << name(row.what) << name(row.why);
      continue;
    }
    EXPECT_TRUE(said);
    EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 1);
  }
  std::string out;
  EXPECT_FALSE(append_dovecot_answer(out, 1, answer{}, true));
  answer nobody = made(verdict::accept, reason::none);
  nobody.identity.clear();
  EXPECT_FALSE(append_dovecot_answer(out, 1, nobody, true));
  EXPECT_EQ(out, "");
}

TEST(dovecot_auth, AnAccountIsToldFromAPasswordOnlyWhereThatIsAllowed) {
  const auto said = [](reason r, bool reveal) {
    std::string out;
    append_dovecot_answer(out, 1, made(verdict::reject, r), reveal);
    return out;
  };
  for (const reason r : {reason::account_disabled, reason::account_locked, reason::account_expired}) {
    EXPECT_EQ(said(r, false), "FAIL\t1\n");
    EXPECT_EQ(said(r, true), "FAIL\t1\tcode=user_disabled\tuser_disabled\n");
  }
  EXPECT_EQ(said(reason::no_such_user, true), "FAIL\t1\n");
  EXPECT_EQ(said(reason::wrong_password, true), "FAIL\t1\n");
}

TEST(dovecot_auth, AYesCannotBeMadeLonger_M06) {
  answer a = made(verdict::accept, reason::none);
  a.identity = "ann\tproxy\nOK\t13\tuser=admin";
  std::string out;
  append_dovecot_answer(out, 12, a, true);
  EXPECT_EQ(out, "OK\t12\tuser=ann\1tproxy\1nOK\1t13\1tuser=admin\n");
}

TEST(dovecot_auth, FailuresAreSaidForOldAndNewClients) {
  const auto said = [](dovecot_refusal r, std::string_view text = {}) {
    std::string out;
    append_dovecot_fail(out, 5, r, text);
    return out;
  };
  EXPECT_EQ(said(dovecot_refusal::credentials), "FAIL\t5\n");
  EXPECT_EQ(said(dovecot_refusal::temporary), "FAIL\t5\tcode=temp_fail\ttemp\n");
  EXPECT_EQ(said(dovecot_refusal::not_authorised), "FAIL\t5\tcode=authz_fail\tauthz\n");
  EXPECT_EQ(said(dovecot_refusal::not_base64), "FAIL\t5\tcode=invalid_base64\n");
  EXPECT_EQ(said(dovecot_refusal::password_expired, "a\tb"), "FAIL\t5\tcode=pass_expired\tpass_expired\treason=a\1tb\n");
}

TEST(dovecot_auth, Challenges) {
  std::string out;
  append_dovecot_challenge(out, 2, login_asks_name);
  append_dovecot_challenge(out, 3, "");
  EXPECT_EQ(out, "CONT\t2\t" + base64_encode("Username:") + "\nCONT\t3\t\n");
  EXPECT_EQ(login_asks_password, base64_encode("Password:"));
}

}  // namespace
}  // namespace authbroker
