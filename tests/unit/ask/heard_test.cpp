// Replies: what the broker writes is understood, and nothing else is.
#include "ask/heard.hpp"

#include <gtest/gtest.h>

#include "wire/http_reply.hpp"
#include "wire/http_verdict.hpp"
#include "wire/json_answer.hpp"

namespace authbroker {
namespace {

std::string reply(unsigned status, std::string body) {
  http_reply r;
  r.status = status;
  r.body = std::move(body);
  std::string out;
  reply_form form;
  form.keep_alive = false;
  append_reply(out, r, form);
  return out;
}

std::string reply_of(question_kind kind, const answer& a) {
  std::string body;
  append_json_answer(body, a);
  return reply(http_status(kind, a.found.what), body + "\n");
}

answer some(verdict what, reason why) {
  answer a;
  a.found.what = what;
  a.found.why = why;
  a.found.mailbox = "ann@example.com";
  a.identity = "ann@example.com";
  a.id = "w1-77";
  a.text = "Te\"xt\n\xe2\x82\xac.";
  return a;
}

bool is_login(verdict v) { return v == verdict::accept || v == verdict::reject; }
bool is_mailbox(verdict v) { return v == verdict::exists || v == verdict::absent || v == verdict::unverifiable; }

TEST(heard, EveryRowOfTheTableIsUnderstoodAsItWasMeant) {
  for (const verdict_row& row : verdict_table())
    for (const question_kind kind : {question_kind::login, question_kind::mailbox}) {
      const heard h = read_heard(kind, reply_of(kind, some(row.what, row.why)));
      const bool belongs = kind == question_kind::login ? !is_mailbox(row.what) : !is_login(row.what);
      EXPECT_EQ(h.what, belongs ? row.what : verdict::tempfail) << name(kind) << ' ' << name(row.what) << ' ' << name(row.why);
      if (!belongs) continue;
      EXPECT_EQ(h.why, row.why);
      EXPECT_EQ(h.identity, "ann@example.com");
      EXPECT_EQ(h.id, "w1-77");
      EXPECT_EQ(h.text, "Te\"xt\n\xe2\x82\xac.");
      EXPECT_EQ(h.trouble, "");
    }
}

TEST(heard, TellsWhatIsForTheUser) {
  answer a = some(verdict::accept, reason::password_expiring);
  a.found.password_expires_in = std::chrono::seconds(86400 * 3);
  a.found.notice = "Mind the gap";
  a.help_url = "https://example.com/password";
  a.found.addresses = {"ann@example.com", "verdict"};
  a.found.attributes = {{"verdict", "reject"}, {"reason", "wrong_password"}};
  const heard h = read_heard(question_kind::login, reply_of(question_kind::login, a));
  EXPECT_EQ(h.what, verdict::accept);
  EXPECT_EQ(h.password_expires_in, std::chrono::seconds(86400 * 3));
  EXPECT_EQ(h.notice, "Mind the gap");
  EXPECT_EQ(h.help_url, "https://example.com/password");
}

// Cut anywhere, a yes is no yes and a no is no no.
TEST(heard, G_08_PartOfAReplyIsNoAnswer) {
  for (const auto& [what, why] : {std::pair{verdict::accept, reason::none}, std::pair{verdict::reject, reason::wrong_password}}) {
    const std::string whole = reply_of(question_kind::login, some(what, why));
    ASSERT_EQ(read_heard(question_kind::login, whole).what, what);
    for (std::size_t n = 0; n < whole.size(); ++n) {
      const heard h = read_heard(question_kind::login, std::string_view(whole).substr(0, n));
      ASSERT_EQ(h.what, verdict::tempfail) << n;
      ASSERT_NE(h.trouble, "") << n;
    }
  }
}

TEST(heard, StatusAndVerdictAgreeOrNothingIsBelieved) {
  for (const unsigned status : {200U, 401U, 404U, 503U, 403U, 500U}) {
    EXPECT_EQ(read_heard(question_kind::login, reply(status, R"({"verdict":"accept","reason":null})")).what, status == 200 ? verdict::accept : verdict::tempfail) << status;
    EXPECT_EQ(read_heard(question_kind::login, reply(status, R"({"verdict":"reject","reason":"wrong_password"})")).what,
              status == 401 ? verdict::reject : verdict::tempfail) << status;
    EXPECT_EQ(read_heard(question_kind::mailbox, reply(status, R"({"verdict":"absent","reason":null})")).what, status == 404 ? verdict::absent : verdict::tempfail) << status;
  }
}

TEST(heard, WhatIsNoAnswerOfABrokerIsNoAnswer) {
  for (const std::string_view body : {
           R"({"verdict":"accept"})", R"({"reason":null})", R"({})", R"([])", R"("accept")", "", "OK", R"({"verdict":true,"reason":null})",
           R"({"verdict":"accept","reason":null,"verdict":"accept"})", R"({"verdict":"accept","reason":null,"reason":null})", R"({"verdict":"accept","reason":7})",
           R"({"verdict":"accept","reason":null}{})", R"({"verdict":"accept","reason":null} x)", R"({"verdict":"accept","reason":"wrong_password"})",
           R"({"verdict":"accept","reason":"news_of_tomorrow"})", R"({"verdict":"ACCEPT","reason":null})", R"({"a":{"verdict":"accept","reason":null}})",
           R"([{"verdict":"accept","reason":null}])", R"({"verdict":"accept","reason":null)", "{\"verdict\":\"accept\",\"reason\":null,\"id\":\"\xff\"}"}) {
    const heard h = read_heard(question_kind::login, reply(200, std::string(body)));
    EXPECT_EQ(h.what, verdict::tempfail) << body;
    EXPECT_NE(h.trouble, "") << body;
  }
  const std::string yes = R"({"verdict":"accept","reason":null})", length = "Content-Length: " + std::to_string(yes.size()) + "\r\n";
  for (const std::string& bytes : {
           "HTTP/1.1 200 OK\r\n\r\n" + yes,                                                         // no length
           "HTTP/1.1 200 OK\r\n" + length + length + "\r\n" + yes,                                  // two
           "HTTP/1.1 200 OK\r\n" + length + "\r\n" + yes + "x",                                     // more
           "HTTP/1.1 200 OK\r\n" + length + "\r\n" + yes + "HTTP/1.1 401 x\r\n\r\n",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" "22\r\n" + yes + "\r\n0\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n" + length + "\r\n" + yes,
           "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n" + length + "\r\n" + yes,
           "HTTP/1.1 2x0 OK\r\n" + length + "\r\n" + yes, "200 OK\r\n" + length + "\r\n" + yes, yes, std::string("\0\2OK", 4), std::string("+OK\r\n")})
    EXPECT_EQ(read_heard(question_kind::login, bytes).what, verdict::tempfail) << bytes;
  EXPECT_EQ(read_heard(question_kind::login, "HTTP/1.1 200 OK\r\n" + length + "\r\n" + yes).what, verdict::accept) << "none of these is odd by itself";
}

TEST(heard, AnErrorSaysWhatItIsAbout) {
  const heard h = read_heard(question_kind::login, reply(403, R"({"error":"question_not_allowed","text":"This listener does not answer that."})"));
  EXPECT_EQ(h.what, verdict::tempfail);
  EXPECT_EQ(h.trouble, "status 403: This listener does not answer that.");
}

}  // namespace
}  // namespace authbroker
