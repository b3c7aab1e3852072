// What `authbroker test` and `explain` say to do, for mail servers, directories and files.
#include "ops/advice.hpp"

#include <gmock/gmock.h>

namespace authbroker {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

route_rules route() {
  route_rules r;
  r.name = "example.com";
  r.domains = {"example.com", "*.example.org"};
  r.login_name = "{address}";
  return r;
}

backend_rules backend(const std::string& scheme, tls_use tls) {
  backend_rules b;
  b.name = "mail1";
  upstream_rules u;
  u.scheme = scheme;
  u.tls = tls;
  if (!scheme.empty()) b.upstream = {u};
  return b;
}

answer refused(reason why, const std::string& upstream) {
  answer a;
  a.found.what = verdict::reject;
  a.found.why = why;
  a.found.upstream = upstream;
  a.login_name = a.identity = "ann@example.com";
  return a;
}

TEST(Advice, AMailServerMayWantTheOtherFormOfTheName) {
  const route_rules r = route();
  const backend_rules b = backend("pop3s", tls_use::implicit);
  EXPECT_THAT(advise(question_kind::login, refused(reason::wrong_password, "mail1:995"), &r, &b),
              ElementsAre(AllOf(HasSubstr("full address"), HasSubstr("strip_domain = true on route example.com")), HasSubstr("mail program against mail1:995")));
}

TEST(Advice, ADirectoryIsTriedWithItsOwnPrograms) {
  const route_rules r = route();
  const backend_rules tls = backend("ldaps", tls_use::implicit), starttls = backend("ldap+starttls", tls_use::starttls);
  EXPECT_THAT(advise(question_kind::login, refused(reason::wrong_password, "dc1:636"), &r, &tls),
              ElementsAre(AllOf(HasSubstr("ldapwhoami -x -H ldaps://dc1:636 -D"), Not(HasSubstr("strip_domain")))));
  EXPECT_THAT(advise(question_kind::login, refused(reason::no_such_user, "dc1:389"), &r, &starttls), ElementsAre(HasSubstr("ldapsearch -x -ZZ -H ldap://dc1:389 -D")));
  answer a = refused(reason::none, "dc1:389");
  a.found.what = verdict::absent;
  EXPECT_THAT(advise(question_kind::mailbox, a, &r, &starttls), ElementsAre(AllOf(HasSubstr("ldapsearch -x -ZZ"), HasSubstr("-D 'BIND_DN' -W -b 'BASE' 'FILTER'`"))));
}

TEST(Advice, ADirectoryIsTriedTheWayItWasAsked) {
  const route_rules r = route();
  backend_rules two = backend("ldaps", tls_use::implicit);
  two.upstream[0].host = "dc1";
  two.upstream.push_back({"ldap+starttls", "dc2", 389, tls_use::starttls, false});
  EXPECT_THAT(advise(question_kind::login, refused(reason::wrong_password, "dc2:389"), &r, &two), ElementsAre(HasSubstr("`ldapwhoami -x -ZZ -H ldap://dc2:389 -D 'NAME'")));
  two.tls.ca_file = "/etc/ssl/corp.pem";
  EXPECT_THAT(advise(question_kind::login, refused(reason::wrong_password, "dc2:389"), &r, &two), ElementsAre(HasSubstr("`LDAPTLS_CACERT=/etc/ssl/corp.pem ldapwhoami -x -ZZ")));
  backend_rules clear = backend("ldap", tls_use::none);
  clear.tls.ca_file = "/etc/ssl/corp.pem";
  EXPECT_THAT(advise(question_kind::login, refused(reason::wrong_password, "dc2:389"), &r, &clear), ElementsAre(HasSubstr("`ldapwhoami -x -H ldap://dc2:389")));
}

TEST(Advice, AFileHasNoServerToTry) {
  const route_rules r = route();
  const backend_rules b = backend("", tls_use::none);
  EXPECT_THAT(advise(question_kind::login, refused(reason::wrong_password, ""), &r, &b), ElementsAre(AllOf(HasSubstr("mail1"), Not(HasSubstr("strip_domain")), Not(HasSubstr("server")))));
}

TEST(Advice, AYesNeedsNone) {
  const route_rules r = route();
  answer a = refused(reason::none, "mail1:995");
  a.found.what = verdict::accept;
  EXPECT_THAT(advise(question_kind::login, a, &r, nullptr), SizeIs(0));
}

TEST(Advice, NoRouteSaysWhichDomainAndWhatThereIs) {
  const std::vector<route_rules> routes{route()};
  EXPECT_EQ(why_no_route(routes, "exmaple.com"), "no route has the domain \"exmaple.com\"; the nearest is \"example.com\"; there are: example.com, *.example.org");
  EXPECT_THAT(why_no_route(routes, "sub.example.com"), HasSubstr("\"example.com\" is one, but not \"*.example.com\""));
  EXPECT_THAT(why_no_route(routes, ""), HasSubstr("default_domain"));
  std::vector<route_rules> many(25, route());
  for (std::size_t i = 0; i < many.size(); ++i) many[i].domains = {"d" + std::to_string(i) + ".test"};
  EXPECT_THAT(why_no_route(many, "elsewhere.example"), HasSubstr("d19.test and 5 more (`authbroker routes`)"));
}

}  // namespace
}  // namespace authbroker
