// What callers of the HTTP interface get.
#include "unit/front/fixture.hpp"

#include "base/text.hpp"

namespace authbroker::testing_front {
namespace {

class http : public front_fixture {};

TEST_F(http, ARightPasswordIsAccepted) {
  start();
  caller c = connect();
  c.send(post("/v1/login", R"({"address":"ann@example.com","password":"right","client":"203.0.113.7","service":"webmail","deadline_ms":3000})"));
  const std::string reply = c.reply();
  EXPECT_EQ(status_of(reply), 200U);
  EXPECT_TRUE(has(reply, R"("verdict":"accept","reason":null,"identity":"ann@example.com")")) << reply;
  const auto asked = asker_.questions().at(0);
  EXPECT_EQ(asked.kind, question_kind::login);
  EXPECT_EQ(asked.address, "ann@example.com");
  EXPECT_EQ(asked.password, "right");
  EXPECT_EQ(asked.client, "203.0.113.7");
  EXPECT_EQ(asked.service, "webmail");
  EXPECT_EQ(asked.listener, "portal");
  EXPECT_EQ(asked.deadline, 3000ms);
  EXPECT_FALSE(asked.client_believed);
  EXPECT_TRUE(has(asked.caller, "uid=" + std::to_string(getuid()))) << asked.caller;
}

struct verdict_case {
  const char* name;
  std::string request;
  unsigned status;
  const char* has;
};
class http_verdicts : public http, public ::testing::WithParamInterface<verdict_case> {};
TEST_P(http_verdicts, StatusAndBodyAgree_G08) {
  start();
  caller c = connect();
  c.send(GetParam().request);
  const std::string reply = c.reply();
  EXPECT_EQ(status_of(reply), GetParam().status) << reply;
  EXPECT_TRUE(has(reply, GetParam().has)) << reply;
}
const std::string mailbox_of = "/v1/mailbox";
INSTANTIATE_TEST_SUITE_P(
    table, http_verdicts,
    ::testing::Values(verdict_case{"accept", login("a@b", "right"), 200, R"("verdict":"accept")"}, verdict_case{"reject", login("a@b", "wrong"), 401, R"("reason":"wrong_password")"},
                      verdict_case{"locked_is_told_to_the_portal", login("a@b", "locked"), 401, R"("reason":"account_locked")"},
                      verdict_case{"tempfail", login("a@b", "broken"), 503, "Retry-After: "}, verdict_case{"no_route", login("a@nowhere", "right"), 401, R"("verdict":"no_route")"},
                      verdict_case{"exception", login("a@b", "throw"), 503, R"("error":"internal")"},
                      verdict_case{"exists", post(mailbox_of, R"({"address":"a@b"})"), 200, R"("verdict":"exists")"},
                      verdict_case{"absent", post(mailbox_of, R"({"address":"no@b"})"), 404, R"("verdict":"absent")"},
                      verdict_case{"unverifiable", post(mailbox_of, R"({"address":"cannot@b"})"), 200, R"("reason":"not_checked")"}),
    [](const auto& tested) { return std::string(tested.param.name); });

TEST_F(http, EverySplitOfARequestIsOneRequest) {
  start();
  const std::string request = login("ann@example.com", "right", "Expect: 100-continue\r\n");
  caller c = connect();
  for (std::size_t n = 1; n < request.size(); ++n) {
    c.send(std::string_view(request).substr(0, n));
    on_worker([] {});
    c.send(std::string_view(request).substr(n));
    std::string reply = c.reply();
    if (status_of(reply) == 100) reply = c.reply();
    ASSERT_EQ(status_of(reply), 200U) << n << reply;
  }
  EXPECT_EQ(asker_.questions().size(), request.size() - 1);
}

TEST_F(http, OneByteAtATime) {
  start();
  caller c = connect();
  for (const char b : login("ann@example.com", "right")) {
    c.send({&b, 1});
    on_worker([] {});
  }
  EXPECT_EQ(status_of(c.reply()), 200U);
}

TEST_F(http, PipelinedRequestsAreAnsweredInOrder_K09) {
  start();
  caller c = connect();
  std::string all;
  for (int i = 0; i < 1000; ++i) all += login("user" + std::to_string(i) + "@example.com", "right");
  std::thread sends([&] { c.send(all); });
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(has(c.reply(), "\"identity\":\"user" + std::to_string(i) + "@example.com\"")) << i;
  sends.join();
}

TEST_F(http, NothingOfOneUserReachesTheNext_K18) {
  start();
  caller c = connect();
  c.send(login("ann@example.com", "right"));
  EXPECT_EQ(status_of(c.reply()), 200U);
  c.send(login("bob@example.com", "wrong"));
  EXPECT_EQ(status_of(c.reply()), 401U);
  c.send(get("/v1/auth"));
  EXPECT_EQ(status_of(c.reply()), 401U);
  EXPECT_EQ(asker_.questions().size(), 2U);
}

TEST_F(http, AfterAnErrorNothingMoreIsRead_K19) {
  start();
  caller c = connect();
  c.send(post("/v1/login", "{}") + login("ann@example.com", "right"));
  const std::string all = c.receive_all();
  EXPECT_EQ(status_of(all), 400U);
  EXPECT_TRUE(has(all, "Connection: close")) << all;
  EXPECT_FALSE(has(all, "accept")) << all;
  EXPECT_TRUE(asker_.questions().empty());
}

struct path_case {
  const char* name;
  std::string request;
  unsigned status;
  const char* has = "";
};
class http_paths : public http, public ::testing::WithParamInterface<path_case> {};
TEST_P(http_paths, AreMatchedByteByByte_K10) {
  start();
  caller c = connect();
  c.send(GetParam().request);
  const std::string reply = c.reply();
  EXPECT_EQ(status_of(reply), GetParam().status) << reply;
  EXPECT_TRUE(has(reply, GetParam().has)) << reply;
  EXPECT_TRUE(asker_.questions().empty());
}
INSTANTIATE_TEST_SUITE_P(table, http_paths,
                         ::testing::Values(path_case{"health", get("/healthz"), 200, "ok\n"}, path_case{"root_not_allowed", get("/"), 403, "question_not_allowed"},
                                           path_case{"status_not_allowed", get("/v1/status"), 403, "question_not_allowed"}, path_case{"nothing", get("/nothing"), 404, "not_found"},
                                           path_case{"double_slash", get("//v1/auth"), 404}, path_case{"escaped", get("/v1/%61uth"), 404}, path_case{"dots", get("/v1/../v1/auth"), 404},
                                           path_case{"longer", get("/v1/authx"), 404}, path_case{"query", post("/v1/login?x=1", "{}"), 404},
                                           path_case{"absolute", get("http://localhost/v1/auth"), 404}, path_case{"get_login", get("/v1/login"), 405, "Allow: POST"},
                                           path_case{"put_login", "PUT /v1/login HTTP/1.1\r\nHost: a\r\n\r\n", 405, "Allow: POST"},
                                           path_case{"trace", "TRACE /healthz HTTP/1.1\r\nHost: a\r\n\r\n", 405, "Allow: GET, HEAD"},
                                           path_case{"connect", "CONNECT localhost:80 HTTP/1.1\r\nHost: a\r\n\r\n", 404},
                                           path_case{"no_length", "POST /v1/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n\r\n", 411, "length_required"},
                                           path_case{"chunked", "POST /v1/login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 501, "transfer_encoding"},
                                           path_case{"no_type", "POST /v1/login HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}", 415, "not_json"},
                                           path_case{"gzip", post("/v1/login", "{}", "Content-Encoding: gzip\r\n"), 415, "encoded_body"},
                                           path_case{"expectation", post("/v1/login", "{}", "Expect: magic\r\n"), 417, "unknown_expectation"},
                                           path_case{"version", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505, "bad_version"},
                                           path_case{"garbage", "hello\r\n", 400, "bad_request"},
                                           path_case{"upgrade", get("/healthz", "Upgrade: websocket\r\nConnection: upgrade\r\n"), 200, "ok\n"}),
                         [](const auto& tested) { return std::string(tested.param.name); });

TEST_F(http, ATooLongBodyIsRefusedUnread_K07) {
  start();
  caller c = connect();
  c.send("POST /v1/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1073741824\r\n\r\n");
  EXPECT_EQ(status_of(c.reply()), 413U);
  c.send(std::string(100'000, 'x'));  // the caller may go on for a while, and still reads the reply
  c.say_no_more();
  EXPECT_EQ(c.receive_all(), "");
}

TEST_F(http, NonsenseBehindARefusalFromACallerWhoSaysNoMore) {
  start();
  caller c = connect();
  const std::string body = R"({"address":"a@b.c","password":"wrong"})";
  c.send("POST /v1/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body + "NONSENSE\r\n\r\n");
  c.say_no_more();
  const std::string all = c.receive_all();  // the no waits for its time, and nothing but its timer holds the session then
  EXPECT_EQ(status_of(all), 401U);
  EXPECT_NE(all.find("HTTP/1.1 400"), std::string::npos) << all;
}

TEST_F(http, ATooLongHeaderIsRefused_K06) {
  start();
  caller c = connect();
  c.send("GET /" + std::string(100'000, 'a'));
  c.say_no_more();
  EXPECT_EQ(status_of(c.receive_all()), 431U);
}

TEST_F(http, ContinueIsSaidOnceAndOnlyToWhoWaits_K08) {
  start();
  caller c = connect();
  const std::string request = login("ann@example.com", "right", "Expect: 100-continue\r\n");
  const std::size_t head = request.find("\r\n\r\n") + 4;
  c.send(request.substr(0, head));
  EXPECT_EQ(c.receive(), "HTTP/1.1 100 Continue\r\n\r\n");
  c.send(request.substr(head));
  EXPECT_EQ(status_of(c.reply()), 200U);
  c.send(request);
  EXPECT_EQ(status_of(c.reply()), 200U);
}

TEST_F(http, HeadIsGetWithoutTheBody) {
  start();
  caller c = connect();
  c.send("HEAD /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const std::string all = c.receive_all();
  EXPECT_TRUE(has(all, "Content-Length: 3\r\n")) << all;
  EXPECT_TRUE(all.ends_with("\r\n\r\n")) << all;
}

TEST_F(http, KeepAliveAsTheVersionSays) {
  start();
  caller c = connect();
  c.send("GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_TRUE(has(c.reply(), "Connection: keep-alive\r\n"));
  c.send("GET /healthz HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(has(c.receive_all(), "Connection: close\r\n"));
}

TEST_F(http, AnOverlongPasswordIsRejectedUnasked_A10_K12) {
  start();
  caller c = connect();
  c.send(login("ann@example.com", std::string(1025, 'x')));
  const std::string reply = c.reply();
  EXPECT_EQ(status_of(reply), 401U);
  EXPECT_TRUE(has(reply, R"("reason":"too_long")")) << reply;
  c.send(login("ann@example.com", std::string(5000, 'x')));
  EXPECT_EQ(status_of(c.reply()), 400U) << "K-12";
  EXPECT_TRUE(asker_.questions().empty());
}

std::string basic(std::string_view both) { return "Authorization: Basic " + base64_encode(both) + "\r\n"; }

TEST_F(http, WithoutMemoryForAPasswordNobodyIsAsked) {
  start();
  std::vector<secret> all;
  const auto fill = [&all] {
    while (true) all.emplace_back("x");
  };
  EXPECT_THROW(fill(), std::bad_alloc);
  for (const std::string& request : {login("ann@example.com", "right"), get("/v1/auth", basic("ann@example.com:right"))}) {
    caller c = connect();
    c.send(request);
    EXPECT_EQ(status_of(c.reply()), 503U) << request;
  }
  EXPECT_TRUE(asker_.questions().empty());
  all.clear();
  caller c = connect();
  c.send(login("ann@example.com", "right"));
  EXPECT_EQ(status_of(c.reply()), 200U);
}

TEST_F(http, AuthTakesAnyMethodQueryAndTail) {
  start();
  caller c = connect();
  for (const char* request_line : {"GET /v1/auth", "PUT /v1/auth/", "DELETE /v1/auth/some/where?x=y", "OPTIONS /v1/auth?/../x", "BREW /v1/auth"}) {
    c.send(std::string(request_line) + " HTTP/1.1\r\nHost: shop.example.com\r\n" + basic("ann@example.com:right") + "\r\n");
    const std::string reply = c.reply();
    EXPECT_EQ(status_of(reply), 200U) << request_line;
    EXPECT_TRUE(has(reply, "X-Auth-Identity: ann@example.com\r\n")) << reply;
  }
}

TEST_F(http, AProxysRequestIdTravelsWithTheQuestion) {
  start();
  caller c = connect();
  c.send(get("/v1/auth", basic("ann@example.com:right") + "X-Request-ID: 7f3a-1\r\n"));
  EXPECT_EQ(status_of(c.reply()), 200U);
  c.send(get("/v1/auth", basic("ann@example.com:right")));
  EXPECT_EQ(status_of(c.reply()), 200U);
  EXPECT_EQ(asker_.questions().at(0).session, "7f3a-1");
  EXPECT_EQ(asker_.questions().at(1).session, "");
}

TEST_F(http, AuthNeverWaitsForABody) {
  start();
  caller c = connect();
  c.send(get("/v1/auth", basic("ann@example.com:right") + "Content-Length: 500000000\r\nContent-Encoding: gzip\r\nContent-Type: image/png\r\n"));
  const std::string reply = c.reply();
  EXPECT_EQ(status_of(reply), 200U);
  EXPECT_TRUE(has(reply, "Connection: close\r\n")) << reply;
}

TEST_F(http, AuthAsksForCredentials_K16) {
  start();
  for (const std::string& fields : {std::string(), std::string("Authorization: Basic\r\n"), std::string("Authorization: Basic !!!!\r\n"), std::string("Authorization: Bearer dTpw\r\n"), basic("no colon")}) {
    caller c = connect();
    c.send(get("/v1/auth", fields));
    const std::string reply = c.reply();
    EXPECT_EQ(status_of(reply), 401U) << fields;
    EXPECT_TRUE(has(reply, "WWW-Authenticate: Basic realm=\"authbroker\"")) << reply;
  }
  caller c = connect();
  c.send(get("/v1/auth", basic("a:right") + basic("a:right")));
  EXPECT_EQ(status_of(c.reply()), 400U);
  EXPECT_TRUE(asker_.questions().empty());
}

TEST_F(http, AuthSaysStrangersOnlyWhatRevealAllows) {
  start();
  caller c = connect();
  for (const char* both : {"ann@example.com:wrong", "ann@example.com:locked", "ann@nowhere:right"}) {
    c.send(get("/v1/auth", basic(both)));
    const std::string reply = c.reply();
    EXPECT_EQ(status_of(reply), 401U);
    EXPECT_TRUE(has(reply, "X-Auth-Reason: wrong_password\r\n")) << reply;
    EXPECT_TRUE(has(reply, R"("verdict":"reject","reason":"wrong_password")")) << reply;
    EXPECT_FALSE(has(reply, "X-Auth-Identity")) << reply;
  }
  EXPECT_EQ(asker_.logged(), ":reject") << "whom no route takes";
  c.send(get("/v1/auth", basic("ann@example.com:broken")));
  const std::string later = c.reply();
  EXPECT_EQ(status_of(later), 503U);
  EXPECT_TRUE(has(later, "Retry-After: ")) << later;
  EXPECT_FALSE(has(later, "WWW-Authenticate")) << later;
  rules_.reveal = true;
  ASSERT_TRUE(listener_->update(rules()));
  on_worker([] {});
  c.send(get("/v1/auth", basic("ann@example.com:locked")));
  EXPECT_TRUE(has(c.reply(), "X-Auth-Reason: account_locked\r\n"));
}

TEST_F(http, AClientIsBelievedOnlyFromTrustedPeers) {
  rules_.trust_client = {std::to_string(getuid())};
  start();
  caller c = connect();
  c.send(get("/v1/auth", basic("a:right") + "X-Forwarded-For: 192.0.2.1, ::ffff:203.0.113.7\r\n"));
  EXPECT_EQ(status_of(c.reply()), 200U);
  c.send(get("/v1/auth", basic("a:right") + "X-Real-IP: nonsense\r\n"));
  EXPECT_EQ(status_of(c.reply()), 200U);
  rules_.trust_client = {std::to_string(getuid() + 1)};
  ASSERT_TRUE(listener_->update(rules()));
  on_worker([] {});
  c.send(get("/v1/auth", basic("a:right") + "X-Real-IP: 203.0.113.8\r\n"));
  EXPECT_EQ(status_of(c.reply()), 200U);
  const auto asked = asker_.questions();
  ASSERT_EQ(asked.size(), 3U);
  EXPECT_EQ(asked[0].client, "203.0.113.7");
  EXPECT_TRUE(asked[0].client_believed);
  EXPECT_EQ(asked[1].client, "");
  EXPECT_FALSE(asked[1].client_believed);
  EXPECT_EQ(asked[2].client, "203.0.113.8");
  EXPECT_FALSE(asked[2].client_believed);
}

TEST_F(http, OnlyAllowedQuestionsAreAsked_S17) {
  rules_.allow = {permission::login};
  start();
  EXPECT_EQ(status_of([&] { caller c = connect(); c.send(post("/v1/mailbox", R"({"address":"a@b"})")); return c.reply(); }()), 403U);
  EXPECT_EQ(status_of([&] { caller c = connect(); c.send(login("a@b", "right")); return c.reply(); }()), 200U);
  rules_.allow = {permission::mailbox};
  ASSERT_TRUE(listener_->update(rules()));
  on_worker([] {});
  EXPECT_EQ(status_of([&] { caller c = connect(); c.send(login("a@b", "right")); return c.reply(); }()), 403U);
  EXPECT_EQ(status_of([&] { caller c = connect(); c.send(get("/v1/auth", basic("a:right"))); return c.reply(); }()), 403U);
  EXPECT_EQ(asker_.questions().size(), 1U);
}

TEST_F(http, TheDefaultDomainTravelsWithTheQuestion) {
  rules_.default_domain = "example.net";
  start();
  caller c = connect();
  c.send(login("ann", "right"));
  EXPECT_EQ(status_of(c.reply()), 200U);
  EXPECT_EQ(asker_.questions().at(0).default_domain, "example.net");
}

struct some_status final : status_source {
  std::string status_json() override { return R"({"version":"1"})"; }
  std::string status_text() override { return "backend <mail1> & co"; }
  std::string metrics() override { return numbers; }
  std::string numbers;
};

TEST_F(http, StatusIsShownWhereItIsAllowed) {
  some_status source;
  parts_.status = &source;
  rules_.allow = {permission::status, permission::metrics};
  start();
  caller c = connect();
  c.send(get("/v1/status"));
  EXPECT_TRUE(c.reply().ends_with("\r\n\r\n{\"version\":\"1\"}\n"));
  c.send(get("/"));
  const std::string page = c.reply();
  EXPECT_TRUE(has(page, "Content-Type: text/html; charset=utf-8")) << page;
  EXPECT_TRUE(has(page, "backend &lt;mail1&gt; &amp; co")) << page;
  source.numbers = "# EOF\n";
  c.send(get("/metrics"));
  EXPECT_TRUE(has(c.reply(), "# EOF\n"));
  source.numbers = "";
  c.send(get("/metrics"));
  EXPECT_EQ(status_of(c.reply()), 404U);
}

TEST_F(http, ALoginsNoWaitsForTheFloor_S10) {
  parts_.times.floor = 200ms;
  start();
  caller c = connect();
  const auto took = [&](const std::string& request) {
    const auto began = steady::now();
    c.send(request);
    c.reply();
    return steady::now() - began;
  };
  EXPECT_GE(took(login("a@b", "wrong")), 200ms);
  EXPECT_GE(took(login("a@nowhere", "right")), 200ms);
  EXPECT_GE(took(login("a@b", std::string(1025, 'x'))), 200ms);
  EXPECT_GE(took(get("/v1/auth", basic("a:wrong"))), 200ms);
}

TEST(floor_time, OnlyALoginsNoWaits_S10) {
  const auto began = steady::time_point(1h);
  const auto waits = [&](question_kind k, verdict v) { return not_before(k, v, began, 50ms) == began + 50ms; };
  EXPECT_TRUE(waits(question_kind::login, verdict::reject));
  EXPECT_TRUE(waits(question_kind::login, verdict::no_route));
  for (const verdict v : {verdict::accept, verdict::tempfail, verdict::exists, verdict::unverifiable}) EXPECT_EQ(not_before(question_kind::login, v, began, 50ms), steady::time_point{});
  for (const verdict v : {verdict::absent, verdict::exists, verdict::no_route, verdict::tempfail}) EXPECT_FALSE(waits(question_kind::mailbox, v));
}

// Else the caller's own log would be the only one that knows.
TEST_F(http, WhatIsNoQuestionIsCountedAndLogged) {
  const std::vector<std::pair<std::string, std::string>> refused{{post("/v1/login", "{"), "bad_json"}, {post("/v1/mailbox", "{}"), "bad_question"},
                                                                 {get("/v1/auth", "Authorization: Basic !!!!\r\n"), "bad_credentials"}, {get("/v1/nginx-mail"), "not_nginx_mail"}, {get("/nothing"), "not_found"}};
  rules_.allow = {permission::login, permission::mailbox};
  start();
  std::uint64_t expected = 0;
  for (const auto& [request, error] : refused) {
    // One line a second: the next one needs a moment of its own.
    const std::string line = "event=request_refused listener=portal caller=\"" + std::string("uid=") + std::to_string(getuid());
    EXPECT_TRUE(eventually([&, &wanted = error] {
      caller c = connect();
      c.send(request);
      c.reply();
      ++expected;
      return log_text().find("error=" + wanted + "\n") != std::string::npos;
    })) << error;
    EXPECT_TRUE(has(log_text(), line)) << log_text();
    EXPECT_EQ(listener_->counts().malformed.load(), expected) << error;
  }
  caller c = connect();
  c.send(get("/v1/auth"));
  EXPECT_EQ(status_of(c.reply()), 401U);
  EXPECT_EQ(listener_->counts().malformed.load(), expected) << "who has not given credentials yet is asked for them";
  EXPECT_TRUE(asker_.questions().empty());
}

TEST_F(http, TheLogHoldsNoPassword_R02) {
  start();
  caller c = connect();
  c.send(login("ann@example.com", "throw"));
  EXPECT_EQ(status_of(c.reply()), 503U);
  const std::string log = log_text();
  EXPECT_TRUE(has(log, "request_failed")) << log;
  EXPECT_FALSE(has(log, "throw")) << log;
}

}  // namespace
}  // namespace authbroker::testing_front
