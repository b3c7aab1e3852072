#include "core/dispatcher.hpp"

#include <gtest/gtest.h>

#include "unit/core/fakes.hpp"

using namespace authbroker;

namespace {

class Dispatcher : public testing::Test {
 protected:
  std::shared_ptr<fake_backend> add(std::string name, std::function<finding(const stage_question&)> says) {
    auto b = std::make_shared<fake_backend>(std::move(name), std::move(says));
    backends.push_back(b);
    return b;
  }
  std::shared_ptr<fake_backend> add(std::string name, finding always) {
    return add(std::move(name), [always](const stage_question&) { return always; });
  }
  void route(route_rules r) { routes.push_back(std::move(r)); }
  static route_rules example(std::vector<std::string> login, std::vector<std::string> mailbox = {}) {
    route_rules r;
    r.name = "example.com";
    r.domains = {"example.com"};
    r.login = std::move(login);
    r.mailbox = std::move(mailbox);
    return r;
  }
  answer ask(const query& q, stop_signal* stop = nullptr) {
    auto s = std::make_shared<snapshot>();
    s->backends.assign(backends.begin(), backends.end());
    s->routes = std::make_unique<const route_table>(routes, s->backends);
    broker.replace(s);
    answer got;
    run_task(broker.ask(q, got, nullptr), stop, [](const std::exception_ptr& e) {
      if (e) std::rethrow_exception(e);
    });
    return got;
  }
  static query login(std::string address, std::string_view password = "secret") {
    query q;
    q.address = std::move(address);
    q.password = secret(password);
    return q;
  }
  static query mailbox(std::string address) {
    query q;
    q.kind = question_kind::mailbox;
    q.address = std::move(address);
    return q;
  }

  logger log{{.target = log_target::nowhere, .file = {}}};
  dispatcher broker{log, "t-"};
  std::vector<std::shared_ptr<backend>> backends;
  std::vector<route_rules> routes;
};

TEST_F(Dispatcher, AnAcceptCarriesIdentityRouteAndBackend) {
  add("one", found_as(verdict::accept));
  route_rules r = example({"one"});
  r.login_name = "{local}";
  route(r);
  const answer a = ask(login("Ann@Example.com"));
  EXPECT_EQ(a.found.what, verdict::accept);
  EXPECT_EQ(a.identity, "ann@example.com");
  EXPECT_EQ(a.login_name, "Ann");
  EXPECT_EQ(a.route, "example.com");
  EXPECT_EQ(a.backend, "one");
  EXPECT_FALSE(a.id.empty());
  EXPECT_NE(broker.decisions().find(a.id).size(), 0u);
}

TEST_F(Dispatcher, A_01_NothingThatIsRefusedHereReachesABackend) {
  const auto one = add("one", found_as(verdict::accept));
  route(example({"one"}, {"one"}));
  EXPECT_EQ(ask(login("ann@example.com", "")).found.why, reason::empty_password);
  EXPECT_EQ(ask(login("", "x")).found.why, reason::bad_name);
  EXPECT_EQ(ask(login("ann\n@example.com", "x")).found.why, reason::bad_name);
  EXPECT_EQ(ask(login("ann@example.com", "x\ny")).found.why, reason::bad_password);
  EXPECT_EQ(ask(login("box#ann@example.com", "x")).found.why, reason::bad_name);
  EXPECT_EQ(ask(login(std::string(400, 'a'), "x")).found.why, reason::too_long);
  EXPECT_EQ(ask(mailbox("@example.com")).found.what, verdict::absent);
  EXPECT_TRUE(one->login_names.empty());
}

TEST_F(Dispatcher, MailboxNamesMayHavePathCharacters) {
  const auto one = add("one", found_as(verdict::exists));
  route(example({}, {"one"}));
  EXPECT_EQ(ask(mailbox("a/b#c@example.com")).found.what, verdict::exists);
}

TEST_F(Dispatcher, Q_10_WithoutARouteOrBackendNobodyIsAsked) {
  route(example({}, {}));
  EXPECT_EQ(ask(login("ann@example.net")).found.what, verdict::no_route);
  EXPECT_EQ(ask(login("ann@example.com")).found.what, verdict::no_route);
  EXPECT_EQ(ask(mailbox("ann@example.com")).found.why, reason::not_checked);
  EXPECT_EQ(ask(login("ann")).found.what, verdict::no_route);
}

TEST_F(Dispatcher, A_19_APasswordTypedAsANameIsNotLogged) {
  route(example({}, {}));
  const auto logged = [this](query q) { return broker.decisions().find(ask(q).id); };
  const std::string line = logged(login("open-sesame-77"));
  EXPECT_EQ(line.find("sesame"), std::string::npos) << line;
  EXPECT_NE(line.find("address=\"(14 bytes without a domain)\""), std::string::npos) << line;
  EXPECT_NE(logged(login("ann@nowhere.example")).find("address=ann@nowhere.example"), std::string::npos);
  EXPECT_NE(logged(mailbox("postmaster")).find("address=postmaster"), std::string::npos);
}

TEST_F(Dispatcher, TheLogSaysWhichTableWasAskedAndAsWhatTheCallerWasTold) {
  class words final : public wire_words {
   public:
    std::string_view table() const override { return "virtuser"; }
    std::string_view said(const answer& a) override { return a.found.what == verdict::unverifiable ? "absent" : ""; }
  } wire;
  route(example({}, {}));
  const auto logged = [&](std::string address, wire_words* by) {
    query q = mailbox(std::move(address));
    q.wire = by;
    return broker.decisions().find(ask(q).id);
  };
  const std::string unverifiable = logged("ann@example.com", &wire), exact = logged("ann@example.net", &wire), plain = logged("ann@example.com", nullptr);
  EXPECT_NE(unverifiable.find(" verdict=unverifiable reason=not_checked said=absent "), std::string::npos) << unverifiable;
  EXPECT_NE(unverifiable.find(" table=virtuser "), std::string::npos) << unverifiable;
  EXPECT_NE(exact.find(" table=virtuser "), std::string::npos) << exact;
  EXPECT_EQ(exact.find("said="), std::string::npos) << exact;
  EXPECT_EQ(plain.find("said="), std::string::npos) << plain;
  EXPECT_EQ(plain.find("table="), std::string::npos) << plain;
}

TEST_F(Dispatcher, AListenersDefaultDomainCompletesAName) {
  const auto one = add("one", found_as(verdict::accept));
  route(example({"one"}));
  query q = login("ann");
  q.default_domain = "example.com";
  EXPECT_EQ(ask(q).identity, "ann@example.com");
}

TEST_F(Dispatcher, G_07_AnExceptionIsATempfailOfThisRequest) {
  add("one", [](const stage_question&) -> finding { throw std::bad_alloc(); });
  const auto two = add("two", found_as(verdict::accept));
  route(example({"one", "two"}));
  const answer a = ask(login("ann@example.com"));
  EXPECT_EQ(a.found.what, verdict::tempfail);
  EXPECT_EQ(a.found.why, reason::internal);
  EXPECT_TRUE(two->login_names.empty()) << "the password may have left";
}

TEST_F(Dispatcher, G_06_AnIllegalPairIsATempfail) {
  add("one", found_as(verdict::accept, reason::wrong_password));
  route(example({"one"}));
  EXPECT_EQ(ask(login("ann@example.com")).found.what, verdict::tempfail);
}

TEST_F(Dispatcher, F_14_EachTryGetsItsShareOfTheTime) {
  steady::time_point asked;
  const auto one = add("one", [&asked](const stage_question&) {
    asked = steady::now();
    return found_as(verdict::tempfail, reason::upstream_down);
  });
  const auto two = add("two", found_as(verdict::accept));
  route(example({"one", "two"}));
  query q = login("ann@example.com");
  q.deadline = std::chrono::milliseconds(1000);
  const auto before = steady::now();
  EXPECT_EQ(ask(q).backend, "two");
  EXPECT_GE(one->last_until, before + std::chrono::milliseconds(1000));
  EXPECT_LE(one->last_until, asked + std::chrono::milliseconds(1000));
  const auto half_from = [&](steady::time_point from) { return from + (one->last_until - from) / 2; };
  EXPECT_GE(one->last_start_by, half_from(before));
  EXPECT_LE(one->last_start_by, half_from(asked));
  EXPECT_EQ(two->last_start_by, two->last_until);
}

TEST_F(Dispatcher, ASourceThatThereWasNoTimeToAskHasNotSaidNo) {
  add("slow", [](const stage_question&) {
    const auto end = steady::now() + std::chrono::milliseconds(30);
    while (steady::now() < end) {
    }
    return found_as(verdict::absent);
  });
  add("never", found_as(verdict::exists));
  route_rules r = example({}, {"slow", "never"});
  r.combine = combine_mode::search;
  route(r);
  query q = mailbox("ann@example.com");
  q.deadline = std::chrono::milliseconds(10);
  const answer a = ask(q);
  EXPECT_EQ(a.found.what, verdict::tempfail);
  EXPECT_EQ(a.found.why, reason::deadline);
}

TEST_F(Dispatcher, TheClientsAddressGoesUpstreamOnlyIfBelieved) {
  const auto one = add("one", found_as(verdict::accept));
  route(example({"one"}));
  query q = login("ann@example.com");
  q.client = "203.0.113.7";
  ask(q);
  EXPECT_EQ(one->clients.back(), "");
  q = login("ann@example.com");
  q.client = "203.0.113.7";
  q.client_believed = true;
  ask(q);
  EXPECT_EQ(one->clients.back(), "203.0.113.7");
}

TEST_F(Dispatcher, AMailProxyIsToldTheRoutesServer) {
  const auto one = add("one", found_as(verdict::accept));
  route_rules r = example({"one"});
  r.nginx_mail.imap = "127.0.0.1:1143";
  r.nginx_mail.smtp = "[::1]:1025";
  route(r);
  const auto to = [&](query q, mail_protocol p) {
    q.server_for = p;
    return ask(q);
  };
  EXPECT_EQ(to(login("ann@example.com"), mail_protocol::imap).server, "127.0.0.1:1143");
  EXPECT_EQ(to(login("ann@example.com"), mail_protocol::smtp).server, "[::1]:1025");
  const answer unchecked = to(mailbox("ann@example.com"), mail_protocol::smtp);
  EXPECT_EQ(unchecked.found.why, reason::not_checked);
  EXPECT_EQ(unchecked.server, "[::1]:1025");
  EXPECT_EQ(ask(login("ann@example.com")).server, "") << "nobody asked for it";
  const auto before = one->login_names.size();
  const answer nowhere = to(login("ann@example.com"), mail_protocol::pop3);
  EXPECT_EQ(nowhere.found.what, verdict::tempfail);
  EXPECT_EQ(nowhere.found.why, reason::misconfigured);
  EXPECT_NE(nowhere.found.operator_text.find("route example.com has no nginx_mail.pop3"), std::string::npos) << nowhere.found.operator_text;
  EXPECT_EQ(one->login_names.size(), before) << "a password for nothing";
  EXPECT_EQ(to(login("ann@example.net"), mail_protocol::pop3).found.what, verdict::no_route);
}

TEST_F(Dispatcher, ADelimiterIsAskedWithoutItsExtension) {
  const auto one = add("one", [](const stage_question& q) { return found_as(q.address == "ann@example.com" ? verdict::exists : verdict::absent); });
  route_rules r = example({}, {"one"});
  r.delimiter = "+";
  route(r);
  const answer a = ask(mailbox("ann+lists@example.com"));
  EXPECT_EQ(a.found.what, verdict::exists);
  EXPECT_EQ(a.found.mailbox, "ann@example.com");
  EXPECT_EQ(a.identity, "ann+lists@example.com");
  EXPECT_EQ(one->login_names.size(), 2u);
  EXPECT_EQ(ask(mailbox("bob+lists@example.com")).found.what, verdict::absent);
}

TEST_F(Dispatcher, TheCompanionIsAskedAboutTheNameThatWasFound) {
  add("one", [](const stage_question& q) { return found_as(q.local.find('+') == q.local.npos ? verdict::exists : verdict::absent); });
  std::vector<std::string> asked;
  add("directory", [&](const stage_question& q) {
    asked = {std::string(q.login_name), std::string(q.address), std::string(q.local), std::string(q.identity)};
    return found_as(verdict::exists);
  });
  route_rules r = example({}, {"one"});
  r.delimiter = "+";
  r.addresses = {"directory"};
  route(r);
  const std::string long_name = "a-name-too-long-for-any-string-to-hold-within-itself";
  EXPECT_EQ(ask(mailbox(long_name + "+lists@example.com")).found.what, verdict::exists);
  const std::string address = long_name + "@example.com";
  EXPECT_EQ(asked, (std::vector<std::string>{address, address, long_name, address}));
}

TEST_F(Dispatcher, ACompanionGivesAddressesAndNeverChangesTheVerdict) {
  add("pop", found_as(verdict::accept));
  finding known = found_as(verdict::exists);
  known.mailbox = "ann.onym@example.com";
  known.addresses = {"ann.onym@example.com", "ann@example.com"};
  known.addresses_complete = true;
  finding directory = known;
  add("directory", [&](const stage_question& q) {
    EXPECT_EQ(q.password, nullptr) << "L-6: the directory is asked about a mailbox, without the password";
    return directory;
  });
  route_rules r = example({"pop"});
  r.addresses = {"directory"};
  route(r);
  answer a = ask(login("ann@example.com"));
  EXPECT_EQ(a.found.what, verdict::accept);
  EXPECT_EQ(a.identity, "ann.onym@example.com");
  EXPECT_EQ(a.addresses, addresses_state::complete);
  EXPECT_EQ(a.found.addresses.size(), 2u);
  directory.addresses_complete = false;
  EXPECT_EQ(ask(login("ann@example.com")).addresses, addresses_state::none) << "some of them are not all of them";
  directory = found_as(verdict::tempfail, reason::upstream_down);
  a = ask(login("ann@example.com"));
  EXPECT_EQ(a.found.what, verdict::accept);
  EXPECT_EQ(a.addresses, addresses_state::unavailable);
  EXPECT_EQ(a.identity, "ann@example.com");
}

TEST_F(Dispatcher, S_01_AfterStopEverythingIsATempfail) {
  add("one", found_as(verdict::accept));
  route(example({"one"}));
  broker.stop();
  EXPECT_EQ(ask(login("ann@example.com")).found.why, reason::shutting_down);
}

TEST_F(Dispatcher, PublicTextsTellWrongAndUnknownAlike) {
  std::vector<std::string> texts;
  for (const reason why : {reason::wrong_password, reason::no_such_user, reason::account_disabled}) {
    backends.clear();
    routes.clear();
    add("one", found_as(verdict::reject, why));
    route(example({"one"}));
    texts.push_back(ask(login("ann@example.com")).text);
  }
  EXPECT_EQ(texts[0], texts[1]);
  EXPECT_EQ(texts[0], texts[2]);
}

TEST_F(Dispatcher, HelpComesWithTheReasonsThatItHelps) {
  add("one", found_as(verdict::reject, reason::password_expired));
  route_rules r = example({"one"});
  r.help_url = "https://example.com/password";
  route(r);
  EXPECT_EQ(ask(login("ann@example.com")).help_url, "https://example.com/password");
  backends.clear();
  add("one", found_as(verdict::reject, reason::wrong_password));
  EXPECT_EQ(ask(login("ann@example.com")).help_url, "");
}

// The caller went away while the first was asked: nobody asks the second for it, and the decision is counted all the same.
TEST_F(Dispatcher, AQuestionThatWasAskedToStopAsksNoFurtherBackend) {
  stop_signal stop;
  add("one", [&stop](const stage_question&) {
    stop.request();
    return found_as(verdict::tempfail, reason::upstream_down);
  });
  const auto two = add("two", found_as(verdict::accept));
  route(example({"one", "two"}));
  const answer a = ask(login("ann@example.com"), &stop);
  EXPECT_EQ(a.found.what, verdict::tempfail);
  EXPECT_EQ(a.found.why, reason::shutting_down);
  EXPECT_EQ(two->passwords_seen, 0);
  EXPECT_EQ(broker.counted().by_verdict[static_cast<std::size_t>(verdict::tempfail)], 1U);
}

}  // namespace
