// What tables say for each verdict, and what they ask. No sockets.
#include "front/table_answer.hpp"

#include <gtest/gtest.h>

namespace authbroker {
namespace {

class domains final : public asker {
 public:
  task<void> ask(const query&, answer&, trace*) override { co_return; }
  std::optional<bool> serves(std::string_view domain) const override {
    if (domain == "unsure.example") return std::nullopt;
    return domain == "example.com" || domain == "xn--bcher-kva.example";
  }
};

answer judged(verdict v, reason r = reason::none, std::string mailbox = {}) {
  answer a;
  a.identity = "Ann@example.com";
  a.route = "example.com";
  a.found.what = v;
  a.found.why = r;
  a.found.mailbox = std::move(mailbox);
  return a;
}

std::string said(table_kind k, const listener_rules& rules, const answer& a, std::string_view asked = {}) {
  const table_answer t = answer_of(k, rules, a, asked);
  return t.what == table_answer::word::found ? "OK " + t.text : t.what == table_answer::word::not_found ? "NOTFOUND" : "TEMP " + t.text;
}

TEST(table_answer, EachTableHasItsUsualWords) {
  struct row {
    table_kind kind;
    std::string exists, absent, unverifiable, no_route;
  };
  listener_rules rules;
  for (const row& r : {row{table_kind::mailbox, "OK ann@example.com", "NOTFOUND", "OK Ann@example.com", "TEMP no_route"},
                       row{table_kind::canonical, "OK ann@example.com", "NOTFOUND", "OK Ann@example.com", "TEMP no_route"},
                       row{table_kind::access, "OK DUNNO", "OK REJECT 5.1.1 User unknown", "OK DUNNO", "NOTFOUND"},
                       row{table_kind::policy, "OK DUNNO", "OK 550 5.1.1 User unknown", "OK DUNNO", "NOTFOUND"}}) {
    SCOPED_TRACE(name(r.kind));
    EXPECT_EQ(said(r.kind, rules, judged(verdict::exists, reason::none, "ann@example.com")), r.exists);
    EXPECT_EQ(said(r.kind, rules, judged(verdict::absent)), r.absent);
    EXPECT_EQ(said(r.kind, rules, judged(verdict::unverifiable, reason::accepts_all)), r.unverifiable);
    EXPECT_EQ(said(r.kind, rules, judged(verdict::no_route, reason::no_route)), r.no_route);
  }
}

TEST(table_answer, ATempfailIsOneInEveryTable_N07) {
  listener_rules rules;
  for (const table_kind k : {table_kind::mailbox, table_kind::canonical, table_kind::domain, table_kind::access, table_kind::policy}) {
    for (const unverifiable_as as : {unverifiable_as::exists, unverifiable_as::absent, unverifiable_as::tempfail}) {
      rules.unverifiable = as;
      EXPECT_EQ(said(k, rules, judged(verdict::tempfail, reason::upstream_down)), "TEMP upstream_down");
      EXPECT_EQ(said(k, rules, answer{}), "TEMP internal");
      EXPECT_EQ(said(k, rules, judged(verdict::accept)), "TEMP none") << "a login's verdict is none of a table's";
    }
  }
}

TEST(table_answer, UnverifiableIsWhatTheListenerSays) {
  listener_rules rules;
  const answer a = judged(verdict::unverifiable, reason::accepts_all);
  rules.unverifiable = unverifiable_as::absent;
  EXPECT_EQ(said(table_kind::mailbox, rules, a), "NOTFOUND");
  EXPECT_EQ(said(table_kind::access, rules, a), "OK DUNNO") << "an access table has a word of its own";
  rules.unverifiable = unverifiable_as::tempfail;
  EXPECT_EQ(said(table_kind::canonical, rules, a), "TEMP accepts_all");
  rules.tables.reply(table_kind::mailbox, table_row::exists).text = "yes";
  rules.unverifiable = unverifiable_as::exists;
  EXPECT_EQ(said(table_kind::mailbox, rules, a), "OK yes");
}

// For the log: where that is not the verdict.
TEST(table_answer, AsWhatItIsTold) {
  using enum verdict;
  listener_rules rules;
  const auto told = [&](table_kind k, verdict v, reason why = reason::none) { return answer_of(k, rules, judged(v, why, "ann@example.com"), {}).said; };
  for (const table_kind k : {table_kind::mailbox, table_kind::canonical, table_kind::access, table_kind::policy}) {
    EXPECT_EQ(told(k, exists), "") << name(k);
    EXPECT_EQ(told(k, absent), "") << name(k);
    EXPECT_EQ(told(k, tempfail, reason::upstream_down), "") << name(k);
  }
  EXPECT_EQ(told(table_kind::mailbox, unverifiable, reason::accepts_all), "exists");
  EXPECT_EQ(told(table_kind::mailbox, no_route, reason::no_route), "tempfail");
  EXPECT_EQ(told(table_kind::access, unverifiable, reason::accepts_all), "DUNNO");
  EXPECT_EQ(told(table_kind::access, no_route, reason::no_route), "nothing");
  rules.unverifiable = unverifiable_as::absent;
  EXPECT_EQ(told(table_kind::canonical, unverifiable, reason::accepts_all), "absent");
  rules.unverifiable = unverifiable_as::tempfail;
  EXPECT_EQ(told(table_kind::mailbox, unverifiable, reason::accepts_all), "tempfail");
  // What the configuration says otherwise than usual.
  rules.tables.reply(table_kind::policy, table_row::absent).text = "450 4.1.1 Perhaps tomorrow";
  EXPECT_EQ(told(table_kind::policy, absent), "450 4.1.1 Perhaps tomorrow");
  rules.tables.reply(table_kind::access, table_row::absent).what = table_reply::form::not_found;
  EXPECT_EQ(told(table_kind::access, absent), "nothing");
  rules.tables.reply(table_kind::mailbox, table_row::absent).what = table_reply::form::temporary;
  EXPECT_EQ(told(table_kind::mailbox, absent), "tempfail");
  EXPECT_EQ(answer_of(table_kind::canonical, rules, judged(exists, reason::none, "x@[192.0.2.1]"), {}).said, "tempfail") << "an address that cannot be written";
}

TEST(table_answer, WhatIsToldToTheLogIsToldToTheCaller) {
  listener_rules rules;
  table_look_up one;
  one.begin(table_kind::mailbox, std::string(100, 'm'), "ann@example.com", rules);
  EXPECT_EQ(one.table(), std::string(64, 'm'));
  answer a = judged(verdict::unverifiable, reason::accepts_all);
  a.id = "id-1";
  EXPECT_EQ(one.said(a), "exists");
  EXPECT_EQ(one.reply(a).text, "Ann@example.com");
  one.begin(table_kind::mailbox, "m", "ann@example.com", rules);
  EXPECT_EQ(one.said(a), "exists");
  EXPECT_EQ(one.reply(answer{}).what, table_answer::word::temporary) << "an answer that nobody logged is another one";
}

TEST(table_answer, WhatIsItsOwnMailboxMayBeSaidApart) {
  listener_rules rules;
  const answer a = judged(verdict::exists, reason::none, "ann@example.com"), unsure = judged(verdict::unverifiable, reason::not_checked);
  EXPECT_EQ(said(table_kind::canonical, rules, a, "ann@example.com"), "OK ann@example.com");
  rules.tables.reply(table_kind::canonical, table_row::same).what = table_reply::form::not_found;
  EXPECT_EQ(said(table_kind::canonical, rules, a, "ann@example.com"), "NOTFOUND");
  EXPECT_EQ(said(table_kind::canonical, rules, a, "ANN@Example.com"), "NOTFOUND");
  EXPECT_EQ(said(table_kind::canonical, rules, a, "ann+x@example.com"), "OK ann@example.com");
  EXPECT_EQ(said(table_kind::canonical, rules, unsure, "ann@example.com"), "NOTFOUND");
  EXPECT_EQ(said(table_kind::canonical, rules, unsure, "ann@alias.example"), "OK Ann@example.com");
  EXPECT_EQ(said(table_kind::mailbox, rules, a, "ann@example.com"), "OK ann@example.com");
}

TEST(table_answer, WhatNobodyHereCanCarryHasNoRoute) {
  listener_rules rules;
  answer a;  // as for ann@[192.0.2.1]
  a.found.what = verdict::unverifiable;
  a.found.why = reason::bad_name;
  EXPECT_EQ(said(table_kind::mailbox, rules, a), "TEMP bad_name");
  EXPECT_EQ(said(table_kind::access, rules, a), "NOTFOUND");
  rules.tables.reply(table_kind::canonical, table_row::no_route).what = table_reply::form::not_found;
  EXPECT_EQ(said(table_kind::canonical, rules, a), "NOTFOUND") << "else one's own users could not write there";
}

TEST(table_answer, TemplatesNameTheMailbox) {
  listener_rules rules;
  auto& exists = rules.tables.reply(table_kind::mailbox, table_row::exists);
  exists.text = "{domain}/{local}/ for {identity} ({mailbox}) {other}";
  EXPECT_EQ(said(table_kind::mailbox, rules, judged(verdict::exists, reason::none, "real@example.net")), "OK example.net/real/ for Ann@example.com (real@example.net) {other}");
  answer a = judged(verdict::exists);
  a.identity = "{mailbox}@example.com";
  EXPECT_EQ(said(table_kind::canonical, rules, a), "OK {mailbox}@example.com") << "what is put in is not looked at again";
}

TEST(table_answer, AValueIsOneAddressOrNone) {
  listener_rules rules;
  EXPECT_EQ(said(table_kind::canonical, rules, judged(verdict::exists, reason::none, "x,root@example.com")), "OK \"x,root\"@example.com");
  EXPECT_EQ(said(table_kind::canonical, rules, judged(verdict::exists, reason::none, "x y@example.com")), "OK \"x y\"@example.com");
  for (const std::string odd : {"x@example.com root", "ann", "x@[192.0.2.1]", "x@"})
    EXPECT_EQ(said(table_kind::canonical, rules, judged(verdict::exists, reason::none, odd)), "TEMP the address cannot be written as one") << odd;
  rules.tables.reply(table_kind::mailbox, table_row::exists).text = "yes";
  EXPECT_EQ(said(table_kind::mailbox, rules, judged(verdict::exists, reason::none, "ann")), "OK yes") << "a fixed value names nobody";
}

TEST(table_answer, TheDomainTableAsksNobody) {
  listener_rules rules;
  const domains who;
  const auto ask = [&](std::string_view key) {
    query q;
    const auto t = look_up(table_kind::domain, key, rules, who, q);
    if (!t) return std::string("asks");
    return t->what == table_answer::word::found ? "OK " + t->text : t->what == table_answer::word::not_found ? "NOTFOUND" : "TEMP " + t->text;
  };
  EXPECT_EQ(ask("example.com"), "OK example.com");
  EXPECT_EQ(ask("Example.COM"), "OK example.com");
  EXPECT_EQ(ask("ann@example.com"), "OK example.com");
  EXPECT_EQ(ask("b\xc3\xbc" "cher.example"), "OK xn--bcher-kva.example");
  EXPECT_EQ(ask("example.net"), "NOTFOUND");
  EXPECT_EQ(ask("no domain at all"), "NOTFOUND");
  EXPECT_EQ(ask(""), "NOTFOUND");
  EXPECT_EQ(ask("unsure.example"), "TEMP shutting_down") << "cannot tell now";
  rules.allow = {permission::login};
  EXPECT_EQ(ask("example.com"), "TEMP misconfigured");
}

TEST(table_answer, KeysAreAskedInOneSpelling) {
  listener_rules rules;
  const domains who;
  for (const auto& [key, address] : {std::pair{"\"a b\"@example.com", "\"a b\"@example.com"}, {"a b@example.com", "\"a b\"@example.com"}, {"\"ann\"@example.com", "ann@example.com"}, {"Ann+x@Example.COM", "Ann+x@Example.COM"}}) {
    query q;
    EXPECT_FALSE(look_up(table_kind::mailbox, key, rules, who, q));
    EXPECT_EQ(q.address, address);
    EXPECT_EQ(q.kind, question_kind::mailbox);
  }
}

TEST(table_answer, ABareDomainHasNoAlias) {
  listener_rules rules;
  const domains who;
  query q;
  const auto asks = [&](std::string_view key) { return !look_up(table_kind::canonical, key, rules, who, q); };
  EXPECT_FALSE(asks("example.com"));
  EXPECT_FALSE(asks("localhost"));
  EXPECT_TRUE(asks("ann@example.com"));
  rules.default_domain = "example.com";
  EXPECT_FALSE(asks("example.net")) << "that example.net is an alias domain would be believed";
  EXPECT_TRUE(asks("root"));
  EXPECT_FALSE(look_up(table_kind::mailbox, "root", rules, who, q));
}

TEST(table_answer, NamesOfTables_N04) {
  table_rules rules;
  EXPECT_EQ(kind_of(rules, "mailbox"), table_kind::mailbox);
  EXPECT_EQ(kind_of(rules, "canonical"), table_kind::canonical);
  EXPECT_EQ(kind_of(rules, "domain"), table_kind::domain);
  EXPECT_EQ(kind_of(rules, "access"), table_kind::access);
  EXPECT_EQ(kind_of(rules, "policy"), std::nullopt) << "it is a wire, not a table";
  EXPECT_EQ(kind_of(rules, "virtuser"), std::nullopt);
  EXPECT_EQ(kind_of(rules, "Mailbox"), std::nullopt);
  EXPECT_EQ(kind_of(rules, ""), table_kind::mailbox);
  rules.maps = {{"virtuser", table_kind::canonical}, {"*", table_kind::access}};
  EXPECT_EQ(kind_of(rules, "virtuser"), table_kind::canonical);
  EXPECT_EQ(kind_of(rules, "mailbox"), table_kind::mailbox);
  EXPECT_EQ(kind_of(rules, "anything"), table_kind::access);
  EXPECT_EQ(kind_of(rules, ""), table_kind::access);
}

}  // namespace
}  // namespace authbroker
