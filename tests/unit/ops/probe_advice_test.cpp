// From facts to advice: what is printed, what is said, and with which status the program ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/config.hpp"
#include "ops/probe_advice.hpp"
#include "ops/probe_draft.hpp"

namespace authbroker {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const std::string key(44, 'k');

finding of(verdict v, reason r = reason::none) {
  finding f;
  f.what = v;
  f.why = r;
  return f;
}

probed_server server(const std::string& url, const std::string& plugin, tls_use tls = tls_use::implicit) {
  probed_server s;
  s.draft.name = "mail-" + plugin;
  s.draft.plugin = plugin;
  s.draft.url = url;
  s.draft.cleartext = tls == tls_use::none;
  s.tls = tls;
  s.answers_login = plugin != "vrfy";
  s.answers_mailbox = plugin == "vrfy" || plugin == "ldap";
  s.outcome = of(verdict::accept);
  if (tls != tls_use::none) s.key = key;
  return s;
}
probed_server pop3() { return server("pop3s://mail.example.com:995", "pop3"); }
probed_server vrfy() { return server("smtp+starttls://mail.example.com:25", "vrfy", tls_use::starttls); }
probed_server ldap() {
  probed_server s = server("ldaps://dc.example.com:636", "ldap");
  s.draft.settings = {{"base", "\"dc=example,dc=com\""}};
  return s;
}
probed_server failed(probed_server s, reason r) {
  s.outcome = of(verdict::tempfail, r);
  return s;
}

probe_facts with(std::vector<probed_server> servers) {
  probe_facts f;
  f.servers = std::move(servers);
  return f;
}
probe_facts& logs_in(probe_facts& f, std::vector<finding> outcomes, std::size_t server = 0) {
  f.account = true;
  f.domain = "example.com";
  for (const finding& o : outcomes) {
    login_try t;
    t.server = server;
    t.form = f.logins.empty() ? name_form::full_address : name_form::bare_name;
    t.login_name = f.logins.empty() ? "ann@example.com" : "ann";
    t.outcome = o;
    f.logins.push_back(std::move(t));
  }
  return f;
}
probe_facts& asks(probe_facts& f, const std::string& methods, finding invented, std::optional<finding> account = {}, std::size_t server = 0) {
  f.domain = "example.com";
  mailbox_try t;
  t.server = server;
  t.draft = f.servers[server].draft;
  if (!methods.empty()) t.draft.settings = {{"methods", methods}};
  t.invented = std::move(invented);
  t.account = std::move(account);
  f.mailboxes.push_back(std::move(t));
  return f;
}

// Loads as it is printed, pasted behind a listener.
std::optional<configuration> pasted(const probe_advice& a) {
  load_outcome loaded =
      parse_configuration("[[listener]]\nname = \"portal\"\nprotocol = \"http\"\naddress = \"unix:/run/x.sock\"\n" + a.configuration, "pasted.toml", "/");
  for (const config_problem& p : loaded.problems) ADD_FAILURE() << to_string(p) << "\n" << a.configuration;
  return std::move(loaded.config);
}
std::string said(const probe_advice& a) {
  std::string out;
  for (const std::string& s : a.sentences) out += s + "\n";
  return out;
}

TEST(ProbeAdvice, WithoutAccountTheFormIsLeftOpen) {
  const probe_advice a = advise(with({pop3()}));
  EXPECT_EQ(a.status, 0);
  EXPECT_THAT(a.configuration, HasSubstr("# strip_domain = true"));
  EXPECT_THAT(said(a), HasSubstr("--address"));
  const auto c = pasted(a);
  ASSERT_TRUE(c);
  EXPECT_EQ(c->routes.at(0).login, std::vector<std::string>{"mail-pop3"});
}

TEST(ProbeAdvice, FullAddress) {
  probe_facts f = with({pop3()});
  const probe_advice a = advise(logs_in(f, {of(verdict::accept)}));
  EXPECT_EQ(a.status, 0);
  EXPECT_THAT(a.configuration, Not(HasSubstr("strip_domain")));
  EXPECT_EQ(pasted(a)->routes.at(0).domains, std::vector<std::string>{"example.com"});
  EXPECT_THAT(said(a), HasSubstr("want the full address"));
}

TEST(ProbeAdvice, BareName) {
  probe_facts f = with({pop3()});
  const probe_advice a = advise(logs_in(f, {of(verdict::reject, reason::wrong_password), of(verdict::accept)}));
  EXPECT_EQ(a.status, 0);
  EXPECT_EQ(pasted(a)->routes.at(0).login_name, "{local}");
  EXPECT_THAT(said(a), HasSubstr("want the bare name"));
}

TEST(ProbeAdvice, NeitherForm) {
  probe_facts f = with({pop3()});
  const probe_advice a = advise(logs_in(f, {of(verdict::reject, reason::wrong_password), of(verdict::reject, reason::wrong_password)}));
  EXPECT_EQ(a.status, 1);
  EXPECT_THAT(said(a), HasSubstr("No form of the name was accepted"));
  EXPECT_THAT(a.configuration, HasSubstr("# strip_domain"));
  EXPECT_TRUE(pasted(a));
}

TEST(ProbeAdvice, AnAccountThatIsKnownAndNotLetInTellsTheForm) {
  probe_facts f = with({pop3()});
  const probe_advice a = advise(logs_in(f, {of(verdict::reject, reason::wrong_password), of(verdict::reject, reason::account_disabled)}));
  EXPECT_EQ(a.status, 1);
  EXPECT_EQ(pasted(a)->routes.at(0).login_name, "{local}");
  EXPECT_THAT(said(a), HasSubstr("account_disabled"));
}

TEST(ProbeAdvice, ALoginThatCouldNotBeJudged) {
  probe_facts f = with({pop3()});
  const probe_advice a = advise(logs_in(f, {of(verdict::tempfail, reason::upstream_busy)}));
  EXPECT_EQ(a.status, 75);
  EXPECT_THAT(said(a), HasSubstr("could not be judged"));
  EXPECT_TRUE(pasted(a));
}

// Each verdict: is the bare name worth one more failed login?
TEST(ProbeAdvice, AnotherFormIsTriedAfterARefusalOfNameOrPasswordOnly) {
  for (const verdict_row& row : verdict_table()) {
    const bool name_or_password = row.what == verdict::reject && (row.why == reason::wrong_password || row.why == reason::no_such_user || row.why == reason::bad_name ||
                                                                 row.why == reason::too_long || row.why == reason::not_permitted);
    EXPECT_EQ(another_form_may_do(of(row.what, row.why)), name_or_password) << name(row.what) << ' ' << name(row.why);
  }
}

TEST(ProbeAdvice, AnotherServerNeverAfterThePassword) {
  for (const verdict_row& row : verdict_table()) {
    finding f = of(row.what, row.why);
    EXPECT_EQ(another_server_may_do(f), row.what == verdict::tempfail);
    f.password_sent = true;
    EXPECT_FALSE(another_server_may_do(f));
  }
}

TEST(ProbeAdvice, AnUntrustedCertificateIsPrintedDistrusted) {
  const probe_advice a = advise(with({failed(pop3(), reason::tls_untrusted)}));
  EXPECT_EQ(a.status, 75);
  EXPECT_THAT(said(a), HasSubstr("--pin " + key));
  EXPECT_THAT(said(a), HasSubstr("--ca FILE"));
  EXPECT_THAT(a.configuration, HasSubstr("# tls = { verify = false"));
  const auto c = pasted(a);
  ASSERT_TRUE(c);
  EXPECT_TRUE(c->backends.at(0).tls.verify);
  EXPECT_FALSE(c->backends.at(0).cleartext);
}

TEST(ProbeAdvice, AWrongName) {
  const probe_advice a = advise(with({failed(pop3(), reason::tls_name)}));
  EXPECT_THAT(said(a), HasSubstr("--server-name"));
  EXPECT_TRUE(pasted(a)->backends.at(0).tls.verify);
}

TEST(ProbeAdvice, NoStarttls) {
  probed_server s = failed(server("pop3+starttls://mail.example.com:110", "pop3", tls_use::starttls), reason::tls_unavailable);
  s.key.clear();
  const probe_advice a = advise(with({s}));
  EXPECT_EQ(a.status, 75);
  EXPECT_THAT(said(a), HasSubstr("offers no STARTTLS"));
  EXPECT_THAT(a.configuration, IsEmpty());
}

TEST(ProbeAdvice, InTheClearIsSaid) {
  probe_facts f = with({server("pop3://mail.example.com:110", "pop3", tls_use::none)});
  f.account = true;
  const probe_advice a = advise(f);
  EXPECT_EQ(a.status, 75);
  EXPECT_THAT(said(a), HasSubstr("--cleartext"));
  EXPECT_THAT(said(a), HasSubstr("No login was tried"));
  EXPECT_TRUE(pasted(a)->backends.at(0).cleartext);
}

TEST(ProbeAdvice, EncryptedBeforeClear) {
  const probe_advice a = advise(with({server("pop3://mail.example.com:110", "pop3", tls_use::none), pop3()}));
  EXPECT_EQ(pasted(a)->backends.at(0).upstream.at(0).scheme, "pop3s");
  EXPECT_THAT(said(a), HasSubstr("uses pop3s://"));
}

TEST(ProbeAdvice, NothingAnswers) {
  std::vector<probed_server> all;
  for (const char* url : {"pop3s://h:995", "pop3+starttls://h:110"}) {
    all.push_back(failed(server(url, "pop3"), reason::upstream_down));
    all.back().key.clear();
  }
  const probe_advice a = advise(with(std::move(all)));
  EXPECT_EQ(a.status, 75);
  EXPECT_THAT(a.configuration, IsEmpty());
  EXPECT_THAT(said(a), HasSubstr("Nothing answers"));
}

TEST(ProbeAdvice, WrongSettings) {
  probed_server s = pop3();
  s.outcome = finding();
  s.problems = {"backend.mail-pop3.settings.apop: found \"perhaps\""};
  const probe_advice a = advise(with({s}));
  EXPECT_EQ(a.status, 78);
  EXPECT_THAT(said(a), HasSubstr("--set"));
}

TEST(ProbeAdvice, AttributesBecomeWarnings) {
  probed_server s = pop3();
  s.attributes = {{"login-delay-s", "10"}};
  s.greeting = "+OK Dovecot ready.";
  const std::string text = said(advise(with({s})));
  EXPECT_THAT(text, HasSubstr("every 10 s"));
  EXPECT_THAT(text, HasSubstr("forward_client = true"));
}

TEST(ProbeAdvice, AServerThatTakesNoPasswordIsNoLoginBackend) {
  probed_server s = server("smtp+starttls://mail.example.com:25", "smtpauth", tls_use::starttls);
  s.attributes = {{"login-disabled", "yes"}};
  probe_facts f = with({s, vrfy()});
  f.account = true;
  const probe_advice a = advise(asks(f, "[\"rcpt\"]", of(verdict::absent), of(verdict::exists), 1));
  EXPECT_EQ(a.status, 0);
  EXPECT_THAT(said(a), HasSubstr("takes no password"));
  EXPECT_THAT(pasted(a)->routes.at(0).login, IsEmpty());
}

TEST(ProbeAdvice, TheNullSender) {
  probed_server s = vrfy();
  s.attributes = {{"null-sender", "no"}};
  EXPECT_THAT(said(advise(with({s}))), HasSubstr("--set sender=ADDRESS"));
}

TEST(ProbeAdvice, AServerThatTakesItsTime) {
  probe_facts f = with({pop3()});
  logs_in(f, {of(verdict::reject, reason::wrong_password), of(verdict::accept)});
  f.logins[0].took = std::chrono::milliseconds(5100);
  const probe_advice a = advise(f);
  EXPECT_EQ(pasted(a)->backends.at(0).timeouts.reply, std::chrono::seconds(9));
  EXPECT_THAT(said(a), HasSubstr("set it to 12s"));
  f.logins[0].took = std::chrono::milliseconds(2900);
  EXPECT_THAT(advise(f).configuration, Not(HasSubstr("timeouts")));
}

TEST(ProbeAdvice, HangsUp) {
  probe_facts f = with({pop3()});
  logs_in(f, {of(verdict::reject, reason::wrong_password), of(verdict::accept)});
  f.logins[0].then = after_refusal::hangs_up;
  EXPECT_THAT(said(advise(f)), HasSubstr("hangs up after a refused login"));
  f.logins[0].then = after_refusal::stays;
  EXPECT_THAT(said(advise(f)), Not(HasSubstr("hangs up")));
}

// ---------------------------------------------------------------- mailboxes

TEST(ProbeMailboxes, VrfyIsTriedBeforeRcptUnlessTheSettingSays) {
  probed_server s = vrfy();
  EXPECT_EQ(mailbox_ways(s).size(), 2U);
  EXPECT_EQ(mailbox_ways(s)[0].back().second, "[\"vrfy\"]");
  s.draft.settings = {{"methods", "[\"rcpt\"]"}};
  EXPECT_THAT(mailbox_ways(s), ::testing::ElementsAre(s.draft.settings));
  EXPECT_THAT(mailbox_ways(ldap()), ::testing::ElementsAre(ldap().draft.settings));
}

TEST(ProbeMailboxes, TheWayThatTellsIsPrinted) {
  probe_facts f = with({vrfy()});
  asks(f, "[\"vrfy\"]", of(verdict::unverifiable, reason::vrfy_unsupported));
  const probe_advice a = advise(asks(f, "[\"rcpt\"]", of(verdict::absent)));
  EXPECT_EQ(a.status, 0);
  EXPECT_THAT(a.configuration, HasSubstr("methods = [\"rcpt\"]"));
  EXPECT_THAT(said(a), HasSubstr("asked by RCPT: tells"));
  const auto c = pasted(a);
  EXPECT_EQ(c->routes.at(0).mailbox, std::vector<std::string>{"mail-vrfy"});
  EXPECT_THAT(c->routes.at(0).login, IsEmpty());
  EXPECT_THAT(a.configuration, Not(HasSubstr("strip_domain")));
}

TEST(ProbeMailboxes, AcceptsAllIsNoBackend) {
  for (const finding& f : {of(verdict::unverifiable, reason::accepts_all), of(verdict::exists)}) {
    probe_facts facts = with({vrfy()});
    const probe_advice a = advise(asks(facts, "[\"rcpt\"]", f));
    EXPECT_EQ(a.status, 3);
    EXPECT_THAT(said(a), HasSubstr("accepts mailboxes that nobody has"));
    EXPECT_THAT(a.configuration, IsEmpty());
  }
}

TEST(ProbeMailboxes, NoAndTempfail) {
  probe_facts unknown = with({vrfy()});
  EXPECT_EQ(advise(asks(unknown, "[\"rcpt\"]", of(verdict::absent), of(verdict::absent))).status, 1);
  probe_facts silent = with({vrfy()});
  const probe_advice a = advise(asks(silent, "[\"rcpt\"]", of(verdict::tempfail, reason::greylisted)));
  EXPECT_EQ(a.status, 75);
  EXPECT_THAT(said(a), HasSubstr("greylisted"));
}

TEST(ProbeMailboxes, BothQuestionsOfOneServer) {
  probe_facts f = with({server("smtp+starttls://mail.example.com:587", "smtpauth", tls_use::starttls), vrfy()});
  logs_in(f, {of(verdict::accept)});
  const probe_advice a = advise(asks(f, "[\"rcpt\"]", of(verdict::absent), of(verdict::exists), 1));
  EXPECT_EQ(a.status, 0);
  const auto c = pasted(a);
  EXPECT_EQ(c->backends.size(), 2U);
  EXPECT_EQ(c->routes.at(0).login, std::vector<std::string>{"mail-smtpauth"});
  EXPECT_EQ(c->routes.at(0).mailbox, std::vector<std::string>{"mail-vrfy"});
}

// ---------------------------------------------------------------- directories

TEST(ProbeDirectory, ItsOwnWordsSuggestSettings) {
  probed_server s = server("ldaps://dc.example.com:636", "ldap");
  EXPECT_THAT(guess_directory(s).settings, IsEmpty());
  s.attributes = {{"naming-context", "o=netscaperoot"}, {"naming-context", "dc=example,dc=\"com"}, {"active-directory", "no"}};
  EXPECT_EQ(guess_directory(s).plugin, "ldap");
  EXPECT_EQ(guess_directory(s).settings.at(0).second, "\"dc=example,dc=\\\"com\"");
  s.attributes = {{"naming-context", "DC=ad,DC=example"}, {"active-directory", "yes"}};
  EXPECT_EQ(guess_directory(s).plugin, "exchange");
  EXPECT_EQ(guess_directory(s).settings.at(0), std::pair("bind_as" + std::string(), std::string("\"upn\"")));
  probed_server mail = pop3();
  mail.attributes = s.attributes;
  EXPECT_THAT(guess_directory(mail).settings, IsEmpty());
}

TEST(ProbeDirectory, OneBackendForBothQuestions) {
  probe_facts f = with({ldap()});
  logs_in(f, {of(verdict::accept)});
  const probe_advice a = advise(asks(f, "", of(verdict::absent), of(verdict::exists)));
  const auto c = pasted(a);
  EXPECT_EQ(c->backends.size(), 1U);
  EXPECT_EQ(c->routes.at(0).login, c->routes.at(0).mailbox);
  EXPECT_THAT(a.configuration, Not(HasSubstr("strip_domain")));
}

// Who may not search sees nobody.
TEST(ProbeDirectory, NobodyFoundProvesNothing) {
  probe_facts f = with({ldap()});
  const probe_advice a = advise(asks(f, "", of(verdict::absent)));
  EXPECT_THAT(said(a), Not(HasSubstr("tells which mailboxes exist")));
  EXPECT_THAT(a.configuration, Not(HasSubstr("mailbox =")));
  probe_facts g = with({ldap()});
  EXPECT_THAT(said(advise(logs_in(g, {of(verdict::reject, reason::no_such_user)}))), HasSubstr("--set bind_dn"));
}

}  // namespace
}  // namespace authbroker
